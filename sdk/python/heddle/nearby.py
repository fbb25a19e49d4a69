"""What is near and what subscriptions cover, as columns.

Owns what programs see of it. Arrays are numpy's where it is installed, else memoryviews.
"""

from typing import Any, Optional, Tuple

from .arrays import numpy, view
from .fields import Field


class Neighbours:
    """The answer to `transaction.neighbours`: entities near a place, each once, in no order.

    `count` entries, one a row of `ids` (whole numbers of 64 bits), `types`, `positions` (x, y, z),
    `partitions` and `rows`. All are as of the tick before. They are copies, which stay good.
    """

    def __init__(self, found: Tuple[Any, ...]) -> None:
        self.count: int = found[0]
        self.ids, self.types, self.positions, self.partitions, self.rows = map(view, found[1:])

    def __len__(self) -> int:
        return self.count


class Covered:
    """What a subscription covers of one other partition, as of the tick before. Read-only.

    `partition` is its number. `covered_rows` are the rows of the entities in the box, in no order,
    and `x`, `y` their positions. The partition's columns have a row for each of its entities, in
    the box or not: `rows` (their length), `ids`, `types`, `states`, `positions`.
    """

    def __init__(self, transaction: Any, found: Tuple[Any, ...]) -> None:
        self._transaction = transaction
        self.partition: int = found[0]
        self.covered_rows, self.x, self.y = map(view, found[1:4])
        self.rows: int = found[4]
        self.ids, self.types, self.states, self.positions = map(view, found[5:])

    def field(self, field: Field) -> Any:
        """Returns a field's column, or columns; None where no entity there has the field.

        Raises InvalidState where the field has another shape there.
        """
        found = self._field(field)
        return found and field.columns(found[0])

    def presence(self, field: Field) -> Any:
        """Returns, one a row, 0 where the entity lacks the field, else the bytes of its value + 1.

        None where no entity there has the field.
        """
        found = self._field(field)
        return found and view(found[1])

    def _field(self, field: Field) -> Optional[Tuple[Any, ...]]:
        return self._transaction._covered_field(self.partition, self.rows, field.declaration)


class Neighbourhood:
    """A picture of all entities that this app sees: `transaction.neighbourhood`.

    Own entities are as they were at the call, others as of the tick before. `count` entries; those
    below `own_rows` are this app's rows, the others follow. One an entry: `ids`, `types`,
    `positions` (x, y, z). The neighbours of row r, without itself, are the entries
    `list[starts[r]:starts[r + 1]]`, in no order. All are copies, which stay good.
    """

    def __init__(self, transaction: Any, found: Tuple[Any, ...]) -> None:
        self._transaction = transaction
        self.own_rows: int = found[0]
        self.count: int = found[1]
        self.ids, self.types, self.positions = map(view, found[2:5])
        self.starts, self.list = (found[5] and view(found[5]), found[6] and view(found[6]))

    def pairs(self) -> Tuple[Any, Any]:
        """Returns all pairs of neighbours as two arrays of numpy: own rows, and entries.

        With them, sums over neighbours need no loop: `numpy.bincount(own, weights=values[others],
        minlength=near.own_rows)`.
        """
        module = numpy()
        own = module.repeat(module.arange(self.own_rows), module.diff(self.starts))
        return own, self.list

    def field(self, field: Field) -> Any:
        """Returns a copy of a field's values by entry, with zeros for entities that lack it.

        Own ones are as they are at this call, others as of the tick before. Raises InvalidState
        where subscriptions have changed since the picture.
        """
        found = self._transaction._neighbourhood_field(self.count, field.declaration)
        return field.columns(found)

    def at(self, x: float, y: float, radius: float) -> Any:
        """Returns the entries within a distance of a place, in world units."""
        return view(self._transaction._neighbourhood_at(x, y, radius))
