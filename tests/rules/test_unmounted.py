"""Volumes that are away when a run is gone on with, or others that stand in their stead: K-09 of what a
restore must survive.

What was restored is on them, or is to go back to them: the run is not begun anew elsewhere, and is
gone on with when they are there again.
"""

import contextlib
import os
import shutil
import subprocess

from interrupted import inspected, staging_of
from scenario import Scenario, Skip, Told, equal, expect, run_rules
from town import (CAN, MIB, Town, ends_at, moments, pattern, settled, snapshot,
                  tell_difference, when_free)


def K09_another_folder_in_a_volumes_stead_is_refused():
    """As when it is not mounted: what was published is not there, and the rest belongs elsewhere."""
    with Scenario() as s:
        w, b = s.writer("Web", method=CAN), s.backup()
        for name in ("a", "b"):
            b.include(w.component(name).files("C:\\" + name, "*"))
            s.put(rf"C:\{name}\1.txt", name.encode(), mtime=1500000000)
        s.place_folder("C:\\")
        town, seen = Town(s, s.pack()), set()
        for number in moments(town.count_calls(), 2):
            if town.kill_at(number) and town.is_begun():
                whole, away = os.path.join(town.root, b"C"), os.path.join(s.folder, b"away")
                published = {unit["state"] for unit in inspected(town.folder())["units"]}
                os.rename(whole, away)
                os.mkdir(whole)
                if "published" in published:
                    told = s.resume(town.folder())
                    seen.add(told.exit)
                    expect(told.exit in (0, 41), told.told()) # 0: it had ended
                    equal(os.listdir(whole), [], told.told())
                os.rmdir(whole)
                os.rename(away, whole)
                town.resume(f"call {number}, when it was mounted again")
            town.clear()
        expect(41 in seen, f"{seen}")


def K09_another_file_system_at_the_same_path_is_refused():
    """Nothing had been published yet: what was staged, and the rest, belongs on the first one."""
    with Scenario() as s:
        s.put(r"C:\a\1.bin", pattern(1, 2 * MIB), mtime=1500000000)
        s.backup().include(s.writer("Web", method=CAN).component("a").files(r"C:\a", "*"))
        s.place_folder("C:\\")
        town, seen = Town(s, s.pack()), 0
        for number in moments(town.count_calls(), 2):
            if town.kill_at(number) and town.is_begun() and staging_of(town):
                top = os.fsdecode(os.path.join(town.root, b"C"))
                done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "none",
                                       top], check=False, capture_output=True)
                if done.returncode != 0:
                    raise Skip("no tmpfs can be mounted here")
                try:
                    told = s.resume(town.folder())
                    found = os.listdir(top)
                finally:
                    when_free("umount", top)
                what = f"call {number}\n{told.told()}"
                expect(told.exit in (0, 41), what) # 0: it had ended, or nothing had been begun
                expect(told.exit == 0 or (not found and told.told_of("is it mounted")), what)
                seen += told.exit == 41
                if told.exit == 41:
                    town.resume(f"call {number}, when it was mounted again")
            town.clear()
        expect(seen > 5, f"{seen} were refused")


def two_volumes(s):
    """A component of each, which replaces a file, and brings one."""
    b, w = s.backup(), s.writer("Web", method=CAN)
    for volume in "CD":
        b.include(w.component(volume).files(volume + r":\old", "*", recursive=True))
        s.put(volume + r":\old\0.dat", pattern(ord(volume), 3000), mtime=1500000000)
        s.put(volume + r":\old\new\1.dat", pattern(ord(volume), 3001), mtime=1500000001)
        s.place(volume + r":\old\0.dat", b"was " + volume.encode(), mtime=1400000000)
    return s.pack()


class VolumesTown(Town):
    """One whose volumes are named one by one."""

    def call(self):
        call = super().call()
        at = call.index("--root")
        call[at:at + 2] = [word for volume in (b"C", b"D")
                           for word in ("--volume",
                                        volume + b":=" + os.path.join(self.root, volume))]
        return call


def state_of(town, component):
    return {unit["component"]: unit["state"]
            for unit in inspected(town.folder())["units"]}[component]


def must_wait(s, town, what):
    """Refused, and nothing is another than it was."""
    before = settled(town.root)
    told = s.resume(town.folder())
    equal(told.exit, 41, f"{what}\n{told.told()}")
    expect(told.told_of("is it mounted"), f"{what}\n{told.told()}")
    tell_difference(before, snapshot(town.root), f"{what}: it changed something")


def K09_a_volume_whose_folder_is_gone_is_waited_for():
    """Where something of it was published, or had begun to be."""
    for kind in (VolumesTown, Town):
        with Scenario() as s:
            town, seen = kind(s, two_volumes(s)), set()
            for number in moments(town.count_calls(), 2):
                state = state_of(town, "D") if town.kill_at(number) and town.is_begun() else None
                if state in ("publishing", "published") and \
                        inspected(town.folder())["state"] == "killed":
                    what = f"call {number}, {state}"
                    volume, away = os.path.join(town.root, b"D"), os.path.join(s.folder, b"away")
                    os.rename(volume, away)
                    must_wait(s, town, what)
                    os.rename(away, volume)
                    town.resume(what)
                    seen.add(state)
                town.clear()
            equal(seen, {"publishing", "published"})


def mount(image, top):
    done = subprocess.run(["mount", "-o", "loop", image, top], check=False, capture_output=True)
    if done.returncode != 0:
        raise Skip(f"no file system can be mounted here: {done.stderr}")


@contextlib.contextmanager
def nothing_stays_mounted(s):
    try:
        yield
    finally:
        with open("/proc/self/mounts", "rb") as opened:
            for line in opened:
                if line.split()[1].startswith(s.folder + b"/"):
                    subprocess.run(["umount", "-l", line.split()[1]], check=True)


class MountTown(Town):
    """One whose second volume is a file system of its own, mounted within the first one's."""

    def copy(self):
        made = super().copy()
        self.image, self.top = made + b".image", os.path.join(made, b"D")
        content = made + b".content"
        os.rename(self.top, content)
        os.mkdir(self.top)
        with open(self.image, "wb") as out:
            out.truncate(64 * MIB)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)
        mount(self.image, self.top)
        os.rmdir(os.path.join(self.top, b"lost+found"))
        subprocess.run(["cp", "-a", content + b"/.", self.top], check=True)
        shutil.rmtree(content)
        return made

    def clear(self):
        if os.path.ismount(self.top):
            when_free("umount", self.top)
        os.unlink(self.image)
        super().clear()


def K09_a_volume_that_is_not_mounted_is_waited_for():
    """Its empty folder lies on a file system that the run writes to as well."""
    with Scenario() as s, nothing_stays_mounted(s):
        town, seen = MountTown(s, two_volumes(s)), set()
        for number in moments(town.count_calls(), 3):
            if town.kill_at(number) and town.is_begun() and \
                    inspected(town.folder())["state"] == "killed" and \
                    any(name.startswith(b".vssrestore-") for name in os.listdir(town.top)):
                state = state_of(town, "D")
                what = f"call {number}, {state}"
                when_free("umount", town.top)
                must_wait(s, town, what)
                mount(town.image, town.top)
                town.resume(what)
                seen.add(state)
            town.clear()
        equal(seen, {"not started", "staging", "publishing", "published"})


def K09_a_volume_of_what_was_refused_hinders_nobody():
    """The folder of what is replaced there is gone. What was staged there goes as well; where that
    cannot be, or the volume is away by then, a note says where it is."""
    with Scenario() as s, nothing_stays_mounted(s):
        town, seen = MountTown(s, two_volumes(s)), set()
        for number in range(town.count_calls(), 0, -1):
            how = ("there", "read-only", "away")[len(seen)]
            if town.kill_at(number) and town.is_begun() and state_of(town, "D") == "staging":
                staged = [name for name in os.listdir(town.top)
                          if name.startswith(b".vssrestore-")]
                shutil.rmtree(os.path.join(town.top, b"old"))
                if how != "there": # whoever refuses it is killed behind that
                    again = 1
                    while state_of(town, "D") != "refused":
                        Told(["resume", town.folder()], env={
                            **os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(again)})
                        again += 1
                if how == "read-only":
                    when_free("mount", "-o", "remount,ro", town.top)
                elif how == "away":
                    when_free("umount", town.top)
                run = s.resume(town.folder())
                what = f"call {number}, {how}\n{run.told()}"
                equal((run.exit, run.status("C"), run.status("D")), (3, "ALL", "NONE"), what)
                kept = os.fsdecode(os.path.join(town.top, staged[0]))
                equal([kept in note for note in run.summary["notes"]],
                      [] if how == "there" else [True], what)
                if how == "there":
                    equal(os.listdir(town.top), [], what)
                seen.add(how)
            town.clear()
            if len(seen) == 3:
                return
        expect(False, f"only {seen}")


if __name__ == "__main__":
    run_rules(globals())
