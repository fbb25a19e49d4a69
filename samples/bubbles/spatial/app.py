"""The app of a cell of bubbles: moves those that the cell owns, in every tick.

It keeps nothing from one tick to the next. All that a bubble is stands in its entity, so the app
may be killed at any time.
"""

import argparse
import random

import bubble as rules
import heddle

BUBBLE = 512
FIELD = 1
FIELD_TYPE = 600


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--bubbles", type=int, default=15, help="in this cell at the beginning")
    options.add_argument("--most", type=int, default=120, help="in this cell at any time")
    settings = options.parse_args()
    with heddle.create_application() as application:
        cell = application.assigned_partition()
        world = world_of(application)
        sight = None
        for transaction in application.updates():
            if transaction.tick == 1:
                blow(transaction, cell.bounds, settings.bubbles)
            if sight is None:
                # Bubbles of other cells are seen as far as one of ours can touch them.
                sight = transaction.create_subscription(
                    cell.domain, cell.bounds.grown(rules.REACH)
                )
            step(transaction, world, sight, settings.most)


def world_of(application):
    cells = [found.bounds for found in application.all_partitions() if found.bounds]
    return (
        min(cell.min_x for cell in cells),
        min(cell.min_y for cell in cells),
        max(cell.max_x for cell in cells),
        max(cell.max_y for cell in cells),
    )


def blow(transaction, bounds, count) -> None:
    """Makes the first bubbles of a cell; the same ones in every run."""
    chance = random.Random(f"{bounds}")
    for _ in range(count):
        store(
            transaction,
            None,
            rules.Bubble(
                chance.uniform(bounds.min_x, bounds.max_x),
                chance.uniform(bounds.min_y, bounds.max_y),
                chance.uniform(-0.7, 0.7),
                chance.uniform(-0.7, 0.7),
                chance.uniform(rules.RADIUS_MIN, rules.RADIUS_MAX),
            ),
        )


def step(transaction, world, sight, most) -> None:
    owned = transaction.owned_entities()
    transaction.all_subscription_events()
    # Every bubble is read before one is written: each collides with what the others were.
    before = {entity.id: load(transaction, entity) for entity in owned}
    others = [load(transaction, entity) for entity in transaction.subscribed_entities(sight)]
    places = rules.Places([*before.values(), *others])
    room = most - len(owned)
    for entity in owned:
        own = before[entity.id]
        moved = rules.flown(rules.bounced(own, places.near(own)), world)
        halves = rules.split(moved)
        if halves and room > 0:
            room -= 1
            moved, born = (rules.flown(half, world) for half in halves)
            store(transaction, None, born)
        elif halves:
            moved = rules.deflated(moved)
        store(transaction, entity, moved)


def load(transaction, entity) -> rules.Bubble:
    x, y, _ = transaction.load_entity_index_key(entity)
    data = transaction.load_entity_field(entity, FIELD)
    return rules.from_bytes(x, y, data)


def store(transaction, entity, bubble) -> None:
    """Writes a bubble into its entity, or into a new one."""
    position = (bubble.x, bubble.y, 0.0)
    if entity is None:
        entity = transaction.create_entity(BUBBLE, position)
    else:
        transaction.store_entity_index_key(entity, position)
    transaction.store_entity_field(entity, FIELD, FIELD_TYPE, rules.to_bytes(bubble))


main()
