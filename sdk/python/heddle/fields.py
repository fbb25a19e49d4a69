"""Data fields with a declared shape: what the bytes of a value mean.

Owns the arithmetic of shapes, which is that of all SDKs; never touches the fabric.
"""

import json
import re
import struct
from typing import Any, Dict, List, NamedTuple, Tuple, Union

from . import arrays
from .errors import ErrorCode, error_of

#: A kind of number with a count, as "f32x3", or named members of such.
Shape = Union[str, Dict[str, str]]


class Kind(NamedTuple):
    """A kind of number: its bytes, and the letter that the module `struct` has for it."""

    bytes: int
    letter: str


KINDS = {
    "u8": Kind(1, "B"),
    "i8": Kind(1, "b"),
    "u16": Kind(2, "H"),
    "i16": Kind(2, "h"),
    "u32": Kind(4, "I"),
    "i32": Kind(4, "i"),
    "f32": Kind(4, "f"),
    "f64": Kind(8, "d"),
}
_NUMBERS = re.compile(r"(u8|i8|u16|i16|u32|i32|f32|f64)(?:x([1-9]\d{0,4}))?")


class Member(NamedTuple):
    """Where the numbers of a shape, or of one of its named members, lie in a value."""

    #: Empty where the shape is a single kind of number.
    name: str
    kind: Kind
    #: 0 where it is one number and not several.
    width: int
    offset: int


class Field:
    """A data field whose values all have one shape. Made by `define_field`.

    `index`, `type_id` and `shape` are as declared; `bytes` is the size of a value.
    """

    def __init__(self, index: int, type_id: int, shape: Any) -> None:
        if not 1 <= index <= 63:
            raise _refusal("a field index is a whole number from 1 to 63, not %r" % (index,))
        if not 0 <= type_id <= 0xFFFFFFFF:
            raise _refusal("a type id is a whole number from 0 to 4294967295, not %r" % (type_id,))
        self.index = index
        self.type_id = type_id
        self.shape: Shape = shape if isinstance(shape, (str, dict)) else _shape_of_dtype(shape)
        self.members, self.bytes, align = lay_out(self.shape)
        text = json.dumps(self.shape, separators=(",", ":"), ensure_ascii=False)
        members = tuple(
            (member.kind.letter, member.kind.bytes, member.width, member.offset)
            for member in self.members
        )
        #: What the extension module takes.
        self.declaration = (index, type_id, self.bytes, align, text.encode(), members)
        self._struct = struct.Struct(_format(self.members, self.bytes))

    def __repr__(self) -> str:
        return "define_field(%d, %d, %r)" % (self.index, self.type_id, self.shape)

    @property
    def dtype(self) -> Any:
        """The numpy dtype of a value: `numpy.frombuffer(data, field.dtype)`."""
        if isinstance(self.shape, str):
            return arrays.numpy().dtype(_numpy_numbers(self.members[0]))
        return arrays.numpy().dtype(
            {
                "names": [member.name for member in self.members],
                "formats": [_numpy_numbers(member) for member in self.members],
                "offsets": [member.offset for member in self.members],
                "itemsize": self.bytes,
            }
        )

    def pack(self, *value: Any, **members: Any) -> bytes:
        """Returns a value as bytes, for `store_entity_field`.

        `velocity.pack((1, 0))` of a shape without members, `body.pack(health=5, colour=(1, 2, 3))`
        of one with members, all of which must be there.
        """
        if isinstance(self.shape, str):
            (only,) = value
            values = [only]
        else:
            values = [members.pop(member.name) for member in self.members]
            if members or value:
                raise TypeError("%r has no members %r" % (self, [*value, *members]))
        numbers: List[float] = []
        for member, part in zip(self.members, values):
            numbers.extend([part] if member.width == 0 else part)
        return self._struct.pack(*numbers)

    def unpack(self, data: bytes) -> Any:
        """Returns what bytes of `load_entity_field` mean: a number, a tuple, or a dict of members.

        Raises struct.error where they have another length.
        """
        numbers = iter(self._struct.unpack(data))
        values = {
            member.name: next(numbers)
            if member.width == 0
            else tuple(next(numbers) for _ in range(member.width))
            for member in self.members
        }
        return values[""] if isinstance(self.shape, str) else values

    def columns(self, memories: Tuple[Any, ...]) -> Any:
        """Returns a column of the extension module's, or one for each member."""
        views = [arrays.view(memory) for memory in memories]
        if isinstance(self.shape, str):
            return views[0]
        return Columns({member.name: each for member, each in zip(self.members, views)})


class Columns:
    """A column for each member of a field's shape, by its name: `owned.field(flight).velocity`.

    Setting one writes all of its numbers: `columns.turns = 0`.
    """

    def __init__(self, columns: Dict[str, Any]) -> None:
        self.__dict__.update(columns)

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __setattr__(self, name: str, values: Any) -> None:
        if name not in self.__dict__:
            raise AttributeError("the shape has no member %r" % name)
        if self.__dict__[name] is not values:  # `columns.velocity *= 2` has written it already
            self.__dict__[name][...] = values

    def __repr__(self) -> str:
        return "Columns(%s)" % ", ".join(self.__dict__)


def define_field(index: int, type_id: int, shape: Any) -> Field:
    """Declares once what the bytes of a data field mean.

    index: 1 to 63. type_id: any number of 32 bits. shape: a kind of number (u8, i8, u16, i16, u32,
    i32, f32, f64), several of one kind ("f32x3"), a dict of named members of either form, or a
    numpy dtype of such. Members lie in the declared order, each at a multiple of its kind's size.
    All apps that use the field must declare it alike. Raises InvalidArgument.
    """
    return Field(index, type_id, shape)


def lay_out(shape: Shape) -> Tuple[List[Member], int, int]:
    """Returns where a shape's members lie, the bytes of a value, and what rows are aligned to."""
    entries = [("", shape)] if isinstance(shape, str) else list(shape.items())
    if not entries:
        raise _refusal("a shape has at least one member")
    members = []
    end = 0
    align = 1
    for name, numbers in entries:
        match = _NUMBERS.fullmatch(str(numbers))
        if not match:
            raise _refusal(
                "%s is a kind of number (%s), or one with a count like 'f32x3'; not %r"
                % (
                    "the shape of member %r" % name if name else "a shape",
                    ", ".join(KINDS),
                    numbers,
                )
            )
        kind = KINDS[match.group(1)]
        width = int(match.group(2) or 0)
        offset = _up(end, kind.bytes)
        members.append(Member(name, kind, width, offset))
        end = offset + kind.bytes * max(width, 1)
        align = max(align, kind.bytes)
    return members, _up(end, align), align


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _format(members: List[Member], size: int) -> str:
    text = "<"
    end = 0
    for member in members:
        count = max(member.width, 1)
        text += "x" * (member.offset - end) + "%d%s" % (count, member.kind.letter)
        end = member.offset + count * member.kind.bytes
    return text + "x" * (size - end)


def _numpy_numbers(member: Member) -> Any:
    return member.kind.letter if member.width == 0 else (member.kind.letter, (member.width,))


def _shape_of_dtype(dtype: Any) -> Shape:
    """The shape that a numpy dtype, or what numpy takes as one, stands for."""
    if arrays.numpy() is None:
        raise _refusal("a shape is a text or a dict of texts, not %r" % (dtype,))
    parsed = arrays.numpy().dtype(dtype)
    if parsed.names is None:
        return _numbers_of_dtype(parsed)
    return {name: _numbers_of_dtype(parsed.fields[name][0]) for name in parsed.names}


def _numbers_of_dtype(dtype: Any) -> str:
    base, axes = dtype.subdtype or (dtype, ())
    count = 1
    for axis in axes:
        count *= axis
    name = "%s%d" % (base.kind, base.itemsize * 8)
    return "%sx%d" % (name, count) if axes else name


def _refusal(message: str) -> Exception:
    return error_of(ErrorCode.InvalidArgument, "InvalidArgument: " + message)
