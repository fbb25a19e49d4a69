"""Numbers as the program gets them: numpy arrays where numpy is installed, memoryviews where not.

Owns that choice, and how rows and ids of a program become numbers of the extension module. Never
copies columns.
"""

import array as _array
import functools
from typing import Any, Iterable


@functools.lru_cache(maxsize=None)
def numpy() -> Any:
    """Returns numpy, or None where it is not installed. Loads it at the first use of a column."""
    try:
        import numpy as module
    except ImportError:
        return None
    return module


def view(memory: Any) -> Any:
    """Returns the memory as a numpy array, or as a memoryview. Neither copies."""
    module = numpy()
    return memoryview(memory) if module is None else module.asarray(memory)


def to_rows(rows: Iterable[int]) -> bytes:
    """Returns rows as numbers of 32 bits. Takes an array of truth values, one a row, too."""
    module = numpy()
    if module is None or not isinstance(rows, module.ndarray):
        return _array.array("I", rows).tobytes()
    if rows.dtype == bool:
        rows = module.flatnonzero(rows)
    if rows.size > 0 and rows.min() < 0:
        raise OverflowError("a row is 0 or above, not %d" % rows.min())
    return rows.astype(module.uint32).tobytes()


def to_ids(ids: Iterable[int]) -> bytes:
    """Returns ids as the 64-bit floats that columns have."""
    module = numpy()
    if module is None or not isinstance(ids, module.ndarray):
        return _array.array("d", ids).tobytes()
    return ids.astype(module.float64).tobytes()
