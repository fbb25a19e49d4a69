"""A cell of a world full of moving, bouncing entities, as bench/apps/bouncing-world.ts.

`bouncing_world.py COUNT BAND SPEED`. Each tick it reads the neighbours' entities in a band along
its borders, as columns, and moves its own.
"""

import sys

import heddle
import numpy

from bounce import Bounce

count, band, speed = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
velocity = heddle.define_field(index=1, type_id=600, shape="f32x3")


def populate(owned, own, half):
    chance = numpy.random.default_rng(own.id + 1)
    owned.create(512, count)
    cell, positions = own.bounds, owned.positions
    rows = len(positions)
    positions[:, 0] = chance.uniform(cell.min_x, cell.max_x - 0.01, rows)
    positions[:, 1] = chance.uniform(cell.min_y, cell.max_y - 0.01, rows)
    positions[:, 2] = chance.uniform(-half, half, rows)
    owned.field(velocity)[...] = chance.uniform(-speed, speed, (rows, 3))
    owned.stored(velocity)
    owned.moved()


def move(owned, bounce):
    velocities = owned.field(velocity)
    turned = []

    def piece(positions, rows):
        found = bounce.step(positions, velocities[rows])
        if found is not None:
            turned.append(found + rows.start)

    owned.sweep(piece)
    if turned:
        rows = numpy.concatenate(turned)
        owned.touched(rows[owned.states[rows] != 0])


with heddle.create_application() as application:
    own = application.assigned_partition()
    half = max(found.bounds.max_x for found in application.all_partitions() if found.bounds)
    bounce = Bounce(half)
    border = None
    nearest = half
    for transaction in application.updates():
        if transaction.tick == 1:
            populate(transaction.owned, own, half)
        if border is None:
            border = transaction.create_subscription(own.domain, own.bounds.grown(band))
        for covered in transaction.covered(border):
            nearest = min(nearest, numpy.abs(covered.x).min(initial=nearest))
        move(transaction.owned, bounce)
    print("the nearest to 0 across the border was at %f" % nearest)
