"""The app SDK of AWS SimSpace Weaver as Python programs import it, over Heddle.

All of these give the same calls: `import weaver_app_sdk_v1 as api`, `from weaver_app_sdk_v1 import
api`, `import weaver_app_sdk_v1.libweaver_app_sdk_python_v1 as api`, and `import
libweaver_app_sdk_python_v1 as api`.
"""

import sys as _sys

from . import libweaver_app_sdk_python_v1, utils
from .libweaver_app_sdk_python_v1 import *  # noqa: F401,F403
from .libweaver_app_sdk_python_v1 import __all__

api = libweaver_app_sdk_python_v1
_sys.modules[__name__ + ".api"] = api
