"""A sentinel tree beside a destination, which nobody may touch.

Its folders and files have the names of what is restored. Links to it are planted, or exchanged with
folders all the time; afterwards every inode of it must be as it was, its change times too, which
any call that writes would move. Shared by the tests of what a restore touches.
"""

import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import Failure  # noqa: E402


def fingerprint(top):
    """Everything of each inode that a call could change."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in [b"."] + folders + files:
            path = os.path.normpath(os.path.join(folder, name))
            facts = os.lstat(path)
            try:
                attributes = [(a, os.getxattr(path, a, follow_symlinks=False))
                              for a in os.listxattr(path, follow_symlinks=False)]
            except OSError:
                attributes = []
            content = b""
            if stat.S_ISREG(facts.st_mode):
                with open(path, "rb") as opened:
                    content = opened.read()
            found[os.path.relpath(path, top)] = (
                facts.st_mode, facts.st_uid, facts.st_gid, facts.st_nlink, facts.st_ino,
                facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, attributes, content)
    return found


class Sentinel:
    """A tree beside the destination that nobody may touch."""

    def __init__(self, scenario, names):
        self.top = os.path.join(scenario.folder, b"sentinel")
        for name in names:
            path = os.path.join(self.top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as out:
                out.write(b"the sentinel's " + name)
        self.before = fingerprint(self.top)

    def check(self, what):
        after = fingerprint(self.top)
        if after != self.before:
            changed = [(name, self.before.get(name), after.get(name))
                       for name in sorted(set(after) | set(self.before))
                       if after.get(name) != self.before.get(name)]
            raise Failure(f"the sentinel was touched: {what}\n" +
                          "\n".join(map(str, changed[:10])))


def one_set(s, files=("a", "sub\\b"), method="RESTORE_IF_CAN_BE_REPLACED"):
    w = s.writer("Files", method=method, wre="never")
    c = w.component("one")
    c.files("C:\\one", "*")
    s.backup().include(c)
    for name in files:
        s.put("C:\\one\\" + name, b"restored " + name.encode(), mtime=1_700_000_000)
    return c
