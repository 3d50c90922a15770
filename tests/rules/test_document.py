"""What the document and the summary say after a restore: traps T47, T72 and T75 of the rules.

Unknown things survive, what an earlier restore said of others stays, options and new targets of the
caller stand there. What a writer writes into it: test_writer_changes.py.
"""

import glob
import os
import subprocess

from ledger import one, play
from players import set_attribute
from scenario import PROGRAM, Scenario, equal, expect, run_rules


def T47_a_private_restore_tells_nobody():
    with Scenario() as s:
        def earlier(name, text):
            return text.replace('componentName="db"', 'componentName="db" selectedForRestore="yes"') \
                if name == "bcd.xml" else text
        s.rewrite = earlier
        _, _, players = one(s)
        program = players.writer("ledger")
        media = s.pack()
        run = s.run(media, "--private", os.path.join(s.folder, b"private"),
                    *play(("Ledger", program))).must(0)
        with open(glob.glob(os.path.join(media, b"documents", b"*bcd*"))[0], "rb") as opened:
            equal(run.document.bytes, opened.read())
        equal(players.diary, [])


def T72_unknown_things_survive():
    with Scenario() as s:
        def strange(name, text):
            return text.replace('backupSchema="0"', 'backupSchema="2048" strange="&#10;"').replace(
                "<COMPONENT ", "<!-- kept --><COMPONENT ") if name == "bcd.xml" else text
        s.rewrite = strange
        _, c, players = one(s)
        program = players.writer("ledger", pre=set_attribute("db", "restoreTarget", "original"))
        run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        for word in (b'backupSchema="2048"', b'strange="&#10;"', b"<!-- kept --><COMPONENT"):
            expect(word in run.document.bytes, f"{word} is gone: {run.document.bytes}")
        equal(run.document.status(c), "all")


def R72_additional_restores_of_an_earlier_restore_are_no_more():
    with Scenario() as s:
        w = s.writer("Ledger")
        c = w.component("db").files(r"C:\db", "*")
        s.backup().include(c, additionalRestores="yes")
        s.put(r"C:\db\f", b"f")
        run = s.run(s.pack()).must(0)
        equal(run.document.entry(c).get("additionalRestores"), None, "or no recovery would be run")


def T10_what_an_earlier_restore_said_of_others_stays():
    with Scenario() as s:
        w = s.writer("Ledger")
        c = w.component("db").files(r"C:\db", "*")
        other = w.component("other").files(r"C:\other", "*")
        earlier = {"fileRestoreStatus": "failed", "additionalRestores": "yes",
                   "selectedForRestore": "yes"}
        s.backup().include(c, **earlier).used_mapping(r"C:\db", "*", r"D:\db")
        s.backups[-1].include(other, **earlier).used_mapping(r"C:\other", "*", r"D:\other")
        s.put(r"C:\db\f", b"f")
        run = s.run(s.pack(), "--component", "Ledger:db").must(0)
        told = [[run.document.entry(one).get(name) for name in earlier] +
                [len(run.document.children(one, "ALTERNATE_LOCATION_MAPPING"))]
                for one in (c, other)]
        equal(told, [["all", None, "yes", 0], ["failed", "yes", None, 1]])


def R99_a_summary_that_nobody_can_read_is_no_success():
    with Scenario() as s:
        one(s)
        with open("/dev/full", "wb") as full:
            told = subprocess.run([PROGRAM, "run", s.pack(), "--json", "--root", s.dest.folder,
                                   "--run-dir", os.path.join(s.folder, b"r")], check=False,
                                  stdout=full, stderr=subprocess.PIPE)
        equal(told.returncode, 32)
        expect(b"cannot write the summary" in told.stderr, told.stderr)


def T75_options_go_to_the_writer_verbatim():
    with Scenario() as s:
        _, c, players = one(s)
        program = players.writer("ledger")
        text = "<Options a='1'>\n\t\"x\" & y=</Options>"
        run = s.run(s.pack(), "--restore-options", "Ledger:db=" + text, "--additional-restores",
                    "yes", *play(("Ledger", program))).must(0)
        entry = run.document.entry(c)
        equal((entry.get("restoreOptions"), entry.get("additionalRestores")), (text, "yes"))
        sent = players.read("ledger-pre-restore.xml")
        expect("restoreOptions=" in sent and 'additionalRestores="yes"' in sent, sent)
        warned = s.warnings(s.pack(), "--restore-options", "Ledger:db=" + text)
        expect(warned.told_of("restore options", "10.16"), warned.told())
        listed = s.warnings(s.pack(), "--restore-options", 'Ledger:db="a"="b", "x":"c"="d"')
        expect(not listed.told_of("restore options"), listed.told())
        twice = ["--restore-options", "Ledger:db=x"]
        s.run(s.pack(), *twice, *twice).must(11)
        s.run(s.pack(), "--restore-options", "Ledger:db=\x01").must(11)
        s.run(s.pack(), "--new-target", "Ledger:db|C:\\db|*|yes|D:\\\x01").must(11)


def R610_a_callers_new_target_stands_in_the_document():
    with Scenario() as s:
        _, c, players = one(s, schema=0x100)
        c.files(r"C:\more", "*")
        s.put(r"C:\more\m", b"more")
        program = players.writer("ledger")
        run = s.run(s.pack(), "--new-target", r"Ledger:db|C:\db|*|yes|D:\new",
                    *play(("Ledger", program))).must(0)
        equal(run.document.children(c, "NEW_TARGET"),
              [{"path": r"C:\db", "filespec": "*", "recursive": "yes", "alternatePath": r"D:\new"}])
        expect("NEW_TARGET" in players.read("ledger-pre-restore.xml"), "told before PreRestore")
        equal(s.at(r"D:\new\f0"), b"new 0")


def R413_a_new_target_is_recorded_as_its_file_set_is_spelled():
    with Scenario() as s:
        w = s.writer("Ledger", schema=0x100)
        c = w.component("db").files("%DATA%\\", "*.Dat")
        s.put(r"C:\db\a.dat", b"a")
        s.backup().include(c)
        run = s.run(s.pack("--env", r"DATA=C:\db"), "--new-target",
                    r"Ledger:db|c:\DB|*.dat|yes|%TO%\new", "--env", "TO=D:").must(0)
        equal(run.document.children(c, "NEW_TARGET"),
              [{"path": "%DATA%\\", "filespec": "*.Dat", "recursive": "yes",
                "alternatePath": r"%TO%\new"}])
        equal(s.at(r"D:\new\a.dat"), b"a")


if __name__ == "__main__":
    run_rules(globals())
