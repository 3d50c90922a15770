#!/usr/bin/env python3
"""A plan with media of its own: a folder's files, stored by the command lz4, and where they go.

    foreign_plan.py FOLDER MEDIA DESTINATION    > plan.jsonl
    vssrestore run --plan plan.jsonl

Each file becomes MEDIA/NUMBER.lz4; the folder DESTINATION must be there when the plan is run.
Pipes, sockets and devices are left out, which standard error tells.
"""

import base64
import ctypes
import json
import os
import stat
import subprocess
import sys

XXHASH = ctypes.CDLL("libxxhash.so.0") # the program itself is linked to it
XXHASH.XXH3_createState.restype = ctypes.c_void_p
XXHASH.XXH3_64bits_digest.restype = ctypes.c_uint64


def xxh3(path):
    state = ctypes.c_void_p(XXHASH.XXH3_createState())
    XXHASH.XXH3_64bits_reset(state)
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            XXHASH.XXH3_64bits_update(state, piece, ctypes.c_size_t(len(piece)))
    return f"{XXHASH.XXH3_64bits_digest(state):016x}"


def named(key, path):
    """A path as a member: its text, or its bytes where they are no text."""
    try:
        return {key: path.decode()}
    except UnicodeDecodeError:
        return {f"{key}_b64": base64.b64encode(path).decode()}


def record(path, destination, media, number):
    facts = os.lstat(path)
    told = {"t": "file", "unit": 0, **named("path", destination), "mode": facts.st_mode & 0o777,
            "modify_s": facts.st_mtime_ns // 10**9, "modify_ns": facts.st_mtime_ns % 10**9}
    if os.path.islink(path):
        return {**told, "kind": "reparse", **named("target", os.readlink(path))}
    if os.path.isdir(path):
        return {**told, "kind": "directory"}
    stored = os.path.join(media, b"%d.lz4" % number)
    if facts.st_size > 0:
        subprocess.run(["lz4", "-q", "-f", path, stored], check=True)
    chunks = [{**named("file", stored), "offset": 0, "length": os.path.getsize(stored),
               "codec": "lz4-frame", "size": facts.st_size, "xxh3": xxh3(path)}] if facts.st_size > 0 else []
    return {**told, "size": facts.st_size, "chunks": chunks}


def is_kept(path):
    kind = stat.S_IFMT(os.lstat(path).st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        print(f"left out: {path!r} is no file, folder or symbolic link", file=sys.stderr)
    return kind in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)


def main(folder, media, destination):
    paths = [path for top, folders, files in os.walk(folder)
             for path in (os.path.join(top, name) for name in sorted(folders + files))
             if is_kept(path)]
    records = [record(path, os.path.join(destination, os.path.relpath(path, folder)), media, number)
               for number, path in enumerate(paths)]
    print(json.dumps({"t": "plan", "v": 1, "set": None, "units": 1, "files": len(records),
                      "bytes": sum(each.get("size", 0) for each in records),
                      "volumes": [{"spec": "C:", **named("dir", destination)}]}))
    for each in [{"t": "unit", "id": 0, "component": "files"}, *records, {"t": "end"}]:
        print(json.dumps(each))


main(*(os.path.abspath(os.fsencode(path)) for path in sys.argv[1:]))
