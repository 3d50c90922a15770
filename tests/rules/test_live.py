"""Trees that are in use: traps T03, T43, T44 and T71 of the rules, and what is staged for the next
boot, from documents to restored bytes.

Files are held in use by this test itself: it opens or locks them while the program runs. What
waits is carried out by `pending apply`; nothing is registered on this machine (--registry).
"""

import ctypes
import fcntl
import json
import os
import shutil
import subprocess

from scenario import Scenario, Skip, Told, equal, expect, run_rules

AT_REBOOT = "REPLACE_AT_REBOOT"
IF_IN_USE = "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE"
LIVE = ("--tree", "live")
PENDING = b".vssrestore-pending-"


def one(s, method, **writer):
    w = s.writer("W", method=method, **writer)
    c = w.component("db")
    return w, c, s.backup().include(c)


def live(s, media, *arguments):
    return s.run(media, *LIVE, "--registry", "", *arguments)


class Held:
    """A file that somebody has open and locked meanwhile."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.file = open(self.path, "rb")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *ignored):
        self.file.close()


def pending(*arguments, codes=(0,)):
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


def T43_in_use_stages_all_of_the_unit_and_a_boot_moves_it():
    with Scenario() as s:
        _, c, _ = one(s, IF_IN_USE)
        c.files(r"C:\db", "*")
        for name in ("in use", "idle", r"deep\new"):
            s.put("C:\\db\\" + name, b"new " + name.encode())
        s.place(r"C:\db\idle", b"old")
        path = s.place(r"C:\db\in use", b"old")
        media = s.pack()
        before = files_of(s)
        with Held(path):
            plan = s.plan(media, *LIVE)
            equal((plan.unit(c)["verdict"], plan.unit(c)["rule"]), ("staged", "6.6/6"))
            equal({record["action"] for record in plan.files}, {"stage"})
            run = live(s, media)
        waiting(s, run, c)
        equal(files_of(s), before)
        records, sums = pending("list", run.folder)
        equal([(r["op"], r["state"]) for r in records].count(("move", "waiting")), 3)
        equal((sums["units"]["all"], sums["records"]["waiting"]), (1, len(records)))
        records, sums = pending("apply", run.folder)
        equal(sums["records"], {"all": 4, "done": 4, "failed": 0, "waiting": 0})
        equal(files_of(s), {r"C:\db\in use": b"new in use", r"C:\db\idle": b"new idle",
                            r"C:\db\deep\new": b"new deep\\new"})
        equal(tops_with_pending(s), [])
        equal(pending("apply", run.folder)[1]["records"]["all"], 0)


def T43_idle_files_are_replaced_now():
    with Scenario() as s:
        _, c, _ = one(s, IF_IN_USE)
        c.files(r"C:\db", "*")
        s.put(r"C:\db\present", b"new")
        s.put(r"C:\db\absent", b"new")
        s.place(r"C:\db\present", b"old")
        run = live(s, s.pack(), "--in-use", "ignore").must(0)
        equal((run.status(c), run.summary["pending_reboot"]), ("ALL", False))
        equal(files_of(s), {r"C:\db\present": b"new", r"C:\db\absent": b"new"})


def T44_mappings_are_not_used_at_reboot():
    with Scenario() as s:
        w, c, _ = one(s, AT_REBOOT)
        c.files(r"C:\db", "*")
        w.mapping(r"C:\db", "*", r"D:\alt")
        s.put(r"C:\db\a", b"new")
        run = live(s, s.pack())
        waiting(s, run, c)
        equal(run.document.children(c, "ALTERNATE_LOCATION_MAPPING"), [])
        equal(files_of(s), {})
        pending("apply", s.dest.volumes.get("C:") or os.path.join(s.dest.folder, b"C"))
        equal(files_of(s), {r"C:\db\a": b"new"})


def T43_a_folder_in_place_stages_too():
    with Scenario() as s:
        _, c, _ = one(s, IF_IN_USE)
        c.files(r"C:\db", "*")
        s.put(r"C:\db\a", b"new")
        s.put(r"C:\db\b", b"new")
        s.block(r"C:\db\a")
        run = live(s, s.pack())
        waiting(s, run, c)
        records, sums = pending("apply", run.folder, codes=(3,)) # it is still there
        equal((sums["units"]["failed"], [r["state"] for r in records]), (1, ["failed"]))
        equal(records[0]["detail"], "Is a directory")
        equal(files_of(s), {})
        os.rmdir(s.dest.path(r"C:\db\a"))
        pending("apply", run.folder)
        equal(files_of(s), {r"C:\db\a": b"new", r"C:\db\b": b"new"})


def T43_new_targets_are_written_now():
    with Scenario() as s:
        _, c, _ = one(s, AT_REBOOT, schema=0x100)
        c.files(r"C:\db", "*")
        c.files(r"C:\log", "*")
        s.put(r"C:\db\a", b"a")
        s.put(r"C:\log\l", b"l")
        run = live(s, s.pack(), "--new-target", r"W:db|C:\log|*|yes|C:\elsewhere")
        run.must(5)
        equal(run.status(c), "ALL")
        equal(run.outcomes(), {r"C:\db": "STAGED", r"C:\db\a": "STAGED",
                               r"C:\log": "RESTORED", r"C:\log\l": "RESTORED"})
        equal(files_of(s), {r"C:\elsewhere\l": b"l"})
        pending("apply", run.folder)
        equal(files_of(s), {r"C:\elsewhere\l": b"l", r"C:\db\a": b"a"})


def T43_other_units_are_restored_now():
    with Scenario() as s:
        _, waits, backup = one(s, AT_REBOOT)
        waits = s.all_writers[0].components[0]
        waits.files(r"C:\db", "*")
        now = s.writer("Now").component("n")
        now.files(r"C:\now", "*")
        s.backups[-1].include(now)
        s.put(r"C:\db\a", b"a")
        s.put(r"C:\now\n", b"n")
        run = live(s, s.pack()).must(5)
        equal((run.status(waits), run.status(now)), ("ALL", "ALL"))
        equal(files_of(s), {r"C:\now\n": b"n"})
        equal(run.summary["files"]["restored"], len(run.rows))


def T43_several_volumes_and_their_metadata():
    with Scenario() as s:
        _, c, _ = one(s, AT_REBOOT)
        c.files(r"C:\db", "*")
        c.files("D:\\", "*")
        s.put(r"C:\db\deep\a", b"a", mtime=1234567890)
        s.put(r"D:\b", b"b" * 100000)
        source = s.put(r"D:\sub\c", b"c")
        os.utime(os.path.dirname(source), (1111, 1111))
        os.chmod(os.path.dirname(source), 0o750)
        s.place(r"D:\b", b"old")
        os.utime(s.dest.path("D:\\"), (2222, 2222))
        run = live(s, s.pack())
        waiting(s, run, c)
        equal(len(tops_with_pending(s)), 2)
        equal(run.summary["pending"], {"folders": 2, "registered": 0})
        records, _ = pending("list", run.folder)
        equal([r["seq"] for r in records], list(range(len(records))))
        pending("apply", run.folder)
        equal(s.at(r"C:\db\deep\a"), b"a")
        equal(os.stat(s.dest.path(r"C:\db\deep\a")).st_mtime, 1234567890)
        equal((s.at(r"D:\b"), s.at(r"D:\sub\c")), (b"b" * 100000, b"c"))
        facts = os.stat(s.dest.path(r"D:\sub"))
        equal((facts.st_mtime, facts.st_mode & 0o777), (1111, 0o750))
        equal(os.stat(s.dest.path("D:\\")).st_mtime, 2222) # ruling 20
        equal(tops_with_pending(s), [])


def T43_what_is_registered_is_carried_out_and_forgotten():
    with Scenario() as s:
        _, c, _ = one(s, AT_REBOOT)
        c.files(r"C:\db", "*")
        s.put(r"C:\db\a", b"new")
        registry = os.path.join(s.folder, b"registry")
        media = s.pack()
        run = s.run(media, *LIVE, "--registry", registry) # it is not there: nothing is made
        equal((run.exit, run.summary["pending"]["registered"]), (5, 0))
        pending("apply", run.folder)
        s.dest.write(r"C:\db\a", b"old", None)
        os.mkdir(registry)
        run = s.run(media, *LIVE, "--registry", registry).must(5)
        equal((run.summary["pending"]["registered"], len(os.listdir(registry))), (1, 1))
        told = Told(["pending", "apply", "--all", "--registry", registry]).must(0)
        expect("carried out: 1 of 1 units" in told.out, told.told())
        equal((s.at(r"C:\db\a"), os.listdir(registry)), (b"new", []))
        told = Told(["pending", "apply", "--all", "--registry", registry]).must(0)
        equal(told.err, "")
        os.symlink(os.path.join(s.folder, PENDING + b"x"), os.path.join(registry, b"x"))
        for what in ("list", "apply"): # a volume that is mounted later, and is not forgotten
            told = Told(["pending", what, "--all", "--registry", registry]).must(0)
            expect(told.told_of("not mounted", os.fsdecode(PENDING) + "x"), told.told())
        os.chmod(registry, 0o777)
        Told(["pending", "apply", "--all", "--registry", registry]).must(31)


def T43_places_of_pending_are_told_apart():
    with Scenario() as s:
        Told(["pending", "list"]).must(2)
        Told(["pending", "list", "--all", s.folder]).must(2)
        Told(["pending", "remove", s.folder]).must(2)
        Told(["pending", "list", os.path.join(s.folder, b"missing")]).must(11)
        equal(pending("list", s.folder)[1]["folders"], 0)


def T43_a_service_to_be_stopped_needs_a_command():
    with Scenario() as s:
        _, c, _ = one(s, "STOP_RESTORE_START", service="svc")
        c.files(r"C:\db", "*")
        s.put(r"C:\db\a", b"new")
        run = live(s, s.pack()).must(3)
        equal(run.unit(c)["error"], "SERVICE_STOP_FAILED")


def T71_what_cannot_be_recorded_is_not_left():
    with Scenario() as s:
        _, c, _ = one(s, AT_REBOOT)
        c.files(r"C:\db", "*")
        for name in "abc":
            s.put("C:\\db\\" + name, b"new")
        media, top = s.pack(), s.dest.path("C:\\")
        os.makedirs(top, exist_ok=True)
        # room for the top, staging, its token and shard, three files, a folder; not for a journal
        options = ["mount", "-t", "tmpfs", "-o", "nr_inodes=8,mode=755", "none", os.fsdecode(top)]
        if subprocess.run(options, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            raise Skip("no tmpfs can be mounted here")
        try:
            run = live(s, media).must(30)
            equal((run.status(c), run.document.status(c)), ("NONE", "none"))
            equal(run.summary["pending_reboot"], False)
            equal(os.listdir(top), [])
            equal(sorted(set(run.outcomes().values())), ["DEST_FULL", "WITHDRAWN"])
        finally:
            subprocess.run(["umount", os.fsdecode(top)], check=False)


def T71_damaged_media_drop_all_of_the_unit():
    with Scenario() as s:
        _, c, _ = one(s, AT_REBOOT)
        c.files(r"C:\db", "*")
        for number in range(4):
            s.put(f"C:\\db\\{number}", os.urandom(300000))
        media = s.pack()
        packs = os.path.join(media, b"packs")
        pack = os.path.join(packs, os.listdir(packs)[0])
        with open(pack, "r+b") as flipped:
            flipped.seek(os.path.getsize(pack) // 2)
            byte = flipped.read(1)
            flipped.seek(-1, os.SEEK_CUR)
            flipped.write(bytes([byte[0] ^ 1]))
        run = live(s, media).must(20)
        equal((run.status(c), run.summary["pending_reboot"]), ("NONE", False))
        equal((files_of(s), tops_with_pending(s)), ({}, []))


def T71_a_writer_may_ask_for_a_boot():
    with Scenario() as s:
        _, c, _ = one(s, "RESTORE_IF_CAN_BE_REPLACED", reboot=True)
        c.files(r"C:\db", "*")
        s.put(r"C:\db\a", b"new")
        media = s.pack()
        run = s.run(media).must(0) # offline: nothing runs there
        equal(run.summary["tree"], "offline")
        equal((run.summary["reboot_required"], run.summary["pending_reboot"]), (False, False))
        run = live(s, media).must(0)
        equal((run.summary["reboot_required"], run.summary["pending_reboot"]), (True, False))


# what an older run staged, and a newer one

def two_runs(s, newer):
    """A component of two files, staged as they were first; then the set of them as they are later,
    of a writer with another method."""
    w, c, _ = one(s, AT_REBOOT)
    c.files(r"C:\db", "*")
    for name in "ab":
        s.put("C:\\db\\" + name, b"first")
    older = live(s, s.pack()).must(5)
    for name in "ab":
        s.put("C:\\db\\" + name, b"later")
    w.method = newer
    return c, older, s.pack()


def held_back(s, run, c, older):
    """Refused by name, and told by which run and what to do; nothing was touched."""
    run.must(3)
    unit = run.unit(c)
    equal((unit["status"], unit["error"]), ("NONE", "NOT_REPLACEABLE"), run.told())
    waits = os.fsdecode(tops_with_pending(s)[0])
    with open(os.path.join(older.folder, b"run.json"), encoding="utf-8") as opened:
        expect(json.load(opened)["run"] in waits, waits)
    for word in ("pending apply", waits):
        expect(word in unit["detail"], f"{word} is not told\n{run.told()}")


def R85_what_waits_for_a_boot_holds_a_newer_restore_back():
    for present in (False, True):
        with Scenario() as s:
            if present:
                s.place(r"C:\db\a", b"old")
            c, older, media = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
            before = files_of(s)
            for arguments in (LIVE, ()): # it is the boot of that tree, whoever writes now
                held_back(s, s.run(media, "--registry", "", *arguments), c, older)
            plan = s.plan(media)
            equal((plan.unit(c)["error"], plan.unit(c)["rule"]), ("NOT_REPLACEABLE", "6.6/2"))
            equal(files_of(s), before)
            pending("apply", older.folder)
            equal(s.at(r"C:\db\b"), b"first")
            s.run(media).must(0)
            equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})


def R85_whatever_the_way_to_the_place():
    with Scenario() as s:
        c, older, media = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
        link = os.path.join(s.folder, b"link")
        os.symlink(s.dest.path("C:\\"), link)
        held_back(s, s.run(media, "--volume", b"C:=" + link), c, older)
        pending("apply", older.folder)
    with Scenario() as s: # staged from above, restored into a volume below; and the other way
        _, c, _ = one(s, AT_REBOOT, schema=0x100)
        c.files(r"C:\m\db", "*")
        s.put(r"C:\m\db\a", b"first")
        s.place_folder(r"C:\m")
        whole, below = s.dest.path("C:\\"), s.dest.path(r"C:\m")
        older = live(s, s.pack(), "--volume", b"C:=" + whole).must(5)
        s.all_writers[0].method = "RESTORE_IF_CAN_BE_REPLACED"
        media = s.pack()
        inside = ("--volume", b"C:=" + whole, "--volume", b"D:=" + below,
                  "--new-target", r"W:db|C:\m\db|*|yes|D:\db")
        held_back(s, s.run(media, *inside), c, older)
        pending("apply", older.folder)
        os.unlink(s.dest.path(r"C:\m\db\a"))
        s.all_writers[0].method = AT_REBOOT
        s.put(r"D:\x", b"x")
        other = s.writer("Other", method=AT_REBOOT).component("o")
        other.files(r"D:\db", "*")
        s.put(r"D:\db\a", b"of another")
        s.backup().include(other)
        older = live(s, s.pack(), "--volume", b"D:=" + below).must(5)
        equal([name for name in os.listdir(below) if name.startswith(PENDING)] != [], True)
        run = s.run(media, "--volume", b"C:=" + whole).must(3)
        equal(run.unit(c)["error"], "NOT_REPLACEABLE", run.told())


def R85_other_places_are_free():
    with Scenario() as s:
        c, older, _ = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
        other = s.writer("Other").component("o").files(r"C:\db", "c*")
        s.put(r"C:\db\c", b"c")
        s.backup().include(other)
        equal(s.run(s.pack()).must(0).status(other), "ALL")
        equal(files_of(s), {r"C:\db\c": b"c"})
        pending("apply", older.folder)
        equal(files_of(s), {r"C:\db\a": b"first", r"C:\db\b": b"first", r"C:\db\c": b"c"})


def R85_a_mapping_is_the_way_round_a_place_that_is_awaited():
    with Scenario() as s:
        c, older, _ = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
        s.all_writers[0].mapping(r"C:\db", "*", r"D:\alt")
        s.put_folder("D:\\")
        run = s.run(s.pack()).must(0)
        equal(run.unit(c)["verdict"], "alternate")
        equal(files_of(s), {r"D:\alt\a": b"later", r"D:\alt\b": b"later"})


def R85_what_waits_is_carried_out_in_the_order_queued():
    for method in (AT_REBOOT, IF_IN_USE):
        with Scenario() as s:
            c, older, media = two_runs(s, method)
            newer = live(s, media)
            waiting(s, newer, c) # of method 6 because the place is awaited
            records, sums = pending("apply", newer.folder, codes=(3,))
            equal((sums["units"]["failed"], records[0]["detail"]), (1, "Device or resource busy"))
            told = Told(["pending", "apply", newer.folder, "--registry", ""]).must(3)
            expect(told.told_of("older", os.fsdecode(PENDING)), told.told())
            equal(files_of(s), {})
            pending("apply", older.folder)
            equal(files_of(s), {r"C:\db\a": b"first", r"C:\db\b": b"first"})
            pending("apply", newer.folder)
            equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})
            equal(tops_with_pending(s), [])
    with Scenario() as s: # both at once
        c, older, media = two_runs(s, AT_REBOOT)
        waiting(s, live(s, media), c)
        pending("apply", os.path.dirname(s.dest.path(r"C:\db")))
        equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})


def R85_a_unit_that_cannot_be_moved_holds_back_what_comes_behind_it():
    with Scenario() as s:
        c, older, media = two_runs(s, AT_REBOOT)
        newer = live(s, media).must(5)
        s.block(r"C:\db\b") # gone before the second try
        pending("apply", older.folder, newer.folder, codes=(3,))
        equal(files_of(s), {})
        os.rmdir(s.dest.path(r"C:\db\b"))
        pending("apply", older.folder, newer.folder)
        equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})


def R85_what_is_removed_waits_no_more():
    with Scenario() as s:
        c, older, media = two_runs(s, "RESTORE_IF_CAN_BE_REPLACED")
        top = s.dest.path("C:\\")
        shutil.rmtree(os.path.join(top, tops_with_pending(s)[0]))
        equal(s.run(media).must(0).status(c), "ALL")
        equal(files_of(s), {r"C:\db\a": b"later", r"C:\db\b": b"later"})


def R85_a_plan_that_was_made_before_meets_it():
    with Scenario() as s:
        w, c, _ = one(s, "RESTORE_IF_CAN_BE_REPLACED")
        c.files(r"C:\db", "*")
        s.put(r"C:\db\a", b"later")
        s.dest.path("C:\\")
        plan = os.path.join(s.folder, b"plan")
        s.plan(s.pack(), "-o", plan).must(0)
        w.method = AT_REBOOT
        s.put(r"C:\db\a", b"first")
        older = live(s, s.pack()).must(5)
        held = s.run_plan(plan).must(3)
        equal(held.unit(c)["error"], "NOT_REPLACEABLE", held.told())
        pending("apply", older.folder)


def R85_what_waits_is_not_packed():
    with Scenario() as s:
        _, c, _ = one(s, AT_REBOOT)
        c.files("C:\\", "*")
        s.put(r"C:\db\a", b"first")
        live(s, s.pack()).must(5)
        s.place(r"C:\db\b", b"b")
        told = s.pack_told(source=s.dest).must(0, 1) # the tree that is in use
        expect(told.told_of("left out", os.fsdecode(PENDING)), told.told())
        root = os.path.join(s.folder, b"fresh")
        os.mkdir(root)
        s.run(told.set, "--root", root).must(0)
        equal(os.listdir(os.path.join(root, b"C")), [b"db"])


if __name__ == "__main__":
    run_rules(globals())
