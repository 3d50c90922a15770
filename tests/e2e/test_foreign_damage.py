"""Plans of other front ends whose media are wrong: a wrong byte, a missing file, a frame of another
size is told, and nothing unverified stands under its name.
"""

import os

from foreign import Plan, chunk, flip, text
from harness import Folder, expect, run_cases, vssrestore


def broken_plan(folder, damage, size=3000000, codec="lz4-frame", **more):
    """Two units: a file whose media damage() is told to damage, and one that is right."""
    plan = Plan(folder)
    data = text(size)
    stored = plan.lz4(data) if codec == "lz4-frame" else data
    name = plan.store(stored)
    plan.file("wrong", data, [chunk(name, data, codec, len(stored))], **more)
    plan.plain("beside it", b"of the same unit")
    plan.unit("other")
    plan.plain("right", b"of another")
    damage(plan, plan.folder / "media" + b"/" + name.encode(), plan.files[0]["chunks"][0])
    plan.contents["wrong"] = plan.contents["beside it"] = None
    return plan


def damage_is_told(damage, outcome, code, detail=None, **more):
    with Folder() as folder:
        plan = broken_plan(folder, damage, **more)
        summary = plan.run(codes=(code,)).json()
        plan.check()
        expect([unit["status"] for unit in summary["units"]] == ["NONE", "ALL"], f"{summary}")
        expect(plan.outcome("wrong") == outcome, plan.outcome("wrong"))
        if detail is not None:
            expect(detail in (plan.row("wrong")["detail"] or ""), f"{plan.row('wrong')}")
        expect(plan.row("right")["detail"] is None, f"{plan.row('right')}")
        expect(plan.outcome("beside it") == "WITHDRAWN", plan.outcome("beside it"))
        expect(plan.outcome("right") == "RESTORED", plan.outcome("right"))
        plan.verify(codes=(4,))


def a_wrong_checksum_is_caught():
    def lie(_plan, _path, told):
        told["xxh3"] = ("0" if told["xxh3"][0] != "0" else "1") + told["xxh3"][1:]
    for codec in ("none", "lz4-frame"):
        for size in (10, 3000000):
            damage_is_told(lie, "MEDIA_CORRUPT", 20, "checksum", codec=codec, size=size)


def a_flipped_byte_is_caught():
    for codec in ("none", "lz4-frame"):
        damage_is_told(flip, "MEDIA_CORRUPT", 20, "chunk", codec=codec)


def a_stored_file_cut_short_is_caught():
    for codec in ("none", "lz4-frame"):
        damage_is_told(lambda _plan, path, _chunk: os.truncate(path, os.path.getsize(path) - 1),
                       "MEDIA_CORRUPT", 20, "ends inside a chunk", codec=codec)


def a_missing_stored_file_is_told():
    damage_is_told(lambda _plan, path, _chunk: os.remove(path), "MEDIA_MISSING", 20)


def what_is_no_file_is_not_read():
    def folder_of(_plan, path, _chunk):
        os.remove(path)
        os.mkdir(path)

    def pipe_of(_plan, path, _chunk):
        os.remove(path)
        os.mkfifo(path)
    damage_is_told(folder_of, "MEDIA_MISSING", 20)
    damage_is_told(pipe_of, "MEDIA_MISSING", 20)


def a_frame_of_another_size_is_caught():
    def more(plan, _path, told):
        told["size"] -= 1
        plan.files[0]["size"] -= 1

    def fewer(plan, _path, told):
        told["size"] += 1
        plan.files[0]["size"] += 1

    def cut(_plan, _path, told):
        told["length"] -= 5

    def shifted(_plan, _path, told):
        told["offset"] += 1
        told["length"] -= 1
    for damage, detail in ((more, "holds more than the plan says"), (fewer, "more or fewer bytes"),
                           (cut, "frame"), (shifted, "no LZ4 frame")):
        damage_is_told(damage, "MEDIA_CORRUPT", 20, detail)


def a_bomb_ends_at_its_size():
    with Folder() as folder:
        plan = Plan(folder)
        stored = plan.lz4(bytes(50 << 20))
        plan.file("bomb", None, [chunk(plan.store(stored), b"small", "lz4-frame", len(stored))],
                  size=5)
        plan.run(codes=(20,))
        plan.check()


def sums_without_bytes():
    """The null sink reads and verifies, and touches nothing."""
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", text(5000))
        plan.file("b", None, [chunk(plan.store(b"x"), b"y")], size=1)
        plan.contents["a"] = None
        plan.run("--sink", "null", codes=(20,))
        plan.check()


def what_is_to_be_done_about_damage_is_told():
    """There is no set that could be verified."""
    with Folder() as folder:
        plan = Plan(folder)
        plan.plain("a", text(3000))
        os.remove(folder / "media/stored-0")
        plan.run(codes=(20, 21))
        for words in (("resume", folder / "run"), ("inspect", folder / "run")):
            told = vssrestore(*words, codes=(0, 20, 21)).out
            expect(b" files  [" in told or b" files, " in told, f"a unit of no writer: {told}")
            expect(b": files" not in told, f"a unit of no writer: {told}")
        vssrestore("report", folder / "run", "-o", folder / "page.html")
        with open(folder / "page.html", encoding="utf-8") as page:
            told = page.read()
        expect("vssrestore verify" not in told and "Set folder" not in told, "a plan is no set")
        expect("Mend the stored files" in told, "what to do is told")
        expect(os.fsdecode(folder / "plan") in told, "the plan is named")


CASES = {case.__name__.replace("_", " "): case for case in (
    what_is_to_be_done_about_damage_is_told, sums_without_bytes, a_wrong_checksum_is_caught,
    a_flipped_byte_is_caught, a_stored_file_cut_short_is_caught, a_missing_stored_file_is_told,
    what_is_no_file_is_not_read, a_frame_of_another_size_is_caught, a_bomb_ends_at_its_size)}

if __name__ == "__main__":
    run_cases(CASES)
