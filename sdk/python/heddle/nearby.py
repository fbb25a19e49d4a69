"""What is near, as columns.

Owns what programs see of it. Arrays are numpy's where it is installed, else memoryviews.
"""

from typing import Any, Tuple

from .arrays import view


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
