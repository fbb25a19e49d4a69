"""One tick of an app: everything that reads and writes the world.

The calls for single entities and for other apps are the extension module's own (src/transaction.c,
src/others.c), since a program makes them most often. Owns what is left.
"""

from typing import Any, List, Optional, Type

from .columns import Owned
from .native import _native
from .nearby import Covered, Neighbourhood, Neighbours

Entity = _native.Entity
Change = _native.Change
Message = _native.Message


class Transaction(_native.Transaction):
    """An open update. Made by `Application.begin_update` or `Application.updates`.

    As a context manager it commits at the end of its block, unless an error leaves the block.
    `tick` is the number of the tick that it computes, `is_open` is false once it is committed, and
    `application` is what began it.

    Entities are handles of class `Entity`, with an `id` and a `type`: keep them across ticks as
    long as you like, and use them as keys; `Entity(id)` makes one of an id alone. What happened to
    entities are tuples `Change(kind, entity, subscription)`, and messages are tuples
    `Message(sender, payload)`.
    """

    @property
    def owned(self) -> Owned:
        """This app's entities as columns."""
        return Owned(self)

    def covered(self, subscription: int) -> List[Covered]:
        """Returns what a subscription covers, by partition, as columns.

        Partitions without an entity in the box are left out. All is as of the tick before, and
        before entities changed owner: one that has just arrived here is still covered in its old
        partition, one that has just left is in no column for one tick. Raises NotFound.
        """
        return [Covered(self, found) for found in self._covered(subscription)]

    def neighbours(self, x: float, y: float, radius: float) -> Neighbours:
        """Returns the entities within a distance of a place, in the plane of x and y.

        This app's own entities, and others as far as its subscriptions cover them; each once, as
        of the tick before, whatever was written since. Raises InvalidArgument for a radius that is
        not above 0.
        """
        return Neighbours(self._neighbours(x, y, radius))

    def neighbourhood(self, radius: float, list: bool = True) -> Neighbourhood:
        """Takes a picture of all entities that this app sees, with the neighbours of each own one.

        For questions about most entities. What is written afterwards does not change it, so that
        one loop can read from the picture and write to `owned`. Without `list`, the neighbours are
        left out, and `at` tells what is near a place. Raises InvalidArgument for a radius that is
        not above 0.
        """
        return Neighbourhood(self, self._take_neighbourhood(radius, list))

    def __enter__(self) -> "Transaction":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Any
    ) -> None:
        if error is None and self.is_open:
            self.commit()
