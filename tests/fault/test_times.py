"""Times at their edges, from a volume to a set to a destination (N-09).

Those that a destination holds come back; of those that it does not hold a loss is told.
"""

import os
import subprocess

from mounted import (EXT4_OF_32_BITS, EXT4_OF_34_BITS, MEMORY, NTFS, XFS_OF_32_BITS, Mounted,
                     one_component) # knows where scenario.py is
from scenario import Scenario, Skip, equal, expect, run_rules
from test_ranges import partial
from town import when_free


def N09_times_at_their_edges():
    """Before 1970, zero, behind 2038 and 2446: as far as the file system has them."""
    seconds = [-11644473600, -1, 0, 1, (1 << 31) - 1, 1 << 31, 15032385535, 32503680000]
    with Scenario() as s:
        one_component(s)
        kept = {}
        for second in seconds:
            place = s.put(f"C:\\one\\t{second}", b"x")
            try:
                os.utime(place, ns=(second * 10**9, second * 10**9 + 100))
            except OSError:
                continue
            kept[second] = os.lstat(place).st_mtime_ns
        s.run(s.pack()).must(0)
        for second, mtime in kept.items():
            equal(os.lstat(s.dest.path(f"C:\\one\\t{second}")).st_mtime_ns, mtime, str(second))


FILETIME_ZERO, FILETIME_LAST = -11644473600, 910692730085
EDGES = (-(1 << 63), -(1 << 40), FILETIME_ZERO - 1, FILETIME_ZERO, -(1 << 31) - 1, -(1 << 31), -1, 0,
         315532800, 1500000001, (1 << 31) - 1, 1 << 31, (1 << 32) + 1, 15032385535, 15032385536,
         FILETIME_LAST, 1 << 40, (1 << 63) - 1)


def put_at_each_edge(top):
    """Files, folders, a large file and a link for each time that a file system may not hold."""
    for number, second in enumerate(EDGES):
        place = os.path.join(top, b"%d" % second)
        with open(place, "wb") as out:
            out.write(b"x" * (3 << 20 if number == 0 else 10))
        os.symlink(b"nowhere", place + b".link")
        os.mkdir(place + b".folder")
        for name in (place, place + b".link", place + b".folder"):
            os.utime(name, ns=(0, second * 10**9), follow_symlinks=False)
            equal(os.lstat(name).st_mtime_ns, second * 10**9)


def times_are_held_or_told(how, megabytes=16):
    """What stands there has its time, to the second, or its row tells that it has not."""
    with Scenario() as s:
        c = one_component(s)
        with Mounted(s, MEMORY, b"source-of-times") as source:
            top = os.path.join(source.place, b"one")
            os.mkdir(top)
            put_at_each_edge(top)
            s.source.volumes["C:"] = source.place
            media = s.pack()
        with Mounted(s, how, megabytes=megabytes) as dest:
            run = s.run(media, "--volume", b"C:=" + dest.place).must(0, 1)
            equal(run.status(c), "ALL", run.told())
            lost = 0
            if how != MEMORY: # as it is on the disk
                when_free("umount", dest.place)
                subprocess.run([*how[1], dest.image, dest.place], check=True)
            for row in run.rows:
                name = os.path.basename(row["path"])
                if name != "one":
                    found = os.lstat(row["path"]).st_mtime_ns // 10**9
                    is_held = found == int(name.partition(".")[0])
                    equal(row["losses"], [] if is_held else ["modify_time"], f"{row}: {found}")
                    lost += not is_held
            equal((run.exit, run.summary["losses"]), (1 if lost else 0, lost), run.told())
            return lost


def N09_times_that_memory_holds():
    equal(times_are_held_or_told(MEMORY), 0)


def N09_times_that_ext4_does_not_hold():
    expect(times_are_held_or_told(EXT4_OF_34_BITS) > 3 * 5, "2446 was behind")


def N09_times_that_32_bits_do_not_hold():
    expect(times_are_held_or_told(EXT4_OF_32_BITS) > 3 * 8, "2038 was behind")


def N09_times_that_an_old_xfs_does_not_hold():
    expect(times_are_held_or_told(XFS_OF_32_BITS, 400) > 3 * 8, "2038 was behind")


def N09_times_that_ntfs_does_not_hold():
    expect(times_are_held_or_told(NTFS) > 0, "1601 was before")


def N09_times_of_ranges_that_32_bits_do_not_hold():
    """Laid over a copy of what stands there, and into that itself."""
    for options in ((), ("--in-place",)):
        with Scenario() as s:
            c = partial(s, "10:20", b"x" * 100, mtime=1 << 33)
            if os.lstat(s.source.path("C:\\db\\big.dat")).st_mtime != 1 << 33:
                raise Skip(f"no such time in {s.folder}")
            media = s.pack()
            with Mounted(s, EXT4_OF_32_BITS) as dest:
                base = os.path.join(dest.place, b"db", b"big.dat")
                os.mkdir(os.path.dirname(base))
                with open(base, "wb") as out:
                    out.write(b"-" * 100)
                run = s.run(media, "--volume", b"C:=" + dest.place, *options).must(1)
                equal(run.status(c), "ALL", run.told())
                equal([row["losses"] for row in run.rows if os.fsencode(row["path"]) == base],
                      [["modify_time"]], run.told())
                equal(run.summary["losses"], 1, run.told())


if __name__ == "__main__":
    run_rules(globals())
