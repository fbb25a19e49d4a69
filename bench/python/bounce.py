"""The logic of the bouncing worlds in numpy, the same with and without a fabric.

Owns one step of one piece; never knows its caller. bench/apps/bounce.ts is its TypeScript form.
"""

import numpy


class Bounce:
    """Moves points by their velocities, in place, within a cube of `half`."""

    def __init__(self, half):
        self._half = half
        self._next = numpy.empty((0, 3), numpy.float32)

    def step(self, positions, velocities):
        """Moves a piece; returns the rows of points that turned round instead, or None."""
        if len(self._next) < len(positions):
            self._next = numpy.empty((len(positions), 3), numpy.float32)
        moved = self._next[: len(positions)]
        numpy.add(positions, velocities, out=moved)
        if len(moved) == 0 or (moved.max() < self._half and moved.min() > -self._half):
            positions[...] = moved
            return None
        stays = numpy.abs(moved) >= self._half
        numpy.copyto(moved, positions, where=stays)
        numpy.negative(velocities, out=velocities, where=stays)
        positions[...] = moved
        return numpy.flatnonzero(stays.any(axis=1))
