"""The reference of `calls-python`: the same through methods that read and write an `array`.

`calls_alone.py COUNT`. Each line on standard input is a number of milliseconds to run for; the
answer is a line of JSON with the time of a pass over all entities.
"""

import array
import json
import sys
import time

LIMIT = 900


class Alone:
    """Positions and fields of 12 bytes, without checks and without readers to inform."""

    def __init__(self, count):
        self._positions = array.array("f", bytes(count * 12))
        self._fields = array.array("B", bytes(count * 12))
        for row in range(count):
            self._positions[row * 3] = row % LIMIT

    def load_position(self, row):
        return tuple(self._positions[row * 3 : row * 3 + 3])

    def store_position(self, row, position):
        at = row * 3
        self._positions[at], self._positions[at + 1], self._positions[at + 2] = position

    def load_field(self, row):
        return self._fields[row * 12 : row * 12 + 12].tobytes()

    def store_field(self, row, data):
        self._fields[row * 12 : row * 12 + 12] = array.array("B", data)

    def move(self, rows):
        for row in rows:
            x, y, z = self.load_position(row)
            x = x + 0.5 if x < LIMIT else -LIMIT
            self.store_position(row, (x, y, z))
            data = bytearray(self.load_field(row))
            data[0] = (data[0] + 1) & 255
            self.store_field(row, data)


count = int(sys.argv[1])
alone = Alone(count)
for line in sys.stdin:
    started = time.perf_counter()
    passes, passed_ms = 0, 0.0
    while passed_ms < float(line):
        alone.move(range(count))
        passes += 1
        passed_ms = (time.perf_counter() - started) * 1000
    print(json.dumps({"passMs": passed_ms / passes}), flush=True)
