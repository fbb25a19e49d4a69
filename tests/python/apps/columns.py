"""What drifters.ts does, in columns: with numpy, or with memoryviews where numpy may not be used.

Prints which arrays it has got.
"""

import sys

if "--without-numpy" in sys.argv:
    sys.modules["numpy"] = None

import heddle

DRIFTER = 512
speed_field = heddle.define_field(index=1, type_id=2, shape="f32")


def populate(owned, own):
    rows = owned.create(DRIFTER, 20)
    positions = owned.positions
    speeds = owned.field(speed_field)
    for number, row in enumerate(rows):
        positions[row, 0] = own.min_x + (own.max_x - own.min_x) * number / 20
        positions[row, 1] = own.min_y + 0.5
        positions[row, 2] = 0
        speeds[row] = 7 + number
    owned.moved()
    owned.stored(speed_field)


def drift(owned, world):
    positions = owned.positions
    speeds = owned.field(speed_field)
    if isinstance(positions, memoryview):
        for row, state in enumerate(owned.states):
            if state == 0:
                continue
            if not world.min_x <= positions[row, 0] + speeds[row] <= world.max_x:
                speeds[row] = -speeds[row]
            positions[row, 0] += speeds[row]
    else:
        x = positions[:, 0]
        turns = (x + speeds < world.min_x) | (x + speeds > world.max_x)
        speeds[turns & (owned.states != 0)] *= -1
        x += speeds
    owned.moved()
    owned.stored(speed_field)


def main():
    with heddle.create_application() as application:
        own = application.assigned_partition().bounds
        cells = [found.bounds for found in application.all_partitions() if found.bounds]
        world = heddle.Bounds(
            min(cell.min_x for cell in cells),
            min(cell.min_y for cell in cells),
            max(cell.max_x for cell in cells),
            max(cell.max_y for cell in cells),
        )
        for transaction in application.updates():
            owned = transaction.owned
            if transaction.tick == 1:
                populate(owned, own)
                print(type(owned.positions).__name__, flush=True)
            drift(owned, world)
            old = owned.positions
    # Kept too long: its numbers are old, but it crashes nothing.
    x = old[0, 0]
    old[0, 0] = x
    print("kept", world.min_x <= x <= world.max_x)


main()
