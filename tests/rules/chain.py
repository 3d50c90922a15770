"""A chain of backups: a full one, and what was saved since. Shared by the tests of how a chain is
restored, one step after the other.
"""

SCHEMA_DIFF_INCR, SCHEMA_EXCLUSIVE, SCHEMA_NEW_TARGET = 0x3, 0x4, 0x100


def one(s, **more):
    """A writer with one component of all files below C:\\d."""
    w = s.writer("Ledger", schema=SCHEMA_DIFF_INCR, **more)
    return w, w.component("db", lp="data").files(r"C:\d", "*")


def packed(s, type, component, *files, parent=None, stamp=None, previous=None, **more):
    """The set of a backup with these files (name, content) and no others. component: one or
    several."""
    for path, content in s.source.listing().items():
        if content is not None:
            s.remove(path)
    for name, content in files:
        s.put("C:\\d\\" + name, content)
    b = s.backup(type)
    for c in component if isinstance(component, (list, tuple)) else [component]:
        b.include(c, stamp=stamp, previous_stamp=previous)
    return s.pack(*(("--parent", parent) if parent else ()), **more)


def full_and_two(s, c):
    """A full set and two incremental ones."""
    full = packed(s, "full", c, ("a", b"a0"), ("b", b"b0"), ("c", b"c0"))
    first = packed(s, "incremental", c, ("b", b"b1, longer"), ("n", b"n1"), parent=full)
    second = packed(s, "incremental", c, ("b", b"2"), ("c", b"c2"), parent=first)
    return full, first, second


LAST = {r"C:\d": None, r"C:\d\a": b"a0", r"C:\d\b": b"2", r"C:\d\c": b"c2", r"C:\d\n": b"n1"}
