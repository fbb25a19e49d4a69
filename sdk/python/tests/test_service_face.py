"""What programs of the service's SDK pass and get, where no simulation is needed for it."""

import array
import copy
import struct
import unittest

import heddle
import weaver_app_sdk_v1 as api
from weaver_app_sdk_v1.data import IndexKey, index_key, to_bytes, to_position

FLOATS = api.BuiltinTypeId.Vector3F32


class DataIsTakenInManyForms(unittest.TestCase):
    def test_whatever_can_mean_bytes(self):
        packed = struct.pack("<ii", -1, 300)
        for data in (packed, bytearray(packed), memoryview(packed), list(packed), tuple(packed),
                     array.array("i", [-1, 300]), api.MessagePayload(list(packed)),
                     [number - 256 if number > 127 else number for number in packed]):
            self.assertEqual(to_bytes(data), packed)

    def test_a_length_takes_the_first_bytes(self):
        self.assertEqual(to_bytes(b"hello", length=2), b"he")
        with self.assertRaises(heddle.InvalidArgument):
            to_bytes(b"hello", length=6)

    def test_truth_values_of_bool_fields(self):
        self.assertEqual(to_bytes(True, api.BuiltinTypeId.Bool), b"\x01")
        self.assertEqual(to_bytes(False, api.TypeId(3)), b"\x00")

    def test_what_is_no_data_is_refused(self):
        for data in ("text", 5, [256], [1.5], [-129], None):
            with self.assertRaises(TypeError):
                to_bytes(data)

    def test_positions_are_bytes_or_three_numbers(self):
        packed = struct.pack("<fff", 1, 2.5, -3)
        for data in (packed, list(packed), (1, 2.5, -3), [1.0, 2.5, -3.0],
                     api.Vector3F32(1, 2.5, -3), array.array("f", [1, 2.5, -3])):
            self.assertEqual(to_position(data), (1, 2.5, -3))
        for data in (b"", packed[:8], (1, 2)):
            with self.assertRaises(heddle.InvalidArgument):
                to_position(data)

    def test_a_loaded_position_is_bytes_with_numbers(self):
        key = index_key((1, 2.5, -3))
        self.assertIsInstance(key, IndexKey)
        self.assertEqual(struct.unpack("<fff", bytes(key)), (key.x, key.y, key.z))


class ValuesBehaveAsNumbersAndWithNames(unittest.TestCase):
    def test_numbers_have_a_value_and_are_keys(self):
        self.assertEqual({api.TypeId(512): 1}[512], 1)
        self.assertEqual((api.TypeId(512).value, str(api.TypeId(512))),
                         (512, "TypeId { value: 512 }"))
        self.assertEqual(api.TypeId(), 0)
        self.assertEqual(api.DomainId().value, 0xFFFFFFFF)
        self.assertEqual(api.builtin_type_id_to_type_id(api.TypeId(7)), 7)

    def test_members_of_enumerations_print_their_names(self):
        self.assertEqual(str(api.ErrorCode.ShuttingDown), "ShuttingDown")
        self.assertEqual(api.ChangeListAction["None"], api.ChangeListAction.None_)
        self.assertEqual([action.name for action in api.ChangeListAction],
                         ["None_", "Remove", "Add", "Update", "Reject"])

    def test_shapes_in_the_plane_can_be_made_bare_and_changed(self):
        box = api.BoundingBox2F32(api.Vector2F32(0, 1), (2, 3))
        box.max.x = 5
        self.assertEqual((box.min.y, list(box.max)), (1, [5, 3]))
        self.assertNotEqual(box, api.BoundingBox2F32())
        self.assertEqual(box, copy.deepcopy(box))

    def test_entities_have_a_descriptor(self):
        entity = api.Entity(77)
        self.assertEqual(entity.descriptor.id, 77)
        self.assertEqual({entity}, {api.Entity(77)})

    def test_payloads_are_lists_that_can_grow(self):
        payload = api.MessagePayload()
        payload.data.append(7)
        self.assertEqual(bytes(payload), b"\x07")
        self.assertEqual(api.utils.extract_message(api.utils.create_message_payload(b"ab")), b"ab")


class ErrorsCarryTheirCode(unittest.TestCase):
    def test_a_process_outside_of_a_simulation_is_not_connected(self):
        with self.assertRaises(api.WeaverError) as caught:
            api.create_application()
        self.assertEqual(caught.exception.code, api.ErrorCode.NotConnected)
        self.assertIsInstance(caught.exception, heddle.NotConnected)
        self.assertIn("start this app through a simulation", api.last_error_message())

    def test_only_an_application_makes_transactions(self):
        with self.assertRaises(TypeError):
            api.Transaction()


if __name__ == "__main__":
    unittest.main()
