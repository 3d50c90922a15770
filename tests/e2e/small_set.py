"""A small set of one component on C:, in a folder; and all that stands below a folder, with when it
changed. Shared by the tests of the program seen from a script.
"""

import os

from harness import vssrestore
from test_roundtrip import write_documents


class Set:
    """A small set of one component on C:, in a folder."""

    def __init__(self, folder, large=0):
        self.folder, self.path = folder, folder / "set"
        write_documents(folder / "documents")
        os.makedirs(folder / "c/Tree/sub")
        for name in ("a.txt", "sub/b.txt"):
            with open(folder / "c/Tree" + b"/" + name.encode(), "w", encoding="utf-8") as out:
                out.write(name * 100)
        if large > 0:
            with open(folder / "c/Tree/large", "wb") as out:
                out.write(os.urandom(large))
        vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
                   "-o", self.path)

    def run(self, *options, codes=(0,), run_dir="run"):
        return vssrestore("run", self.path, "--run-dir", self.folder / run_dir, *options,
                          codes=codes)


def standing(path):
    """All names below a folder, with when they changed last."""
    return {name: os.lstat(name).st_ctime_ns for root, folders, files in os.walk(path)
            for name in [root] + [os.path.join(root, one) for one in folders + files]}
