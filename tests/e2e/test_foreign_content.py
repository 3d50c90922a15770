"""Plans of other front ends: whatever form the stored bytes have, the files come back.

Plain files, frames and blocks of lz4, many chunks and holes, folders, links and names; and the
example's plan.
"""

import base64
import json
import os
import sys
import time

import schemas
from foreign import DATA, TIME_NS, TIME_S, Plan, chunk, is_valid, lz4_block, text
from harness import LONG, SOURCE_ROOT, TRIM, Folder, command, expect, run_cases, vssrestore


def plain_files_come_back():
    with Folder() as folder:
        plan = Plan(folder)
        for number, size in enumerate((0, 1, 100, 65536, (1 << 20) - 1, 1 << 20, (1 << 20) + 1,
                                       5000001)):
            plan.plain(f"a/b{number % 2}/file {number}", text(size))
        summary = plan.run().json()
        expect(summary["exit_code"] == 0 and summary["files"]["failed"] == 0, f"{summary}")
        plan.check()
        facts = os.stat(plan.path("a/b1/file 3"))
        expect(facts.st_mtime_ns == TIME_S * 10**9 + TIME_NS, "the modify time")
        expect(facts.st_mode & 0o777 == 0o640, "the mode")
        plan.verify()


def what_lz4_writes_comes_back():
    forms = [(), ("-B4",), ("-BD",), ("-B4", "-BD"), ("--content-size",), ("-1",), ("-9",),
             ("--no-frame-crc",), ("-BX",), ("-B5", "-BD", "-BX", "--content-size", "-9")]
    with Folder() as folder:
        plan = Plan(folder)
        for number, options in enumerate(forms):
            for size in (1, 70000, 9000001):
                data = text(size)
                stored = plan.lz4(data, *options)
                plan.file(f"{number}/{size}", data,
                          [chunk(plan.store(stored), data, "lz4-frame", len(stored))])
        noise = DATA.randbytes(4500000) # blocks that lz4 keeps as they are
        stored = plan.lz4(noise, "-BD")
        plan.file("noise", noise, [chunk(plan.store(stored), noise, "lz4-frame", len(stored))])
        plan.run()
        plan.check()
        plan.verify()


def frames_follow_each_other():
    with Folder() as folder:
        plan = Plan(folder)
        parts = [text(200000), text(10), text(5000000)]
        skippable = b"\x5a\x2a\x4d\x18" + (70000).to_bytes(4, "little") + bytes(70000)
        stored = skippable.join(plan.lz4(part, "-BD") for part in parts)
        data = b"".join(parts)
        name = plan.store(b"before" + stored + b"behind")
        plan.file("all", data, [chunk(name, data, "lz4-frame", len(stored), 6, 32)])
        plan.run()
        plan.check()


def blocks_come_back():
    with Folder() as folder:
        plan = Plan(folder)
        whole = b""
        wanted = []
        for size in (1, 1000, 3000000, 16 << 20):
            data = text(size)
            stored = lz4_block(data)
            wanted.append((data, len(whole), len(stored)))
            whole += stored
        name = plan.store(whole)
        for number, (data, offset, length) in enumerate(wanted):
            plan.file(f"{number}", data, [chunk(name, data, "lz4-block", length, offset)])
        plan.run()
        plan.check()


def a_file_of_many_chunks_and_holes():
    with Folder() as folder:
        plan = Plan(folder)
        data = bytearray(20000000)
        chunks = []
        for number, codec in enumerate(("none", "lz4-frame", "lz4-block") * 3):
            at = number * 2000000 + 5000
            piece = text(1200000 + number)
            data[at:at + len(piece)] = piece
            stored = (piece if codec == "none" else plan.lz4(piece) if codec == "lz4-frame"
                      else lz4_block(piece))
            chunks.append(chunk(plan.store(stored), piece, codec, len(stored), at=at))
        plan.file("holes", bytes(data), chunks, sparse=True)
        plan.file("empty", bytes(3000000), [], sparse=True)
        pieces = [text(900000) for _ in range(9)]
        one = plan.store(b"".join(pieces))
        plan.file("in a row", b"".join(pieces),
                  [chunk(one, piece, offset=900000 * number, digits=32 if number % 2 else 16)
                   for number, piece in enumerate(pieces)])
        plan.run("--workers", "4")
        plan.check()
        blocks = os.stat(plan.path("holes")).st_blocks * 512
        expect(blocks < 14000000, f"holes stay holes: {blocks} bytes")
        plan.verify()


def folders_links_and_names():
    with Folder() as folder:
        plan = Plan(folder)
        data = text(100000)
        plan.plain("first/one", data)
        plan.files.append({"t": "file", "unit": 0, "kind": "hardlink", "path": plan.path("two"),
                           "link": plan.path("first/one")})
        plan.contents["two"] = data
        plan.files.append({"t": "file", "unit": 0, "kind": "directory", "mode": 0o700,
                           "path": plan.path("a folder/of its own"), "modify_s": TIME_S})
        plan.files.append({"t": "file", "unit": 0, "kind": "reparse", "path": plan.path("link"),
                           "target": "../no\where"})
        plan.file("no time", b"", [])
        del plan.files[-1]["modify_s"], plan.files[-1]["modify_ns"]
        odd = "line\nbreak \x1b[31m back\\slash"
        plan.plain(odd, b"odd")
        raw = folder / "out" + b"/no text \xff"
        records = plan.records()
        records.insert(-1, {"t": "file", "unit": 0, "size": 0, "chunks": [],
                            "path_b64": base64.b64encode(raw).decode()})
        records[0]["files"] += 1
        plan.write(records)
        plan.run(write=False)
        expect(os.path.exists(raw), "a name that is no text")
        os.remove(raw)
        expect(os.readlink(plan.path("link")) == "../no\where", "the link")
        os.remove(plan.path("link"))
        expect(os.path.samefile(plan.path("two"), plan.path("first/one")), "one file, two names")
        facts = os.stat(plan.path("a folder/of its own"))
        expect(facts.st_mode & 0o777 == 0o700 and facts.st_mtime == TIME_S, "the folder")
        expect(abs(os.stat(plan.path("no time")).st_mtime - time.time()) < 1000, "its own time")
        plan.check()


def many_small_files_of_one_stored_file():
    with Folder() as folder:
        plan = Plan(folder)
        whole, offset = [], 0
        for number in range(10000 if LONG else 1000 if TRIM else 3000):
            data = b"%d: " % number + DATA.randbytes(number % 200)
            whole.append(data)
            plan.file(f"{number % 50}/{number}", data, [chunk("all", data, offset=offset)])
            offset += len(data)
        plan.store(b"".join(whole), "all")
        plan.run()
        plan.check()


def names_equal_but_for_case_stand_side_by_side():
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("Name", b"1")
        plan.plain("nAME", b"2")
        plan.run()
        plan.check()


def the_example_makes_such_a_plan():
    with Folder() as folder:
        os.makedirs(folder / "source/deep/empty")
        os.makedirs(folder / "media")
        os.makedirs(folder / "out")
        for name, size in (("a", 0), ("b", 100), ("deep/c", 6000000)):
            with open(folder / "source" + b"/" + name.encode(), "wb") as out:
                out.write(text(size))
        os.symlink("deep/c", folder / "source/link")
        for name in (b"latin \xe9", b"deep/\xff\xfe"): # no text
            with open(folder / "source" + b"/" + name, "wb") as out:
                out.write(b"of " + name)
        os.symlink(b"to \xe9", folder / "source" + b"/\xe0")
        os.mkfifo(folder / "source/deep/pipe")
        made = command([sys.executable, os.path.join(SOURCE_ROOT, "tools", "examples",
                                                     "foreign_plan.py"),
                        folder / "source", folder / "media", folder / "out"])
        expect(made.err.count(b"left out: ") == 1 and b"deep/pipe" in made.err, made.told())
        os.remove(folder / "source/deep/pipe")
        with open(folder / "plan", "wb") as out:
            out.write(made.out)
        if schemas.jsonschema is not None:
            with open(folder / "plan", encoding="utf-8") as lines:
                for line in lines:
                    is_valid(json.loads(line))
        vssrestore("run", "--plan", folder / "plan", "--run-dir", folder / "run", "--json")
        vssrestore("verify", "--plan", folder / "plan")
        command(["diff", "-r", "--no-dereference", folder / "source", folder / "out"])


CASES = {case.__name__.replace("_", " "): case for case in (
    plain_files_come_back, what_lz4_writes_comes_back, frames_follow_each_other, blocks_come_back,
    a_file_of_many_chunks_and_holes, folders_links_and_names,
    many_small_files_of_one_stored_file, names_equal_but_for_case_stand_side_by_side,
    the_example_makes_such_a_plan)}

if __name__ == "__main__":
    run_cases(CASES)
