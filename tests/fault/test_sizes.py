"""Sizes and numbers at their edges (C): any number of workers gives the same tree; many files, many
folders, and a file that is mostly holes come back.
"""

import os
import shutil

from mounted import one_component # knows where scenario.py is
from scenario import LONG, TRIM, Scenario, Skip, equal, expect, run_rules

MANY_FILES = 1_000_000 if LONG else 2_000 if TRIM else 20_000
MANY_FOLDERS = 100_000 if LONG else 500 if TRIM else 4_000
DEPTH = 200
TEBIBYTE = 1 << 40


def tree(path):
    """{path: content or None} of everything there."""
    found = {}
    for folder, folders, files in os.walk(path):
        for name in folders:
            found[os.path.relpath(os.path.join(folder, name), path)] = None
        for name in files:
            with open(os.path.join(folder, name), "rb") as opened:
                found[os.path.relpath(os.path.join(folder, name), path)] = opened.read()
    return found


def C01_any_number_of_workers_gives_the_same_tree():
    """1 to 64 workers, one operation at a time, 64 MiB of memory in all."""
    with Scenario() as s:
        one_component(s)
        for number in range(400):
            s.put(f"C:\\one\\d{number % 7}\\f{number}", os.urandom(number * 37 % 5000))
        for number in range(3):
            s.put(f"C:\\one\\big{number}", os.urandom(3 << 20))
        media = s.pack()
        want = tree(os.path.join(s.source.folder, b"C"))
        small = ("--workers", "2", "--memory", "64M")
        for arguments in (("--workers", "1"), ("--workers", "2"), ("--workers", "7"),
                          ("--workers", "64", "--memory", "1G"),
                          small, ("--workers", "1", "--queue-depth", "1"),
                          ("--workers", "2", "--queue-depth", "1", "--ring", "uring"),
                          (*small, "--queue-depth", "1", "--ring", "sync")):
            shutil.rmtree(s.dest.folder)
            os.mkdir(s.dest.folder)
            s.run(media, "--durability", "none", *arguments).must(0)
            expect(tree(os.path.join(s.dest.folder, b"C")) == want, f"{arguments}: another tree")


def C02_many_files_in_one_folder():
    with Scenario() as s:
        one_component(s)
        top = s.source.path("C:\\one")
        os.makedirs(top)
        for number in range(MANY_FILES):
            with open(os.path.join(top, b"f%d" % number), "wb") as out:
                out.write(b"%d" % number)
        s.run(s.pack(), "--durability", "none").must(0)
        names = os.listdir(s.dest.path("C:\\one"))
        equal(len(names), MANY_FILES)
        for number in range(0, MANY_FILES, MANY_FILES // 50):
            equal(s.at(f"C:\\one\\f{number}"), b"%d" % number)


def C03_many_folders_deep_down():
    with Scenario() as s:
        one_component(s)
        count = 0
        for chain in range(MANY_FOLDERS // DEPTH):
            path = "C:\\one\\" + "\\".join([f"c{chain}", *["d"] * (DEPTH - 1)])
            s.put(path + "\\leaf", b"%d" % chain)
            count += DEPTH
        s.run(s.pack(), "--durability", "none").must(0)
        found = sum(len(folders) for _, folders, _ in os.walk(s.dest.path("C:\\one")))
        equal(found, count)


def C04_a_tebibyte_of_holes():
    with Scenario() as s:
        one_component(s)
        place = s.put("C:\\one\\sparse", b"begin")
        try:
            with open(place, "r+b") as out:
                out.seek(TEBIBYTE // 2)
                out.write(b"middle")
                out.truncate(TEBIBYTE)
        except OSError as error:
            raise Skip(f"no file of a tebibyte here: {error}") from error
        media = s.pack()
        s.run(media).must(0)
        restored = s.dest.path("C:\\one\\sparse")
        facts = os.lstat(restored)
        equal(facts.st_size, TEBIBYTE)
        expect(facts.st_blocks * 512 < 4 << 20, f"{facts.st_blocks} blocks")
        with open(restored, "rb") as opened:
            equal(opened.read(8), b"begin\0\0\0")
            opened.seek(TEBIBYTE // 2)
            equal(opened.read(8), b"middle\0\0")


if __name__ == "__main__":
    run_rules(globals())
