"""Applications that run alone: the loop, entities, columns, and memory that outlives them."""

import asyncio
import gc
import struct
import unittest

import heddle
import weaver_app_sdk_v1 as api

speed = heddle.define_field(1, 600, "f32x2")


def alone(seconds=1, **options):
    return heddle.create_standalone_application(seconds, tick_rate="unlimited", **options)


class TheLoopRunsUntilTheTimeIsUp(unittest.TestCase):
    def test_a_second_has_thirty_ticks(self):
        application = alone(2)
        self.assertEqual([t.tick for t in application.updates()], list(range(1, 61)))
        with self.assertRaises(heddle.InvalidState):
            application.begin_update()

    def test_an_event_loop_runs_between_ticks(self):
        async def run():
            return [transaction.tick async for transaction in alone(0.1).updates()]

        self.assertEqual(asyncio.run(run()), [1, 2, 3])

    def test_a_wait_in_an_event_loop_can_be_cancelled(self):
        async def run():
            application = heddle.create_standalone_application(1000, tick_rate=0.01)
            (await application.begin_update_async()).commit()
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(application.begin_update_async(), 0.01)

        asyncio.run(run())

    def test_ticks_keep_to_a_rate(self):
        application = heddle.create_standalone_application(0.05, tick_rate=100)
        self.assertEqual(len(list(application.updates())), 5)

    def test_an_error_in_the_body_leaves_the_tick_uncommitted(self):
        application = alone()
        with self.assertRaises(ZeroDivisionError):
            with application.begin_update() as transaction:
                transaction.create_entity(512)
                1 / 0
        self.assertTrue(transaction.is_open)
        transaction.commit()
        self.assertEqual(application.runtime_metrics().total_committed_ticks, 1)

    def test_a_context_destroys_its_application_where_no_error_leaves_it(self):
        with alone() as application:
            for transaction in application.updates():
                break
        with self.assertRaises(heddle.InvalidState):
            transaction.owned_entities()
        with alone() as application:
            while True:
                application.begin_update().commit()  # ends by ShuttingDown, which the context takes
        with self.assertRaises(heddle.InvalidState):
            application.begin_update()

    def test_options_are_checked(self):
        for options in ({"seconds": -1}, {"bounds": (1, 0, 0, 1)}, {"domain": "x" * 300}):
            with self.assertRaises(heddle.InvalidArgument):
                alone(**options)
        with self.assertRaises(ValueError):
            heddle.create_standalone_application(1, tick_rate="fast")
        partition = alone(bounds=(0, 0, 10, 20), domain="Lab").assigned_partition()
        self.assertEqual((partition.bounds, partition.domain), ((0, 0, 10, 20), "Lab"))


class EntitiesAreThoseOfARealApplication(unittest.TestCase):
    def test_entities_move_and_carry_data(self):
        application = alone(bounds=(0, 0, 10, 10), entities_per_partition=2)
        with application.begin_update() as transaction:
            one = transaction.create_entity(512, (1, 2, 3))
            transaction.store_entity_field(one, 1, 600, speed.pack((1, 0)))
            transaction.create_entity(513)
            with self.assertRaises(heddle.CapacityExceeded):
                transaction.create_entity(514)
            with self.assertRaises(heddle.InvalidArgument):
                transaction.store_entity_index_key(one, (11, 0, 0))
        with application.begin_update() as transaction:
            self.assertEqual(transaction.load_entity_index_key(one), (1, 2, 3))
            self.assertEqual(speed.unpack(transaction.load_entity_field(one, 1)), (1, 0))
            self.assertEqual({e.type for e in transaction.owned_entities()}, {512, 513})
            with self.assertRaises(heddle.CapacityExceeded):
                transaction.store_entity_field(one, 1, 600, bytes(1025))

    def test_a_commit_refuses_positions_outside_of_the_world(self):
        application = alone(bounds=(0, 0, 10, 10))
        transaction = application.begin_update()
        owned = transaction.owned
        (row,) = owned.create(512, 1)
        owned.positions[row, 0] = 11
        owned.moved()
        with self.assertRaises(heddle.InvalidArgument) as caught:
            transaction.commit()
        self.assertIn("row %d" % row, str(caught.exception))
        owned.positions[row, 0] = 9
        owned.moved()
        transaction.commit()

    def test_neighbours_are_found(self):
        application = alone()
        with application.begin_update() as transaction:
            ids = [transaction.create_entity(512, (x, 0, 0)).id for x in (0, 1, 50)]
        with application.begin_update() as transaction:
            self.assertEqual({int(n) for n in transaction.neighbours(0, 0, 2).ids}, set(ids[:2]))
            near = transaction.neighbourhood(2)
            counts = [near.starts[r + 1] - near.starts[r] for r in range(near.own_rows)]
            self.assertEqual(sorted(counts), [0, 1, 1])


class MemoryOutlivesItsApplication(unittest.TestCase):
    def test_an_array_that_was_kept_can_be_read(self):
        application = alone()
        with application.begin_update() as transaction:
            transaction.owned.create(512, 1000)
            positions = transaction.owned.positions
        application.destroy()
        del application, transaction
        others = [alone() for _ in range(20)]
        gc.collect()
        positions[999, 2] = positions[0, 0]
        self.assertEqual(len(others), 20)
        self.assertEqual(positions[999, 2], 0)


class ProgramsOfTheServiceRunAloneToo(unittest.TestCase):
    def test_a_loop_of_the_services_calls(self):
        app = api.create_standalone_application(api.StandaloneRuntimeConfig(0.1, 1000))
        metrics = api.runtime_metrics(app)
        entity = None
        with self.assertRaises(api.WeaverError) as caught:
            while True:
                while api.begin_update_will_block(app):
                    pass
                txn = api.begin_update(app)
                if entity is None:
                    entity = api.create_entity(txn, api.TypeId(512))
                position = struct.pack("<fff", api.current_tick(txn).value, 2, 3)
                floats = api.builtin_type_id_to_type_id(api.BuiltinTypeId.Vector3F32)
                api.store_entity_index_key(txn, entity, floats, list(position))
                self.assertEqual(api.load_entity_index_key(txn, entity, floats), position)
                (only,) = api.assigned_partitions(txn)
                self.assertEqual(only.domain_type, api.DomainType.Spatial)
                self.assertEqual(len(api.receive_messages(txn)), 0)
                api.release_read_leases(txn)
                api.commit(txn)
        self.assertEqual(caught.exception.code, api.ErrorCode.ShuttingDown)
        self.assertEqual(metrics.total_committed_ticks_gauge, 100)
        self.assertEqual(api.runtime_limit(app, api.LimitType.EntitiesPerPartition).value, 8192)
        api.destroy_application(app)

    def test_an_index_key_is_of_its_type_alone(self):
        app = api.create_standalone_application(api.StandaloneRuntimeConfig(1))
        txn = api.begin_update(app)
        entity = api.create_entity(txn, 512)
        with self.assertRaises(api.InvalidArgument):
            api.store_entity_index_key(txn, entity, api.BuiltinTypeId.Dynamic, bytes(12))
        for data in (True, b"\x01", [1]):
            api.store_entity_field(txn, entity, api.BuiltinTypeId.Bool, api.FieldIndex(1), data)
            loaded = api.load_entity_field(txn, entity, api.BuiltinTypeId.Bool, api.FieldIndex(1))
            self.assertEqual(loaded, b"\x01")
        api.store_entity_field(txn, entity, 600, 2, b"hello", 2)
        self.assertEqual(api.load_entity_field(txn, entity, 600, 2), b"he")
        self.assertEqual(api.last_error_message().split(":")[0], "InvalidArgument")


if __name__ == "__main__":
    unittest.main()
