"""A spatial app in the service's style: what it does to the world is what drifters.ts does."""

import struct

import weaver_app_sdk_v1.libweaver_app_sdk_python_v1 as api

DRIFTER = api.TypeId(512)
SPEED = api.FieldIndex(1)
POSITION = api.builtin_type_id_to_type_id(api.BuiltinTypeId.Vector3F32)
DYNAMIC = api.builtin_type_id_to_type_id(api.BuiltinTypeId.Dynamic)


def simulate(txn, own, world):
    if api.current_tick(txn).value == 1:
        for number in range(20):
            entity = api.create_entity(txn, DRIFTER)
            x = own.min.x + (own.max.x - own.min.x) * number / 20
            at = list(struct.pack("<fff", x, own.min.y + 0.5, 0))
            api.store_entity_index_key(txn, entity, POSITION, at)
            api.store_entity_field(txn, entity, DYNAMIC, SPEED, struct.pack("<f", 7 + number))
            entities[entity.descriptor.id] = entity
    for change in api.ownership_changes(txn).changes:
        if change.action == api.ChangeListAction.Add:
            entities[change.entity.descriptor.id] = change.entity
        elif change.action == api.ChangeListAction.Remove:
            del entities[change.entity.descriptor.id]
    for entity in entities.values():
        x, y, z = struct.unpack("<fff", bytes(api.load_entity_index_key(txn, entity, POSITION)))
        (speed,) = struct.unpack("<f", bytes(api.load_entity_field(txn, entity, DYNAMIC, SPEED)))
        if not world.min.x <= x + speed <= world.max.x:
            speed = -speed
            api.store_entity_field(txn, entity, DYNAMIC, SPEED, struct.pack("<f", speed))
        api.store_entity_index_key(txn, entity, POSITION, struct.pack("<fff", x + speed, y, z))


def main():
    app = api.create_application()
    own = world = None
    try:
        while True:
            while api.begin_update_will_block(app):
                pass
            txn = api.begin_update(app)
            if own is None:
                own = api.assigned_partitions(txn).partitions[0].bounds
                cells = [p.bounds for p in api.all_partitions(txn).partitions if p.bounds]
                world = api.BoundingBox2F32(
                    api.Vector2F32(min(c.min.x for c in cells), min(c.min.y for c in cells)),
                    api.Vector2F32(max(c.max.x for c in cells), max(c.max.y for c in cells)),
                )
            simulate(txn, own, world)
            api.commit(txn)
    except api.WeaverError as error:
        if error.code != api.ErrorCode.ShuttingDown:
            raise
    api.destroy_application(app)


entities = {}
main()
