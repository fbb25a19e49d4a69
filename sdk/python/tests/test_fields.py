"""Shapes of fields: the arithmetic, packing, and numpy's dtypes."""

import unittest

import heddle
from heddle.arrays import numpy, to_ids, to_rows
from heddle.fields import lay_out


class ShapesLieAsInAllSdks(unittest.TestCase):
    def test_members_lie_in_order_each_at_a_multiple_of_its_kind(self):
        members, size, align = lay_out({"health": "u16", "heading": "f64", "colour": "u8x3"})
        self.assertEqual([(m.name, m.width, m.offset) for m in members],
                         [("health", 0, 0), ("heading", 0, 8), ("colour", 3, 16)])
        self.assertEqual((size, align), (24, 8))

    def test_one_kind_of_number_is_a_shape(self):
        for shape, size in (("u8", 1), ("i16", 2), ("f32x3", 12), ("f64x2", 16)):
            self.assertEqual(lay_out(shape)[1], size)

    def test_the_declaration_is_the_text_of_all_sdks(self):
        field = heddle.define_field(1, 600, {"velocity": "f32x2", "turns": "u16"})
        self.assertEqual(field.declaration[4], b'{"velocity":"f32x2","turns":"u16"}')
        self.assertEqual(heddle.define_field(1, 600, "f32x2").declaration[4], b'"f32x2"')

    def test_what_is_no_shape_is_refused(self):
        for shape in ("f16", "u8x0", "u8x", "", {}, {"a": "b"}):
            with self.assertRaises(heddle.InvalidArgument):
                heddle.define_field(1, 600, shape)
        for index in (0, 64):
            with self.assertRaises(heddle.InvalidArgument):
                heddle.define_field(index, 600, "u8")


class ValuesArePacked(unittest.TestCase):
    def test_a_value_comes_back(self):
        body = heddle.define_field(2, 601, {"health": "u16", "heading": "f64", "colour": "u8x3"})
        value = {"health": 7, "heading": -0.5, "colour": (1, 2, 3)}
        data = body.pack(**value)
        self.assertEqual(len(data), body.bytes)
        self.assertEqual(body.unpack(data), value)
        self.assertEqual(data[:2], b"\x07\x00")

    def test_shapes_without_members_take_a_number_or_several(self):
        self.assertEqual(heddle.define_field(1, 1, "i32").pack(-2), b"\xfe\xff\xff\xff")
        pair = heddle.define_field(1, 1, "u16x2")
        self.assertEqual(pair.unpack(pair.pack((1, 2))), (1, 2))

    def test_members_must_all_be_there_and_no_others(self):
        body = heddle.define_field(2, 601, {"health": "u16", "mood": "u8"})
        with self.assertRaises(KeyError):
            body.pack(health=1)
        with self.assertRaises(TypeError):
            body.pack(health=1, mood=2, more=3)


@unittest.skipIf(numpy() is None, "numpy is not installed")
class NumpyHasTheSameShapes(unittest.TestCase):
    def test_a_dtype_is_a_shape(self):
        dtype = numpy().dtype([("health", "u2"), ("colour", "u1", 3)])
        expected = {"health": "u16", "colour": "u8x3"}
        self.assertEqual(heddle.define_field(1, 1, dtype).shape, expected)
        self.assertEqual(heddle.define_field(1, 1, numpy().float32).shape, "f32")

    def test_a_shape_is_a_dtype(self):
        body = heddle.define_field(2, 601, {"health": "u16", "heading": "f64", "colour": "u8x3"})
        data = body.pack(health=7, heading=-0.5, colour=(1, 2, 3))
        (value,) = numpy().frombuffer(data, body.dtype)
        self.assertEqual((value["health"], value["heading"], list(value["colour"])),
                         (7, -0.5, [1, 2, 3]))

    def test_rows_are_lists_arrays_or_truth_values(self):
        expected = to_rows([1, 3])
        self.assertEqual(to_rows(numpy().array([1, 3])), expected)
        self.assertEqual(to_rows(numpy().array([False, True, False, True])), expected)
        with self.assertRaises(OverflowError):
            to_rows(numpy().array([-1]))
        self.assertEqual(to_ids(numpy().array([5])), to_ids([5]))


if __name__ == "__main__":
    unittest.main()
