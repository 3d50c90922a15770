"""Nothing outside the mapped volumes is ever touched, whatever stands at the destination and
whoever works there meanwhile (S-03 to S-08).

    test_confinement.py [CASE...] [--rounds N]

Beside the destination stands a sentinel tree whose folders and files have the names of what is
restored. Links to it are planted, or exchanged with folders all the time; afterwards every inode
of it must be as it was, its change times too, which any call that writes would move.
"""

import argparse
import ctypes
import os
import random
import shutil
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import (PROGRAM, Failure, Run, Scenario, Skip, Told, equal, expect,  # noqa: E402
                      run_cases)

LONG = os.environ.get("VSSRESTORE_LONG") == "1"
TRIM = os.environ.get("VSSRESTORE_TRIM") == "1"
SWAPPER = os.environ.get("VSSRESTORE_SWAPPER")
FOLDERS, FILES_EACH = 12, 16
KILLED = ("killed, and gone on with",)
FILES_WANTED = 100_000 if LONG else 200 if TRIM else 800 # restored, in units that are ALL
SECONDS_MAX = 60 # of one round
LANDLOCK_CREATE_RULESET = 444 # asked for its version: the number of its call


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


# --- planted before the run ---

def one_set(s, files=("a", "sub\\b"), method="RESTORE_IF_CAN_BE_REPLACED"):
    w = s.writer("Files", method=method, wre="never")
    c = w.component("one")
    c.files("C:\\one", "*")
    s.backup().include(c)
    for name in files:
        s.put("C:\\one\\" + name, b"restored " + name.encode(), mtime=1_700_000_000)
    return c


def planted(plant, want, codes):
    """plant(scenario, sentinel, place of C:\\one) before the run."""
    with Scenario() as s:
        component = one_set(s)
        media = s.pack()
        sentinel = Sentinel(s, [b"a", b"sub/b", b"one/a", b"one/sub/b"])
        os.makedirs(s.dest.path("C:\\one"))
        plant(s, sentinel, s.dest.path("C:\\one"))
        for arguments in ((), ("--in-place",), ("--cross-mounts",)):
            run = s.run(media, *arguments)
            sentinel.check(f"{arguments} {run.told()}")
            expect(run.exit in codes, f"exit code {run.exit}, not one of {codes}: {run.told()}")
            if want:
                equal(run.unit(component)["error"], want, run.told())


def S03_a_link_where_a_file_goes():
    planted(lambda s, sentinel, one: os.symlink(sentinel.top + b"/a", one + b"/a"),
            "NOT_REPLACEABLE", (3,))


def S03_a_dangling_link_where_a_file_goes():
    planted(lambda s, sentinel, one: os.symlink(sentinel.top + b"/nothing", one + b"/a"),
            "NOT_REPLACEABLE", (3,))


def S03_a_link_where_a_folder_goes():
    planted(lambda s, sentinel, one: os.symlink(sentinel.top + b"/sub", one + b"/sub"),
            "NOT_REPLACEABLE", (3,))


def S03_a_link_where_the_top_folder_goes():
    def plant(s, sentinel, one):
        os.rmdir(one)
        os.symlink(sentinel.top + b"/one", one)
    planted(plant, "NOT_REPLACEABLE", (3,))


def S03_links_into_proc():
    for target in (b"/proc/self/cwd", b"/proc/self/root", b"/proc/self/fd/3"):
        planted(lambda s, sentinel, one, target=target: os.symlink(target, one + b"/sub"),
                "NOT_REPLACEABLE", (3,))


def S03_a_volume_below_root_that_somebody_may_have_linked_away():
    """--root DIR names DIR; DIR/C is named by documents. Links there are DIR's owner's alone."""
    with Scenario() as s:
        one_set(s)
        media = s.pack()
        sentinel = Sentinel(s, [b"one/a", b"one/sub/b"])
        os.makedirs(s.dest.folder, exist_ok=True)
        link = os.path.join(s.dest.folder, b"C")
        os.symlink(sentinel.top, link)
        os.chmod(s.dest.folder, 0o777) # whoever likes may have made it
        for verb in ("run", "plan"):
            told = Told([verb, media, "--root", s.dest.folder])
            sentinel.check(told.told())
            expect(told.exit in (3, 11, 33), f"exit code {told.exit}: {told.told()}")
        os.chmod(s.dest.folder, 0o755) # only its owner can have made it: it is followed
        s.run(media).must(0)
        equal(os.path.exists(sentinel.top + b"/one/sub/b"), True)


def S03_a_mount_below_the_destination():
    """Not crossed unless that is asked for (ruling 26), whatever it is a mount of."""
    with Scenario() as s:
        component = one_set(s)
        media = s.pack()
        sentinel = Sentinel(s, [b"b"])
        sub = s.dest.path("C:\\one\\sub")
        os.makedirs(sub)
        done = subprocess.run(["mount", "--bind", sentinel.top, sub], stderr=subprocess.PIPE,
                              check=False)
        if done.returncode != 0:
            raise Skip("cannot mount: " + done.stderr.decode(errors="replace").strip())
        try:
            sentinel.before = fingerprint(sentinel.top)
            run = s.run(media)
            sentinel.check(run.told())
            equal(run.unit(component)["error"], "MOUNT_IN_PLACE", run.told())
            s.run(media, "--cross-mounts").must(0)
        finally:
            subprocess.run(["umount", sub], check=True)
        with open(sentinel.top + b"/b", "rb") as opened:
            equal(opened.read(), b"restored sub\\b")


def S05_a_hard_link_to_a_file_outside():
    """Replacing takes the name, never the inode: what else has it keeps its content."""
    with Scenario() as s:
        one_set(s)
        media = s.pack()
        sentinel = Sentinel(s, [b"a"])
        os.makedirs(s.dest.path("C:\\one"))
        os.link(sentinel.top + b"/a", s.dest.path("C:\\one\\a"))
        content, facts = b"the sentinel's a", os.lstat(sentinel.top + b"/a")
        s.run(media).must(0, 1)
        equal(s.at("C:\\one\\a"), b"restored a")
        with open(sentinel.top + b"/a", "rb") as opened:
            equal(opened.read(), content)
        now = os.lstat(sentinel.top + b"/a")
        equal((now.st_mode, now.st_uid, now.st_mtime_ns, now.st_ino),
              (facts.st_mode, facts.st_uid, facts.st_mtime_ns, facts.st_ino))


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


def S08_places_that_lead_out():
    r"""Mappings, new targets and names that would climb above a volume: refused, by name."""
    for target in (r"C:\..\sentinel", r"C:\one\..\..\sentinel", r"\\..\..\sentinel",
                   r"\\?\C:\..\sentinel", r"..\sentinel", r"C:sentinel", r"\\.\..\sentinel",
                   r"\\?\UNC\..\sentinel", r"\\server\..\sentinel", r"\\?\Volume{..}\sentinel",
                   r"C:\one/../../sentinel", r"\\..\sentinel\x"):
        with Scenario() as s:
            w = s.writer("Files", method="RESTORE_TO_ALTERNATE_LOCATION", wre="never")
            c = w.component("one")
            c.files("C:\\one", "*")
            w.mapping("C:\\one", "*", target, True)
            s.backup().include(c)
            s.put("C:\\one\\a", b"content")
            media = s.pack()
            sentinel = Sentinel(s, [b"a"])
            whole = set(os.listdir(s.folder))
            run = s.run(media)
            sentinel.check(run.told())
            equal(set(os.listdir(s.folder)) - whole - {b"run-3", b"run-4"}, set(), target)
            expect(run.exit in (3, 10, 11), f"{target}: {run.told()}")
            equal(run.unit(c)["status"], "NONE", target)


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
            with subprocess.Popen([PROGRAM, "run", media, "--quiet", "--root", s.dest.folder,
                                   "--run-dir", folder, "--throttle", "64K", "--workers",
                                   str(workers)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
                found, wanted, ends = None, ({"the first"}, workers), time.monotonic() + 10
                while run.poll() is None and found != wanted and time.monotonic() < ends:
                    found = threads_of(run.pid) # one that has just begun is not confined yet
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
        with subprocess.Popen([PROGRAM, "run", media, "--root", s.dest.folder, "--run-dir", folder,
                               "--throttle", "256K"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
            staging = []
            while run.poll() is None and not staging:
                staging = [os.path.join(top, name) for name in os.listdir(top)
                           if name.startswith(b".vssrestore-")]
            facts = os.lstat(staging[0])
            equal((stat.S_IMODE(facts.st_mode), facts.st_uid), (0o700, os.geteuid()), staging)
            expect(stat.S_ISDIR(facts.st_mode), staging)
            while run.poll() is None and Told(["ctl", folder, "throttle", "off"]).exit != 0:
                pass # its line is not open yet
            told = run.communicate(timeout=SECONDS_MAX)[1].decode()
        equal(run.returncode, 0, told)
        equal([name for name in os.listdir(top) if name.startswith(b".vss")], [])
        expect("others may write" in told, told)


# --- somebody is at work there ---

class Swaps:
    """with Swaps(pairs): folders and links change places all the time."""

    def __init__(self, pairs):
        self.arguments = [SWAPPER, *(path for pair in pairs for path in pair)]

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE)
        self.process.stdout.readline()
        return self

    def __exit__(self, *ignored):
        self.process.terminate()
        out, _ = self.process.communicate(timeout=SECONDS_MAX)
        self.exchanges = int(out.split()[0])


def race_files():
    return [f"d{folder}\\sub\\f{number}" if number % 3 == 0 else f"d{folder}\\f{number}"
            for folder in range(FOLDERS) for number in range(FILES_EACH)]


def race_set(s):
    """A component for each folder: what fails in one leaves the others at work."""
    w = s.writer("Race", wre="never")
    later = s.writer("Later", method="RESTORE_AT_REBOOT", wre="never")
    backup = s.backup()
    for folder in range(FOLDERS):
        c = (later if folder % 4 == 1 else w).component(f"d{folder}")
        c.files(f"C:\\top\\d{folder}", "*")
        entry = backup.include(c)
        if folder % 4 == 3: # ranges into what stands there
            entry.partial(f"C:\\top\\d{folder}", "f1", "0:5,8:3")
    for number, name in enumerate(race_files()):
        place = s.put("C:\\top\\" + name, b"restored " + name.encode(), mtime=1_700_000_000)
        dress(place, number)
    return s.pack()


def dress(place, number):
    """What brings every kind of call: modes, owners, attributes, further names, links, folders."""
    os.chmod(place, 0o640 if number % 4 == 0 else 0o604)
    if os.geteuid() == 0 and number % 5 == 0:
        os.chown(place, 12345, 54321)
    if number % 6 == 0:
        try:
            os.setxattr(place, "user.note", b"note %d" % number)
        except OSError:
            pass # not on this file system
    if number % 8 == 0:
        os.link(place, place + b".name")
        os.symlink("f%d" % number, place + b".points")
        os.mkdir(place + b".folder", 0o710)


STOOD = b"what stood here before, a base for ranges"


def contents_of(name):
    """What a place may hold: wherever a neighbour has its folder, and whatever happened. The last
    is what it holds once it is restored."""
    name = name.replace(".link\\", "\\").removesuffix(".name")
    new = b"restored " + name.encode()
    folder, _, file = name.partition("\\")
    if file != "f1" or int(folder[1:]) % 4 != 3:
        return [STOOD, new]
    firsts, seconds = (STOOD[:5], new[:5]), (STOOD[8:11], new[8:11])
    return [first + STOOD[5:8] + second + STOOD[11:] for first in firsts for second in seconds]


def link_to(target, place, draw):
    """As often by a path that climbs as by one from the root."""
    if draw.random() < .5:
        target = os.path.relpath(os.path.realpath(target),
                                 os.path.realpath(os.path.dirname(place)))
    os.symlink(target, place)
    expect(os.path.isdir(place), place)


def lay_out(s, sentinel, draw):
    """Some of the folders stand there, with some of the files; links to the sentinel beside."""
    top = s.dest.path("C:\\top")
    shutil.rmtree(s.dest.path("C:\\"), ignore_errors=True)
    for folder in range(FOLDERS):
        place = os.path.join(top, b"d%d" % folder)
        os.makedirs(place if draw.random() < .3 else os.path.join(place, b"sub"))
        for number in range(FILES_EACH):
            path = os.path.join(place, b"sub" if number % 3 == 0 else b"", b"f%d" % number)
            if (draw.random() < .6 or number == 1) and os.path.isdir(os.path.dirname(path)):
                with open(path, "wb") as out:
                    out.write(STOOD)
    pairs = []
    for folder in range(FOLDERS):
        place = os.path.join(top, b"d%d" % folder)
        link_to(os.path.join(sentinel.top, b"top/d%d" % folder), place + b".link", draw)
        pairs.append((place, place + b".link"))
        if os.path.isdir(place + b"/sub"):
            link_to(os.path.join(sentinel.top, b"top/d%d/sub" % folder), place + b"/sub.link", draw)
            pairs.append((place + b"/sub", place + b"/sub.link"))
    link_to(os.path.join(sentinel.top, b"top"), top + b".link", draw)
    return pairs, (top, top + b".link")


def carry_out(run, what):
    """What a live tree left for the next boot."""
    told = Told(["pending", "apply", run.folder, "--registry", ""])
    expect(told.exit in (0, 3, 4, 11, 31, 32, 33), f"{what}\n{told.told()}")
    return told


def check_race(s, run, what):
    """What was restored is right, wherever the folder was moved to; the rest is as it was. How
    many files of units that are ALL are restored."""
    expect(run.exit in (0, 1, 3, 4, 5, 31, 32, 33), f"{what}: exit code {run.exit}\n{run.told()}")
    expect(run.exit in (31, 32, 33) or run.summary, f"{what}: no summary\n{run.told()}")
    for path, content in s.listing().items():
        name = path.partition("\\top\\")[2] or path.partition("\\top.link\\")[2]
        right = ".vssrestore-" in path or content is None or isinstance(content, tuple) or \
            content in contents_of(name)
        expect(right, f"{what}: {name} holds {content!r}\n{run.told()}")
    restored = count_restored(s, run, what)
    left = [name for name in os.listdir(s.dest.path("C:\\")) if name.startswith(b".vss")]
    # what could not be given back to its place, because that was gone, is kept and told
    kept = run.summary and any(unit["status"] == "FAILED" for unit in run.summary["units"])
    left = [name for name in left if not name.startswith(b".vssrestore-pending-")]
    if run.exit == 33 and run.summary and not run.summary["units"]: # links still stand in the way
        for name in left:
            shutil.rmtree(os.path.join(s.dest.path("C:\\"), name))
        return restored
    expect(not left or kept, f"{what}: {left} is left\n{run.told()}")
    return restored


def count_restored(s, run, what):
    """Files that are restored, of units that are ALL: each is at its place, and new."""
    whole = {unit["component"] for unit in (run.summary or {"units": []})["units"]
             if unit["status"] == "ALL"}
    top, count = os.fsdecode(s.dest.path("C:\\top")) + "/", 0
    for row in run.rows if whole else []:
        name = row["path"].removeprefix(top).replace("/", "\\")
        if row["outcome"] != "RESTORED" or name.partition("\\")[0] not in whole:
            continue
        found = s.at("C:\\top\\" + name)
        if isinstance(found, bytes):
            expect(found == contents_of(name)[-1], f"{what}: {name} holds {found}\n{run.told()}")
            count += 1
        else:
            expect(name.endswith((".folder", ".points")) or "\\f" not in name,
                   f"{what}: {name} is {found}\n{run.told()}")
    return count


def killed_and_resumed(s, media, draw):
    """A run that is killed somewhere, and what goes on with it; as s.run()."""
    folder = os.path.join(s.folder, b"run-" + s.number())
    process = subprocess.Popen([os.fsencode(word) for word in
                                (PROGRAM, "run", media, "--root", s.dest.folder, "--run-dir",
                                 folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    while process.poll() is None and not os.path.isdir(folder):
        time.sleep(.001)
    try:
        process.wait(draw.random() * .06)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if not os.path.isdir(folder): # too early: it had not begun
        return s.run(media)
    return Run(["resume", folder, "--json"], folder)


def S04_folders_change_places_with_links():
    """For every kind of call: files made and replaced, ranges, trees merged, folders made and
    described, units taken back, files kept for the next boot."""
    if not SWAPPER:
        raise Skip("VSSRESTORE_SWAPPER does not name who exchanges")
    ways = [(), ("--in-place",), ("--durability", "none"), ("--cross-mounts",), ("--ring", "sync"),
            ("--tree", "live", "--in-use", "ignore"), KILLED, ("--owner", "mine")]
    wanted = 0 if OPTIONS.rounds else FILES_WANTED
    with Scenario() as s:
        media = race_set(s)
        sentinel = Sentinel(s, [b"top/" + name.replace("\\", "/").encode()
                                for name in race_files()])
        exchanges, restored, rounds, ends = 0, 0, 0, {}
        while restored < wanted or rounds < max(OPTIONS.rounds, len(ways) + 1):
            number, rounds = rounds, rounds + 1
            expect(number < 100 + wanted // 2, f"{restored} files are restored in {number} rounds")
            draw = random.Random(number)
            pairs, top = lay_out(s, sentinel, draw)
            # the folder above them all leaves little to do: once in a while
            pairs = [top] if number % 9 == 8 else draw.sample(pairs, draw.randrange(1, len(pairs)))
            way = ways[number % len(ways)]
            what = f"round {number}, {way}"
            live = "live" in way
            with Swaps(pairs) as swaps:
                run = killed_and_resumed(s, media, draw) if way is KILLED else \
                    s.run(media, *way, *(("--registry", "") if live else ()))
                if live:
                    carry_out(run, what)
            if way is KILLED and not run.summary["units"] and os.path.isdir(run.folder):
                # it could not go on with links there; now it can
                sentinel.check(f"{what}\n{run.told()}")
                run = Run(["resume", run.folder, "--json"], run.folder)
            if live: # what could not be moved with links there can be moved now
                carry_out(run, what)
            exchanges += swaps.exchanges
            sentinel.check(f"{what}\n{run.told()}")
            restored += check_race(s, run, what)
            shutil.rmtree(run.folder, ignore_errors=True)
            for unit in (run.summary or {"units": []})["units"]:
                ends[unit["status"]] = ends.get(unit["status"], 0) + 1
        print(f"{rounds} rounds, {restored} of {rounds * FOLDERS * FILES_EACH} files in units that "
              f"are ALL, {exchanges} exchanges, units: {ends}")
        expect(exchanges > 10 * rounds, "the folders changed places")
        expect(ends.get("ALL", 0) > 0, "some units came through")


def S11_a_staging_folder_that_is_another_one():
    """The same, by somebody who is always fast enough: nothing in that folder is ours."""
    shim = os.environ.get("VSSRESTORE_FOLDER_TAKEN")
    if not shim:
        raise Skip("VSSRESTORE_FOLDER_TAKEN does not name what is to be preloaded")
    with open(PROGRAM, "rb") as opened:
        if b"__asan_init" in opened.read():
            raise Skip("the address sanitizer wants to be loaded first")
    with Scenario() as s:
        one_set(s)
        media = s.pack()
        victim = os.path.join(s.dest.path("C:\\"), b"victim")
        os.makedirs(os.path.join(victim, b"folder"), 0o755)
        folder = os.path.join(s.folder, b"run")
        told = Told(["run", media, "--root", s.dest.folder, "--run-dir", folder],
                    env={**os.environ, "LD_PRELOAD": shim,
                         "FOLDER_TAKEN_BY": os.fsdecode(victim)})
        equal(told.exit, 31, told.told())
        expect(told.told_of("exchanged"), told.told())
        top = os.path.dirname(victim)
        taken = [name for name in os.listdir(top) if name.startswith(b".vss")]
        equal(os.listdir(os.path.join(top, taken[0])), [b"folder"])
        equal(stat.S_IMODE(os.lstat(os.path.join(top, taken[0])).st_mode), 0o755)


def S11_a_neighbour_takes_the_staging_folder():
    """Exchanged for another one of ours the moment it is there: that one keeps what is in it."""
    if not SWAPPER:
        raise Skip("VSSRESTORE_SWAPPER does not name who exchanges")
    with Scenario() as s:
        one_set(s)
        media = s.pack()
        top = s.dest.path("C:\\")
        rounds, number, taken = 200 if LONG else 20, 0, 0
        while number < rounds or (taken == 0 and number < 10 * rounds):
            number += 1
            shutil.rmtree(s.dest.folder)
            victim = os.path.join(top, b"victim")
            os.makedirs(os.path.join(victim, b"folder"))
            with open(os.path.join(victim, b"folder/kept"), "wb") as out:
                out.write(b"not ours to remove")
            with Swaps([(b"--grab", top), (victim,)]) as swaps:
                run = s.run(media)
            taken += swaps.exchanges
            kept = [os.path.join(folder, b"kept") for folder, _, files in os.walk(top)
                    if b"kept" in files]
            equal(len(kept), 1, f"round {number}: {run.told()}")
            expect(run.exit in (0, 1, 31, 32, 33), f"round {number}: {run.told()}")
            shutil.rmtree(run.folder, ignore_errors=True)
        expect(taken > 0, f"none was taken in {number} rounds")


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*")
    parser.add_argument("--rounds", type=int, default=0)
    OPTIONS = parser.parse_args()
    run_cases({name: case for name, case in globals().items() if name[:2] in ("S0", "S1") and
               (not OPTIONS.case or name.startswith(tuple(OPTIONS.case)))})


if __name__ == "__main__":
    main()
