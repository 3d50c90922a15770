"""Units: traps T62 and T63 of the rules, from documents to restored bytes.

Each comes back whole or not at all, with the files of its subcomponents; what cannot be taken back
has failed; one whose backup failed is left out unless asked for; a system state appears in its order.
"""

import glob
import os
import struct

from ledger import ledger, noise, one, play, spoil
from scenario import Scenario, equal, expect, run_rules


def T62_one_file_of_five_fails_and_the_rest_is_taken_back():
    with Scenario() as s:
        _, c, _ = one(s, 5)
        s.put(r"C:\db\f2", noise(2))
        media = s.pack()
        whole = s.run(media).must(0)
        equal((whole.status(c), whole.document.status(c)), ("ALL", "all"))
        spoil(media, noise(2))
        for number in range(5):
            s.place(f"C:\\db\\f{number}", b"old")
        run = s.run(media).must(20)
        equal((run.status(c), run.document.status(c)), ("NONE", "none"), run.told())
        equal({s.at(f"C:\\db\\f{number}") for number in range(5)}, {b"old"})


def T62_what_cannot_be_taken_back_is_failed():
    with Scenario() as s:
        _, a, players = one(s, 5)
        for number in range(5):
            s.place(f"C:\\db\\f{number}", b"old %d" % number)
        program = players.writer("ledger")
        run = s.run_ending_at("f2", s.pack(), *play(("Ledger", program))).must(31)
        equal((run.status(a), run.document.status(a)), ("FAILED", "failed"), run.told())
        equal([s.at(f"C:\\db\\f{number}") for number in range(5)],
              [b"new 0", b"new 1", b"old 2", b"old 3", b"old 4"])
        outcomes = {source[-2:]: outcome for source, outcome in run.outcomes().items()}
        equal([outcomes[f"f{number}"] for number in range(5)],
              ["DEST_ERROR"] * 3 + ["WITHDRAWN"] * 2)
        expect('fileRestoreStatus="failed"' in players.read("ledger-post-restore.xml"),
               "the writer was not told")
        staging = glob.glob(os.path.join(s.dest.path("C:\\"), b".vssrestore-*"))
        kept = {content for folder in staging for below, _, files in os.walk(folder)
                for content in (open(os.path.join(below, name), "rb").read() for name in files)}
        expect({b"old 0", b"old 1"} <= kept, f"originals are lost, only {kept} is kept")
        expect(any(os.fsdecode(staging[0]) in note for note in run.summary["notes"]), run.told())


def T63_a_subcomponents_file_decides_the_roots_status():
    with Scenario() as s:
        w, c = ledger(s)
        w.component("part", lp="db").files(r"C:\part", "*")
        s.put(r"C:\part\f", noise(3))
        s.backup().include(c)
        media = s.pack()
        spoil(media, noise(3))
        run = s.run(media).must(20)
        equal((run.status(c), run.document.status(c)), ("NONE", "none"), run.told())
        equal(s.at(r"C:\db\f0"), None)


def R12_a_failed_backup_is_restored_when_that_is_asked_for():
    with Scenario() as s:
        w = s.writer("Ledger")
        c = w.component("failed").files(r"C:\failed", "*")
        s.put(r"C:\failed\f", b"x")
        s.backup().include(c, succeeded="no")
        media = s.pack()
        run = s.run(media).must(3)
        equal((run.unit(c)["error"], s.at(r"C:\failed\f")), ("BACKUP_FAILED", None))
        plan = s.plan(media, "--force-failed-backup")
        expect(plan.told_of("4.12", "failed"), plan.told())
        run = s.run(media, "--force-failed-backup").must(0)
        equal((run.status(c), s.at(r"C:\failed\f")), ("ALL", b"x"))


def commits(folder):
    """The groups of a run, in the order in which its journal says they were committed."""
    with open(os.path.join(folder, b"journal"), "rb") as opened:
        journal = opened.read()
    found, at = [], 0
    while at < len(journal):
        kind, payload, group = struct.unpack_from("<4xH2xII", journal, at)
        found += [group] if kind == 4 else []
        at += 24 + payload + 8
    return found


def R36_a_system_state_appears_in_its_order():
    with Scenario() as s:
        ids = {"Registry": "afbab4a2-367d-4d15-a586-71dbb18f8485", "Free": None,
               "NTDS": "b2014c9e-8711-4c5c-a5a9-3cf384484757",
               "FRS": "d76f5a28-3092-4589-ba48-2958fb88ce29",
               "COM": "542da469-d3e1-473c-9f4f-7847f01fc64f",
               "System": "e8132975-6f93-4464-a53e-1050253ae220"}
        b = s.backup()
        for name, writer_id in ids.items():
            w = s.writer(name, usage="BOOTABLE_SYSTEM_STATE", writer_id=writer_id)
            b.include(w.component(name.lower()).files("C:\\" + name, "*"))
            s.put(f"C:\\{name}\\a", noise(name, 200000 if name == "System" else 100))
            s.place_folder("C:\\" + name) # so that each appears by itself
        media = s.pack()
        lines = os.path.join(s.folder, b"lines")
        runs = [s.run(media)]
        with open(lines, "w", encoding="utf-8") as out:
            out.write(s.plan(media).out)
        runs.append(s.run_plan(lines))
        for run in runs:
            order = [list(ids)[group] for group in commits(run.must(0, 1).folder)]
            equal(len(order), len(ids), run.told())
            order.remove("Free")
            equal(order, ["System", "COM", "FRS", "NTDS", "Registry"])


if __name__ == "__main__":
    run_rules(globals())
