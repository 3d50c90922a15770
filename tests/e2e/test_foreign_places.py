"""Plans of other front ends, and what stands at their places: it is kept or replaced as the plan
says, never a stored file or the plan itself; and what is told of a run and of a change behind it.
"""

import os

from foreign import TIME_NS, TIME_S, Plan, chunk, text
from harness import Folder, expect, run_cases, vssrestore


def what_stands_there_is_kept_or_replaced():
    for overwrite, kept in ((None, True), ("never", True), ("always", False), ("if-newer", False)):
        with Folder() as folder:
            plan = Plan(folder, **({"overwrite": overwrite} if overwrite else {}))
            plan.plain("a", b"planned")
            plan.plain("b", b"new")
            with open(plan.path("a"), "wb") as there:
                there.write(b"was there")
            os.utime(plan.path("a"), (1, 1))
            plan.run(codes=(1,) if kept else (0,))
            expect(plan.outcome("a") == ("PRESENT" if kept else "RESTORED"), plan.outcome("a"))
            plan.contents["a"] = b"was there" if kept else b"planned"
            plan.check()
            plan.verify(codes=(4,) if kept else (0,))


def a_unit_is_refused_and_others_are_restored():
    with Folder() as folder:
        plan = Plan(folder, overwrite="always")
        plan.plain("a", b"a")
        plan.plain("in the way", b"b")
        plan.unit("second", writer_name="A front end", logical_path="lp")
        plan.plain("c", b"c")
        os.mkdir(plan.path("in the way"))
        summary = plan.run(codes=(3,)).json()
        expect([unit["status"] for unit in summary["units"]] == ["NONE", "ALL"], f"{summary}")
        expect(summary["units"][0]["error"] == "NOT_REPLACEABLE", f"{summary}")
        expect((summary["units"][1]["component"], summary["units"][1]["writer"]) ==
               ("second", "A front end"), f"{summary}")
        os.rmdir(plan.path("in the way"))
        plan.contents["a"] = plan.contents["in the way"] = None
        plan.check()


def further_names_are_told_with_their_unit():
    with Folder() as folder:
        plan = Plan(folder, overwrite="always")
        plan.plain("a", b"a")
        plan.unit("second", writer_name="A front end", logical_path="lp")
        plan.plain("b", b"b")
        for name in ("a", "b"):
            with open(plan.path(name), "wb") as there:
                there.write(b"was there")
            os.link(plan.path(name), folder / "other" + os.fsencode(name))
        told = plan.run().out.decode()
        for unit in ("files have", "A front end: lp\\\\second have"):
            expect(f"1 files to be replaced for {unit} further names" in told, told)
        plan.check()


def a_stored_file_is_never_replaced():
    with Folder() as folder:
        plan = Plan(folder, overwrite="always", media=os.fsdecode(folder / "out"))
        data = text(5000)
        with open(plan.path("media"), "wb") as stored:
            stored.write(data)
        plan.file("media", data, [chunk("media", data[:100]), chunk("media", data[100:],
                                                                    offset=100)])
        summary = plan.run(codes=(3,)).json()
        expect(summary["units"][0]["error"] == "NOT_REPLACEABLE", f"{summary}")
        plan.check()


def the_plan_itself_is_never_replaced():
    """Without it the run could not be gone on with."""
    with Folder() as folder:
        plan = Plan(folder, overwrite="always",
                    volumes=[{"spec": "C:", "dir": os.fsdecode(folder.path)}])
        plan.plain("a", b"a", path=os.fsdecode(folder / "plan"))
        plan.write()
        with open(folder / "plan", "rb") as there:
            before = there.read()
        summary = plan.run(codes=(3,), write=False).json()
        expect(summary["units"][0]["error"] == "NOT_REPLACEABLE", f"{summary}")
        with open(folder / "plan", "rb") as there:
            expect(there.read() == before, "the plan is as it was")


def verify_sees_a_change():
    with Folder() as folder:
        plan = Plan(folder)
        data = text(3000000)
        stored = plan.lz4(data)
        plan.file("large", data, [chunk(plan.store(stored), data, "lz4-frame", len(stored))])
        plan.plain("small", b"small")
        plan.write()
        plan.verify(codes=(4,))
        plan.run()
        plan.verify()
        vssrestore("verify", "--plan", folder / "run/plan.bin")
        with open(plan.path("large"), "r+b") as file:
            file.seek(2000000)
            file.write(b"\0!")
        os.utime(plan.path("large"), ns=(0, TIME_S * 10**9 + TIME_NS))
        result = plan.verify(codes=(4,))
        expect(b"large: the content differs" in result.err and b"small" not in result.err,
               result.told())


def what_is_told_of_a_run():
    with Folder() as folder:
        plan = Plan(folder)
        plan.unit("first", writer_name="A front end", logical_path="lp")
        plan.plain("a", text(3000))
        plan.run()
        expect(not os.path.exists(folder / "run/backup-components.xml"), "no document")
        vssrestore("report", folder / "run", "-o", folder / "page.html")
        with open(folder / "page.html", encoding="utf-8") as page:
            expect("A front end" in page.read(), "the page names the unit")
        expect(b"A front end" in vssrestore("inspect", folder / "run").out, "so does inspect")
        again = vssrestore("resume", folder / "run", "--json").json()
        expect(again["exit_code"] == 0, f"a run that is over is repeated: {again}")


CASES = {case.__name__.replace("_", " "): case for case in (
    what_is_told_of_a_run, what_stands_there_is_kept_or_replaced,
    a_unit_is_refused_and_others_are_restored, further_names_are_told_with_their_unit,
    a_stored_file_is_never_replaced, the_plan_itself_is_never_replaced, verify_sees_a_change)}

if __name__ == "__main__":
    run_cases(CASES)
