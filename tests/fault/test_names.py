"""Names, times and sizes at their edges, from a volume to a set to a destination (N-01 to N-09, S-01, C).

    test_names.py [CASE...]

What Windows would not take is kept as it is where the destination holds it; what the destination
cannot hold apart, or at all, is refused at planning, by name, before a byte is written.
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import Scenario, Skip, Told, equal, expect, run_cases  # noqa: E402
from test_ranges import partial  # noqa: E402

LONG = os.environ.get("VSSRESTORE_LONG") == "1"
TRIM = os.environ.get("VSSRESTORE_TRIM") == "1"
MANY_FILES = 1_000_000 if LONG else 2_000 if TRIM else 20_000
MANY_FOLDERS = 100_000 if LONG else 500 if TRIM else 4_000
DEPTH = 200
TEBIBYTE = 1 << 40


def one_component(s, path="C:\\one"):
    w = s.writer("Names", wre="never")
    c = w.component("one")
    c.files(path, "*")
    s.backup().include(c)
    return c


def put_raw(s, name, content):
    """name: the bytes of one name below C:\\one, whatever they are."""
    top = s.source.path("C:\\one")
    os.makedirs(top, exist_ok=True)
    with open(os.path.join(top, name), "wb") as out:
        out.write(content)


def there_and_back(names, codes=(0,), *arguments):
    """Files with these names come back, each with its own content."""
    with Scenario() as s:
        c = one_component(s)
        for number, name in enumerate(names):
            put_raw(s, name, b"content %d" % number)
        run = s.run(s.pack(), *arguments).must(*codes)
        equal(run.status(c), "ALL")
        top = s.dest.path("C:\\one")
        equal(sorted(os.listdir(top)), sorted(names))
        for number, name in enumerate(names):
            with open(os.path.join(top, name), "rb") as opened:
                equal(opened.read(), b"content %d" % number, repr(name))


def N01_device_names():
    names = ["CON", "PRN", "AUX", "NUL", "COM1", "COM9", "LPT1", "LPT9", "COM¹", "LPT³"]
    there_and_back([(name + end).encode() for name in names
                    for end in ("", ".txt", ".tar.gz", " ")])


def N02_streams_in_names():
    """A colon in a Linux name is a letter of it; one in a document is no file of a set."""
    there_and_back([b"file:stream", b"file::$DATA", b"dir:$I30:$INDEX_ALLOCATION", b":"])
    for spec in ("file:stream", "file::$DATA", ":"):
        with Scenario() as s:
            w = s.writer("Names", wre="never")
            c = w.component("one")
            c.files("C:\\one", spec)
            s.backup().include(c)
            s.put("C:\\one\\file", b"content")
            told = s.pack_told()
            if told.exit in (0, 1):
                run = s.run(told.set)
                equal(run.status(c), "NONE", spec)
                equal(run.unit(c)["error"], "DOCUMENT_INVALID", spec)
            else:
                equal(told.exit, 10, spec)


def N03_names_of_255_bytes():
    """85 letters of three bytes are 255: as long as a name can be on most of Linux."""
    there_and_back(["\u4e2d".encode() * 85, b"x" * 255, "\U0001F600".encode() * 63])


def N03_names_that_only_ntfs_has():
    """255 units of three bytes each: from NTFS to NTFS they come, elsewhere they are refused."""
    name = "\u4e2d".encode() * 255
    with Scenario() as s:
        c = one_component(s)
        with Mounted(s, NTFS, b"source-ntfs") as source, Mounted(s, NTFS, b"dest-ntfs") as dest:
            os.mkdir(os.path.join(source.place, b"one"))
            try:
                with open(os.path.join(source.place, b"one", name), "wb") as out:
                    out.write(b"long name")
            except OSError as error:
                raise Skip(f"no such name here: {error}") from error
            s.source.volumes["C:"] = source.place
            media = s.pack()
            run = s.run(media).must(3)
            equal(run.unit(c)["error"], "NAME_UNREPRESENTABLE", run.told())
            equal([path for path, content in s.listing().items() if content is not None], [])
            s.run(media, "--volume", b"C:=" + dest.place).must(0, 1)
            with open(os.path.join(dest.place, b"one", name), "rb") as opened:
                equal(opened.read(), b"long name")


def N04_paths_beyond_4096_bytes():
    with Scenario() as s:
        c = one_component(s)
        fd = os.open(os.path.dirname(s.put("C:\\one\\top", b"top")), os.O_RDONLY)
        element = b"d" * 200
        for _ in range(30): # 6,000 bytes, which no path of one call can say
            os.mkdir(element, dir_fd=fd)
            inner = os.open(element, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = inner
        leaf = os.open(b"leaf", os.O_WRONLY | os.O_CREAT, dir_fd=fd)
        os.write(leaf, b"deep down")
        os.close(leaf)
        os.close(fd)
        run = s.run(s.pack()).must(0)
        equal(run.status(c), "ALL")
        fd = os.open(s.dest.path("C:\\one"), os.O_RDONLY)
        for _ in range(30):
            inner = os.open(element, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = inner
        leaf = os.open(b"leaf", os.O_RDONLY, dir_fd=fd)
        equal(os.read(leaf, 100), b"deep down")
        os.close(leaf)
        os.close(fd)
        subprocess.run(["rm", "-rf", s.folder], check=True)


ALIKE = [("README", "readme"), ("\u0130stanbul", "i\u0307stanbul"), ("stra\u00dfe", "STRASSE"),
         ("\u00e9", "e\u0301"), ("\u00df", "\u1e9e"), ("Ω", "Ω")]


def N05_names_that_differ_little():
    """Where the destination keeps them apart, they come back apart."""
    there_and_back(sorted({name.encode() for pair in ALIKE for name in pair}), (0, 1))


EXT4 = (("mkfs.ext4", "-q", "-O", "casefold"), ("mount", "-o", "loop"))
FAT = (("mkfs.vfat",), ("mount", "-o", "loop"))
NTFS = (("mkntfs", "-F", "-Q", "-q"), ("ntfs-3g",))
XFS_FOLDED = (("mkfs.xfs", "-q", "-f", "-n", "version=ci"), ("mount", "-o", "loop"))
NTFS_FOLDED = (("mkntfs", "-F", "-Q", "-q"), ("lowntfs-3g", "-o", "ignore_case"))


class Mounted:
    """A file system of its own, in a file."""

    def __init__(self, scenario, how, name=b"mounted", megabytes=16):
        self.image = os.path.join(scenario.folder, name + b".image")
        self.place = os.path.join(scenario.folder, name)
        (self.make, self.mount), self.megabytes = how, megabytes

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("only root mounts")
        os.mkdir(self.place)
        with open(self.image, "wb") as out:
            out.truncate(self.megabytes << 20)
        for command in ([*self.make, self.image], [*self.mount, self.image, self.place]):
            if not shutil.which(command[0]):
                raise Skip(f"no {command[0]}")
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  check=False)
            if done.returncode != 0:
                raise Skip(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")
        return self

    def __exit__(self, *ignored):
        subprocess.run(["umount", self.place], check=False)


def alike_refused(how, prepare=None, megabytes=16):
    """README and readme for one folder that cannot hold both: refused before anything is made."""
    with Scenario() as s:
        c = one_component(s)
        put_raw(s, b"README", b"one")
        put_raw(s, b"readme", b"two")
        put_raw(s, b"other", b"three")
        media = s.pack()
        with Mounted(s, how, megabytes=megabytes) as mounted:
            top = os.path.join(mounted.place, b"top")
            os.mkdir(top)
            if prepare:
                prepare(top)
            run = s.run(media, "--volume", b"C:=" + top).must(3)
            equal(run.unit(c)["error"], "CASE_COLLISION", run.told())
            equal(os.listdir(top), [])


def N05_a_folder_that_ignores_case():
    alike_refused(EXT4, lambda top: subprocess.run(["chattr", "+F", top], check=True))


def N05_fat_ignores_case():
    alike_refused(FAT)


def N05_ntfs_ignores_case():
    alike_refused(NTFS_FOLDED)


def N05_xfs_ignores_case():
    alike_refused(XFS_FOLDED, megabytes=400)


def N05_an_empty_file_system_does_not_tell():
    """Then it shows when staging begins: nothing is written, and two of the names are told."""
    with Scenario() as s:
        one_component(s)
        put_raw(s, b"README", b"one")
        put_raw(s, b"readme", b"two")
        media = s.pack()
        with Mounted(s, NTFS_FOLDED) as mounted:
            run = s.run(media, "--volume", b"C:=" + mounted.place).must(31)
            expect(run.told_of("README", "readme", "one name"), run.told())
            equal(os.listdir(mounted.place), [])


def N06_short_names_are_names():
    there_and_back([b"LONGFI~1.TXT", b"LongFileName.txt", b"PROGRA~1", b"Program Files"])


def N07_volumes_without_letters():
    """A GUID, a share and a mount folder as a document names them, each to its own place."""
    guid = "\\\\?\\Volume{0d1e2f30-0000-0000-0000-000000000001}\\"
    with Scenario() as s:
        w = s.writer("Names", wre="never")
        backup = s.backup()
        components = []
        share, mounted = "\\\\server\\share\\", "C:\\Mounts\\Data\\"
        for name, path, place in (("guid", guid + "data", None), ("unc", share + "data", None),
                                  ("folder", mounted + "in", share + "in")):
            c = w.component(name)
            c.files(path, "*")
            backup.include(c)
            s.put((place or path) + "\\file", b"of " + name.encode())
            components.append(c)
        s.put_folder(mounted)
        s.source.volumes[mounted[:-1]] = s.source.volumes[share[:-1]]
        run = s.run(s.pack()).must(0)
        for c in components:
            equal(run.status(c), "ALL")
        root = s.dest.folder
        for place, content in ((b"Volume{0d1e2f30-0000-0000-0000-000000000001}/data/file",
                                b"of guid"), (b"UNC/server/share/data/file", b"of unc"),
                               (b"UNC/server/share/in/file", b"of folder")):
            with open(os.path.join(root, place), "rb") as opened:
                equal(opened.read(), content)


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


EXT4_OF_34_BITS = (("mkfs.ext4", "-q", "-F", "-I", "256"), ("mount", "-o", "loop"))
EXT4_OF_32_BITS = (("mkfs.ext4", "-q", "-F", "-I", "128"), ("mount", "-o", "loop"))
XFS_OF_32_BITS = (("mkfs.xfs", "-q", "-f", "-m", "bigtime=0"), ("mount", "-o", "loop"))
MEMORY = (("truncate", "-s0"), ("mount", "-t", "tmpfs"))
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
                subprocess.run(["umount", dest.place], check=True)
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


ODD = [b"new\nline", b"esc\x1b[31mred", "right\u202eleft".encode(), "a\u2215b".encode(),
       "a\uff0fb".encode(), b"back\\slash", b"quote\"", b"percent%d%n", b"trailing.", b"blank ",
       b"\xff\xfe no text", b"\xed\xa0\x80 lone", b"\xc0\xaf overlong", b"-rf", b"~", b"\x7f"]


def S01_names_that_mislead_people_or_programs():
    """They come back as they are; what is told of them moves no cursor and makes no line."""
    there_and_back(ODD, (0, 1))
    with Scenario() as s:
        c = one_component(s)
        for name in ODD:
            put_raw(s, name, b"content")
        media = s.pack()
        os.makedirs(os.path.join(s.dest.path("C:\\one"), ODD[1])) # in the way, and so told of
        pack = os.path.join(media, b"packs/pack-000000.tar.lz4")
        for told in (Told(["plan", media, "--root", s.dest.folder]),
                     Told(["run", media, "--root", s.dest.folder, "--run-dir",
                           os.path.join(s.folder, b"run")]),
                     Told(["verify", media])):
            check_told(told)
        equal(s.plan(media).unit(c)["error"], "NOT_REPLACEABLE")
        with open(pack, "r+b") as out: # and here each is damaged
            out.seek(100)
            out.write(b"\0" * 200)
        shutil.rmtree(s.dest.folder)
        for told in (Told(["verify", media]),
                     Told(["run", media, "--root", s.dest.folder, "--run-dir",
                           os.path.join(s.folder, b"run-2")])):
            equal(told.exit, 20, told.told())
            check_told(told)


def check_told(told):
    for text in (told.out, told.err):
        odd = [c for c in text if (c < " " and c not in "\n\t") or c in "\x7f\u202e"]
        equal(odd, [], told.command)
        expect(not any(line.startswith("line") for line in text.splitlines()),
               f"a name made a line of its own\n{told.told()}")


# --- sizes and numbers ---

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


def main():
    wanted = tuple(sys.argv[1:]) or ("N", "C", "S")
    run_cases({name: case for name, case in globals().items()
               if name[:2] in ("N0", "C0", "S0") and name.startswith(wanted)})


if __name__ == "__main__":
    main()
