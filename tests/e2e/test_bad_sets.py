"""Sets that are none, lack something, are damaged or stand in another one: told with what is wrong,
by every verb that reads them.
"""

import os
import re

from harness import Folder, expect, run_cases, vssrestore
from small_set import Set


def a_set_that_is_none_is_11():
    with Folder() as folder:
        for verb in ("inspect", "plan", "run", "verify", "reindex"):
            for path in (folder.path, folder / "nowhere"):
                result = vssrestore(verb, path, codes=(11,))
                expect(b"set" in result.err and b"damaged" not in result.err, result.told())


def a_set_without_its_description_is_20():
    with Folder() as folder:
        made = Set(folder)
        os.unlink(made.path + b"/set.json")
        for verb in ("inspect", "plan", "run", "verify", "reindex"):
            result = vssrestore(verb, made.path, codes=(20,))
            expect(b"no set.json" in result.err, result.told())


def what_stands_at_a_packs_name_is_told():
    with Folder() as folder:
        made = Set(folder)
        os.unlink(made.path + b"/packs/pack-000000.tar.lz4")
        os.mkdir(made.path + b"/packs/pack-000000.tar.lz4")
        result = vssrestore("verify", made.path, codes=(20,))
        expect(b"a folder stands there" in result.err, result.told())
        expect(b"vssrestore verify SET" not in result.err, "what it just did is no hint")
        result = made.run("--root", folder / "root", codes=(20,))
        expect(b"Is a directory" in result.out, result.told())


def a_set_in_a_set_is_not_made():
    with Folder() as folder:
        made = Set(folder)
        inside = made.path + b"/packs/other"
        result = vssrestore("pack", "--documents", folder / "documents", "--volume",
                            b"C:=" + folder / "c", "-o", inside, codes=(11,))
        expect(b"another set" in result.err, result.told())
        expect(not os.path.exists(inside), "it was made")
        vssrestore("verify", made.path)


def documents_that_are_none_are_10():
    with Folder() as folder:
        os.mkdir(folder / "documents")
        with open(folder / "documents/x.xml", "wb") as out:
            out.write(b"<BACKUP_COMPONENTS")
        os.mkdir(folder / "c")
        vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
                   "-o", folder / "set", codes=(10,))
        expect(not os.path.exists(folder / "set/set.json"), "no set was made")


def a_lost_index_is_rebuilt():
    with Folder() as folder:
        made = Set(folder)
        with open(made.path + b"/index.bin", "rb") as index:
            before = index.read()
        os.unlink(made.path + b"/index.bin")
        vssrestore("reindex", made.path)
        with open(made.path + b"/index.bin", "rb") as index:
            expect(index.read() == before, "the same bytes again")
        vssrestore("verify", made.path)


def run_names_the_damaged_file():
    with Folder() as folder:
        Set(folder)
        noise = bytes((n * n * 31 + n * 7 + (n >> 3) * 131) % 251 for n in range(64))
        with open(folder / "c/Tree/noise.bin", "wb") as out:
            out.write(noise)
        vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
                   "-o", folder / "noisy")
        with open(folder / "noisy/packs/pack-000000.tar.lz4", "r+b") as stored:
            stored.seek(stored.read().index(noise[:16]))
            stored.write(bytes([noise[0] ^ 1]))
        result = vssrestore("run", folder / "noisy", "--root", folder / "root", "--run-dir",
                            folder / "run", codes=(20,))
        expect(b"C:\\Tree\\noise.bin: MEDIA_CORRUPT" in result.out, result.told())
        expect(not os.path.exists(folder / "root/C/Tree/noise.bin"), "no wrong byte is visible")
        told = vssrestore("inspect", folder / "run")
        expect(re.search(rb": ended, exit code 20\n.*\n  withdrawn   Tree Writer: .*, [1-9]\d* of \d+ "
                         rb"files were whole, summary.json says what stands\n$", told.out),
               told.told())
        units = vssrestore("inspect", folder / "run", "--json").json()["units"]
        expect([unit["state"] for unit in units] == ["withdrawn"], f"{units}")
        result = vssrestore("run", folder / "noisy", "--root", folder / "none", "--run-dir",
                            folder / "run-null", "--sink", "null", codes=(20,))
        expect(b"C:\\Tree\\noise.bin: MEDIA_CORRUPT" in result.out, result.told())


if __name__ == "__main__":
    run_cases({case.__name__: case for case in (
        a_set_that_is_none_is_11, a_set_without_its_description_is_20,
        what_stands_at_a_packs_name_is_told, a_set_in_a_set_is_not_made,
        documents_that_are_none_are_10, a_lost_index_is_rebuilt, run_names_the_damaged_file)})
