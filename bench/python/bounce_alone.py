"""The reference of `million-python`: the same steps on bare numpy arrays, without fabric, borders
or barrier: `bounce_alone.py <points> <half> <speed>`.

Each line on standard input is a number of milliseconds to run for; the answer is a line of JSON
with the time of a step.
"""

import json
import os
import sys
import time

import numpy
from bounce import Bounce


def main():
    count, half, speed = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    chance = numpy.random.default_rng(os.getpid())
    positions = chance.uniform(-half, half, (count, 3)).astype(numpy.float32)
    velocities = chance.uniform(-speed, speed, (count, 3)).astype(numpy.float32)
    bounce = Bounce(half)
    for line in sys.stdin:
        started = time.perf_counter()
        steps = 0
        passed_ms = 0.0
        while passed_ms < float(line):
            bounce.step(positions, velocities)
            steps += 1
            passed_ms = (time.perf_counter() - started) * 1000
        print(json.dumps({"stepMs": passed_ms / steps}), flush=True)


main()
