"""From what programs pass as data to bytes, and back.

Owns the leniency: nobody has said what Python programs of the service's SDK pass, so that whatever
can mean bytes is taken as such.
"""

import struct
from typing import Any, Optional, Tuple

import heddle

from .types import BuiltinTypeId

_POSITION = struct.Struct("<3f")


class IndexKey(bytes):
    """The 12 bytes of a position: three floats, little endian. `x`, `y` and `z` are its numbers."""

    __slots__ = ()

    @property
    def x(self) -> float:
        return _POSITION.unpack(self)[0]

    @property
    def y(self) -> float:
        return _POSITION.unpack(self)[1]

    @property
    def z(self) -> float:
        return _POSITION.unpack(self)[2]


def index_key(position: Tuple[float, float, float]) -> IndexKey:
    return IndexKey(_POSITION.pack(*position))


def to_bytes(data: Any, type_id: Optional[int] = None, length: Optional[int] = None) -> bytes:
    """Returns the first `length` bytes of what a program passed.

    Takes bytes and what holds bytes, whole numbers from -128 to 255, a MessagePayload, three
    numbers where the type is Vector3F32, and a truth value where it is Bool.
    """
    content = _content(data, type_id)
    if length is None or length == len(content):
        return content
    if 0 <= length < len(content):
        return content[:length]
    raise heddle.InvalidArgument(
        "InvalidArgument: the length is %d, and the data has %d bytes" % (length, len(content))
    )


def to_position(data: Any, length: Optional[int] = None) -> Tuple[float, float, float]:
    """Returns x, y and z of a position that a program passed: bytes, or three numbers."""
    is_packed = type(data) is bytes and length is None
    content = data if is_packed else to_bytes(data, BuiltinTypeId.Vector3F32, length)
    if len(content) != _POSITION.size:
        raise heddle.InvalidArgument(
            "InvalidArgument: the index key has 12 bytes (three floats), not %d" % len(content)
        )
    return _POSITION.unpack(content)


def _content(data: Any, type_id: Optional[int]) -> bytes:
    if isinstance(data, bytes):
        return data
    if isinstance(data, (bool, int)):
        if type_id == BuiltinTypeId.Bool:
            return b"\x01" if data else b"\x00"
        raise TypeError("data must be bytes or a list of whole numbers, not %r" % (data,))
    if isinstance(data, str):
        raise TypeError("data must be bytes, not str: encode it")
    try:
        return bytes(memoryview(data))
    except TypeError:
        pass
    if hasattr(data, "data"):  # a MessagePayload, or what looks like one
        data = data.data
    numbers = list(data)
    if type_id == BuiltinTypeId.Vector3F32 and len(numbers) == 3:
        return _POSITION.pack(*numbers)
    try:
        return bytes(numbers)
    except ValueError:
        if not all(isinstance(number, int) and -128 <= number <= 255 for number in numbers):
            raise TypeError("data must be whole numbers from -128 to 255") from None
        return bytes(number & 255 for number in numbers)
