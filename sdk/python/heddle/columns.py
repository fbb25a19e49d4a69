"""Columns of this app's own entities: numbers on the fabric's memory, one row an entity.

Owns what programs see of them. Arrays are numpy's where it is installed, else memoryviews.
"""

from typing import Any, Callable, Iterable, Optional

from .arrays import to_ids, to_rows, view
from .fields import Field


class Owned:
    """This app's entities, as they stand: `transaction.owned`.

    Columns have one row an entity. A row whose state is 0 holds none: skip it. An entity keeps its
    row for as long as this app owns it. Columns can be read at any time of the update, and written
    where that is said. Heddle does not detect writes: call `moved`, `stored` or `touched`
    afterwards. Take columns anew in each tick, and again after `create`.
    """

    def __init__(self, transaction: Any) -> None:
        self._transaction = transaction

    @property
    def rows(self) -> int:
        """Length of every column."""
        return self._transaction._owned_rows()[0]

    @property
    def count(self) -> int:
        """Number of entities."""
        return self._transaction._owned_rows()[1]

    @property
    def ids(self) -> Any:
        """Ids, one a row, as 64-bit floats, which are whole numbers. Read-only."""
        return view(self._transaction._owned_rows()[2])

    @property
    def types(self) -> Any:
        """Type ids, one a row. Read-only."""
        return view(self._transaction._owned_rows()[3])

    @property
    def states(self) -> Any:
        """One a row: 0 where the row holds no entity. Read-only."""
        return view(self._transaction._owned_rows()[4])

    @property
    def positions(self) -> Any:
        """x, y and z a row, in world units, as 32-bit floats. After writing, call `moved`."""
        return view(self._transaction._owned_positions())

    @positions.setter
    def positions(self, positions: Any) -> None:
        self.positions[...] = positions

    def field(self, field: Field) -> Any:
        """Returns a field's column; of a shape with members, an object with a column for each.

        A column has one row an entity, and a second axis where a value has several numbers. After
        writing, call `stored`. Raises CapacityExceeded where there is no room, InvalidState where
        data of another shape was stored in the field.
        """
        return field.columns(self._transaction._field(field.declaration))

    def presence(self, field: Field) -> Any:
        """Returns, one a row, 0 where the entity lacks the field, else the bytes of its value + 1.

        Read-only.
        """
        return view(self._transaction._presence(field.declaration))

    def create(self, type_id: int, count: int) -> Any:
        """Creates entities in the middle of the cell, and returns their rows.

        Write their positions next, and call `moved`. A new entity has no fields; the numbers in its
        row are undefined until they are written and `stored`. Raises InvalidArgument or
        CapacityExceeded; then none is created.
        """
        return view(self._transaction._create_entities(type_id, count))

    def delete(self, rows: Iterable[int]) -> None:
        """Deletes the entities in these rows.

        Raises NotFound where one of them holds none, or is named twice; then none is deleted.
        """
        self._transaction._delete_entities(to_rows(rows))

    def give(self, field: Field, rows: Iterable[int]) -> None:
        """Gives the entities in these rows a field, with zeros where they lacked it.

        Values can be written next, without another call. Raises NotFound where a row holds no
        entity, CapacityExceeded where one may have no further field; then nothing changes.
        """
        self._transaction._give(field.declaration, to_rows(rows))

    def take(self, field: Field, rows: Iterable[int]) -> None:
        """Removes a field from the entities in these rows, as far as they have it.

        Raises NotFound where a row holds no entity; then nothing changes.
        """
        self._transaction._take(field.index, to_rows(rows))

    @property
    def arrived_rows(self) -> Any:
        """Rows of the entities that this app owns from this tick on; in a process's first, all.

        Rows are reused: look at `departed_rows` first, and at both before you create or delete.
        """
        return view(self._transaction._tick_rows()[0])

    @property
    def departed_rows(self) -> Any:
        """The rows that entities had which belong to another app from this tick on."""
        return view(self._transaction._tick_rows()[1])

    @property
    def departed_ids(self) -> Any:
        """The ids of those, in the same order."""
        return view(self._transaction._tick_rows()[2])

    @property
    def rejected_rows(self) -> Any:
        """Rows of the entities whose handoff failed, since the target is full."""
        return view(self._transaction._tick_rows()[3])

    def rows_of(self, ids: Iterable[int]) -> Any:
        """Returns the rows of entities by their ids; -1 for those that this app does not own.

        Goes over all rows: ask once in a tick for all that are needed.
        """
        return view(self._transaction._rows_of(to_ids(ids)))

    def entity(self, row: int) -> Any:
        """Returns the handle of a row's entity. Raises NotFound where it holds none."""
        return self._transaction._owned_entity(row)

    def moved(self, start: int = 0, stop: Optional[int] = None) -> None:
        """Says that positions were written: of all rows, or from `start` up to `stop`."""
        self._transaction._moved(start, self.rows if stop is None else stop)

    def stored(self, field: Field, start: int = 0, stop: Optional[int] = None) -> None:
        """Says that a field's values were written: of all rows, or from `start` up to `stop`.

        From then on, all entities in the range have the field. Raises CapacityExceeded where one
        of them may have no further field.
        """
        end = self.rows if stop is None else stop
        self._transaction._stored(field.declaration, start, end)

    def touched(self, rows: Iterable[int]) -> None:
        """Says that anything of a few rows was written: positions, and fields that they have.

        Raises NotFound where a row holds no entity, InvalidArgument where it is outside of the
        world.
        """
        self._transaction._touched(to_rows(rows))

    def sweep(self, body: Callable[[Any, slice], None]) -> None:
        """Goes over all positions in pieces; `body(positions, rows)` moves one.

        `positions` are x, y and z of the rows of the slice `rows`, which indexes other columns:
        `owned.sweep(lambda positions, rows: numpy.add(positions, velocity[rows], out=positions))`.
        It needs no `moved`. The body must make no other call of the application. Where it raises,
        the rows that were not reached keep their positions.
        """
        self._transaction._sweep(
            lambda memory, start, stop: body(view(memory), slice(start, stop))
        )
