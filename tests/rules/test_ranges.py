"""Ranges of files: traps T42 and T49-T61 of the rules, from documents to restored bytes."""

import os
import struct

from scenario import Scenario, Told, equal, expect, run_rules

MIB = 1 << 20
CAN, NOT_THERE, TO_MAPPING = ("RESTORE_IF_CAN_BE_REPLACED", "RESTORE_IF_NOT_THERE",
                              "RESTORE_TO_ALTERNATE_LOCATION")
SAVED = bytes(range(256)) * 4


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


def one(s, target=None, type="full", method=CAN, **more):
    r"""A writer whose component has the set C:\w\*, and its entry in the backup."""
    w = s.writer("W", method=method, **more)
    c = w.component("db").files(r"C:\w", "*", recursive=False)
    return w, c, s.backup(type).include(c, target=target)


def ranges_file(*pairs, count=None, tail=b""):
    """The bytes of a ranges file (rules 7.6)."""
    return struct.pack("<Q", len(pairs) if count is None else count) + b"".join(
        struct.pack("<QQ", *pair) for pair in pairs) + tail


def refused(run, c, error):
    run.must(3)
    equal((run.unit(c)["status"], run.unit(c)["error"]), ("NONE", error), run.told())


def files_of(s):
    return {path: content for path, content in s.listing().items() if content is not None}


def ranges_of(record):
    return [(part["source"], part["dest"], part["length"]) for part in record["ranges"]]


def T42_directed_entries_count_only_where_the_target_says_so():
    for target in (None, "original"):
        with Scenario() as s:
            _, c, e = one(s, target)
            e.directed(r"C:\w", "f", "0:4", r"D:\moved", "g", "0:4")
            s.put(r"C:\w\f", b"whole")
            run = s.run(s.pack()).must(0)
            equal((run.status(c), files_of(s)), ("ALL", {r"C:\w\f": b"whole"}))


def T42_and_where_the_caller_says_so():
    with Scenario() as s:
        _, c, e = one(s)
        e.directed(r"C:\w", "f", "0:4", r"D:\moved", "g", "0:4")
        s.put(r"C:\w\f", b"whole")
        s.put(r"C:\w\other", b"plain")
        run = s.run(s.pack(), "--restore-target", "W:db=directed").must(0)
        equal((run.status(c), files_of(s)),
              ("ALL", {r"D:\moved\g": b"whol", r"C:\w\other": b"plain"}))


def T49_decimal_and_hexadecimal_ranges():
    with Scenario() as s:
        _, c, e = one(s, type="incremental")
        e.partial(r"C:\w", "f", "64:448,0x200:0x100")
        s.put(r"C:\w\f", SAVED)
        s.place(r"C:\w\f", b"-" * 1024)
        media = s.pack()
        record, = s.plan(media).must(0).records(c)
        equal((record["kind"], record["action"], record["size"], ranges_of(record)),
              ("partial", "write_ranges", 704, [(64, 64, 448), (512, 512, 256)]))
        run = s.run(media).must(0)
        equal((run.status(c), s.at(r"C:\w\f")),
              ("ALL", laid_over(b"-" * 1024, SAVED, [(64, 64, 448), (512, 512, 256)])))


def T49_the_documents_own_numbers():
    with Scenario() as s:
        _, c, e = one(s, "directed", type="incremental")
        e.partial(r"C:\w", "f", "64:448,0x1239E8577A:65536")
        e.directed(r"C:\w", "f", "64:448,0x1239E8577A:65536", r"C:\w", "g", "0:448,448:65536")
        with open(s.put(r"C:\w\f", b""), "r+b") as opened:
            for offset, letter in ((64, b"a"), (78280939386, b"b")):
                opened.seek(offset)
                opened.write(letter * (448 if offset == 64 else 65536))
        run = s.run(s.pack()).must(0)
        equal(run.status(c), "ALL")
        expect(s.at(r"C:\w\g") == b"a" * 448 + b"b" * 65536, "448 a, 65536 b")


def T50_what_is_a_list_and_what_is_not():
    for right in ("0:100, 200:50", "0:100,200:50"):
        with Scenario() as s:
            _, c, e = one(s)
            e.partial(r"C:\w", "f", right)
            s.put(r"C:\w\f", SAVED)
            s.place(r"C:\w\f", b"-" * 1024)
            s.run(s.pack()).must(0)
            equal(s.at(r"C:\w\f"), laid_over(b"-" * 1024, SAVED, [(0, 0, 100), (200, 200, 50)]))
    for wrong in ("0:100,", "", "-1:5", "FF:10", "0:0x8000000000000000"):
        with Scenario() as s:
            _, c, e = one(s)
            e.partial(r"C:\w", "f", wrong)
            s.put(r"C:\w\f", SAVED)
            s.place(r"C:\w\f", b"base")
            refused(s.run(s.pack()), c, "RANGES_INVALID")
            equal(s.at(r"C:\w\f"), b"base")


def T51_directed_lists_must_pair_up():
    for source, dest in (("64:448,512:100", "0:488,488:100"), ("0:10,20:10", "0:20")):
        with Scenario() as s:
            _, c, e = one(s, "directed")
            e.directed(r"C:\w", "f", source, r"C:\w", "f", dest)
            s.put(r"C:\w\f", SAVED)
            s.put(r"C:\w\other", b"plain")
            refused(s.run(s.pack()), c, "DIRECTED_RANGES_INVALID")
            equal(files_of(s), {})


def T51_the_right_pair_is_restored():
    with Scenario() as s:
        _, c, e = one(s, "directed")
        e.directed(r"C:\w", "f", "64:448,512:100", r"C:\w", "f", "0:448,448:100")
        s.put(r"C:\w\f", SAVED)
        run = s.run(s.pack()).must(0)
        equal((run.status(c), s.at(r"C:\w\f")), ("ALL", SAVED[64:512] + SAVED[512:612]))


def T52_a_range_beyond_what_was_saved():
    with Scenario() as s:
        _, c, e = one(s)
        e.partial(r"C:\w", "f", "0:204880")
        s.put(r"C:\w\f", b"x" * 204800)
        s.place(r"C:\w\f", b"base")
        refused(s.run(s.pack()), c, "RANGES_INVALID")
        equal(s.at(r"C:\w\f"), b"base")


def T52_of_a_directed_source():
    with Scenario() as s:
        _, c, e = one(s, "directed", type="incremental")
        e.partial(r"C:\w", "f", "0:100")
        e.directed(r"C:\w", "f", "50:51", r"C:\w", "g", "0:51")
        s.put(r"C:\w\f", SAVED)
        refused(s.run(s.pack()), c, "DIRECTED_RANGES_INVALID")
        equal(files_of(s), {})


def T53_three_spellings_of_a_ranges_file():
    for spelling in (r"File=C:\ranges\r.bin", r"file= C:\ranges\r.bin", r"C:\ranges\r.bin"):
        with Scenario() as s:
            _, c, e = one(s, type="incremental")
            e.partial(r"C:\w", "f", spelling)
            s.put(r"C:\w\f", SAVED)
            s.put(r"C:\ranges\r.bin", ranges_file((500, 20), (0, 10)))
            s.place(r"C:\w\f", b"-" * 1024)
            media = s.pack(codes=(0,))
            equal([record["kind"] for record in s.plan(media).must(0).records(c)],
                  ["ranges_file", "partial"])
            run = s.run(media).must(0)
            equal((run.status(c), s.at(r"C:\w\f"), s.at(r"C:\ranges\r.bin")),
                  ("ALL", laid_over(b"-" * 1024, SAVED, [(500, 500, 20), (0, 0, 10)]),
                   ranges_file((500, 20), (0, 10))))


def T53_a_ranges_file_that_is_not_on_the_media():
    with Scenario() as s:
        _, c, e = one(s)
        e.partial(r"C:\w", "f", r"C:\ranges\r.bin")
        s.put(r"C:\w\f", SAVED)
        s.place(r"C:\w\f", b"base")
        refused(s.run(s.pack(codes=(1,))), c, "RANGES_FILE_MISSING")
        equal(s.at(r"C:\w\f"), b"base")


def T54_a_ranges_file_shorter_than_its_count():
    with Scenario() as s:
        _, c, e = one(s)
        e.partial(r"C:\w", "f", r"C:\ranges\r.bin")
        s.put(r"C:\w\f", SAVED)
        s.put(r"C:\ranges\r.bin", ranges_file((0, 1), (2, 1), count=3))
        s.place(r"C:\w\f", b"base")
        refused(s.run(s.pack()), c, "RANGES_INVALID")
        equal(s.at(r"C:\w\f"), b"base")


def T54_and_one_that_is_longer():
    with Scenario() as s:
        _, c, e = one(s)
        e.partial(r"C:\w", "f", r"C:\ranges\r.bin")
        s.put(r"C:\w\f", SAVED)
        s.put(r"C:\ranges\r.bin", ranges_file((0, 1), (2, 1), (4, 1), tail=b"tail"))
        s.place(r"C:\w\f", b"-----")
        media = s.pack()
        expect(s.warnings(media).told_of("r.bin", "4 bytes"), "a warning of the tail")
        run = s.run(media).must(0)
        equal((run.status(c), s.at(r"C:\w\f")),
              ("ALL", laid_over(b"-----", SAVED, [(0, 0, 1), (2, 2, 1), (4, 4, 1)])))


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


def T55_its_own_base_is_no_obstacle():
    with Scenario() as s:
        _, c, e = one(s, type="incremental", method=NOT_THERE)
        e.partial(r"C:\w", "f", "0:100")
        s.put(r"C:\w\f", SAVED)
        s.put(r"C:\w\new", b"new")
        s.place(r"C:\w\f", b"-" * 2048)
        run = s.run(s.pack()).must(0)
        equal((run.status(c), files_of(s)),
              ("ALL", {r"C:\w\f": laid_over(b"-" * 2048, SAVED, [(0, 0, 100)]),
                       r"C:\w\new": b"new"}))


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


def T57_a_partial_file_inside_a_wildcard_set():
    with Scenario() as s:
        w = s.writer("W")
        c = w.component("db").files(r"C:\w", "*.txt", recursive=False)
        e = s.backup("incremental").include(c)
        e.partial(r"C:\w", "partial.txt", "10:5")
        for name in ("a.txt", "partial.txt", "z.txt"):
            s.put("C:\\w\\" + name, name.encode() * 100)
        s.place(r"C:\w\partial.txt", b"-" * 30)
        run = s.run(s.pack()).must(0)
        equal((run.status(c), files_of(s)), ("ALL", {
            r"C:\w\a.txt": b"a.txt" * 100, r"C:\w\z.txt": b"z.txt" * 100,
            r"C:\w\partial.txt": laid_over(b"-" * 30, b"partial.txt" * 100, [(10, 10, 5)])}))


def T57_its_mask_does_not_matter():
    with Scenario() as s:
        w = s.writer("W")
        c = w.component("db").files(r"C:\w", "*", recursive=False, mask=0xF01)
        e = s.backup("incremental").include(c)
        e.partial(r"C:\w", "f", "10:5")
        s.put(r"C:\w\f", SAVED)
        s.put(r"C:\w\other", b"only in fulls")
        s.place(r"C:\w\f", b"-" * 30)
        run = s.run(s.pack()).must(0)
        equal((run.status(c), files_of(s)),
              ("ALL", {r"C:\w\f": laid_over(b"-" * 30, SAVED, [(10, 10, 5)])}))


def T58_partial_and_differenced_is_restored_whole():
    with Scenario() as s:
        _, c, e = one(s, type="incremental")
        e.partial(r"C:\w", "f", "0:10")
        e.differenced(r"C:\w", "f", recursive=False)
        s.put(r"C:\w\f", SAVED)
        s.place(r"C:\w\f", b"old")
        media = s.pack()
        expect(s.warnings(media).told_of(r"C:\w\f", "error of the writer"), "the writer's error")
        run = s.run(media).must(0)
        equal((run.status(c), s.at(r"C:\w\f")), ("ALL", SAVED))


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


def T60_directed_entries_that_write_the_same_byte():
    with Scenario() as s:
        _, c, e = one(s, "directed")
        e.directed(r"C:\w", "a", "0:10", r"D:\moved", "x", "0:10")
        e.directed(r"C:\w", "b", "0:10", "d:\\Moved\\", "X", "9:10")
        s.put(r"C:\w\a", b"a" * 20)
        s.put(r"C:\w\b", b"b" * 20)
        s.put(r"C:\w\c", b"c")
        s.place(r"D:\moved\x", b"old")
        refused(s.run(s.pack()), c, "DIRECTED_RANGES_INVALID")
        equal(files_of(s), {r"D:\moved\x": b"old"})


def T60_side_by_side_they_share_a_file():
    with Scenario() as s:
        _, c, e = one(s, "directed")
        e.directed(r"C:\w", "a", "0:10", r"D:\moved", "x", "0:10")
        e.directed(r"C:\w", "b", "0:10", r"d:\Moved", "X", "10:10")
        s.put(r"C:\w\a", b"a" * 20)
        s.put(r"C:\w\b", b"b" * 20)
        run = s.run(s.pack()).must(0)
        equal((run.status(c), files_of(s)), ("ALL", {r"D:\moved\x": b"a" * 10 + b"b" * 10}))


def T61_a_ranges_file_elsewhere_is_told_to_its_entry():
    with Scenario() as s:
        w, c, e = one(s, type="incremental", method=TO_MAPPING)
        w.mapping(r"C:\w", "*", r"D:\alt", recursive=False)
        e.partial(r"C:\w", "first", "0:1")
        e.partial(r"C:\w", "second", r"C:\w\r.bin")
        for name in ("first", "second"):
            s.put("C:\\w\\" + name, SAVED)
            s.place("D:\\alt\\" + name, b"-" * 20)
        s.put(r"C:\w\r.bin", ranges_file((2, 3)))
        run = s.run(s.pack()).must(0)
        equal((run.status(c), files_of(s)), ("ALL", {
            r"D:\alt\first": laid_over(b"-" * 20, SAVED, [(0, 0, 1)]),
            r"D:\alt\second": laid_over(b"-" * 20, SAVED, [(2, 2, 3)]),
            r"D:\alt\r.bin": ranges_file((2, 3))}))
        equal([part["ranges"] for part in run.document.children(c, "PARTIAL_FILE")],
              ["0:1", r"D:\alt\r.bin"])


def T61_in_place_it_is_not():
    with Scenario() as s:
        _, c, e = one(s, type="incremental")
        e.partial(r"C:\w", "f", r"File=C:\w\r.bin")
        s.put(r"C:\w\f", SAVED)
        s.put(r"C:\w\r.bin", ranges_file((2, 3)))
        s.place(r"C:\w\f", b"-" * 20)
        run = s.run(s.pack()).must(0)
        equal([part["ranges"] for part in run.document.children(c, "PARTIAL_FILE")],
              [r"File=C:\w\r.bin"])


if __name__ == "__main__":
    run_rules(globals())
