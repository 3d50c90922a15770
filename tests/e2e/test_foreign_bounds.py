"""Plans of other front ends at their bounds: little memory, large chunks, numbers beyond 32 bits.
"""

import ctypes
import os
import sys

from foreign import DATA, Plan, chunk, library, text
from harness import PROGRAM, TRIM, Folder, Skip, command, expect, run_cases


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


def numbers_beyond_32_bits():
    """A chunk of more than 4 GiB, and one that goes behind as much: neither takes space here."""
    if TRIM:
        raise Skip("campaigns are trimmed: 4 GiB are read twice")
    size = (4 << 30) + 7
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


CASES = {case.__name__.replace("_", " "): case for case in (
    little_memory_is_enough, memory_does_not_grow_with_a_chunk, numbers_beyond_32_bits)}

if __name__ == "__main__":
    run_cases(CASES)
