"""What is staged for the next boot, because it is in use or a method says so: traps T43, T44 and T71
of the rules, from documents to restored bytes.

Files are held in use by this test itself: it locks them while the program runs. What waits behind
something else that waits: test_boot_queue.py.
"""

import fcntl
import os
import subprocess

from next_boot import (AT_REBOOT, IF_IN_USE, LIVE, PENDING, files_of, live, one, pending,
                       tops_with_pending, waiting)
from scenario import Scenario, Skip, Told, equal, expect, run_rules


class Held:
    """A file that somebody has open and locked meanwhile."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.file = open(self.path, "rb")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *ignored):
        self.file.close()


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
            subprocess.run(["umount", "-l", os.fsdecode(top)], check=False)


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


if __name__ == "__main__":
    run_rules(globals())
