"""The logic of the bouncing worlds on numpy arrays, the same with and without a fabric."""

import numpy


class Bounce:
    """Moves points in a cube of `half`. Keeps the memory of what it computes on the way."""

    def __init__(self, half):
        self._half = numpy.float32(half)
        self._distances = numpy.empty((0, 3), numpy.float32)
        self._outside = numpy.empty((0, 3), bool)

    def step(self, positions, velocities):
        """Moves all points by their velocities, in place; both arrays have the shape (points, 3).

        A point that would leave the cube turns round on that axis instead. Returns the numbers of
        the points that did.
        """
        count = len(positions)
        if len(self._distances) < count:
            self._distances = numpy.empty((count + count // 16, 3), numpy.float32)
            self._outside = numpy.empty(self._distances.shape, bool)
        distances, outside = self._distances[:count], self._outside[:count]
        positions += velocities
        numpy.abs(positions, out=distances)
        numpy.greater_equal(distances, self._half, out=outside)
        places = outside.ravel().nonzero()[0]
        if len(places) == 0:
            return places
        points, axes = numpy.divmod(places, 3)
        positions[points, axes] -= velocities[points, axes]
        velocities[points, axes] *= -1
        return numpy.unique(points)
