"""Names at their edges, from a volume to a set to a destination (N-01 to N-07, S-01).

What Windows would not take is kept as it is where the destination holds it; what the destination
cannot hold apart, or at all, is refused at planning, by name, before a byte is written.
"""

import os
import shutil
import subprocess

from mounted import (EXT4, FAT, NTFS, NTFS_FOLDED, XFS_FOLDED, Mounted,
                     one_component) # knows where scenario.py is
from scenario import Scenario, Skip, Told, equal, expect, run_rules


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


if __name__ == "__main__":
    run_rules(globals())
