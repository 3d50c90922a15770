"""What writers are told in each step of a chain, and how one ends it: traps T68 and T69 of the
rules, with programs that play the writers.
"""

import os

from chain import SCHEMA_DIFF_INCR, full_and_two, one, packed
from ledger import play
from players import Players
from scenario import Document, Scenario, equal, expect, run_rules


def T68_more_is_told_on_all_steps_but_the_last():
    with Scenario() as s:
        w, c = one(s)
        brief = w.component("brief", lp="data").files(r"C:\e", "*")
        s.source.path("C:\\e")
        full = packed(s, "full", [c, brief], ("a", b"a"))
        first = packed(s, "incremental", [c, brief], ("a", b"a1"), parent=full)
        second = packed(s, "incremental", c, ("a", b"a2"), parent=first)
        run = s.run([full, first, second]).must(0)
        equal([step.document.entry(c).get("additionalRestores") for step in run.steps],
              ["yes", "yes", "no"])
        equal([step.document.entry(brief).get("additionalRestores") for step in run.steps[:2]],
              ["yes", "no"])
        alone = s.run(full)
        equal(alone.document.entry(c).get("additionalRestores"), None)


def T68_the_caller_may_know_of_more():
    with Scenario() as s:
        _, c = one(s)
        full, first, _ = full_and_two(s, c)
        run = s.run([full, first], "--additional-restores", "yes").must(0)
        equal([step.document.entry(c).get("additionalRestores") for step in run.steps],
              ["yes", "yes"])
        run = s.run(full, "--additional-restores", "no").must(0)
        equal(run.document.entry(c).get("additionalRestores"), "no")


def T68_writers_are_told_before_they_restore():
    with Scenario() as s:
        w, c = one(s)
        brief = s.writer("Brief", schema=SCHEMA_DIFF_INCR)
        gone = brief.component("g").files(r"C:\g", "*")
        s.source.path("C:\\g")
        players = Players(s)
        keep = 'cp "$1" "$here/document-$(wc -l < "$here/diary")"'
        programs = [word for name in ("Ledger", "Brief") for word in (
            "--writer", os.fsencode(name + "=") + players.writer(name, pre=keep, post=keep))]
        full = packed(s, "full", [c, gone], ("a", b"a"))
        last = packed(s, "incremental", c, ("a", b"b"), parent=full)
        run = s.run([last], *programs).must(0)
        equal(players.diary, ["Ledger pre-restore", "Brief pre-restore", "Ledger post-restore",
                              "Brief post-restore", "Ledger pre-restore", "Ledger post-restore"])
        told = [Document(os.path.join(players.folder, b"document-%d" % number))
                for number in range(1, 7)]
        equal([document.entry(c).get("additionalRestores") for document in told],
              ["yes"] * 4 + ["no"] * 2)
        equal([document.entry(gone).get("additionalRestores") for document in told[:4]], ["no"] * 4)
        equal(s.at(r"C:\d\a"), b"b")
        for wrong in ("Nobody=/bin/true", "Brief=/nonexistent/program"):
            expect(s.run([last], "--writer", wrong).must(11).told_of(wrong.split("=")[0] if
                   wrong[0] == "N" else "/nonexistent"), wrong)


def T68_a_writer_that_fails_ends_its_chain():
    with Scenario() as s:
        _, c = one(s)
        full, first, second = full_and_two(s, c)
        players = Players(s)
        veto = os.fsencode("Ledger=") + players.writer(
            "Ledger", pre='[ "$(wc -l < "$here/diary")" -lt 3 ] || exit 1')
        run = s.run([second], "--writer", veto).must(3)
        equal([step.unit(c)["error"] for step in run.steps],
              [None, "WRITER_VETO", "CHAIN_INVALID"])
        equal((s.at(r"C:\d\b"), s.at(r"C:\d\n")), (b"b0", None))


def T69_the_previous_stamp_is_never_written():
    with Scenario() as s:
        _, c = one(s)
        full = packed(s, "full", c, ("a", b"a"), stamp="one")
        first = packed(s, "incremental", c, ("a", b"1"), parent=full, stamp="two", previous="one")
        bare = packed(s, "incremental", c, ("a", b"2"), parent=first, stamp="three")
        run = s.run([full, first, bare]).must(0)
        equal([step.document.entry(c).get("previousBackupStamp") for step in run.steps],
              [None, "one", None])
        equal([step.document.entry(c).get("backupStamp") for step in run.steps],
              ["one", "two", "three"])


def R29_every_step_of_a_chain_has_a_dialogue_of_its_own():
    with Scenario() as s:
        w = s.writer("Ledger", schema=0x2)
        c = w.component("db").files(r"C:\db", "*")
        other = s.writer("Once").component("x").files(r"C:\x", "*")
        s.put(r"C:\db\f", b"full")
        s.put(r"C:\x\f", b"x")
        full = s.backup()
        full.include(c, stamp="1")
        full.include(other)
        first = s.pack()
        s.backup("incremental").include(c, stamp="2", previous_stamp="1")
        s.put(r"C:\db\g", b"more")
        second = s.pack("--parent", first)
        players = Players(s)
        told = players.note("$(grep -o 'additionalRestores=.[a-z]*' \"$1\" | tr -d '\"' | tr '\\n' ' ')")
        told = told.replace("'$(", '"$(').replace(")'", ')"')
        run = s.run([first, second], *play(("Ledger", players.writer("ledger", pre=told)),
                                           ("Once", players.writer("once")))).must(0)
        equal([summary["exit_code"] for summary in run.summaries], [0, 0], run.told())
        equal([line.strip() for line in players.diary],
              ["ledger pre-restore", "additionalRestores=yes additionalRestores=no",
               "once pre-restore", "ledger post-restore", "once post-restore",
               "ledger pre-restore", "additionalRestores=no", "ledger post-restore"])
        equal(s.at(r"C:\db\g"), b"more")


if __name__ == "__main__":
    run_rules(globals())
