"""One tick of an app: everything that reads and writes the world.

The calls for single entities and for other apps are the extension module's own (src/transaction.c,
src/others.c), since a program makes them most often. Owns what is left.
"""

from typing import Optional, Type

from .native import _native

Entity = _native.Entity
Change = _native.Change
Message = _native.Message


class Transaction(_native.Transaction):
    """An open update. Made by `Application.begin_update` or `Application.updates`.

    As a context manager it commits at the end of its block, unless an error leaves the block.
    """

    def __enter__(self) -> "Transaction":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: object
    ) -> None:
        if error is None and self.is_open:
            self.commit()
