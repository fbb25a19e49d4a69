"""The module of `weaver_app_sdk_v1` under the name that it has without its package."""

import sys

from weaver_app_sdk_v1 import libweaver_app_sdk_python_v1

sys.modules[__name__] = libweaver_app_sdk_python_v1
