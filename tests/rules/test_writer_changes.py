"""What a writer may change in the document that it is given: traps T64, T65, T67 and T69 of the
rules, from documents to restored bytes.

Its own targets are planned by, its restore metadata and its message are kept; all else is dropped,
and told. At the end, a database that is moved by all of it.
"""

import os

from ledger import ledger, noted, one, play
from players import Players, add_child, set_attribute
from scenario import Scenario, equal, expect, run_rules

# Prints the document with restore metadata behind the new target.
ADD_METADATA = r"""sed 's#\(<NEW_TARGET [^>]*/>\)#\1<RESTORE_METADATA metadata="detached"/>#' "$1" """


def T64_a_change_that_is_not_the_writers_is_dropped():
    with Scenario() as s:
        _, c, players = one(s)
        program = players.writer("ledger", pre=r'''sed 's/ selectedForRestore="yes"//' "$1"''')
        run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        equal(run.status(c), "ALL")
        equal(run.document.entry(c).get("selectedForRestore"), "yes")
        noted(run, "selectedForRestore", "db")
        equal(s.at(r"C:\db\f0"), b"new 0")


def T64_so_is_one_of_another_writers_part():
    with Scenario() as s:
        _, a = ledger(s)
        _, b = ledger(s, name="Other", where="other")
        backup = s.backup()
        backup.include(a)
        backup.include(b)
        players = Players(s)
        program = players.writer("ledger", pre=set_attribute("other", "restoreTarget", "alternate"))
        run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        noted(run, "restoreTarget", "other")
        equal(s.at(r"C:\other\f0"), b"new 0")
        equal(run.document.entry(b).get("restoreTarget"), None)


def T65_a_target_of_the_writer_is_planned_by():
    with Scenario() as s:
        _, c, players = one(s)
        s.place(r"C:\db\f0", b"old")
        program = players.writer("ledger", pre=set_attribute("db", "restoreTarget", "alternate"))
        run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        equal((s.at(r"C:\db\f0"), s.at(r"D:\db\f0")), (b"old", b"new 0"))
        equal(run.document.entry(c).get("restoreTarget"), "alternate")
        equal(len(run.document.children(c, "ALTERNATE_LOCATION_MAPPING")), 1)
        saved = os.path.join(run.folder, b"backup-components-pre-restore.xml")
        with open(saved, encoding="utf-8") as opened:
            text = opened.read()
        expect('restoreTarget="alternate"' in text and "fileRestoreStatus" not in text, text)


def T65_what_a_writer_makes_room_for_is_seen_by_the_second_pass():
    with Scenario() as s:
        _, c, players = one(s, method="RESTORE_IF_NOT_THERE", wre="always")
        old = s.place(r"C:\db\f0", b"old")
        program = players.writer("ledger", pre=f"rm '{os.fsdecode(old)}'")
        run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        equal((run.status(c), s.at(r"C:\db\f0"), s.at(r"D:\db\f0")), ("ALL", b"new 0", None))


def T65_a_target_that_is_no_word_refuses_the_unit():
    with Scenario() as s:
        _, c, players = one(s)
        program = players.writer("ledger", pre=set_attribute("db", "restoreTarget", "elsewhere"))
        run = s.run(s.pack(), *play(("Ledger", program))).must(3)
        equal(run.unit(c)["error"], "DOCUMENT_UNKNOWN_WORD")
        equal(s.at(r"C:\db\f0"), None)


def T67_restore_metadata_is_written_once():
    with Scenario() as s:
        _, c, players = one(s)
        meta = '<RESTORE_METADATA metadata="a"/><RESTORE_METADATA metadata="b"/>'
        program = players.writer("ledger", pre=add_child("db", meta))
        run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        equal(run.document.children(c, "RESTORE_METADATA"), [{"metadata": "a"}])
        noted(run, "RESTORE_METADATA", "already")


def T69_the_previous_stamp_is_never_written():
    with Scenario() as s:
        _, c, players = one(s)
        program = players.writer("ledger", pre=set_attribute("db", "previousBackupStamp", "x"))
        run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        equal(run.document.entry(c).get("previousBackupStamp"), None)
        noted(run, "previousBackupStamp")


def Q03_post_restore_may_write_its_message_alone():
    with Scenario() as s:
        _, c, players = one(s)
        program = players.writer(
            "ledger", post=set_attribute("db", "postRestoreFailureMsg", "no log") +
            "| sed 's/fileRestoreStatus=.all./fileRestoreStatus=\"none\"/'")
        run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        entry = run.document.entry(c)
        equal((entry.get("fileRestoreStatus"), entry.get("postRestoreFailureMsg")), ("all", "no log"))
        noted(run, "fileRestoreStatus")
        sent = players.read("ledger-post-restore.xml")
        expect('fileRestoreStatus="all"' in sent and 'selectedForRestore="yes"' in sent, sent)


def R11_a_database_is_restored_with_move():
    """A writer like SQL Server's: it detaches what is there, is told where the files go, and
    brings the database online with what came."""
    with Scenario() as s:
        w = s.writer("SqlServerWriter", schema=0x371)
        c = w.component("Sales", lp="SQLPROD01")
        c.files(r"E:\Data", "Sales.mdf", recursive=False)
        c.files(r"L:\Log", "Sales_log.ldf", recursive=False)
        s.backup().include(c, stamp="CAAAAMQv3+t4udUB")
        s.put(r"E:\Data\Sales.mdf", b"the data")
        s.put(r"L:\Log\Sales_log.ldf", b"the log")
        s.place(r"E:\Data\Sales.mdf", b"in use")
        moved = os.fsdecode(s.dest.path(r"F:\Moved\Sales.mdf"))
        players = Players(s)
        program = players.writer("sql", pre=f"""
grep -q 'NEW_TARGET.*alternatePath="F:.Moved"' "$1" || {{ echo 'no new place' >&2; exit 1; }}
grep -q 'restoreOptions="&quot;New Component Name' "$1" || {{ echo 'no new name' >&2; exit 1; }}
test ! -e '{moved}' || {{ echo 'the files are there before their time' >&2; exit 1; }}
{ADD_METADATA}
""", post=f"""
grep -q 'fileRestoreStatus="all"' "$1" && grep -q 'additionalRestores="no"' "$1" &&
    grep -q 'metadata="detached"' "$1" && test "$(cat '{moved}')" = 'the data' || {{
        echo 'the database does not come online' >&2; exit 1; }}
""")
        run = s.run(s.pack(), *play(("SqlServerWriter", program)),
                    "--new-target", r"SqlServerWriter:SQLPROD01\Sales|E:\Data|Sales.mdf|no|F:\Moved",
                    "--restore-options",
                    r'SqlServerWriter:SQLPROD01\Sales="New Component Name"="SQLPROD01\Sales2"',
                    "--additional-restores", "no").must(0)
        equal(run.status(c), "ALL", run.told())
        equal((s.at(r"E:\Data\Sales.mdf"), s.at(r"L:\Log\Sales_log.ldf")), (b"in use", b"the log"))
        equal(run.document.children(c, "RESTORE_METADATA"), [{"metadata": "detached"}])
        equal(run.document.entry(c).get("backupStamp"), "CAAAAMQv3+t4udUB")


if __name__ == "__main__":
    run_rules(globals())
