"""Ledger, a writer of one component: backed up, played by programs (players.py), damaged on its
media, and what people are told of it. Shared by tests of writers, services, units and documents.
"""

import glob
import os
import random

from players import Players
from scenario import expect


def ledger(s, files=1, name="Ledger", where="db", **writer):
    """A writer with one component of so many files on C:, with a mapping to D:."""
    w = s.writer(name, **writer)
    c = w.component(where)
    c.files(f"C:\\{where}", "*")
    w.mapping(f"C:\\{where}", "*", f"D:\\{where}")
    for number in range(files):
        s.put(f"C:\\{where}\\f{number}", b"new %d" % number)
    s.put_folder("D:\\")
    return w, c


def one(s, files=1, **writer):
    """The same, backed up; and players."""
    w, c = ledger(s, files, **writer)
    s.backup().include(c)
    return w, c, Players(s)


def play(*programs):
    return [word for name, path in programs
            for word in ("--writer", os.fsencode(name + "=") + path)]


def noted(run, *words):
    """A note of the summary, and a line for people, hold all these words."""
    expect(any(all(word in note for word in words) for note in run.summary["notes"]),
           f"no note of {words}\n{run.told()}")
    expect(run.told_of(*words), f"nobody was told of {words}\n{run.told()}")


def spoil(media, content):
    """Flip a bit of the stored bytes of a file that LZ4 could not shrink."""
    for pack in glob.glob(os.path.join(media, b"packs", b"*")):
        with open(pack, "r+b") as opened:
            at = opened.read().find(content[5000:5064])
            if at >= 0:
                opened.seek(at)
                opened.write(bytes([content[5000] ^ 1]))
                return
    raise AssertionError("the content stands in no pack")


def noise(seed, size=1500000):
    return random.Random(seed).randbytes(size)
