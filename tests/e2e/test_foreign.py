"""Plans of other front ends, with media of their own: plain files, what the command lz4 writes,
single blocks.

Goal: whatever form the stored bytes have, the files come back; a wrong byte, a missing file or a
lie in a number is told, and nothing unverified stands under its name; what was interrupted goes on.
"""

import base64
import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import schemas
from harness import (PROGRAM, SOURCE_ROOT, Failure, Folder, Skip, command, expect, path_of,
                     run_cases, vssrestore)
from test_space import Memory

TIME_S, TIME_NS = 1700000000, 123456700
DATA = random.Random(7)
WAIT_S = 60


def library(name):
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise Skip(f"{name}: {error}") from error


def xxh3(data, digits=16):
    """XXH3-64 of bytes, or XXH3-128 for 32 digits."""
    xxhash = library("libxxhash.so.0")
    if digits == 16:
        xxhash.XXH3_64bits.restype = ctypes.c_uint64
        return f"{xxhash.XXH3_64bits(data, ctypes.c_size_t(len(data))):016x}"

    class Sum(ctypes.Structure):
        _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]
    xxhash.XXH3_128bits.restype = Sum
    whole = xxhash.XXH3_128bits(data, ctypes.c_size_t(len(data)))
    return f"{whole.high:016x}{whole.low:016x}"


def lz4_block(data):
    lz4 = library("liblz4.so.1")
    out = ctypes.create_string_buffer(lz4.LZ4_compressBound(len(data)))
    count = lz4.LZ4_compress_default(data, out, len(data), len(out))
    expect(count > 0, "lz4 compresses")
    return out.raw[:count]


def text(count):
    """Bytes that shrink, and some that do not."""
    line = DATA.randbytes(90) + b"the same again and again " * 20
    return b"".join(line[:DATA.randrange(len(line))] + DATA.randbytes(3)
                    for _ in range(count // 250 + 2))[:count]


class Plan:
    """A plan in the making: stored files in folder/media, places below folder/out."""

    def __init__(self, folder, **head):
        self.folder, self.head = folder, head
        self.units, self.files, self.contents = [], [], {}
        self.number = 0
        os.makedirs(folder / "media", exist_ok=True)
        os.makedirs(folder / "out", exist_ok=True)

    def unit(self, component="files", **more):
        self.units.append({"t": "unit", "id": len(self.units), "component": component, **more})

    def store(self, data, name=None):
        """Bytes as a stored file: its name."""
        name = name or f"stored-{self.number}"
        self.number += 1
        with open(self.folder / "media" + b"/" + os.fsencode(name), "wb") as out:
            out.write(data)
        return name

    def lz4(self, data, *options):
        """What the command lz4 writes of the bytes."""
        source, name = self.folder / "source", self.folder / "source.lz4"
        with open(source, "wb") as out:
            out.write(data)
        command(["lz4", "-q", "-f", *options, source, name])
        with open(name, "rb") as made:
            return made.read()

    def path(self, name):
        return os.fsdecode(self.folder / "out" + b"/" + os.fsencode(name))

    def file(self, name, data, chunks, **more):
        """data: what it must come to; None: it must not be there."""
        if not self.units:
            self.unit()
        self.contents[name] = data
        record = {"t": "file", "unit": len(self.units) - 1, "path": self.path(name),
                  "size": len(data or b""), "chunks": chunks, "modify_s": TIME_S,
                  "modify_ns": TIME_NS, "mode": 0o640, **more}
        self.files.append(record)
        return record

    def plain(self, name, data, **more):
        chunks = [chunk(self.store(data), data)] if data else []
        return self.file(name, data, chunks, **more)

    def records(self):
        head = {"t": "plan", "v": 1, "set": None, "media": os.fsdecode(self.folder / "media"),
                "volumes": [{"spec": "C:", "dir": os.fsdecode(self.folder / "out")}],
                "units": len(self.units), "files": len(self.files),
                "bytes": sum(file.get("size", 0) for file in self.files), **self.head}
        return [head, *self.units, *self.files, {"t": "end"}]

    def write(self, records=None, check=True):
        records = records or self.records()
        with open(self.folder / "plan", "w", encoding="utf-8") as out:
            out.writelines(json.dumps(record) + "\n" for record in records)
        if check and schemas.jsonschema is not None:
            for record in records:
                is_valid(record)

    def run(self, *options, codes=(0,), write=True, run_dir="run"):
        if write:
            self.write()
        return vssrestore("run", "--plan", self.folder / "plan", "--run-dir",
                          self.folder / run_dir, "--json", *options, codes=codes)

    def verify(self, codes=(0,)):
        return vssrestore("verify", "--plan", self.folder / "plan", codes=codes)

    def rows(self, run_dir="run"):
        with open(self.folder / run_dir + b"/report.jsonl", encoding="utf-8") as rows:
            return {path_of(row, "path"): row for row in map(json.loads, rows)}

    def row(self, name):
        return self.rows()[self.folder / "out" + b"/" + os.fsencode(name)]

    def outcome(self, name):
        return self.row(name)["outcome"]

    def check(self):
        """What stands there is what was planned, and nothing else."""
        found = {}
        for top, _, names in os.walk(self.folder / "out"):
            for name in names:
                path = os.path.join(top, name)
                with open(path, "rb") as file:
                    found[os.fsdecode(os.path.relpath(path, self.folder / "out"))] = file.read()
        wanted = {name: data for name, data in self.contents.items() if data is not None}
        expect(sorted(found) == sorted(wanted), f"found {sorted(found)}, not {sorted(wanted)}")
        for name, data in wanted.items():
            expect(found[name] == data, f"the content of {name}: {len(data)} bytes")


def chunk(stored, data, codec="none", length=None, offset=0, digits=16, **more):
    return {"file": stored, "offset": offset, "length": length or len(data), "codec": codec,
            "size": len(data), "xxh3": xxh3(data, digits), **more}


_validators = {}


def is_valid(record):
    kind = record["t"]
    if kind not in _validators:
        whole = schemas.load("foreign-plan")
        _validators[kind] = schemas.jsonschema.Draft202012Validator(
            {"$defs": whole["$defs"], "$ref": f"#/$defs/{kind}"})
    wrong = list(_validators[kind].iter_errors({"kind": "plain", **record} if kind == "file"
                                               else record))
    expect(not wrong, f"the schema does not take {record}: {wrong[:1]}")


# --- what comes back ---

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


def ten_thousand_small_files_of_one_stored_file():
    with Folder() as folder:
        plan = Plan(folder)
        whole, offset = [], 0
        for number in range(10000):
            data = b"%d: " % number + DATA.randbytes(number % 200)
            whole.append(data)
            plan.file(f"{number % 50}/{number}", data, [chunk("all", data, offset=offset)])
            offset += len(data)
        plan.store(b"".join(whole), "all")
        plan.run()
        plan.check()


def little_memory_is_enough():
    with Folder() as folder:
        plan = Plan(folder)
        data = text(30000000)
        stored = plan.lz4(data)
        plan.file("large", data, [chunk(plan.store(stored), data, "lz4-frame", len(stored))])
        plan.run("--memory", "6000000", "--workers", "1", codes=(50,))
        verified = plan.run("--sink", "null", run_dir="null", codes=(3,)).json()["verified"]
        expect(verified == {"files": 1, "bytes": len(data)}, f"{verified}")
        plan.run("--memory", "14000000", "--workers", "1")
        plan.check()


def numbers_beyond_32_bits():
    """A chunk of more than 4 GiB, and one that goes behind as much: neither takes space here."""
    size = (5 << 30) + 7
    with Folder() as folder:
        plan = Plan(folder)
        piece = bytes(1 << 20)
        xxhash = library("libxxhash.so.0")
        xxhash.XXH3_createState.restype = ctypes.c_void_p
        xxhash.XXH3_64bits_digest.restype = ctypes.c_uint64
        state = ctypes.c_void_p(xxhash.XXH3_createState())
        xxhash.XXH3_64bits_reset(state)
        for at in range(0, size, len(piece)):
            xxhash.XXH3_64bits_update(state, piece, ctypes.c_size_t(min(len(piece), size - at)))
        name = plan.store(b"")
        os.truncate(folder / "media" + b"/" + name.encode(), size)
        plan.file("large", None, [{**chunk(name, b"", length=size), "size": size,
                                   "xxh3": f"{xxhash.XXH3_64bits_digest(state):016x}"}], size=size)
        verified = plan.run("--sink", "null", codes=(3,)).json()["verified"]
        expect(verified == {"files": 1, "bytes": size}, f"{verified}")
        del plan.files[0]
        data = text(3000000)
        plan.file("far", None, [chunk(plan.store(data), data, at=size)], size=size + 2 * len(data),
                  sparse=True)
        plan.run(run_dir="far")
        with open(plan.path("far"), "rb") as far:
            expect(os.fstat(far.fileno()).st_size == size + 2 * len(data), "the size")
            far.seek(size)
            expect(far.read() == data + bytes(len(data)), "the content")
        expect(os.stat(plan.path("far")).st_blocks * 512 < 2 * len(data), "holes stay holes")
        plan.verify()


# Prints the peak of a program that it starts: not of this process, which holds the files itself.
WATCH = """
import os, sys
_, status, used = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ), 0)
print(used.ru_maxrss)
sys.exit(status != 0)
"""


def memory_does_not_grow_with_a_chunk():
    """What one worker takes at most, for a chunk of 2 MB and for chunks of 60 MB."""
    def peak(size):
        with Folder() as folder:
            plan = Plan(folder)
            data = DATA.randbytes(1 << 20) * (size >> 20)
            stored = plan.lz4(data, "-BD")
            plan.file("frame", data, [chunk(plan.store(stored), data, "lz4-frame", len(stored))])
            plan.file("plain", data, [chunk(plan.store(data), data)])
            plan.write()
            told = command([sys.executable, "-c", WATCH, PROGRAM, "run", "--plan", folder / "plan",
                            "--run-dir", folder / "run", "--workers", "1", "--quiet"])
            plan.check()
            return told.json()
    small, large = peak(2 << 20), peak(60 << 20)
    expect(large < small + 12000, f"{small} and {large} KB at the most")


def what_is_told_of_a_run():
    with Folder() as folder:
        plan = Plan(folder)
        plan.unit("first", writer_name="A front end", logical_path="lp")
        plan.plain("a", text(3000))
        plan.run()
        expect(not os.path.exists(folder / "run/backup-components.xml"), "no document")
        vssrestore("report", folder / "run", "-o", folder / "page.html")
        with open(folder / "page.html", encoding="utf-8") as page:
            expect("A front end" in page.read(), "the page names the unit")
        expect(b"A front end" in vssrestore("inspect", folder / "run").out, "so does inspect")
        again = vssrestore("resume", folder / "run", "--json").json()
        expect(again["exit_code"] == 0, f"a run that is over is repeated: {again}")


def a_plan_in_a_pipe_is_refused():
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", text(10))
        plan.contents.clear()
        plan.write()
        os.mkfifo(folder / "pipe")
        pipe = os.open(folder / "pipe", os.O_RDWR)
        with open(folder / "plan", "rb") as file:
            os.write(pipe, file.read())
        for path in (folder / "pipe", f"/dev/fd/{pipe}"):
            result = vssrestore("run", "--plan", path, "--run-dir", folder / "run", codes=(11,),
                                pass_fds=(pipe,))
            expect(b"no regular file" in result.err and b"write it into one" in result.err,
                   result.told())
        os.close(pipe)
        plan.check()


def what_is_to_be_done_about_damage_is_told():
    """There is no set that could be verified."""
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", text(3000))
        os.remove(folder / "media/stored-0")
        plan.run(codes=(20, 21))
        for words in (("resume", folder / "run"), ("inspect", folder / "run")):
            told = vssrestore(*words, codes=(0, 20, 21)).out
            expect(b" files  [" in told or b" files, " in told, f"a unit of no writer: {told}")
            expect(b": files" not in told, f"a unit of no writer: {told}")
        vssrestore("report", folder / "run", "-o", folder / "page.html")
        with open(folder / "page.html", encoding="utf-8") as page:
            told = page.read()
        expect("vssrestore verify" not in told and "Set folder" not in told, "a plan is no set")
        expect("Mend the stored files" in told, "what to do is told")
        expect(os.fsdecode(folder / "plan") in told, "the plan is named")


def sums_without_bytes():
    """The null sink reads and verifies, and touches nothing."""
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", text(5000))
        plan.file("b", None, [chunk(plan.store(b"x"), b"y")], size=1)
        plan.contents["a"] = None
        plan.run("--sink", "null", codes=(20,))
        plan.check()


# --- what is wrong with the media ---

def broken_plan(folder, damage, size=3000000, codec="lz4-frame", **more):
    """Two units: a file whose media damage() is told to damage, and one that is right."""
    plan = Plan(folder)
    data = text(size)
    stored = plan.lz4(data) if codec == "lz4-frame" else data
    name = plan.store(stored)
    plan.file("wrong", data, [chunk(name, data, codec, len(stored))], **more)
    plan.plain("beside it", b"of the same unit")
    plan.unit("other")
    plan.plain("right", b"of another")
    damage(plan, plan.folder / "media" + b"/" + name.encode(), plan.files[0]["chunks"][0])
    plan.contents["wrong"] = plan.contents["beside it"] = None
    return plan


def damage_is_told(damage, outcome, code, detail=None, **more):
    with Folder() as folder:
        plan = broken_plan(folder, damage, **more)
        summary = plan.run(codes=(code,)).json()
        plan.check()
        expect([unit["status"] for unit in summary["units"]] == ["NONE", "ALL"], f"{summary}")
        expect(plan.outcome("wrong") == outcome, plan.outcome("wrong"))
        if detail is not None:
            expect(detail in (plan.row("wrong")["detail"] or ""), f"{plan.row('wrong')}")
        expect(plan.row("right")["detail"] is None, f"{plan.row('right')}")
        expect(plan.outcome("beside it") == "WITHDRAWN", plan.outcome("beside it"))
        expect(plan.outcome("right") == "RESTORED", plan.outcome("right"))
        plan.verify(codes=(4,))


def flip(_plan, path, _chunk):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def a_wrong_checksum_is_caught():
    def lie(_plan, _path, told):
        told["xxh3"] = ("0" if told["xxh3"][0] != "0" else "1") + told["xxh3"][1:]
    for codec in ("none", "lz4-frame"):
        for size in (10, 3000000):
            damage_is_told(lie, "MEDIA_CORRUPT", 20, "checksum", codec=codec, size=size)


def a_flipped_byte_is_caught():
    for codec in ("none", "lz4-frame"):
        damage_is_told(flip, "MEDIA_CORRUPT", 20, "chunk", codec=codec)


def a_stored_file_cut_short_is_caught():
    for codec in ("none", "lz4-frame"):
        damage_is_told(lambda _plan, path, _chunk: os.truncate(path, os.path.getsize(path) - 1),
                       "MEDIA_CORRUPT", 20, "ends inside a chunk", codec=codec)


def a_missing_stored_file_is_told():
    damage_is_told(lambda _plan, path, _chunk: os.remove(path), "MEDIA_MISSING", 20)


def what_is_no_file_is_not_read():
    def folder_of(_plan, path, _chunk):
        os.remove(path)
        os.mkdir(path)

    def pipe_of(_plan, path, _chunk):
        os.remove(path)
        os.mkfifo(path)
    damage_is_told(folder_of, "MEDIA_MISSING", 20)
    damage_is_told(pipe_of, "MEDIA_MISSING", 20)


def a_frame_of_another_size_is_caught():
    def more(plan, _path, told):
        told["size"] -= 1
        plan.files[0]["size"] -= 1

    def fewer(plan, _path, told):
        told["size"] += 1
        plan.files[0]["size"] += 1

    def cut(_plan, _path, told):
        told["length"] -= 5

    def shifted(_plan, _path, told):
        told["offset"] += 1
        told["length"] -= 1
    for damage, detail in ((more, "holds more than the plan says"), (fewer, "more or fewer bytes"),
                           (cut, "frame"), (shifted, "no LZ4 frame")):
        damage_is_told(damage, "MEDIA_CORRUPT", 20, detail)


def a_bomb_ends_at_its_size():
    with Folder() as folder:
        plan = Plan(folder)
        stored = plan.lz4(bytes(50 << 20))
        plan.file("bomb", None, [chunk(plan.store(stored), b"small", "lz4-frame", len(stored))],
                  size=5)
        plan.run(codes=(20,))
        plan.check()


# --- what is wrong with the plan ---

def refused(change, *words, code=41):
    """A plan that change() makes wrong, in a list of its records."""
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", b"of a")
        plan.plain("b", b"of b")
        plan.unit("second")
        plan.plain("folder/c", text(3000))
        records = plan.records()
        change(records)
        plan.contents.clear()
        plan.write(records, check=False)
        result = plan.run(write=False, codes=(code,))
        plan.check()
        expect(code != 41 or (b"cannot use the plan " + folder / "plan" in result.err and
                              b"vssrestore-plan(5)" in result.err),
               f"what was tried, on what, what to do: {result.told()}")
        for word in words:
            expect(word.encode() in result.err, f"{word} is told: {result.told()}")


def edit(number, **members):
    def change(records):
        records[number].update(members)
    return change


def edit_chunk(**members):
    def change(records):
        records[3]["chunks"][0].update(members)
    return change


def lies_are_refused_with_their_line():
    big = 2**63 - 1
    for members, word in (
            ({"offset": big}, "beyond what a file can hold"),
            ({"offset": -1}, "out of bounds"), ({"offset": 2**64}, "line 4"),
            ({"offset": "0"}, "wrong type"), ({"length": 0}, "no bytes"),
            ({"length": big, "offset": 1}, "beyond"), ({"length": 3}, "another length"),
            ({"size": 0}, "no bytes"), ({"size": 5}, "beyond the file's size"),
            ({"size": big, "length": big}, "beyond the file's size"),
            ({"at": 1}, "beyond the file's size"), ({"at": big}, "beyond the file's size"),
            ({"codec": "gzip"}, "\"gzip\""), ({"codec": 1}, "wrong type"),
            ({"xxh3": ""}, "hexadecimal"), ({"xxh3": "0" * 15}, "hexadecimal"),
            ({"xxh3": "0" * 15 + "G"}, "hexadecimal"), ({"xxh3": "A" * 16}, "hexadecimal"),
            ({"file": ""}, "names no file"), ({"file": "x" * 5000}, "names no file"),
            ({"file": None}, "wrong type"), ({"seed": 1}, "\"seed\" is not known")):
        refused(edit_chunk(**members), "line 4", word)
    refused(edit_chunk(codec="lz4-block", size=(16 << 20) + 1, length=5), "line 4")
    refused(edit(3, size=big), "line 4", "add up")
    refused(edit(3, size=5), "line 4", "add up")
    refused(edit(3, chunks=[]), "line 4", "add up")
    refused(edit(3, kind="partial"), "line 4", "\"partial\"")
    refused(edit(3, ranges=None), "line 4", "\"ranges\" is not known")
    refused(edit(3, unit=2), "line 4", "no unit")
    refused(edit(3, unit=1), "line 5", "later unit")
    refused(edit(3, modify_ns=10**9), "line 4", "out of bounds")
    refused(edit(3, mode=0o10000), "line 4", "out of bounds")

    def timeless(records):
        records[0]["overwrite"] = "if-newer"
        del records[4]["modify_s"], records[4]["modify_ns"]
    refused(timeless, "line 5", "\"modify_s\"", "if-newer")
    refused(edit(2, id=0), "line 3", "numbered")
    refused(edit(2, writer="x"), "line 3", "uuid")
    for members, word in (
            ({"v": 2}, "version 1"), ({"units": 3}, "not as many"), ({"files": 4}, "not as many"),
            ({"files": 2}, "more files"), ({"bytes": 1}, "not as many bytes"),
            ({"overwrite": "ask"}, "\"ask\""), ({"choices": []}, "\"choices\" is not known"),
            ({"media": "x"}, "root of the file system")):
        refused(edit(0, **members), word)
    refused(lambda records: records.pop(), "cut short")
    refused(lambda records: records.append({"t": "end"}), "behind the end")
    refused(lambda records: records.insert(4, {"t": "unit", "id": 2, "component": "x"}), "line 5")

    def overlap(records):
        one = records[3]["chunks"][0]
        records[3]["chunks"] = [{**one, "size": 2, "length": 2}, {**one, "size": 3, "length": 3,
                                                                  "at": 1}]
    refused(overlap, "line 4", "before the end of the one before")

    def gap(records):
        one = records[3]["chunks"][0]
        records[3]["chunks"] = [{**one, "size": 2, "length": 2}, {**one, "size": 1, "length": 1,
                                                                  "at": 3}]
    refused(gap, "line 4", "gap")


def places_outside_are_refused():
    for path, word in (
            ("/etc/x", "none of the plan's volumes"), ("x", "none of the plan's volumes"),
            ("", "none of the plan's volumes")):
        refused(edit(3, path=path), "line 4", word)
    for tail, word in (("/../x", "\"..\""), ("/y/../../x", "\"..\""), ("/./x", "\"..\""),
                       ("//x", "empty name"), ("/", "empty name"), ("", "volumes"),
                       ("/" + "n" * 800, "longer than a name"),
                       ("/.vssrestore-x/y", "our own folders"), ("/a", "twice"),
                       ("/a/x", "what the plan calls a file"), ("/folder", "line 6")):
        def change(records, tail=tail):
            records[4]["path"] = records[0]["volumes"][0]["dir"] + tail
        refused(change, word)
    for volumes, word in (([{"spec": "C:", "dir": "relative"}], "root of the file system"),
                          ([{"spec": "C:", "dir": "/a/../b"}], "\"..\""),
                          ([{"spec": "C:", "dir": "/a/"}], "ends with"),
                          ([{"spec": "nothing", "dir": "/"}], "nothing"),
                          ([{"spec": "C:\\Mounts", "dir": "/"}], "no letter"),
                          ([{"spec": "C:", "dir": "/x"}, {"spec": "C:", "dir": "/y"}], "C:"),
                          ([{"spec": "C:", "dir": "/x"}, {"spec": "D:", "dir": "/x"}], "already")):
        refused(edit(0, volumes=volumes), "line 1", word)
    refused(edit(0, volumes=[{"spec": "C:", "dir": "/no such folder"}]), "volumes")


def a_volume_that_is_not_there_is_selection():
    with Folder() as folder:
        plan = Plan(folder)
        plan.head["volumes"] = [{"spec": "C:", "dir": os.fsdecode(folder / "gone")}]
        plan.file("a", b"", [], path=os.fsdecode(folder / "gone/a"))
        plan.run(codes=(11,))


# --- what stands at the places ---

def what_stands_there_is_kept_or_replaced():
    for overwrite, kept in ((None, True), ("never", True), ("always", False), ("if-newer", False)):
        with Folder() as folder:
            plan = Plan(folder, **({"overwrite": overwrite} if overwrite else {}))
            plan.plain("a", b"planned")
            plan.plain("b", b"new")
            with open(plan.path("a"), "wb") as there:
                there.write(b"was there")
            os.utime(plan.path("a"), (1, 1))
            plan.run(codes=(1,) if kept else (0,))
            expect(plan.outcome("a") == ("PRESENT" if kept else "RESTORED"), plan.outcome("a"))
            plan.contents["a"] = b"was there" if kept else b"planned"
            plan.check()
            plan.verify(codes=(4,) if kept else (0,))


def a_unit_is_refused_and_others_are_restored():
    with Folder() as folder:
        plan = Plan(folder, overwrite="always")
        plan.plain("a", b"a")
        plan.plain("in the way", b"b")
        plan.unit("second", writer_name="A front end", logical_path="lp")
        plan.plain("c", b"c")
        os.mkdir(plan.path("in the way"))
        summary = plan.run(codes=(3,)).json()
        expect([unit["status"] for unit in summary["units"]] == ["NONE", "ALL"], f"{summary}")
        expect(summary["units"][0]["error"] == "NOT_REPLACEABLE", f"{summary}")
        expect((summary["units"][1]["component"], summary["units"][1]["writer"]) ==
               ("second", "A front end"), f"{summary}")
        os.rmdir(plan.path("in the way"))
        plan.contents["a"] = plan.contents["in the way"] = None
        plan.check()


def further_names_are_told_with_their_unit():
    with Folder() as folder:
        plan = Plan(folder, overwrite="always")
        plan.plain("a", b"a")
        plan.unit("second", writer_name="A front end", logical_path="lp")
        plan.plain("b", b"b")
        for name in ("a", "b"):
            with open(plan.path(name), "wb") as there:
                there.write(b"was there")
            os.link(plan.path(name), folder / "other" + os.fsencode(name))
        told = plan.run().out.decode()
        for unit in ("files have", "A front end: lp\\\\second have"):
            expect(f"1 files to be replaced for {unit} further names" in told, told)
        plan.check()


def a_stored_file_is_never_replaced():
    with Folder() as folder:
        plan = Plan(folder, overwrite="always", media=os.fsdecode(folder / "out"))
        data = text(5000)
        with open(plan.path("media"), "wb") as stored:
            stored.write(data)
        plan.file("media", data, [chunk("media", data[:100]), chunk("media", data[100:],
                                                                    offset=100)])
        summary = plan.run(codes=(3,)).json()
        expect(summary["units"][0]["error"] == "NOT_REPLACEABLE", f"{summary}")
        plan.check()


def the_plan_itself_is_never_replaced():
    """Without it the run could not be gone on with."""
    with Folder() as folder:
        plan = Plan(folder, overwrite="always",
                    volumes=[{"spec": "C:", "dir": os.fsdecode(folder.path)}])
        plan.plain("a", b"a", path=os.fsdecode(folder / "plan"))
        plan.write()
        with open(folder / "plan", "rb") as there:
            before = there.read()
        summary = plan.run(codes=(3,), write=False).json()
        expect(summary["units"][0]["error"] == "NOT_REPLACEABLE", f"{summary}")
        with open(folder / "plan", "rb") as there:
            expect(there.read() == before, "the plan is as it was")


def names_equal_but_for_case_stand_side_by_side():
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("Name", b"1")
        plan.plain("nAME", b"2")
        plan.run()
        plan.check()


def verify_sees_a_change():
    with Folder() as folder:
        plan = Plan(folder)
        data = text(3000000)
        stored = plan.lz4(data)
        plan.file("large", data, [chunk(plan.store(stored), data, "lz4-frame", len(stored))])
        plan.plain("small", b"small")
        plan.write()
        plan.verify(codes=(4,))
        plan.run()
        plan.verify()
        vssrestore("verify", "--plan", folder / "run/plan.bin")
        with open(plan.path("large"), "r+b") as file:
            file.seek(2000000)
            file.write(b"\0!")
        os.utime(plan.path("large"), ns=(0, TIME_S * 10**9 + TIME_NS))
        result = plan.verify(codes=(4,))
        expect(b"large: the content differs" in result.err and b"small" not in result.err,
               result.told())


# --- interrupted ---

def killed(plan, share):
    """Run it slowly, and kill it when so much of its bytes is there; slower still, if it ended."""
    run, told, enough = plan.folder / "run", b"", share * plan.records()[0]["bytes"]
    plan.write()
    for limit in ("15M", "3M", "500K"):
        with subprocess.Popen([PROGRAM, "run", "--plan", plan.folder / "plan", "--run-dir", run,
                               "--throttle", limit, "--quiet"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            while running.poll() is None and done_of(run) < enough:
                time.sleep(0.02)
            running.kill()
        told += b"at most %s a second: ended with %d; " % (limit.encode(), running.returncode)
        if running.returncode == -signal.SIGKILL:
            return
        for path in (run, plan.folder / "out"):
            shutil.rmtree(path)
        os.mkdir(plan.folder / "out")
    raise Failure(f"it was not killed in the middle: {told}")


def done_of(run):
    """How many bytes a run that goes on has restored; 0: it does not answer."""
    if not os.path.exists(run + b"/control"):
        return 0
    told = vssrestore("ctl", run, "status", "--json", codes=None)
    return told.json()["bytes"]["done"] if told.code == 0 else 0


def pause(run):
    """It stands still. Its first event may come before it listens to anybody."""
    end = time.monotonic() + WAIT_S
    while vssrestore("ctl", run, "pause", codes=(0, 11)).code != 0:
        expect(time.monotonic() < end, "no run listens")
        time.sleep(0.02)


def stopped(plan):
    """Run it until it copies, and kill it while it stands still: nothing depends on the moment."""
    plan.write()
    with subprocess.Popen([PROGRAM, "run", "--plan", plan.folder / "plan", "--run-dir",
                           plan.folder / "run", "--throttle", "1M", "--json"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        pause(plan.folder / "run")
        running.send_signal(signal.SIGKILL)


def large_plan(folder):
    plan = Plan(folder)
    pieces = [text(2000000) for _ in range(10)]
    plan.file("chunks", b"".join(pieces),
              [chunk(plan.store(stored), piece, "lz4-frame", len(stored)) for piece, stored in
               ((piece, plan.lz4(piece)) for piece in pieces)])
    plan.plain("one", text(12000000))
    plan.unit("second")
    plan.plain("two", text(3000000))
    return plan


def a_killed_run_goes_on():
    for share in (0.2, 0.5, 0.75):
        with Folder() as folder:
            plan = large_plan(folder)
            killed(plan, share)
            vssrestore("resume", folder / "run", "--json")
            plan.check()
            plan.verify()


def what_was_staged_is_not_made_again():
    """Also where no file's time is told."""
    for timed in (True, False):
        with Folder() as folder:
            plan, held = Plan(folder), []
            for number in range(60):
                record = plan.plain(f"f{number}", text(100000))
                if not timed:
                    del record["modify_s"], record["modify_ns"]
            killed(plan, 0.6)
            try: # open, so that no other file gets their numbers
                for at, _, names in os.walk(folder / "out"):
                    held += [os.open(os.path.join(at, name), os.O_RDONLY) for name in names]
                before = {os.fstat(one).st_ino for one in held}
                vssrestore("resume", folder / "run", "--json")
                kept = sum(os.stat(plan.path(f"f{number}")).st_ino in before
                           for number in range(60))
            finally:
                for one in held:
                    os.close(one)
            expect(kept >= 20, f"{kept} of {len(before)} were kept, timed: {timed}")
            plan.verify()


def what_changed_meanwhile_is_refused():
    def the_plan(plan):
        plan.units[0]["component"] = "another"
        plan.write()

    def a_stored_file(plan):
        flip(plan, plan.folder / "media/stored-3", None)
    for change, told in ((the_plan, b"is another plan"), (a_stored_file, b"a stored file")):
        with Folder() as folder:
            plan = large_plan(folder)
            stopped(plan)
            change(plan)
            result = vssrestore("resume", folder / "run", "--json", codes=(41,))
            expect(told in result.err, f"what changed is told: {result.told()}")


# --- a full disk ---

def filled(path):
    """A file that leaves little room where it is."""
    with open(path, "wb", buffering=0) as out:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                pass
        out.truncate(max(0, out.tell() - (64 << 10)))


def fill_it_up(plan):
    """Run it, and fill its disk when it has begun, and stands still: its exit code."""
    with subprocess.Popen([PROGRAM, "run", "--plan", plan.folder / "plan", "--run-dir",
                           plan.folder / "run", "--throttle", "1M", "--json"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        pause(plan.folder / "run")
        filled(plan.folder / "out/filler")
        for words in (("throttle", "off"), ("resume",)):
            vssrestore("ctl", plan.folder / "run", *words)
        schemas.check_events(running.stdout.read())
    return running.returncode


def a_full_disk_is_told_and_gone_on_with():
    """Each codec in a unit of its own, streamed and in chunks; each needs more than there is."""
    with Folder() as folder, Memory(folder / "out", "size=24m"):
        plan = Plan(folder)
        data = [text(5 << 20) for _ in range(3)]
        plan.unit("none")
        plan.plain("none", data[0])
        plan.unit("frame")
        stored = plan.lz4(data[1])
        plan.file("frame", data[1], [chunk(plan.store(stored), data[1], "lz4-frame", len(stored))])
        plan.unit("block")
        pieces = [data[2][at:at + (2 << 20)] for at in range(0, len(data[2]), 2 << 20)]
        blocks = [(piece, lz4_block(piece)) for piece in pieces]
        plan.file("block", data[2], [chunk(plan.store(block), piece, "lz4-block", len(block))
                                     for piece, block in blocks])
        plan.write()
        expect(fill_it_up(plan) == 30, "a full disk is told as one")
        rows = {os.path.basename(path): row for path, row in plan.rows().items()}
        for name in (b"none", b"frame", b"block"):
            expect((rows[name]["outcome"], rows[name]["errno"]) == ("DEST_FULL", 28), f"{rows}")
        found = [name for name in os.listdir(folder / "out") if not name.startswith(b".vssrestore")]
        expect(found == [b"filler"], f"nothing short is seen: {found}")
        os.remove(folder / "out/filler")
        vssrestore("resume", folder / "run", "--json")
        plan.check()
        plan.verify()


# --- beside it ---

def it_is_no_set():
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", b"a")
        plan.write()
        for verb in ("inspect", "plan", "run"):
            vssrestore(verb, folder / "plan", codes=(2, 11))
        for option in (("--salvage",), ("--bcd-out", folder / "x.xml")):
            plan.run(*option, codes=(2,))


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
    ten_thousand_small_files_of_one_stored_file, little_memory_is_enough,
    memory_does_not_grow_with_a_chunk, numbers_beyond_32_bits, what_is_told_of_a_run,
    a_plan_in_a_pipe_is_refused,
    what_is_to_be_done_about_damage_is_told, sums_without_bytes,
    a_wrong_checksum_is_caught, a_flipped_byte_is_caught, a_stored_file_cut_short_is_caught,
    a_missing_stored_file_is_told, what_is_no_file_is_not_read, a_frame_of_another_size_is_caught,
    a_bomb_ends_at_its_size, lies_are_refused_with_their_line, places_outside_are_refused,
    a_volume_that_is_not_there_is_selection, what_stands_there_is_kept_or_replaced,
    a_unit_is_refused_and_others_are_restored, further_names_are_told_with_their_unit,
    a_stored_file_is_never_replaced,
    the_plan_itself_is_never_replaced, names_equal_but_for_case_stand_side_by_side,
    verify_sees_a_change, a_killed_run_goes_on, what_was_staged_is_not_made_again,
    a_full_disk_is_told_and_gone_on_with, what_changed_meanwhile_is_refused, it_is_no_set, the_example_makes_such_a_plan)}

if __name__ == "__main__":
    run_cases(CASES)
