"""Ranges of files in a chain, laid over what its full backup brings: rules 7.5 to 7.10.

A full and an incremental backup of a made server, with all ways to tell ranges, and a database that
is moved.
"""

import os
import random
import shutil
import struct

from chain import SCHEMA_NEW_TARGET
from scenario import Scenario, Told, equal, expect, run_rules


def noise(seed, count):
    return random.Random(seed).randbytes(count)


MADE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data",
                    "documents", "partial-directed-differenced")
LEDGER = "C:\\WriterData\\"
FAR = 0x1239E8577A # where Index.dat's second range begins: some 78 GB, mostly a hole
INDEX_RANGES = [(64, 448), (FAR, 65536)]
SMALL_RANGES = [(0, 5), (100, 20)]
HUGE_RANGES = [(4096, 10000), (1 << 20, 70000), (3 << 20, 1)] # the last one behind the base's end


BASE = {"Index.dat": {0: noise(1, 3000), FAR - 100: noise(2, 80000)}, "Small.dat": noise(3, 150),
        "Huge.dat": noise(4, (3 << 20) - 7), "Plain.dat": b"plain, the first"}


def pack_made(s, document, *arguments):
    media = os.path.join(s.folder, b"set-" + s.number())
    Told(["pack", "--documents", os.path.join(MADE, document), "--documents",
          os.path.join(MADE, "writer-ledger.xml"), "-o", media, *arguments, "--volume",
          b"C:=" + s.source.path("C:\\")]).must(0, 1)
    return media


def write_at(path, pieces):
    """{offset: bytes} into a file, which may be new."""
    with open(path, "r+b" if os.path.exists(path) else "w+b") as out:
        for offset, content in pieces.items():
            out.seek(offset)
            out.write(content)


def read_at(path, ranges):
    with open(path, "rb") as opened:
        return [os.pread(opened.fileno(), length, offset) for offset, length in ranges]


def made_full(s):
    """The server when it was backed up fully; what of it stays."""
    write_at(s.put(LEDGER + "Index.dat"), BASE["Index.dat"])
    for name in ("Small.dat", "Huge.dat", "Plain.dat"):
        s.put(LEDGER + name, BASE[name])
    s.put(LEDGER + r"Journal\one.jnl", b"one")
    s.put(LEDGER + r"Segments\same.seg", b"same")
    s.put(LEDGER + r"Segments\deep\changed.seg", b"before, and longer than after")
    return pack_made(s, "backup-components-full.xml")


def made_incremental(s, document, parent):
    """Changes inside the ranges and, to be left alone, outside; {place: {offset: bytes}}."""
    count = struct.pack("<Q", len(HUGE_RANGES))
    s.put(LEDGER + r"Journal\huge.rng", count + b"".join(struct.pack("<QQ", *one)
                                                         for one in HUGE_RANGES))
    new = {"Index.dat": INDEX_RANGES, "Small.dat": SMALL_RANGES, "Huge.dat": HUGE_RANGES}
    for name, ranges in new.items():
        new[name] = {offset: noise(name + str(offset), length) for offset, length in ranges}
        write_at(s.source.path(LEDGER + name), {**new[name], 30: b"outside"})
    s.put(LEDGER + "Plain.dat", b"plain, the second")
    s.remove(LEDGER + r"Segments\same.seg")
    s.put(LEDGER + r"Segments\deep\changed.seg", b"after")
    s.put(LEDGER + r"Segments\fresh.seg", b"fresh")
    s.put(LEDGER + r"New\n.seg", b"named by no file set")
    return pack_made(s, document, "--parent", parent), new


def check_made(s, new, names=("Small.dat", "Huge.dat")):
    for name in names:
        wanted = bytearray(BASE[name])
        for offset, piece in new[name].items():
            wanted.extend(bytes(max(0, offset + len(piece) - len(wanted))))
            wanted[offset:offset + len(piece)] = piece
        expect(s.at(LEDGER + name) == bytes(wanted), f"{name} is not what it should be")
    for name, content in (("Plain.dat", b"plain, the second"), (r"Journal\one.jnl", b"one"),
                          (r"Segments\same.seg", b"same"), (r"Segments\fresh.seg", b"fresh"),
                          (r"Segments\deep\changed.seg", b"after"),
                          (r"New\n.seg", b"named by no file set")):
        equal(s.at(LEDGER + name), content, name)


def check_index(s, new):
    """Bytes in and around what was written of a file that no one wants to read whole."""
    path = s.dest.path(LEDGER + "Index.dat")
    equal(os.path.getsize(path), FAR + 79900)
    image = {}
    for pieces in (BASE["Index.dat"], new):
        for offset, piece in pieces.items():
            image.update(zip(range(offset, offset + len(piece)), piece))
    for window in ((0, 8192), (FAR - 4096, 84000)):
        found = read_at(path, [window])[0]
        wanted = bytes(image.get(at, 0) for at in range(window[0], window[0] + len(found)))
        expect(found == wanted, f"Index.dat at {window[0]} is not what it should be")
    expect(os.stat(path).st_blocks * 512 < 4 << 20, "Index.dat has lost its hole")


def R77_ranges_come_over_the_full_backup():
    for more in ((), ("--in-place",)):
        with Scenario() as s:
            full = made_full(s)
            last, new = made_incremental(s, "backup-components.xml", full)
            run = s.run([last], *more).must(0)
            equal([unit["status"] for step in run.steps for unit in step.summary["units"]],
                  ["ALL", "ALL"])
            check_made(s, new)
            check_index(s, new["Index.dat"])


def R77_ranges_go_where_the_writer_sends_them():
    with Scenario() as s:
        full = made_full(s)
        last, new = made_incremental(s, "backup-components-restore.xml", full)
        s.put_folder("D:\\")
        s.run([last]).must(0)
        check_made(s, new, names=("Huge.dat",))
        near, far = new["Index.dat"].values()
        check_index(s, {0: near + far})
        equal(s.at(LEDGER + "Small.dat"), BASE["Small.dat"])
        equal(s.at(r"D:\Moved\SmallOld.dat"), b"".join(new["Small.dat"].values()))


def R77_ranges_need_their_base():
    with Scenario() as s:
        full = made_full(s)
        last, new = made_incremental(s, "backup-components.xml", full)
        s.run(last, "--after", s.run(full).must(0).folder).must(0)
        check_made(s, new)
        check_index(s, new["Index.dat"])
    with Scenario() as s:
        full = made_full(s)
        last, _ = made_incremental(s, "backup-components.xml", full)
        shutil.rmtree(full)
        s.run([last]).must(11)
        with open(os.path.join(last, b"set.json"), "rb") as opened:
            expect(b'"parent":"' in opened.read(), "the set names no parent")
        equal(s.listing(), {})


def R74_a_moved_database_takes_its_differential_ranges_along():
    with Scenario() as s:
        w = s.writer("SqlServerWriter", schema=0x1 | SCHEMA_NEW_TARGET)
        c = w.component("db", lp="server", type="database")
        c.database(r"C:\sql", "db.mdf").log(r"C:\sql", "db.ldf")
        first = noise("first", 300000)
        s.put(r"C:\sql\db.mdf", first)
        s.put(r"C:\sql\db.ldf", b"log one")
        s.put_folder("D:\\")
        s.backup("full").include(c, stamp="1")
        full = s.pack()
        second = noise("second", 300000)
        s.put(r"C:\sql\db.mdf", second)
        s.put(r"C:\sql\db.ldf", b"log two, longer")
        s.backup("differential").include(c, stamp="2", previous_stamp="1").partial(
            r"C:\sql", "db.mdf", "65536:8192, 0x30000:0x2000")
        differential = s.pack("--parent", full)
        s.place(r"C:\sql\db.mdf", b"another database of that name")
        moves = [word for name in ("db.mdf", "db.ldf")
                 for word in ("--new-target", rf"{c.selector}|C:\sql|{name}|no|D:\moved")]
        s.run([differential], *moves, "--strict-chain").must(0)
        wanted = bytearray(first)
        for offset, length in ((65536, 8192), (0x30000, 0x2000)):
            wanted[offset:offset + length] = second[offset:offset + length]
        expect(s.at(r"D:\moved\db.mdf") == bytes(wanted), "the database is not what it should be")
        equal(s.at(r"D:\moved\db.ldf"), b"log two, longer")
        equal(s.at(r"C:\sql\db.mdf"), b"another database of that name")


if __name__ == "__main__":
    run_rules(globals())
