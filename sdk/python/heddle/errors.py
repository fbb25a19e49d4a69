"""What refuses calls: error codes, and an exception class for each.

Owns the classes; never decides when one is raised.
"""

from typing import Dict, Type

from .kinds import Named

#: Message of the last error that was raised; empty where none was.
last_message = ""


class ErrorCode(Named):
    """Why a call was refused. The numbers are those of heddle.h."""

    ShuttingDown = 1
    InvalidArgument = 2
    CapacityExceeded = 3
    NotOwned = 4
    NotFound = 5
    InvalidState = 6
    NotConnected = 7


class HeddleError(RuntimeError):
    """A call that was refused, and changed nothing.

    `code` is its ErrorCode; the text begins with the code's name and says what is wrong. Each code
    has a subclass of its own, so that programs can write `except heddle.NotFound`.
    """

    code: ErrorCode

    def __init__(self, message: str) -> None:
        global last_message
        super().__init__(message)
        last_message = message


class ShuttingDown(HeddleError):
    """There is no further tick: destroy the application and exit."""

    code = ErrorCode.ShuttingDown


class InvalidArgument(HeddleError):
    """The call can never succeed."""

    code = ErrorCode.InvalidArgument


class CapacityExceeded(HeddleError):
    """A limit is reached, or the machine has no room. The call may succeed later."""

    code = ErrorCode.CapacityExceeded


class NotOwned(HeddleError):
    """The entity belongs to another app."""

    code = ErrorCode.NotOwned


class NotFound(HeddleError):
    """The entity, field, subscription, app or port does not exist, or cannot be seen from here."""

    code = ErrorCode.NotFound


class InvalidState(HeddleError):
    """A call out of order: no update is open, one already is, or the application is destroyed."""

    code = ErrorCode.InvalidState


class NotConnected(HeddleError):
    """No worker started this process, or the worker is gone."""

    code = ErrorCode.NotConnected


_CLASSES: Dict[ErrorCode, Type[HeddleError]] = {
    error.code: error for error in HeddleError.__subclasses__()
}


def error_of(code: int, message: str) -> HeddleError:
    """Returns the exception for a code of heddle.h."""
    return _CLASSES[ErrorCode(code)](message)
