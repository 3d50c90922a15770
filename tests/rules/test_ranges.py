"""Ranges of files: traps T49-T61 of the rules, from documents to restored bytes."""

import os

from scenario import Scenario, Told, equal, expect, run_rules

MIB = 1 << 20


def pattern(seed, count):
    """count bytes that are the same for the same seed."""
    block = bytes((seed * 31 + i * 7 + (i >> 8) * 13) & 0xff for i in range(65536))
    return (block * (count // len(block) + 1))[:count]


def laid_over(base, source, ranges):
    """What a base becomes when (source offset, offset, length) are laid over it."""
    made = bytearray(base)
    for start, at, length in ranges:
        if length and len(made) < at + length:
            made.extend(bytes(at + length - len(made)))
        made[at:at + length] = source[start:start + length]
    return bytes(made)


def partial(s, ranges, source, mtime=1500000000):
    """One component with C:\\db\\big.dat, backed up by ranges."""
    w = s.writer("W")
    c = w.component("db")
    c.files(r"C:\db", "*.dat", recursive=False)
    s.backup().include(c).partial("C:\\db\\", "big.dat", ranges)
    s.put(r"C:\db\big.dat", source, mtime=mtime)
    return c


def verified(s, media, *arguments):
    """verify --plan of a plan made now ends so."""
    plan = os.path.join(s.folder, b"plan-" + s.number())
    Told(["plan", media, "-o", plan, *s.where(arguments), *arguments]).must(0)
    return Told(["verify", "--plan", plan])


def in_both_ways(case):
    """By a clone that is exchanged, and into the file itself."""
    for options in ((), ("--in-place",)):
        with Scenario() as s:
            case(s, *options)
            expect(not [name for folder, names, _ in os.walk(s.dest.folder) for name in names
                        if name.startswith(b".vssrestore-")], "no staging folder is left")


def T55_the_rest_of_a_large_base_is_as_it_was():
    def case(s, *options):
        source = pattern(1, 8 * MIB)
        c = partial(s, "4096:100000, 3000001:2500000,0:1", source)
        ranges = [(4096, 4096, 100000), (3000001, 3000001, 2500000), (0, 0, 1)]
        base = pattern(2, 64 * MIB)
        path = s.place(r"C:\db\big.dat", base)
        with open(path, "r+b") as big:
            big.truncate(1 << 30) # the rest of 1 GiB is a hole
        os.chmod(path, 0o640)
        media = s.pack()
        blocks = os.stat(path).st_blocks
        run = s.run(media, *options).must(0)
        equal(run.status(c), "ALL")
        facts = os.stat(path)
        equal(facts.st_size, 1 << 30)
        equal(facts.st_mode & 0o777, 0o640)
        equal(facts.st_mtime, 1500000000)
        expect(facts.st_blocks <= blocks + 64, "the hole stays one")
        with open(path, "rb") as big:
            equal(big.read(64 * MIB) == laid_over(base, source, ranges), True)
            equal(any(big.read(MIB)), False)
        equal(verified(s, media, *options).exit, 0)
    in_both_ways(case)


def T55_a_base_that_is_missing():
    def case(s, *options):
        c = partial(s, "0:10", pattern(1, 100))
        s.place_folder(r"C:\db")
        run = s.run(s.pack(), *options).must(3)
        equal((run.unit(c)["status"], run.unit(c)["error"]), ("NONE", "BASE_MISSING"))
        equal(s.at(r"C:\db\big.dat"), None)
    in_both_ways(case)


def T56_a_range_beyond_the_end_grows_the_file():
    def case(s, *options):
        source = pattern(3, 3 * MIB)
        c = partial(s, "10:20,3000000:100000", source)
        base = pattern(4, 5000)
        s.place(r"C:\db\big.dat", base)
        media = s.pack()
        equal(s.run(media, *options).must(0).status(c), "ALL")
        found = s.at(r"C:\db\big.dat")
        equal(len(found), 3100000)
        equal(found == laid_over(base, source, [(10, 10, 20), (3000000, 3000000, 100000)]), True)
        equal(any(found[5000:3000000]), False)
        equal(verified(s, media, *options).exit, 0)
        with open(s.dest.path(r"C:\db\big.dat"), "r+b") as big:
            big.seek(3000005)
            big.write(b"?" if found[3000005:3000006] != b"?" else b"!")
        expect(verified(s, media, *options).exit != 0, "a byte of a range has changed")
    in_both_ways(case)


def directed(s, content, *entries):
    """C:\\db\\a.dat, and where its ranges go: (source ranges, path, name, ranges)."""
    w = s.writer("W")
    c = w.component("db")
    c.files(r"C:\db", "*.dat", recursive=False)
    e = s.backup().include(c, target="directed")
    for source_ranges, path, name, ranges in entries:
        e.directed("C:\\db\\", "a.dat", source_ranges, path, name, ranges)
    s.put(r"C:\db\a.dat", content, mtime=1400000000)
    return c


def T59_a_file_is_swapped_with_itself():
    def case(s, *options):
        c = directed(s, b"0123456789abcdefghij", ("0:10,10:10", "C:\\db\\", "a.dat", "10:10,0:10"))
        s.place(r"C:\db\a.dat", b"0123456789abcdefghij and more")
        media = s.pack()
        equal(s.run(media, *options).must(0).status(c), "ALL")
        equal(s.at(r"C:\db\a.dat"), b"abcdefghij0123456789 and more")
        equal(verified(s, media, *options).exit, 0)
    in_both_ways(case)


def T59_a_directed_file_is_made_where_none_stands():
    with Scenario() as s:
        source = pattern(5, 3 * MIB)
        c = directed(s, source, ("5:2000000", r"D:\else\where" + "\\", "b.dat", "100000:2000000"),
                     ("0:5", r"D:\else\where" + "\\", "b.dat", "7:5"))
        s.dest.path("D:\\")
        media = s.pack()
        run = s.run(media).must(0)
        equal(run.status(c), "ALL")
        equal(s.at(r"C:\db\a.dat"), None)
        found = s.at(r"D:\else\where\b.dat")
        equal(found == laid_over(b"", source, [(5, 100000, 2000000), (0, 7, 5)]), True)
        equal(os.stat(s.dest.path(r"D:\else\where\b.dat")).st_mtime, 1400000000)


if __name__ == "__main__":
    run_rules(globals())
