"""tests/apps/wanderers.ts once more, in Python: the same numbers move the same entities, so that a
world of both has the state hash of a world of either.
"""

import argparse

import heddle
from chance import chance

options = argparse.ArgumentParser()
options.add_argument("--seed", default="1")
options.add_argument("--entities", type=int, default=50)
options.add_argument("--until", type=int, default=10**9)
options = options.parse_args()
seed = options.seed


def main():
    with heddle.create_application() as application:
        own = application.assigned_partition()
        cells = [found.bounds for found in application.all_partitions() if found.bounds]
        half = max(cell.max_x for cell in cells)
        is_first = True
        for transaction in application.updates():
            if is_first:
                say_what_is_owned(transaction)
            is_first = False
            if transaction.tick < options.until:
                live(transaction, own, half)


def say_what_is_owned(transaction):
    changes = transaction.ownership_changes()
    adds = sum(change.kind == heddle.ChangeKind.ADD for change in changes)
    owned = len(transaction.owned_entities())
    print(f"language=Python tick={transaction.tick} adds={adds} owned={owned}", flush=True)


def live(transaction, own, half):
    tick = transaction.tick
    for entity in sorted(transaction.owned_entities(), key=lambda entity: entity.id):
        change(transaction, entity, half)
    births = options.entities
    if tick > 1:
        births = int(chance(seed, tick, own.app_name) * (options.entities / 25 + 1))
    for birth in range(births):
        create(transaction, own, birth)


def create(transaction, own, birth):
    def along(axis):
        return chance(seed, transaction.tick, own.app_name, birth, axis)

    min_x, min_y, max_x, max_y = own.bounds
    position = (
        min_x + along("x") * (max_x - min_x),
        min_y + along("y") * (max_y - min_y),
        along("z"),
    )
    entity = transaction.create_entity(512 + birth % 3, position)
    transaction.store_entity_field(entity, 1, 600, content(transaction, entity))


def change(transaction, entity, half):
    tick = transaction.tick
    what = chance(seed, tick, entity.id, "what")
    if what < 0.02:
        transaction.delete_entity(entity)
        return
    if what < 0.4:
        x, y = ((chance(seed, tick, entity.id, axis) * 2 - 1) * half for axis in "xy")
        transaction.store_entity_index_key(entity, (x, y, tick))
    if 0.3 < what < 0.5:
        field = 1 + int(chance(seed, tick, entity.id, "field") * 4)
        transaction.store_entity_field(entity, field, 600 + field, content(transaction, entity))
    if what > 0.95:
        has = [field for field in range(1, 5) if has_field(transaction, entity, field)]
        if has:
            transaction.remove_entity_field(entity, has[0])


def has_field(transaction, entity, field):
    try:
        transaction.load_entity_field(entity, field)
        return True
    except heddle.NotFound:
        return False


def content(transaction, entity):
    length = int(chance(seed, transaction.tick, entity.id, "length") * 200)
    return bytes([transaction.tick & 255]) * length


main()
