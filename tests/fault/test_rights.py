"""What rights come back, and which a run keeps: set-id bits, capabilities and devices do not come
back (S-06, S-07), workers are confined, programs are not, and staging is ours alone (S-11).
"""

import ctypes
import os
import shutil
import stat
import subprocess
import time

from sentinel import one_set # knows where scenario.py is
from scenario import PROGRAM, SECONDS_MAX, Child, Scenario, Skip, Told, equal, expect, run_rules

LANDLOCK_CREATE_RULESET = 444 # asked for its version: the number of its call


def S06_set_id_bits_and_capabilities_do_not_come_back():
    with Scenario() as s:
        one_set(s)
        place = s.put("C:\\one\\tool", b"#!/bin/sh\n")
        os.chmod(place, 0o6755)
        os.chmod(s.source.path("C:\\one\\sub"), 0o7755)
        capable = True
        try: # cap_net_raw=ep, as setcap writes it
            os.setxattr(place, "security.capability",
                        bytes.fromhex("0100000200200000000000000000000000000000"))
        except OSError:
            capable = False
        media = s.pack()
        run = s.run(media)
        expect(run.exit == (1 if capable else 0), f"a capability is a loss: {run.told()}")
        tool = s.dest.path("C:\\one\\tool")
        equal(stat.S_IMODE(os.lstat(tool).st_mode), 0o755)
        equal(stat.S_IMODE(os.lstat(s.dest.path("C:\\one\\sub")).st_mode), 0o755)
        equal([name for name in os.listxattr(tool) if name == "security.capability"], [])
        if not capable:
            raise Skip("no security.capability can be set here; set-id bits were looked at")


def S07_devices_sockets_and_pipes_do_not_come_back():
    with Scenario() as s:
        one_set(s)
        os.mkfifo(s.source.path("C:\\one\\pipe"))
        if os.geteuid() == 0:
            os.mknod(s.source.path("C:\\one\\device"), 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        media = s.pack()
        s.run(media).must(0, 1)
        equal(sorted(os.listdir(s.dest.path("C:\\one"))), [b"a", b"sub"])


def S11_programs_are_not_confined():
    """What workers give up, they give up for themselves: a writer's program has all its rights."""
    with Scenario() as s:
        w = s.writer("Files", wre="always")
        c = w.component("one")
        c.files("C:\\one", "*")
        s.backup().include(c)
        s.put("C:\\one\\a", b"content")
        media = s.pack()
        outside = os.path.join(s.folder, b"outside")
        program = os.path.join(s.folder, b"writer")
        with open(program, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\ncat >/dev/null\ngrep NoNewPrivs /proc/self/status >>'%s'\n" %
                      os.fsdecode(outside))
        os.chmod(program, 0o755)
        s.run(media, "--writer", "Files=" + os.fsdecode(program)).must(0)
        with open(outside, encoding="utf-8") as told:
            equal([line.split() for line in told], [["NoNewPrivs:", "0"]] * 2)


def threads_of(pid):
    """Of a run: the threads that may gain privileges (with Landlock none may), and how many workers
    there are. Those that the kernel adds to carry out what a ring was given are not told: they come
    and go, each with the rights of the thread that it works for."""
    free, workers = set(), 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/status", encoding="utf-8") as opened:
                told = opened.read()
        except OSError: # it has gone
            continue
        if "NoNewPrivs:\t0\n" in told and not told.startswith("Name:\tiou-"):
            free.add("the first" if int(task) == pid else told.split("\n", 1)[0])
        workers += told.startswith("Name:\tvsr-worker\n")
    return free, workers


def S11_workers_of_a_run_are_confined():
    """Each of them, in the middle of a run; the thread that publishes and starts programs is not."""
    if ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1) < 1:
        raise Skip("no Landlock in this kernel")
    with Scenario() as s:
        one_set(s)
        for number in range(8):
            s.put(f"C:\\one\\large{number}", os.urandom(1 << 20))
        media, folder = s.pack(), os.path.join(s.folder, b"run")
        for workers in (1, 6):
            with Child([PROGRAM, "run", media, "--quiet", "--root", s.dest.folder,
                        "--run-dir", folder, "--throttle", "64K", "--workers",
                        str(workers)], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
                found, wanted = None, ({"the first"}, workers)
                ends = time.monotonic() + SECONDS_MAX
                while run.poll() is None and found != wanted and time.monotonic() < ends:
                    found = threads_of(run.pid) # one that has just begun is not confined yet
                    time.sleep(0.01)
                run.kill()
            shutil.rmtree(folder)
            equal(found, wanted, "threads that are free, and how many are workers")


def S11_staging_is_ours_alone():
    """While a run is at work, its folders are 0700 and ours; that others may write beside them is
    told."""
    with Scenario() as s:
        one_set(s)
        s.put("C:\\one\\large", os.urandom(3 << 20))
        media = s.pack()
        s.place_folder("C:\\one")
        top, folder = s.dest.path("C:\\"), os.path.join(s.folder, b"run")
        os.chmod(top, 0o777)
        with Child([PROGRAM, "run", media, "--root", s.dest.folder, "--run-dir", folder,
                    "--throttle", "256K"], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
            staging = []
            while run.poll() is None and not staging:
                staging = [os.path.join(top, name) for name in os.listdir(top)
                           if name.startswith(b".vssrestore-")]
            expect(staging, "it ended without a staging folder")
            facts = os.lstat(staging[0])
            equal((stat.S_IMODE(facts.st_mode), facts.st_uid), (0o700, os.geteuid()), staging)
            expect(stat.S_ISDIR(facts.st_mode), staging)
            while run.poll() is None and Told(["ctl", folder, "throttle", "off"]).exit != 0:
                pass # its line is not open yet
            told = run.communicate(timeout=SECONDS_MAX)[1].decode()
        equal(run.returncode, 0, told)
        equal([name for name in os.listdir(top) if name.startswith(b".vss")], [])
        expect("others may write" in told, told)


if __name__ == "__main__":
    run_rules(globals())
