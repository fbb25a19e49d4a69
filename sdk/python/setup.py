"""Installs the SDK for tests and editors: `pip install PATH/TO/heddle/sdk/python`.

Builds the extension module against the libheddle of the clone, and puts that beside it. Apps in a
simulation do not need it: Heddle leads them to the SDK of the clone itself.
"""

import glob
import os
import shutil
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = os.path.dirname(os.path.abspath(__file__))
HEADERS = os.path.join(HERE, "..", "native", "include")
LIBRARIES = os.path.join(HERE, "..", "lib")
LIBRARY = os.path.join(LIBRARIES, "libheddle.so")


class BuildWithLibrary(build_ext):
    """Puts libheddle into the package, where the extension module looks for it first."""

    def run(self):
        if not os.path.exists(LIBRARY):
            sys.exit(
                "libheddle.so is not built: install g++, cmake and make, and run "
                '"node scripts/setup.mjs" in the folder of Heddle'
            )
        super().run()
        package = os.path.dirname(self.get_ext_fullpath("heddle._native"))
        shutil.copy(LIBRARY, package)


setup(
    name="heddle",
    version="0.1.0",
    description="Apps of Heddle simulations, in Python",
    license="Apache-2.0",
    python_requires=">=3.9",
    packages=["heddle", "weaver_app_sdk_v1"],
    py_modules=["libweaver_app_sdk_python_v1"],
    package_data={"heddle": ["py.typed", "*.pyi"], "weaver_app_sdk_v1": ["py.typed"]},
    ext_modules=[
        Extension(
            "heddle._native",
            sorted(glob.glob("src/*.c")),
            include_dirs=[HEADERS],
            library_dirs=[LIBRARIES],
            libraries=["heddle"],
            py_limited_api=True,
            extra_compile_args=["-std=c11", "-fvisibility=hidden"],
            extra_link_args=["-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN"],
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
    cmdclass={"build_ext": BuildWithLibrary},
)
