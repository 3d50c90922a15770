"""A set without vssrestore: lz4 and tar alone recover contents, names, times, links and holes
(src/media/FORMAT.md, section 1)."""

import os
import shutil
import stat
import subprocess

from harness import (DOCUMENTS, MAKE_VOLUME, Folder, Skip, command, expect, expect_none, run_cases,
                     vssrestore)
from test_roundtrip import write_documents
import trees

RECOVER = b'cat "$1"/packs/*.lz4 | lz4 -dc | tar -x --ignore-zeros -p -C "$2"'
SEEDS = (3, 11, 27, 42, 60, 77, 91, 100)


def recover(set_path, target):
    """The README's line, with nothing of ours in it."""
    for program in ("lz4", "tar"):
        if shutil.which(program) is None:
            raise Skip(f"no {program} here")
    os.mkdir(target)
    done = subprocess.run([b"bash", b"-o", b"pipefail", b"-c", RECOVER, b"-", set_path, target],
                          stderr=subprocess.PIPE, check=False)
    expect(done.returncode == 0, f"lz4 and tar ended with {done.returncode}: {done.stderr[-2000:]}")


def random_trees():
    for seed in SEEDS:
        with Folder() as folder:
            write_documents(folder / "documents")
            os.mkdir(folder / "c")
            trees.Generator(seed).make(folder / "c/Tree")
            vssrestore("pack", "--documents", folder / "documents", "--volume",
                       b"C:=" + (folder / "c"), "-o", folder / "set", codes=(0, 1))
            recover(folder / "set", folder / "recovered")
            expect_none(trees.differences(folder / "c/Tree", folder / "recovered/C/Tree"),
                        f"seed {seed}: differences")


def made_server():
    """All kinds of volumes: what was recovered stands on the volumes, byte for byte. (A file that
    was read at an alternate path stands at its own in the set.)"""
    with Folder() as folder:
        documents = os.path.join(DOCUMENTS, "file-server")
        command([MAKE_VOLUME, "--documents", documents, "--out", folder / "volumes", "--sizes",
                 "small"])
        with open(folder / "volumes/pack-options", "rb") as lines:
            options = lines.read().splitlines()
        packed = vssrestore("pack", "--documents", documents, *options, "-o", folder / "set",
                            "--json", codes=(0, 1)).json()
        recover(folder / "set", folder / "recovered")
        found, files = [], 0
        for top, folders, names in os.walk(folder / "recovered"):
            for name in names:
                files += 1
                path = os.path.join(top, name)
                found += recovered_differences(path, os.path.relpath(path, folder / "recovered"),
                                               folder / "volumes")
        expect_none(found, "recovered, but not as on the volumes")
        expect(files == packed["files"], f"{files} files recovered, {packed['files']} packed")


def recovered_differences(path, below, volumes):
    source = os.path.join(volumes, below)
    if not os.path.lexists(source):
        source = os.path.join(os.path.dirname(source), b"spit", os.path.basename(source))
    if not os.path.lexists(source):
        return [b"not on the volumes: " + below]
    found = list(trees.entry_differences(below, trees.Entry(source), trees.Entry(path)))
    if stat.S_ISREG(os.lstat(path).st_mode) and not trees.same_content(source, path):
        found.append(b"content of " + below)
    return found


if __name__ == "__main__":
    run_cases({
        "random_trees_are_recovered_by_lz4_and_tar": random_trees,
        "a_made_server_is_recovered_by_lz4_and_tar": made_server,
    })
