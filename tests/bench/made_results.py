"""Results of the benchmark made by hand, with the answer known. Shared by its tests."""

import os
import sys

sys.dont_write_bytecode = True
SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE_ROOT, "bench"))

from harness.rows import CEILING, PEER, PRODUCT

NONE, UNIT, LZ4 = "vssrestore, durability none", "vssrestore, durability unit", "unsquashfs lz4"


def row(name, kind, seconds, **more):
    middle = sorted(seconds)[len(seconds) // 2]
    return {"row": name, "kind": kind, "seconds": list(seconds), "median": middle,
            "min": min(seconds), "max": max(seconds), "mb_per_second": 500 / middle,
            "files_per_second": 1000 / middle, **more}


def result(*rows, **more):
    return {"format": 2, "corpus": "S", "share": 1, "description": "small files", "files": 1000,
            "bytes": 500000000, "data_bytes": 500000000, "set_bytes": 300000000,
            "pack_seconds": 1.0, "threads": 2, "drop_caches": False,
            "target": "tmpfs", "target_kind": "tmpfs", "media": "warm",
            "rounds": 3, "squashfs_block": "1M", "missing": ["borg lz4"],
            "failed": {}, "holes": {}, "machine": "2 x a machine", "memory": "24 GB",
            "kernel": "6.1", "commit": "abc", "load_before": 0.1, "time": "now",
            "rows": list(rows), **more}


def usual(seconds=1.0):
    """The product at so many seconds, with its peer at 2 and its ceiling at 0.8."""
    line = [[0.1 * i, 50000000 * i, 100 * i] for i in range(11)]
    return result(
        row(NONE, PRODUCT, [seconds] * 3, durability="none", against_unsquashfs=2.0 / seconds,
            of_ceiling=0.8 / seconds, ceiling="bare write + LZ4 decode", ceiling_seconds=0.8,
            timeline=line, peak_bytes=40 << 20, written_bytes=1, written_by="device",
            write_amplification=1.02),
        row(UNIT, PRODUCT, [2 * seconds] * 3, durability="unit", against_unsquashfs=1.5,
            of_ceiling=0.7, ceiling="bare write, synced + LZ4 decode", ceiling_seconds=1.4),
        row("vssrestore verify", PRODUCT, [0.5] * 3, of_ceiling=0.9, ceiling="LZ4 decode + XXH3",
            ceiling_seconds=0.45),
        row("bare write", CEILING, [0.6] * 3), row("bare write, synced", CEILING, [1.2] * 3),
        row("LZ4 decode", CEILING, [0.2] * 3),
        row(LZ4, PEER, [2.0, 2.0, 2.6], timeline=line), row(LZ4 + ", synced", PEER, [3.0] * 3))
