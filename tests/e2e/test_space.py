"""A destination that is too small: found before the first byte, told file by file.

Goal: units that do not fit are refused NO_SPACE, those that fit are restored, every planned file
ends as a row, the exit code is 30. Method: file systems in memory of a size that is known.
"""

import os
import subprocess

from harness import Folder, Skip, expect, run_cases, vssrestore
from units import UNITS, make_set, rows_of

class Memory:
    """A file system of a known size."""

    def __init__(self, path, options):
        self.path, self.options = path, options

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", self.options, "none", self.path],
                              check=False, capture_output=True)
        if done.returncode != 0:
            raise Skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
        return self.path

    def __exit__(self, *ignored):
        subprocess.run(["umount", "-l", self.path], check=False)


def what_does_not_fit_is_refused_and_the_rest_restored():
    with Folder() as folder, Memory(folder / "root", "size=12m") as root:
        make_set(folder, {"small": (3, 1 << 20), "large": (20, 1 << 20), "tiny": (1, 1000)})
        result = vssrestore("run", folder / "set", "--root", root, "--run-dir", folder / "run",
                            "--json", codes=(30,))
        summary = result.json()
        units = {unit["component"]: (unit["status"], unit["error"]) for unit in summary["units"]}
        expect(units == {"small": ("ALL", None), "large": ("NONE", "NO_SPACE"),
                         "tiny": ("ALL", None)}, f"units {units}")
        rows = rows_of(folder)
        expect(len(rows) == sum(summary["files"].values()), "the sums are the rows")
        refused = [row for row in rows if row["unit"] == 1]
        expect(len(refused) == 21 and all(row["outcome"] == "REFUSED" for row in refused),
               f"each planned file of the large unit is a row: {refused[:3]}")
        expect(sorted(os.listdir(root + b"/C")) == [b"small", b"tiny"], "nothing of it is there")


def a_destination_without_room_for_folders_is_told_by_rows():
    with Folder() as folder, Memory(folder / "root", "size=8m,nr_inodes=4") as root:
        make_set(folder, {name: (2, 100) for name in UNITS})
        result = vssrestore("run", folder / "set", "--root", root, "--run-dir", folder / "run",
                            "--json", codes=(30,))
        summary = result.json()
        expect({unit["error"] for unit in summary["units"]} == {"NO_SPACE"}, f"{summary}")
        rows = rows_of(folder)
        expect(rows and all(row["outcome"] == "REFUSED" for row in rows), f"rows {rows}")
        expect(len(rows) == sum(summary["files"].values()), "the sums are the rows")
        expect(os.listdir(root) == [], f"nothing is left there: {os.listdir(root)}")


if __name__ == "__main__":
    run_cases({case.__name__: case for case in (
        what_does_not_fit_is_refused_and_the_rest_restored,
        a_destination_without_room_for_folders_is_told_by_rows)})
