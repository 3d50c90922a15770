"""What plan, inspect, explain and verify --plan show of a set and of a plan."""

import json
import os

from harness import Folder, expect, run_cases, vssrestore
from small_set import Set
from units import make_set


def verify_of_a_plan_tells_what_is_gone():
    with Folder() as folder:
        made = Set(folder)
        vssrestore("plan", made.path, "--root", folder / "root", "-o", folder / "plan")
        result = vssrestore("verify", "--plan", folder / "plan", "--json", codes=(4,))
        told = result.json()
        expect(told["exit_code"] == 4 and told["differences"] == told["files"] > 0, f"{told}")
        expect(b"a.txt: is not there" in result.err, result.told())
        os.rename(made.path, made.path + b"-moved")
        result = vssrestore("verify", "--plan", folder / "plan", "--json", codes=(11,))
        expect(result.json()["exit_code"] == 11, result.told())


def a_saved_plan_runs_and_is_verified():
    with Folder() as folder:
        made = Set(folder)
        vssrestore("plan", made.path, "--root", folder / "root", "-o", folder / "plan")
        vssrestore("run", "--plan", folder / "plan", "--run-dir", folder / "run")
        vssrestore("verify", "--plan", folder / "plan")
        with open(folder / "root/C/Tree/a.txt", "a", encoding="utf-8") as changed:
            changed.write("!")
        result = vssrestore("verify", "--plan", folder / "plan", codes=(4,))
        expect(b"a.txt" in result.err, f"the changed file is named\n{result.told()}")


def inspect_shows_writers_and_components():
    with Folder() as folder:
        made = Set(folder)
        for arguments in ([made.path], ["--documents", folder / "documents"]):
            text = vssrestore("inspect", *arguments).out
            expect(b"Tree Writer" in text and b"C:\\Tree" in text, "text names them")
            told = vssrestore("inspect", *arguments, "--json")
            expect(len(told.out.splitlines()) == 1 and "Tree Writer" in json.dumps(told.json()),
                   "one JSON object")


def the_table_of_a_plan_is_one():
    """Its columns stand below their heads, whatever the methods are."""
    for method in ("RESTORE_IF_NOT_THERE", "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE", "BY_MOONLIGHT"):
        with Folder() as folder:
            make_set(folder, {"small": (2, 10), "large": (1, 10), "tiny": (1, 10)}, method=method)
            told = vssrestore("plan", folder / "set", "--root", folder / "root")
            lines = told.out.decode().splitlines()
            head = next(line for line in lines if line.split()[:2] == ["files", "bytes"])
            rows = [line for line in lines if "Three: " in line]
            expect(len(rows) == 3, told.told())
            for row in rows:
                expect(row.index("Three: ") == head.index("component") and
                       row.index(method) == head.index("how"), told.told())


def explain_tells_of_one_file():
    with Folder() as folder:
        made = Set(folder)
        os.mkdir(folder / "out")
        places = ("--volume", b"C:=" + folder / "out")
        told = vssrestore("explain", made.path, *places, "c:\\tree\\SUB\\b.txt")
        expect(b"= " + folder / "out/Tree/sub/b.txt" in told.out, told.told())
        one = json.loads(vssrestore("explain", made.path, *places, "--json",
                                    "C:\\Tree\\a.txt").out)
        expect(one["t"] == "explain" and one["outcome"] == "restored" and one["on_media"] and
               one["matches"][0]["line"] > 0 and one["steps"] and
               one["results"][0]["path"].endswith("/Tree/a.txt"), str(one))
        told = vssrestore("explain", made.path, *places, "C:\\Tree\\no.txt", codes=(11,))
        expect(b"is not on the media" in told.out, told.told())
        vssrestore("explain", made.path, *places, "C:\\Tree\\*", codes=(11,))
        vssrestore("explain", made.path, codes=(2,))
        expect(os.listdir(folder / "out") == [], "explain writes nothing")


if __name__ == "__main__":
    run_cases({case.__name__: case for case in (
        verify_of_a_plan_tells_what_is_gone, a_saved_plan_runs_and_is_verified,
        inspect_shows_writers_and_components, the_table_of_a_plan_is_one,
        explain_tells_of_one_file)})
