"""Plans of other front ends that are refused: a lie in a number is told with its line, no place
leads outside, and what is no plan is not taken for one.
"""

import os

from foreign import Plan, text
from harness import Folder, expect, run_cases, vssrestore


def refused(change, *words, code=41):
    """A plan that change() makes wrong, in a list of its records."""
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", b"of a")
        plan.plain("b", b"of b")
        plan.unit("second")
        plan.plain("folder/c", text(3000))
        records = plan.records()
        change(records)
        plan.contents.clear()
        plan.write(records, check=False)
        result = plan.run(write=False, codes=(code,))
        plan.check()
        expect(code != 41 or (b"cannot use the plan " + folder / "plan" in result.err and
                              b"vssrestore-plan(5)" in result.err),
               f"what was tried, on what, what to do: {result.told()}")
        for word in words:
            expect(word.encode() in result.err, f"{word} is told: {result.told()}")


def edit(number, **members):
    def change(records):
        records[number].update(members)
    return change


def edit_chunk(**members):
    def change(records):
        records[3]["chunks"][0].update(members)
    return change


def lies_are_refused_with_their_line():
    big = 2**63 - 1
    for members, word in (
            ({"offset": big}, "beyond what a file can hold"),
            ({"offset": -1}, "out of bounds"), ({"offset": 2**64}, "line 4"),
            ({"offset": "0"}, "wrong type"), ({"length": 0}, "no bytes"),
            ({"length": big, "offset": 1}, "beyond"), ({"length": 3}, "another length"),
            ({"size": 0}, "no bytes"), ({"size": 5}, "beyond the file's size"),
            ({"size": big, "length": big}, "beyond the file's size"),
            ({"at": 1}, "beyond the file's size"), ({"at": big}, "beyond the file's size"),
            ({"codec": "gzip"}, "\"gzip\""), ({"codec": 1}, "wrong type"),
            ({"xxh3": ""}, "hexadecimal"), ({"xxh3": "0" * 15}, "hexadecimal"),
            ({"xxh3": "0" * 15 + "G"}, "hexadecimal"), ({"xxh3": "A" * 16}, "hexadecimal"),
            ({"file": ""}, "names no file"), ({"file": "x" * 5000}, "names no file"),
            ({"file": None}, "wrong type"), ({"seed": 1}, "\"seed\" is not known")):
        refused(edit_chunk(**members), "line 4", word)
    refused(edit_chunk(codec="lz4-block", size=(16 << 20) + 1, length=5), "line 4")
    refused(edit(3, size=big), "line 4", "add up")
    refused(edit(3, size=5), "line 4", "add up")
    refused(edit(3, chunks=[]), "line 4", "add up")
    refused(edit(3, kind="partial"), "line 4", "\"partial\"")
    refused(edit(3, ranges=None), "line 4", "\"ranges\" is not known")
    refused(edit(3, unit=2), "line 4", "no unit")
    refused(edit(3, unit=1), "line 5", "later unit")
    refused(edit(3, modify_ns=10**9), "line 4", "out of bounds")
    refused(edit(3, mode=0o10000), "line 4", "out of bounds")

    def timeless(records):
        records[0]["overwrite"] = "if-newer"
        del records[4]["modify_s"], records[4]["modify_ns"]
    refused(timeless, "line 5", "\"modify_s\"", "if-newer")
    refused(edit(2, id=0), "line 3", "numbered")
    refused(edit(2, writer="x"), "line 3", "uuid")
    for members, word in (
            ({"v": 2}, "version 1"), ({"units": 3}, "not as many"), ({"files": 4}, "not as many"),
            ({"files": 2}, "more files"), ({"bytes": 1}, "not as many bytes"),
            ({"overwrite": "ask"}, "\"ask\""), ({"choices": []}, "\"choices\" is not known"),
            ({"media": "x"}, "root of the file system")):
        refused(edit(0, **members), word)
    refused(lambda records: records.pop(), "cut short")
    refused(lambda records: records.append({"t": "end"}), "behind the end")
    refused(lambda records: records.insert(4, {"t": "unit", "id": 2, "component": "x"}), "line 5")

    def overlap(records):
        one = records[3]["chunks"][0]
        records[3]["chunks"] = [{**one, "size": 2, "length": 2}, {**one, "size": 3, "length": 3,
                                                                  "at": 1}]
    refused(overlap, "line 4", "before the end of the one before")

    def gap(records):
        one = records[3]["chunks"][0]
        records[3]["chunks"] = [{**one, "size": 2, "length": 2}, {**one, "size": 1, "length": 1,
                                                                  "at": 3}]
    refused(gap, "line 4", "gap")


def places_outside_are_refused():
    for path, word in (
            ("/etc/x", "none of the plan's volumes"), ("x", "none of the plan's volumes"),
            ("", "none of the plan's volumes")):
        refused(edit(3, path=path), "line 4", word)
    for tail, word in (("/../x", "\"..\""), ("/y/../../x", "\"..\""), ("/./x", "\"..\""),
                       ("//x", "empty name"), ("/", "empty name"), ("", "volumes"),
                       ("/" + "n" * 800, "longer than a name"),
                       ("/.vssrestore-x/y", "our own folders"), ("/a", "twice"),
                       ("/a/x", "what the plan calls a file"), ("/folder", "line 6")):
        def change(records, tail=tail):
            records[4]["path"] = records[0]["volumes"][0]["dir"] + tail
        refused(change, word)
    for volumes, word in (([{"spec": "C:", "dir": "relative"}], "root of the file system"),
                          ([{"spec": "C:", "dir": "/a/../b"}], "\"..\""),
                          ([{"spec": "C:", "dir": "/a/"}], "ends with"),
                          ([{"spec": "nothing", "dir": "/"}], "nothing"),
                          ([{"spec": "C:\\Mounts", "dir": "/"}], "no letter"),
                          ([{"spec": "C:", "dir": "/x"}, {"spec": "C:", "dir": "/y"}], "C:"),
                          ([{"spec": "C:", "dir": "/x"}, {"spec": "D:", "dir": "/x"}], "already")):
        refused(edit(0, volumes=volumes), "line 1", word)
    refused(edit(0, volumes=[{"spec": "C:", "dir": "/no such folder"}]), "volumes")


def a_volume_that_is_not_there_is_selection():
    with Folder() as folder:
        plan = Plan(folder)
        plan.head["volumes"] = [{"spec": "C:", "dir": os.fsdecode(folder / "gone")}]
        plan.file("a", b"", [], path=os.fsdecode(folder / "gone/a"))
        plan.run(codes=(11,))


def a_plan_in_a_pipe_is_refused():
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", text(10))
        plan.contents.clear()
        plan.write()
        os.mkfifo(folder / "pipe")
        pipe = os.open(folder / "pipe", os.O_RDWR)
        with open(folder / "plan", "rb") as file:
            os.write(pipe, file.read())
        for path in (folder / "pipe", f"/dev/fd/{pipe}"):
            result = vssrestore("run", "--plan", path, "--run-dir", folder / "run", codes=(11,),
                                pass_fds=(pipe,))
            expect(b"no regular file" in result.err and b"write it into one" in result.err,
                   result.told())
        os.close(pipe)
        plan.check()


def it_is_no_set():
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", b"a")
        plan.write()
        for verb in ("inspect", "plan", "run"):
            vssrestore(verb, folder / "plan", codes=(2, 11))
        for option in (("--salvage",), ("--bcd-out", folder / "x.xml")):
            plan.run(*option, codes=(2,))


CASES = {case.__name__.replace("_", " "): case for case in (
    a_plan_in_a_pipe_is_refused, lies_are_refused_with_their_line, places_outside_are_refused,
    a_volume_that_is_not_there_is_selection, it_is_no_set)}

if __name__ == "__main__":
    run_cases(CASES)
