"""Nothing outside the mapped volumes is ever touched, whoever works at the destination meanwhile
(S-04, S-11): folders change places with links all the time, and with staging folders.

    test_swapped.py [CASE...] [--rounds N]
"""

import argparse
import os
import random
import shutil
import stat
import subprocess
import time

from sentinel import Sentinel, one_set # knows where scenario.py is
from scenario import (LONG, PROGRAM, SECONDS_MAX, TRIM, Run, Scenario, Skip, Told, equal, expect,
                      preloadable, run_cases)

SWAPPER = os.environ.get("VSSRESTORE_SWAPPER")
FOLDERS, FILES_EACH = 12, 16
KILLED = ("killed, and gone on with",)
FILES_WANTED = 100_000 if LONG else 200 if TRIM else 800 # restored, in units that are ALL


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
    shim = preloadable("VSSRESTORE_FOLDER_TAKEN")
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
