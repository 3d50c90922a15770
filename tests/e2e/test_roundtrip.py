"""Random trees, packed and restored, come back as they were: names, contents, times, modes, links,
holes.

    test_roundtrip.py [--first SEED] [--count N] [--keep]

Each tree is one recursive component of a set of its own; --ring uring and --ring sync take turns,
and so do destinations where nothing stands, where the folder stands already, and where an earlier
restore stands. What fails is named with its seed; --first SEED --count 1 makes it again.
"""

import argparse
import concurrent.futures
import os
import shutil

from harness import (TRIM, Failure, Folder, expect, expect_none, make_folder, run_cases,
                     vssrestore)
import trees

WRITER = "c0de0001-1234-4abc-9def-0123456789ab"
INSTANCE = "0f3c2b1a-5d6e-4f70-8192-a3b4c5d6e7f8"
BCD = f"""<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2"
bootableSystemStateBackup="no" selectComponents="yes" backupType="full" partialFileSupport="no"
snapshotSetId="6a2f5e1c-7d4b-4f0e-9a51-2b6c8d9e0f11"><WRITER_COMPONENTS instanceId="{INSTANCE}"
writerId="{WRITER}" backupSchema="0"><COMPONENT componentName="Tree" componentType="filegroup"/>
</WRITER_COMPONENTS></BACKUP_COMPONENTS>"""
WMD = f"""<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2"><IDENTIFICATION
writerId="{WRITER}" instanceId="{INSTANCE}" friendlyName="Tree Writer" usage="USER_DATA"
dataSource="OTHER" majorVersion="0" minorVersion="0"/><RESTORE_METHOD
method="RESTORE_IF_CAN_BE_REPLACED" writerRestore="never" rebootRequired="no"/><BACKUP_LOCATIONS>
<FILE_GROUP componentName="Tree" restoreMetadata="no" notifyOnBackupComplete="no" selectable="yes"
selectableForRestore="yes" componentFlags="0"><FILE_LIST path="C:\\Tree" filespec="*"
recursive="yes" filespecBackupType="3855"/></FILE_GROUP></BACKUP_LOCATIONS></WRITER_METADATA>"""


def write_documents(folder):
    os.mkdir(folder)
    for name, text in ((b"bcd.xml", BCD), (b"writer.xml", WMD)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write(text)


def restore(folder, ring, run_dir):
    durability = ("none", "unit", "end")[len(run_dir) % 3]
    result = vssrestore("run", os.path.join(folder, b"set"), "--root",
                        os.path.join(folder, b"root"), "--run-dir", os.path.join(folder, run_dir),
                        "--ring", ring, "--durability", durability, "--json")
    summary = result.json()
    expect(summary["exit_code"] == 0 and [unit["status"] for unit in summary["units"]] == ["ALL"],
           f"the unit is ALL\n{result.told()}")


def has_links(top):
    """What is no regular file is not replaced (rules 6.5), so it cannot be restored over itself."""
    return any(entry.link is not None for entry in trees.snapshot(top).values())


def tree_round_trip(seed, folder, documents):
    """One tree, there and back."""
    source, restored = os.path.join(folder, b"c/Tree"), os.path.join(folder, b"root/C/Tree")
    os.mkdir(os.path.join(folder, b"c"))
    trees.Generator(seed).make(source)
    vssrestore("pack", "--documents", documents, "--volume", b"C:=" + os.path.join(folder, b"c"),
               "-o", os.path.join(folder, b"set"), codes=(0, 1))
    if seed % 4 == 1:
        os.makedirs(restored)
    restore(folder, ("uring", "sync")[seed % 2], b"run")
    found = trees.differences(source, restored)
    if seed % 4 == 1: # a folder that stood there keeps its own time and mode
        found = [line for line in found if not line.startswith((b"time of .:", b"mode of .:"))]
    expect_none(found, "differences")
    if seed % 8 == 2 and not has_links(source):
        restore(folder, ("sync", "uring")[seed // 8 % 2], b"run again")
        expect_none(trees.differences(source, restored), "differences after a second restore")
    left = [name for name in os.listdir(os.path.join(folder, b"root")) +
            os.listdir(os.path.join(folder, b"root/C")) if name not in (b"C", b"Tree")]
    expect_none(left, "left in the destination")


def one(seed, documents, keep):
    folder = make_folder("vssrestore-tree-")
    try:
        tree_round_trip(seed, folder, documents)
    except (Failure, OSError) as failure:
        kept = f" (kept: {os.fsdecode(folder)})" if keep else ""
        return f"seed {seed}{kept}: {failure}"
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return None


def round_trips(first, count, keep):
    with Folder() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        documents = folder / "documents"
        write_documents(documents)
        results = list(pool.map(lambda seed: one(seed, documents, keep),
                                range(first, first + count)))
    print(f"{count} trees, seeds {first} to {first + count - 1}")
    expect_none([result for result in results if result is not None], "trees that differ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=30 if TRIM else 150)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    run_cases({"random_trees_come_back_as_they_were":
               lambda: round_trips(options.first, options.count, options.keep)})
