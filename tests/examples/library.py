"""Where the library and its examples are, for the tests beside this: their first argument is the
folder of libvssrestore.so."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import SOURCE_ROOT # noqa: E402
from units import make_set # noqa: E402

LIBRARY_FOLDER = os.path.abspath(sys.argv[1])
LIBRARY = os.path.join(LIBRARY_FOLDER, "libvssrestore.so.0")
EXAMPLES = os.path.join(SOURCE_ROOT, "tools", "examples")
MODULE = os.path.join(SOURCE_ROOT, "tools", "python")


def a_set(folder):
    make_set(folder, {"small": (5, 3000), "large": (2, 2 << 20), "tiny": (1, 100)})


def is_sanitized():
    """A library under a sanitizer wants its runtime first: nothing but such a program loads it."""
    with open(LIBRARY, "rb") as file:
        return b"__asan_init" in file.read() or b"__tsan_init" in file.read()
