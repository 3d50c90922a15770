"""Places that cannot be written, for a limit of the process (D-07), a flag of the file (D-08) or
because something else stands there (D-09): all of a unit or nothing of it, and a clear end. And the
same restore twice (D-10).
"""

import os
import resource
import socket
import stat
import subprocess

from failing_disk import judge, judge_units, two_units # knows where scenario.py is
from scenario import Run, Scenario, Skip, equal, expect, run_rules
from town import CAN, MIB, Town, pattern, replaced, snapshot


def D07_a_limit_on_the_size_of_files():
    """RLIMIT_FSIZE: the signal does not kill, the file fails, the rest is restored."""
    with Scenario() as s:
        w = s.writer("Large", method=CAN)
        b = s.backup()
        for name, size in (("large", 3 * MIB), ("small", 100)):
            b.include(w.component(name).files("C:\\" + name, "*"))
            s.put(rf"C:\{name}\file", pattern(5, size))
        media = s.pack()
        folder = os.path.join(s.folder, b"run-of-it")
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, 2 * MIB))
        run = Run(["run", media, "--json", "--run-dir", folder, "--root", s.dest.folder], folder,
                  preexec_fn=limit)
        equal(run.status("small"), "ALL", run.told())
        equal(run.status("large"), "NONE", run.told())
        expect(run.exit not in (0, 1) and run.exit > 0, run.told())
        equal(s.at(r"C:\large\file"), None)


def D07_few_descriptors():
    """RLIMIT_NOFILE: all of it, or a clear end; nothing wrong is seen."""
    with Scenario() as s:
        members = two_units(s)
        media = s.pack()
        town = Town(s, media)
        for count in (8, 12, 16, 24, 32):
            before = snapshot(town.copy())
            limit = lambda count=count: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            run = Run(town.call(), town.folder(), preexec_fn=limit)
            what = f"{count} descriptors\n{run.told()}"
            expect(run.exit >= 0 and run.exit != 70, what)
            judge(town, before, what)
            if run.summary and run.summary["units"]:
                judge_units(town, before, {unit["component"]: unit["status"]
                                   for unit in run.summary["units"]}, members, what)
            town.clear()


def D08_a_file_that_may_not_be_changed():
    for flag in ("i", "a"): # immutable, append-only
        with Scenario() as s:
            may_not_be_changed(s, flag)


def may_not_be_changed(s, flag):
    s.backup().include(replaced(s))
    media = s.pack()
    victim = s.dest.path(r"C:\old\1.dat")
    done = subprocess.run(["chattr", "+" + flag, victim], check=False, capture_output=True)
    if done.returncode != 0:
        raise Skip(f"chattr +{flag} does nothing here: {done.stderr.decode().strip()}")
    try:
        run = s.run(media)
        equal(run.status("db1"), "NONE", run.told())
        equal(s.at(r"C:\old\0.dat"), b"was 0", "all or nothing")
        equal(s.at(r"C:\old\1.dat"), b"was 1")
        expect(run.exit not in (0, 1), run.told())
    finally:
        subprocess.run(["chattr", "-" + flag, victim], check=False)


def D09_something_else_where_a_file_goes():
    for kind in ("fifo", "socket", "device", "folder", "full folder"):
        with Scenario() as s:
            s.backup().include(replaced(s))
            media = s.pack()
            place = s.dest.path(r"C:\old\1.dat")
            os.unlink(place)
            if kind == "fifo":
                os.mkfifo(place)
            elif kind == "socket":
                here = os.getcwd()
                os.chdir(os.path.dirname(place))
                socket.socket(socket.AF_UNIX).bind(os.path.basename(place))
                os.chdir(here)
            elif kind == "device":
                try:
                    os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 3))
                except PermissionError:
                    continue
            else:
                os.mkdir(place)
                if kind == "full folder":
                    os.mkdir(place + b"/inner")
            mode = stat.S_IFMT(os.lstat(place).st_mode)
            run = s.run(media)
            equal(run.status("db1"), "NONE", f"{kind}\n{run.told()}")
            equal(stat.S_IFMT(os.lstat(place).st_mode), mode, f"a {kind} stays")
            equal(s.at(r"C:\old\0.dat"), b"was 0", f"{kind}: all or nothing")
            expect(run.exit not in (0, 1), run.told())


def D10_the_same_twice():
    with Scenario() as s:
        two_units(s)
        media = s.pack()
        equal(s.run(media).exit, 0)
        first = snapshot(s.dest.folder)
        equal(s.run(media).exit, 0)
        equal(snapshot(s.dest.folder), first, "the tree is the same")


if __name__ == "__main__":
    run_rules(dict(globals()))
