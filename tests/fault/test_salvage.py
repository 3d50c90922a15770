"""--salvage: what is readable of damaged files stands beside their places, with a list of the rest.

Goal: a damaged file never appears under its own name; what is kept of it verifies, byte for byte,
what is not is named; nothing else of the run changes. Method: single bytes of frames are flipped,
and a pack is taken away.
"""

import json
import os
import signal
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import Scenario, Told, equal, expect, run_rules  # noqa: E402
from town import CAN, MIB, Town, ends_at, pattern, snapshot, tell_difference  # noqa: E402

LARGE = 5 * MIB + 1234


def make(s):
    w, b = s.writer("Damage", method=CAN), s.backup()
    for name in ("one", "two"):
        b.include(w.component(name).files("C:\\" + name, "*", recursive=True))
    s.put(r"C:\one\large.bin", pattern(1, LARGE), mtime=1500000000)
    s.put(r"C:\one\deep\small.txt", b"small", mtime=1500000001)
    s.put(r"C:\two\whole.txt", b"whole", mtime=1500000002)
    return s.pack()


def packs(media):
    folder = os.path.join(media, b"packs")
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]


def damage(media, share):
    """A byte in the middle of the first pack, at that share of it."""
    path = packs(media)[0]
    at = int(os.path.getsize(path) * share)
    with open(path, "r+b") as pack:
        pack.seek(at)
        byte = pack.read(1)[0]
        pack.seek(at)
        pack.write(bytes([byte ^ 0x20]))


def kept(s, path):
    """(bytes, list) of what was kept beside that place."""
    with open(s.dest.path(path + ".salvaged.json"), encoding="utf-8") as listed:
        return s.at(path + ".salvaged"), json.loads(listed.readline())


def D11_what_is_readable_is_kept():
    with Scenario() as s:
        media = make(s)
        damage(media, 0.5)
        run = s.run(media, "--salvage")
        equal(run.exit, 20, run.told())
        equal((run.status("one"), run.status("two")), ("NONE", "ALL"), run.told())
        for name in (r"C:\one\large.bin", r"C:\one\deep\small.txt"):
            equal(s.at(name), None, "all or nothing")
        content, listed = kept(s, r"C:\one\large.bin")
        wanted = bytearray(pattern(1, LARGE))
        equal(len(content), LARGE)
        expect(len(listed["bad"]) == 1 and 0 < listed["bad"][0]["length"] <= MIB, f"{listed}")
        for bad in listed["bad"]:
            wanted[bad["offset"]:bad["offset"] + bad["length"]] = bytes(bad["length"])
        expect(content == bytes(wanted), "what verifies is right, the rest is a hole")
        equal(listed["readable"], LARGE - listed["bad"][0]["length"])
        equal((listed["source"], listed["size"]), (r"C:\one\large.bin", LARGE))
        with open(os.path.join(run.folder, b"salvage.jsonl"), encoding="utf-8") as lines:
            equal([json.loads(line) for line in lines], [listed], "the run folder has it, too")
        expect(any("salvaged" in note for note in run.summary["notes"]), run.told())
        expect(not os.path.exists(s.dest.path(r"C:\one\deep")), "what is whole is not kept")


def D11_nothing_is_kept_unless_asked_for():
    with Scenario() as s:
        media = make(s)
        damage(media, 0.5)
        run = s.run(media)
        equal(run.exit, 20, run.told())
        expect(not os.path.exists(s.dest.path(r"C:\one")), "nothing of it is there")


def D11_nothing_is_salvaged_of_sound_media():
    with Scenario() as s:
        run = s.run(make(s), "--salvage")
        equal(run.exit, 0, run.told())
        equal(sorted(os.listdir(s.dest.path(r"C:\one"))), [b"deep", b"large.bin"])
        expect(not os.path.exists(os.path.join(run.folder, b"salvage.jsonl")), "no list")


def D11_names_that_are_taken():
    with Scenario() as s:
        media = make(s)
        damage(media, 0.5)
        s.place(r"C:\one\large.bin.salvaged", b"somebody's")
        run = s.run(media, "--salvage")
        equal(run.exit, 20, run.told())
        equal(s.at(r"C:\one\large.bin.salvaged"), b"somebody's")
        equal(len(s.at(r"C:\one\large.bin.salvaged-2")), LARGE)


def D11_a_list_that_is_there_already():
    with Scenario() as s:
        media = make(s)
        damage(media, 0.5)
        s.place(r"C:\one\large.bin.salvaged.json", b"somebody's")
        run = s.run(media, "--salvage")
        equal(run.exit, 20, run.told())
        equal(s.at(r"C:\one\large.bin.salvaged.json"), b"somebody's")
        equal(len(s.at(r"C:\one\large.bin.salvaged-2")), LARGE)
        expect(s.at(r"C:\one\large.bin.salvaged-2.json"), "its list stands beside it")


def D11_folders_show_nothing_but_what_was_salvaged():
    """Those that stood there keep their times, those that are made get the media's metadata."""
    with Scenario() as s:
        w = s.writer("Damage", method=CAN)
        s.backup().include(w.component("one").files(r"C:\one", "*", recursive=True))
        s.put(r"C:\one\large.bin", pattern(1, LARGE), mtime=1500000000)
        s.put(r"C:\one\in\new\large.bin", pattern(2, LARGE), mtime=1500000001)
        for folder, mode in ((r"C:\one\in\new", 0o751), (r"C:\one\in", 0o705)):
            os.chmod(s.source.path(folder), mode)
            os.utime(s.source.path(folder), (1500000300, 1500000300))
        media = s.pack()
        for path in packs(media):
            os.unlink(path)
        s.place_folder(r"C:\one")
        os.utime(s.dest.path(r"C:\one"), (1200000000, 1200000000))
        run = s.run(media, "--salvage")
        equal(run.exit, 20, run.told())
        equal(len(s.at(r"C:\one\in\new\large.bin.salvaged")), LARGE)
        facts = [os.stat(s.dest.path(path)) for path in (r"C:\one", r"C:\one\in", r"C:\one\in\new")]
        equal([int(one.st_mtime) for one in facts], [1200000000, 1500000300, 1500000300])
        equal([one.st_mode & 0o777 for one in facts[1:]], [0o705, 0o751])


def D11_a_killed_run_salvages_once():
    """Killed before each of its last calls: who goes on keeps the same files, under the same names."""
    with Scenario() as s:
        media = make(s)
        damage(media, 0.5)
        town, seen = Town(s, media, "--salvage"), 0
        wanted = salvaged(town)
        expect(len(wanted) == 2, f"{wanted}")
        count = town.count_calls()
        for number in range(count - 45, count + 1):
            if town.kill_at(number) and town.is_begun():
                town.s.resume(town.folder())
                what = f"killed before call {number} of {count}"
                found = salvaged(town)
                equal(sorted(found), sorted(wanted), what)
                name, = [one for one in wanted if one.endswith(b".salvaged")]
                expect(found[name] == wanted[name], what)
                equal(listed(found), listed(wanted), what)
                with open(os.path.join(town.folder(), b"salvage.jsonl"), encoding="utf-8") as lines:
                    equal(len(lines.readlines()), 1, what)
                seen += 1
            town.clear()
        expect(seen > 20, f"{seen} were killed")


def D11_a_signal_puts_the_rest_off():
    """Told to end before each of its last calls: what it has not come to is salvaged by who goes
    on, and until then it does not say that it has ended."""
    with Scenario() as s:
        c = s.writer("Damage", method=CAN).component("one").files(r"C:\one", "*")
        for i in range(4):
            s.put(rf"C:\one\{i}.bin", pattern(i, MIB + i), mtime=1500000000)
        s.backup().include(c)
        media = s.pack()
        os.unlink(packs(media)[0])
        town, cut_short = Town(s, media, "--salvage"), 0
        wanted = salvaged(town)
        expect(len(wanted) == 8, f"{wanted}")
        count = town.count_calls()
        for number in range(count - 44, count, 2):
            town.copy()
            told = Told(town.call(), env={**os.environ, "LD_PRELOAD": ends_at(),
                                          "ENDS_AT": str(number), "ENDS_BY": str(signal.SIGTERM)})
            what = f"a signal before call {number} of {count}\n{told.told()}"
            if told.exit == 128 + signal.SIGTERM:
                cut_short += 0 < len(salvaged(town)) < len(wanted)
                equal(s.resume(town.folder()).exit, 20, what)
            else:
                equal(told.exit, 20, what)
            found = salvaged(town)
            equal(sorted(found), sorted(wanted), what)
            expect(all(found[name] == wanted[name] for name in wanted
                       if name.endswith(b".salvaged")), what)
            with open(os.path.join(town.folder(), b"salvage.jsonl"), encoding="utf-8") as lines:
                equal(len(lines.readlines()), 4, what)
            town.clear()
        expect(cut_short > 5, f"{cut_short} were cut short in the middle")


def D11_what_is_whole_after_all_leaves_nothing():
    """Killed before each of its last calls, and gone on with when the pack is mended: what is
    restored then has nothing of a salvage beside it."""
    with Scenario() as s:
        media = make(s)
        for place in (r"C:\one", r"C:\one\deep", r"C:\two"): # so that their times are to stay
            os.makedirs(s.dest.path(place), exist_ok=True)
        for place in (r"C:\one\deep", r"C:\one", r"C:\two"):
            os.utime(s.dest.path(place), (1200000000, 1200000000))
        with open(packs(media)[0], "rb") as pack:
            sound = pack.read()
        whole = Town(s, media, "--salvage").wanted[0]
        damage(media, 0.5)
        with open(packs(media)[0], "rb") as pack:
            damaged = pack.read()
        town, hidden, shown = Town(s, media, "--salvage"), 0, 0
        count = town.count_calls()
        for number in range(count - 45, count + 1):
            rewrite(packs(media)[0], damaged)
            if town.kill_at(number) and town.is_begun():
                what = f"killed before call {number} of {count}"
                left = salvaged(town)
                rewrite(packs(media)[0], sound)
                run = town.s.resume(town.folder())
                if run.status("one") == "ALL":
                    tell_difference(whole, snapshot(town.root), what)
                    expect(not os.path.exists(os.path.join(town.folder(), b"salvage.jsonl")), what)
                    hidden += any(os.path.basename(name).startswith(b".vssrestore-") and
                                  name.endswith(b".salvaged") for name in left)
                    shown += any(os.path.basename(name) == b"large.bin.salvaged" for name in left)
            town.clear()
        expect(hidden > 0 and shown > 0, f"left hidden {hidden} times, shown {shown} times")


def D11_what_stands_is_listed():
    """Killed when it was shown, and gone on with when the pack is mended; but now another file of
    the unit has no place, so that it is not restored: what stands beside its place is told of."""
    with Scenario() as s:
        media = make(s)
        s.place_folder(r"C:\one\deep")
        with open(packs(media)[0], "rb") as pack:
            sound = pack.read()
        damage(media, 0.5)
        with open(packs(media)[0], "rb") as pack:
            damaged = pack.read()
        town = Town(s, media, "--salvage")
        count = town.count_calls()
        for number in range(count - 45, count + 1):
            rewrite(packs(media)[0], damaged)
            if town.kill_at(number) and town.is_begun() and \
                    any(os.path.basename(name) == b"large.bin.salvaged" for name in salvaged(town)):
                break
            town.clear()
        else:
            raise AssertionError("never shown")
        rewrite(packs(media)[0], sound)
        os.makedirs(os.path.join(town.root, b"C/one/deep/small.txt/somebody's"))
        run = s.resume(town.folder())
        equal((run.status("one"), run.status("two")), ("NONE", "ALL"), run.told())
        expect(run.outcomes()[r"C:\one\large.bin"] != "MEDIA_CORRUPT", run.told())
        expect(any(os.path.basename(name) == b"large.bin.salvaged" for name in salvaged(town)),
               "it stands")
        with open(os.path.join(town.folder(), b"salvage.jsonl"), encoding="utf-8") as lines:
            equal([json.loads(line)["source"] for line in lines], [r"C:\one\large.bin"])
        equal(os.path.getsize(os.path.join(town.folder(), b"salvage.bin")), 4)
        expect(any("salvaged" in note for note in run.summary["notes"]), run.told())


def rewrite(path, content):
    with open(path, "wb") as pack:
        pack.write(content)


def salvaged(town):
    """{name: content} of what was not there and is not planned."""
    found = snapshot(town.root)[0]
    planned = (b"large.bin", b"small.txt", b"whole.txt")
    return {path: what[3] for path, what in found.items()
            if stat.S_ISREG(what[0]) and os.path.basename(path) not in planned}


def listed(found):
    """What the list says, whichever run it is of."""
    line, = [json.loads(found[name]) for name in found if name.endswith(b".json")]
    return {**line, "run": None, "path": os.path.basename(line["path"])}


def D11_a_pack_that_is_gone():
    with Scenario() as s:
        media = make(s)
        os.unlink(packs(media)[0])
        run = s.run(media, "--salvage")
        equal(run.exit, 20, run.told())
        content, listed = kept(s, r"C:\one\large.bin")
        equal(content, bytes(LARGE))
        equal((listed["readable"], listed["bad"]), (0, [{"offset": 0, "length": LARGE}]))


def D11_a_link_where_its_folder_goes():
    with Scenario() as s:
        media = make(s)
        damage(media, 0.5)
        elsewhere = os.path.join(s.folder, b"elsewhere")
        os.mkdir(elsewhere)
        os.makedirs(s.dest.path("C:\\"), exist_ok=True)
        os.symlink(elsewhere, s.dest.path(r"C:\one"))
        run = s.run(media, "--salvage")
        expect(run.exit not in (0, 1), run.told())
        equal(os.listdir(elsewhere), [], "nothing is written through a link")


def D11_not_into_nowhere():
    with Scenario() as s:
        told = Told(["run", make(s), "--salvage", "--sink", "null", "--root", s.dest.folder])
        equal(told.exit, 2, told.told())


if __name__ == "__main__":
    run_rules(dict(globals()))
