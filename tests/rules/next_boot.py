"""A live tree on which files wait for the next boot. Shared by the tests of what is staged for it.

What waits is carried out by `pending apply`; nothing is registered on this machine (--registry).
"""

import json
import os

from scenario import Told, equal

AT_REBOOT = "REPLACE_AT_REBOOT"
IF_IN_USE = "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE"
LIVE = ("--tree", "live")
PENDING = b".vssrestore-pending-"


def one(s, method, **writer):
    """A writer of that method with one component, backed up: (writer, component, entry)."""
    w = s.writer("W", method=method, **writer)
    c = w.component("db")
    return w, c, s.backup().include(c)


def live(s, media, *arguments):
    """A run into the tree that is in use."""
    return s.run(media, *LIVE, "--registry", "", *arguments)


def pending(*arguments, codes=(0,)):
    """`vssrestore pending`: (records, sums)."""
    told = Told(["pending", *arguments, "--json", "--registry", ""]).must(*codes)
    lines = [json.loads(line) for line in told.out.splitlines()]
    return lines[:-1], lines[-1]


def tops_with_pending(s):
    return [name for _, top in s.dest.tops() for name in os.listdir(top)
            if name.startswith(b".vssrestore")]


def waiting(s, run, c):
    """ALL in the document, pending everywhere else, nothing at its place yet."""
    run.must(5)
    equal((run.status(c), run.unit(c)["error"]), ("ALL", None), run.told())
    equal(run.document.status(c), "all")
    equal((run.summary["pending_reboot"], run.summary["reboot_required"]), (True, True))
    equal(set(run.outcomes().values()), {"STAGED"})


def files_of(s):
    return {path: content for path, content in s.listing().items()
            if content is not None and ".vssrestore" not in path}
