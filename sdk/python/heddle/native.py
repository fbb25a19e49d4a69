"""Loads the extension module, and says what to install where that fails.

Owns no more than that.
"""

import os

try:
    from . import _native
except ImportError as error:
    _built = os.path.exists(os.path.join(os.path.dirname(__file__), "_native.abi3.so"))
    raise ImportError(
        "heddle's extension for Python does not load: " + str(error)
        if _built
        else "heddle's extension for Python is not built: install g++, cmake, make and "
        'python3-dev, and run "node scripts/setup.mjs" in the folder of Heddle'
    ) from error

__all__ = ["_native"]
