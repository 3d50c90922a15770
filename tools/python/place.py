#!/usr/bin/env python3
"""Where a Python looks for the modules of a prefix: place.py PREFIX prints the folder, or nothing.

meson takes the folder of Debian's own packages for every prefix, and Debian's Python does not look
for that below /usr/local.
"""

import os
import site
import sys


def place(prefix, folders):
    """The first of folders that is the prefix's own: /usr has none below /usr/local."""
    own = os.path.join(prefix, "lib") + "/"
    return next((folder for folder in folders if folder.startswith(own)), "")


if __name__ == "__main__":
    print(place(sys.argv[1], site.getsitepackages()))
