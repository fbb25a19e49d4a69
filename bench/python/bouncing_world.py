"""A cell of a world full of moving, bouncing entities, as bench/apps/bouncing-world.ts:

    python3 bouncing_world.py <entities in this cell> <band> <speed>

Each tick it reads the neighbours' entities in a band along its borders, and moves its own.
"""

import sys

import heddle
import numpy
from bounce import Bounce

VELOCITY = heddle.define_field(index=1, type_id=600, shape="f32x3")


def populate(owned, own, half, count, speed):
    chance = numpy.random.default_rng(own.id + 1)
    rows = owned.create(512, count)
    cell = own.bounds
    positions = owned.positions
    inside = numpy.float32(0.99999)
    positions[rows, 0] = cell.min_x + chance.random(count) * inside * (cell.max_x - cell.min_x)
    positions[rows, 1] = cell.min_y + chance.random(count) * inside * (cell.max_y - cell.min_y)
    positions[rows, 2] = chance.uniform(-half, half, count)
    owned.field(VELOCITY)[rows] = chance.uniform(-speed, speed, (count, 3))
    owned.moved()
    owned.stored(VELOCITY)


def main():
    count, band, speed = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    # Uses what was read, so that the read is no waste.
    nearest = numpy.float32(1e9)
    with heddle.create_application() as application:
        own = application.assigned_partition()
        half = max(found.bounds.max_x for found in application.all_partitions() if found.bounds)
        bounce = Bounce(half)
        border = None
        for transaction in application.updates():
            owned = transaction.owned
            if transaction.tick == 1:
                populate(owned, own, half, count, speed)
            if border is None:
                border = transaction.create_subscription(own.domain, own.bounds.grown(band))
            for covered in transaction.covered(border):
                nearest = min(nearest, numpy.abs(covered.x).min())
            turned = bounce.step(owned.positions, owned.field(VELOCITY))
            owned.moved()
            if len(turned):
                owned.touched(turned[owned.states[turned] != 0])
    print(f"the nearest to 0 across the border was at {nearest}")


main()
