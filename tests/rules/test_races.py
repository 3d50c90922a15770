"""Places that change between the plan and the run: trap T03 of the rules, through the library.

What appears, goes or is exchanged meanwhile is not overwritten, and stops its unit alone.
"""

import ctypes
import json
import os

from next_boot import files_of, one, tops_with_pending
from scenario import Scenario, Skip, equal, expect, run_rules


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("os_errno", ctypes.c_int32), ("where", ctypes.c_char_p),
                ("what", ctypes.c_char * 488)]


class Choices(ctypes.Structure):
    """The beginning of vsr_choices: what is behind it counts as zero."""
    _fields_ = [("size", ctypes.c_size_t), ("lists", ctypes.c_void_p * 8),
                ("root", ctypes.c_char_p)]


class Options(ctypes.Structure):
    """The beginning of vsr_restore_options."""
    _fields_ = [("size", ctypes.c_size_t), ("run_dir", ctypes.c_char_p)]


class Library:
    """The library as a front end calls it: between its calls the world goes on."""

    def __init__(self):
        path = os.environ.get("VSSRESTORE_LIBRARY")
        if not path:
            raise Skip("VSSRESTORE_LIBRARY does not name the library")
        with open(path, "rb") as opened:
            if b"__asan_init" in opened.read():
                raise Skip("Python cannot load a library with the address sanitizer in it")
        self.calls, self.error = ctypes.CDLL(path), Error()
        self.set, self.plan = ctypes.c_void_p(), ctypes.c_void_p()

    def call(self, name, *arguments):
        code = getattr(self.calls, name)(*arguments, ctypes.byref(self.error))
        expect(code == 0, f"{name}: {code} {self.error.what!r}")

    def make_plan(self, media, root):
        choices = Choices(size=ctypes.sizeof(Choices), root=root)
        self.call("vsr_set_open", ctypes.byref(self.set), media)
        self.call("vsr_plan_create", ctypes.byref(self.plan), self.set, ctypes.byref(choices))

    def run(self, folder):
        """(summary, rows) of a run of the plan as it stands."""
        report = ctypes.c_void_p()
        options = Options(size=ctypes.sizeof(Options), run_dir=folder)
        self.call("vsr_restore_run", ctypes.byref(report), self.plan, ctypes.byref(options))
        for free, what in (("vsr_report_free", report), ("vsr_plan_free", self.plan),
                           ("vsr_set_close", self.set)):
            getattr(self.calls, free)(what)
        with open(os.path.join(folder, b"summary.json"), encoding="utf-8") as summary, \
                open(os.path.join(folder, b"report.jsonl"), encoding="utf-8") as rows:
            return json.load(summary), [json.loads(row) for row in rows]


def race(s, method, before=(), after=()):
    """Plan, let files appear, run; (summary, {source: row})."""
    _, c, _ = one(s, method)
    c.files(r"C:\db", "*")
    for name in "abc":
        s.put("C:\\db\\" + name, b"new")
    for path in before:
        s.place(path, b"before")
    s.dest.path(r"C:\db")
    library = Library()
    library.make_plan(s.pack(), s.dest.folder)
    for path in after:
        s.place(path, b"theirs")
    summary, rows = library.run(os.path.join(s.folder, b"run"))
    return summary, {row["source"]: row for row in rows}


def T03_what_appears_before_the_commit_is_not_overwritten():
    with Scenario() as s:
        summary, rows = race(s, "RESTORE_IF_NOT_THERE", before=[r"C:\db\other"],
                             after=[r"C:\db\b"])
        unit = summary["units"][0]
        equal((unit["status"], unit["error"], summary["exit_code"]), ("NONE", "PRESENT", 3))
        equal(files_of(s), {r"C:\db\other": b"before", r"C:\db\b": b"theirs"})
        named = rows[r"C:\db\b"]
        equal((named["outcome"], named["detail"]), ("REFUSED", "File exists"))
        equal({row["outcome"] for row in rows.values()}, {"REFUSED", "WITHDRAWN"})
        equal(tops_with_pending(s), [])


def T03_also_when_the_whole_folder_appears():
    with Scenario() as s:
        summary, rows = race(s, "RESTORE_IF_NOT_THERE", after=[r"C:\db\b"])
        equal((summary["units"][0]["status"], summary["units"][0]["error"]), ("NONE", "PRESENT"))
        equal(files_of(s), {r"C:\db\b": b"theirs"})
        equal(rows[r"C:\db\b"]["outcome"], "REFUSED")


def T03_a_method_that_replaces_calls_it_a_change():
    with Scenario() as s:
        summary, _ = race(s, "RESTORE_IF_CAN_BE_REPLACED", before=[r"C:\db\a"],
                          after=[r"C:\db\c"])
        unit = summary["units"][0]
        equal((unit["status"], unit["error"]), ("NONE", "DESTINATION_CHANGED"))
        equal(files_of(s), {r"C:\db\a": b"before", r"C:\db\c": b"theirs"})


def T03_so_it_does_a_base_of_ranges_that_is_gone():
    for change, word in ((os.unlink, "vanished"),
                         (lambda path: os.replace(path + b"2", path), None),
                         (lambda path: (os.unlink(path), os.mkdir(path)), "was changed")):
        with Scenario() as s:
            _, c, e = one(s, "RESTORE_IF_CAN_BE_REPLACED")
            c.files(r"C:\db", "*")
            e.partial(r"C:\db", "p", "0:4")
            s.put(r"C:\db\p", b"new and more")
            s.put(r"C:\db\a", b"new")
            base = s.place(r"C:\db\p", b"old and more")
            s.place(r"C:\db\p2", b"old and another")
            library = Library()
            library.make_plan(s.pack(), s.dest.folder)
            change(base)
            summary, rows = library.run(os.path.join(s.folder, b"run"))
            unit = summary["units"][0]
            if word is None: # another file of that name is a base as well
                equal((unit["status"], s.at(r"C:\db\p")), ("ALL", b"new and another"))
                continue
            equal((unit["status"], unit["error"], summary["exit_code"]),
                  ("NONE", "DESTINATION_CHANGED", 3))
            expect(word in unit["detail"] and os.fsdecode(base) in unit["detail"], unit)
            equal({row["outcome"] for row in rows}, {"REFUSED"})
            equal((s.at(r"C:\db\a"), tops_with_pending(s)), (None, []))


def T03_and_a_folder_that_is_gone_stops_its_unit_alone():
    with Scenario() as s:
        _, c, _ = one(s, "RESTORE_IF_CAN_BE_REPLACED")
        c.files(r"C:\db", "*")
        other = s.writer("Other").component("o").files(r"C:\o", "*")
        s.backups[-1].include(other)
        s.put(r"C:\db\deep\a", b"new")
        s.put(r"C:\o\a", b"new")
        s.place(r"C:\db\x", b"theirs")
        library = Library()
        library.make_plan(s.pack(), s.dest.folder)
        os.rename(s.dest.path(r"C:\db"), s.dest.path(r"C:\moved"))
        summary, _ = library.run(os.path.join(s.folder, b"run"))
        equal([(unit["status"], unit["error"]) for unit in summary["units"]],
              [("NONE", "DESTINATION_CHANGED"), ("ALL", None)])
        equal((summary["exit_code"], files_of(s)),
              (3, {r"C:\moved\x": b"theirs", r"C:\o\a": b"new"}))
        equal(tops_with_pending(s), [])


if __name__ == "__main__":
    run_rules(globals())
