"""Plans of other front ends, with media of their own, in the making: stored files as they are, what
the command lz4 writes, single blocks; what they must come to is checked. Shared by the tests of
what becomes of such plans.
"""

import ctypes
import json
import os
import random

import schemas
from harness import Skip, command, expect, path_of, vssrestore

TIME_S, TIME_NS = 1700000000, 123456700
DATA = random.Random(7)


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


def flip(_plan, path, _chunk):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
