r"""What a run writes beside what it restores stands nowhere where the plan restores to: the document,
the run folder, metrics, a plan that is saved. The one would take the place of the other, and a wrong
content stood under a right name.

However such a place is called: by a link, by a name in other letters, by the hidden name that a file
is written under; and whoever brought the plan there, a writer's answer too.
"""

import os

from ledger import ledger, one, play
from players import Players, set_attribute
from scenario import Scenario, Told, equal, expect, run_rules


def refused(told, *words):
    told.must(11)
    expect(told.told_of("is a place that this plan restores to", *words), told.told())


def R28_the_document_replaces_nothing_that_is_restored():
    with Scenario() as s:
        ledger(s, files=2)
        s.put(r"C:\db\deep\g", b"g")
        s.put(r"C:\db\.h.part", b"h")
        c = s.all_writers[0].components[0]
        s.backup().include(c)
        media = s.pack()
        s.place_folder(r"C:\DB")
        linked = os.path.join(s.folder, b"linked")
        os.symlink(s.dest.path(r"C:\DB"), linked)
        plan = os.path.join(s.folder, b"plan")
        Told(["plan", media, "--root", s.dest.folder, "-o", plan]).must(0)
        for path in (s.dest.path(r"C:\DB\f0"), s.dest.path(r"C:\DB\F1"), s.dest.path(r"C:\DB\deep"),
                     s.dest.path(r"C:\DB\h"), os.path.join(linked, b"f0"),
                     os.path.join(linked, b"..", b"DB", b"f1"), s.dest.path(r"C:\db")):
            refused(s.run(media, "--bcd-out", path), "--bcd-out")
            refused(s.run_plan(plan, "--bcd-out", path), "--bcd-out")
        equal(s.listing(), {r"C:\DB": None}, "nothing was begun")
        run = s.run(media, "--bcd-out", s.dest.path(r"C:\DB\out.xml")).must(0)
        equal((run.status(c), s.at(r"C:\DB\f0")), ("ALL", b"new 0"), "beside them is room")


def R28_nothing_is_restored_into_the_run_folder():
    with Scenario() as s:
        _, c, players = one(s)
        s.put(r"C:\db\journal", b"of the media")
        s.put(r"C:\db\rows.bin", b"of the media")
        media = s.pack()
        os.makedirs(os.path.join(s.dest.folder, b"C"))
        asked = play(("Ledger", players.writer("ledger")))
        linked = os.path.join(s.folder, b"linked")
        os.symlink(s.dest.path("C:\\"), linked)
        for folder in (s.dest.path(r"C:\db"), s.dest.path(r"C:\DB") + b"//",
                       os.path.join(linked, b"db")):
            for words in (asked, []):
                refused(s.run(media, "--run-dir", folder, *words), "run folder")
        os.rmdir(os.path.join(s.dest.folder, b"C"))
        for name in (b"C", b"c"): # the volume itself is to be made
            refused(s.run(media, "--run-dir", os.path.join(s.dest.folder, name), *asked))
        equal((s.listing(), players.diary), ({}, []), "nothing was begun, and nobody was asked")

        s.place(r"C:\db\own", b"own")
        for folder in (s.dest.path(r"C:\run"), s.dest.path(r"C:\db\run")):
            equal(s.run(media, "--run-dir", folder, *asked).must(0).status(c), "ALL")
            Told(["resume", folder]).must(0)
        equal((s.at(r"C:\db\journal"), s.at(r"C:\db\own")), (b"of the media", b"own"))


def R28_a_writer_does_not_bring_the_plan_there():
    with Scenario() as s:
        ledger(s)
        c = s.all_writers[0].components[0]
        s.backup().include(c)
        players = Players(s)
        answer = players.writer("ledger", pre=set_attribute("db", "restoreTarget", "alternate"))
        media = s.pack()
        s.place(r"D:\db\f0", b"old")
        refused(s.run(media, "--bcd-out", s.dest.path(r"D:\db\f0"), *play(("Ledger", answer))))
        equal(s.at(r"D:\db\f0"), b"old")
        equal(players.diary, ["ledger pre-restore", "ledger post-restore"], "it is told the end")
        os.unlink(s.dest.path(r"D:\db\f0"))
        os.rmdir(s.dest.path(r"D:\db"))
        refused(s.run(media, "--run-dir", s.dest.path(r"D:\db"), *play(("Ledger", answer))),
                "run folder")
        equal((s.at(r"C:\db\f0"), s.at(r"D:\db\f0")), (None, None))


def R28_metrics_and_plans_replace_nothing_that_is_restored():
    with Scenario() as s:
        _, c, _ = one(s)
        media = s.pack()
        s.place(r"C:\db\F0", b"old")
        refused(Told(["plan", media, "--root", s.dest.folder, "-o", s.dest.path(r"C:\db\F0")]))
        s.run(media, "--metrics", s.dest.path(r"C:\db\F0")).must(11) # no metrics of before
        equal(s.at(r"C:\db\F0"), b"old")
        os.unlink(s.dest.path(r"C:\db\F0"))
        refused(s.run(media, "--metrics", s.dest.path(r"C:\db\F0")))
        expect(s.at(r"C:\db\F0").startswith(b"# HELP vssrestore_"), "that it was refused is told")
        equal(s.run(media, "--metrics", s.dest.path(r"C:\db\m.prom")).must(0).status(c), "ALL")
        equal(s.at(r"C:\db\F0"), b"new 0")


if __name__ == "__main__":
    run_rules(globals())
