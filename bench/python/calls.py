"""An app that loads and stores position and field of each entity in every tick, call by call.

`calls.py COUNT`, as bench/apps/calls.ts. Keeps its handles.
"""

import sys

import heddle

LIMIT = 900
FIELD = 1
TYPE = 600


def populate(transaction, count):
    entities = [transaction.create_entity(512, (made % LIMIT, 0, 0)) for made in range(count)]
    for entity in entities:
        transaction.store_entity_field(entity, FIELD, TYPE, bytes(12))
    return entities


def move(transaction, entities):
    for entity in entities:
        x, y, z = transaction.load_entity_index_key(entity)
        x = x + 0.5 if x < LIMIT else -LIMIT
        transaction.store_entity_index_key(entity, (x, y, z))
        data = bytearray(transaction.load_entity_field(entity, FIELD))
        data[0] = (data[0] + 1) & 255
        transaction.store_entity_field(entity, FIELD, TYPE, data)


with heddle.create_application() as application:
    entities = []
    for transaction in application.updates():
        if transaction.tick == 1:
            entities = populate(transaction, int(sys.argv[1]))
        move(transaction, entities)
