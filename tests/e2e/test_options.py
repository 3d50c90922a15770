"""What is typed: each verb has help, what is wrong is told with exit code 2, and what the program
takes for its numbers.
"""

import json
import os

from harness import Folder, expect, run_cases, vssrestore
from small_set import Set

VERBS = ("pack", "inspect", "plan", "explain", "run", "verify", "reindex")


def every_verb_has_help():
    whole = vssrestore("--help")
    for verb in VERBS:
        expect(verb.encode() in whole.out, f"--help lists {verb}")
        told = vssrestore(verb, "--help")
        expect(told.out.startswith(b"usage: vssrestore " + verb.encode()) or
               b"vssrestore " + verb.encode() in told.out, f"usage of {verb}\n{told.told()}")
        expect(told.err == b"", f"help of {verb} goes to standard output alone")


def what_was_typed_wrong_is_2():
    for arguments in ([], ["frobnicate"], ["run"], ["plan"], ["inspect"], ["verify"], ["pack"],
                      ["reindex"], *([verb, "--no-such-option"] for verb in VERBS),
                      ["run", "x", "--plan", "y"], ["run", "x", "--ring", "wheel"],
                      ["run", "x", "--memory", "lots"], ["run", "x", "--memory", "1M/s"],
                      ["run", "x", "--memory", "1MiBs"], ["run", "x", "--workers", "1K"]):
        result = vssrestore(*arguments, codes=(2,))
        expect(result.err or result.out, f"{arguments}: nothing was said")


def sizes_are_as_people_write_them():
    for size in ("64M", "64m", "64MiB", "64MB", "1G", "67108864"):
        vssrestore("run", "x", "--memory", size, codes=(11,)) # there is no such set


def nothing_is_no_number():
    for verb, option, allowed in (("run", "--workers", b"from 1 to"),
                                  ("pack", "--workers", b"from 1 to"),
                                  ("verify", "--workers", b"from 1 to"),
                                  ("run", "--queue-depth", b"from 1 to"),
                                  ("run", "--writer-timeout", b"from 1 to"),
                                  ("run", "--memory", b"from 1 up")):
        result = vssrestore(verb, "x", option, "0", codes=(2,))
        expect(option.encode() in result.err and allowed in result.err, result.told())


def the_machine_and_its_numbers_are_told():
    told = vssrestore("inspect", "--system").out
    for words in (b"bytes of memory, pages of ", b"\nqueue depth ", b"\nmemory limit ",
                  b"by default a run takes the least that reaches full speed"):
        expect(words in told, f"{words} is not in {told}")
    told = json.loads(vssrestore("inspect", "--system", "--json", "--workers", "1", "--memory",
                                 "16M", "--queue-depth", "64").out)
    numbers = {number["name"]: number for number in told["numbers"]}
    expect(told["t"] == "system" and told["machine"]["cores"] > 0, f"{told}")
    expect(numbers["workers"]["value"] == 1 and numbers["workers"]["origin"] == "asked", f"{told}")
    depth = numbers["queue depth"]
    expect(depth["origin"] == "cut" and depth["cut_from"] == 64 and depth["value"] < 64, f"{told}")
    expect(numbers["memory"]["value"] <= numbers["memory limit"]["value"] == 16 << 20, f"{told}")


def what_memory_counts_is_told():
    told = b" ".join(vssrestore("run", "--help").out.split())
    expect(b"--memory SIZE for buffers, rings and tables (default: the least for full speed)" in
           told, told)


def a_plan_takes_no_choices_beside_it():
    with Folder() as folder:
        made = Set(folder)
        vssrestore("plan", made.path, "--root", folder / "root", "-o", folder / "plan")
        for more in (("--root", folder / "other"), ("--component", "x"), ("--widen",)):
            vssrestore("run", "--plan", folder / "plan", "--run-dir", folder / "run", *more,
                       codes=(2,))


def selectors_that_match_nothing_are_11():
    with Folder() as folder:
        made = Set(folder)
        for option in ("--component", "--exclude-component"):
            made.run("--root", folder / "root", option, "No Such Writer", codes=(11,))
        made.run("--root", folder / "root", "--volume", "nonsense", codes=(2, 11))
        expect(not os.path.exists(folder / "root/C/Tree"), "nothing was restored")


if __name__ == "__main__":
    run_cases({case.__name__: case for case in (
        every_verb_has_help, what_was_typed_wrong_is_2, nothing_is_no_number,
        sizes_are_as_people_write_them, the_machine_and_its_numbers_are_told,
        what_memory_counts_is_told, selectors_that_match_nothing_are_11,
        a_plan_takes_no_choices_beside_it)})
