"""Nothing is written into the set that is read: rule 2.8.

Not what a run says, not what it restores, whatever way leads there; a set that lies where files go
is in their way.
"""

import os
import subprocess

from ledger import one, play
from scenario import PROGRAM, Scenario, Told, equal, expect, run_rules


def R28_nothing_is_written_into_the_set():
    with Scenario() as s:
        _, c, _ = one(s)
        media = s.pack()
        for inside in (b"documents/bcd.xml", b"set.json", b"packs/../index.bin", b"new"):
            s.run(media, "--bcd-out", os.path.join(media, inside)).must(11)
            s.plan(media, "-o", os.path.join(media, inside)).must(11)
        equal(subprocess.run([PROGRAM, "verify", media], check=False, capture_output=True)
              .returncode, 0)
        equal(s.listing(), {}, "nothing was begun")
        outside = os.path.join(s.folder, b"out.xml")
        equal(s.run(media, "--bcd-out", outside).must(0).status(c), "ALL")
        expect(os.path.getsize(outside) > 0, "written beside the set")


def R28_no_place_is_in_the_set():
    with Scenario() as s:
        _, c, players = one(s)
        program = players.writer("ledger")
        media = s.pack()
        before = sorted(os.walk(media))
        link = os.path.join(s.folder, b"link")
        os.symlink(media, link)
        os.mkdir(os.path.join(s.folder, b"linked"))
        os.symlink(os.path.join(media, b"packs"), os.path.join(s.folder, b"linked", b"C"))
        plan = os.path.join(s.folder, b"plan")
        for words in (["--root", media], ["--root", os.path.join(media, b"no", b"such")],
                      ["--root", os.path.join(link, b".")], ["--private", media],
                      ["--volume", b"C:=" + os.path.join(media, b"packs")],
                      ["--volume", b"C:=" + os.path.join(media, b"packs", b"..")],
                      ["--volume", b"C:=" + os.path.join(link, b"documents")],
                      ["--root", os.path.join(s.folder, b"linked")]):
            for told in (s.run(media, *words, *play(("Ledger", program))),
                         Told(["plan", media, *words, "-o", plan]),
                         Told(["explain", media, *words, r"C:\d\a"])):
                told.must(11)
                expect(told.told_of("in the backup set", "outside of"), told.told())
        told = Told(["run", media, "--root", s.dest.folder], cwd=media).must(11)
        expect(told.told_of("in the backup set", "--run-dir"), told.told())
        told = Told(["run", media, "--root", s.dest.folder, "--run-dir",
                     os.path.join(link, b"run")]).must(11)
        equal((players.diary, os.path.exists(plan)), ([], False))
        equal(sorted(os.walk(media)), before)


def R28_a_set_in_the_way_is_not_written_into():
    with Scenario() as s:
        w = s.writer("Ledger")
        w.mapping(r"C:\sets", "*", r"C:\alt")
        inside = w.component("in").files(r"C:\sets", "*")
        beside = w.component("out").files(r"C:\d", "*")
        s.put(r"C:\sets\full\set.json", b"older")
        s.put(r"C:\d\a", b"a")
        b = s.backup()
        b.include(inside)
        b.include(beside)
        media = os.path.join(os.path.dirname(s.place(r"C:\sets\x")), b"full")
        os.rename(s.pack(), media)
        run = s.run(media).must(0)
        equal((run.unit(inside)["verdict"], run.status(beside)), ("alternate", "ALL"))
        equal((s.at(r"C:\alt\full\set.json"), s.at(r"C:\d\a")), (b"older", b"a"))
        equal(subprocess.run([PROGRAM, "verify", media], check=False, capture_output=True)
              .returncode, 0)


if __name__ == "__main__":
    run_rules(globals())
