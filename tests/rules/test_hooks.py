"""Writers, services and what the document says of them: traps T45-T47, T62-T70, T72 and T75 of
the rules, from documents to restored bytes, with programs that play the writers.
"""

import glob
import os
import random
import re
import signal
import struct
import subprocess
import time

from players import Players, add_child, set_attribute
from scenario import PROGRAM, Scenario, Told, equal, expect, run_rules, schemas


# Prints the document with restore metadata behind the new target.
ADD_METADATA = r"""sed 's#\(<NEW_TARGET [^>]*/>\)#\1<RESTORE_METADATA metadata="detached"/>#' "$1" """


def ledger(s, files=1, name="Ledger", where="db", **writer):
    """A writer with one component of so many files on C:, with a mapping to D:."""
    w = s.writer(name, **writer)
    c = w.component(where)
    c.files(f"C:\\{where}", "*")
    w.mapping(f"C:\\{where}", "*", f"D:\\{where}")
    for number in range(files):
        s.put(f"C:\\{where}\\f{number}", b"new %d" % number)
    s.put_folder("D:\\")
    return w, c


def one(s, files=1, **writer):
    """The same, backed up; and players."""
    w, c = ledger(s, files, **writer)
    s.backup().include(c)
    return w, c, Players(s)


def play(*programs):
    return [word for name, path in programs
            for word in ("--writer", os.fsencode(name + "=") + path)]


def noted(run, *words):
    """A note of the summary, and a line for people, hold all these words."""
    expect(any(all(word in note for word in words) for note in run.summary["notes"]),
           f"no note of {words}\n{run.told()}")
    expect(run.told_of(*words), f"nobody was told of {words}\n{run.told()}")


def spoil(media, content):
    """Flip a bit of the stored bytes of a file that LZ4 could not shrink."""
    for pack in glob.glob(os.path.join(media, b"packs", b"*")):
        with open(pack, "r+b") as opened:
            at = opened.read().find(content[5000:5064])
            if at >= 0:
                opened.seek(at)
                opened.write(bytes([content[5000] ^ 1]))
                return
    raise AssertionError("the content stands in no pack")


def noise(seed, size=1500000):
    return random.Random(seed).randbytes(size)


# statuses

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


# what a writer may change

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


def T66_a_veto_stops_its_writer_alone():
    with Scenario() as s:
        _, a = ledger(s)
        _, b = ledger(s, name="Other", where="other")
        backup = s.backup()
        backup.include(a)
        backup.include(b)
        players = Players(s)
        no = players.writer("ledger", pre="echo first >&2; echo 'the database is attached' >&2; exit 1")
        yes = players.writer("other")
        run = s.run(s.pack(), *play(("Ledger", no), ("Other", yes))).must(3)
        equal((run.unit(a)["status"], run.unit(a)["error"]), ("NONE", "WRITER_VETO"), run.told())
        expect("the database is attached" in run.unit(a)["detail"], run.told())
        equal(run.status(b), "ALL")
        equal((s.at(r"C:\db\f0"), s.at(r"C:\other\f0")), (None, b"new 0"))
        equal(players.diary, ["ledger pre-restore", "other pre-restore", "ledger post-restore",
                              "other post-restore"])
        entry = run.document.entry(a)
        equal((entry.get("fileRestoreStatus"), entry.get("preRestoreFailureMsg")),
              ("none", "the database is attached"))
        equal(run.document.entry(b).get("preRestoreFailureMsg"), None)
        noted(run, "Ledger", "the database is attached")


def T66_all_ways_to_fail_are_vetoes():
    for pre, word in (("kill -9 $$", "signal 9"), ("echo '<html/>'", "html"),
                      ("sed 's#<COMPONENT [^>]*/>##' \"$1\"", "lost"),
                      ("sleep 60", "killed after 1 s"), ("yes | head -c 400000000", "bytes")):
        with Scenario() as s:
            _, c = ledger(s)
            w2 = s.all_writers[0].component("more")
            w2.files(r"C:\more", "*")
            backup = s.backup()
            backup.include(c)
            backup.include(w2)
            players = Players(s)
            program = players.writer("ledger", pre=pre)
            run = s.run(s.pack(), "--writer-timeout", "1" if "sleep" in pre else "30",
                        *play(("Ledger", program))).must(3)
            equal({unit["error"] for unit in run.summary["units"]}, {"WRITER_VETO"}, run.told())
            noted(run, "PreRestore", word)
            equal(players.diary, ["ledger pre-restore", "ledger post-restore"])


def T66_exit_75_is_asked_again_three_times():
    with Scenario() as s:
        _, c, players = one(s)
        twice = players.writer("ledger", pre='test $(wc -l < "$here/diary") -ge 3 || exit 75')
        run = s.run(s.pack(), *play(("Ledger", twice))).must(0)
        equal(players.diary, 3 * ["ledger pre-restore"] + ["ledger post-restore"])
        always = players.writer("always", pre="echo busy >&2; exit 75")
        run = s.run(s.pack(), *play(("Ledger", always))).must(3)
        equal(players.diary[4:], 4 * ["always pre-restore"] + ["always post-restore"])
        equal((run.unit(c)["error"], run.document.entry(c).get("preRestoreFailureMsg")),
              ("WRITER_VETO", "busy"))


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


def T70_if_replace_fails_is_told_the_end_only_then():
    for blocked in (False, True):
        with Scenario() as s:
            _, c, players = one(s, wre="ifReplaceFails")
            if blocked:
                s.block(r"C:\db\f0")
            program = players.writer("ledger")
            run = s.run(s.pack(), *play(("Ledger", program))).must(0)
            equal(run.status(c), "ALL")
            equal(players.diary, ["ledger pre-restore"] +
                  (["ledger post-restore"] if blocked else []))


def T70_and_after_a_failure():
    with Scenario() as s:
        _, _, players = one(s, wre="ifReplaceFails")
        s.put(r"C:\db\f0", noise(1))
        media = s.pack()
        spoil(media, noise(1))
        s.run(media, *play(("Ledger", players.writer("ledger")))).must(20)
        equal(players.diary, ["ledger pre-restore", "ledger post-restore"])


# who takes part, and how it is run

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


def Q03_a_failing_post_restore_is_exit_1():
    with Scenario() as s:
        _, c, players = one(s)
        program = players.writer("ledger", post="echo 'log replay failed' >&2; exit 3")
        run = s.run(s.pack(), *play(("Ledger", program))).must(1)
        equal((run.status(c), run.unit(c)["error"]), ("ALL", None))
        entry = run.document.entry(c)
        equal((entry.get("fileRestoreStatus"), entry.get("postRestoreFailureMsg")),
              ("all", "log replay failed"))
        noted(run, "PostRestore", "log replay failed")


def R31_writers_that_are_not_told_are_not_run():
    with Scenario() as s:
        w, c, players = one(s, wre="never")
        w2 = s.writer("Unselected").component("x").files(r"C:\x", "*")
        s.put(r"C:\x\f", b"x")
        s.backups[-1].include(w2)
        program = players.writer("any")
        media = s.pack()
        run = s.run(media, "--component", "Ledger", *play(("Ledger", program),
                                                          ("Unselected", program))).must(0)
        noted(run, "Ledger", "not asked")
        s.run(media, "--component", "Unselected", "--private", s.folder,
              *play(("Unselected", program))).must(0)
        equal(players.diary, [])


def R31_a_writer_is_not_told_of_what_cannot_be_restored():
    with Scenario() as s:
        w, a = ledger(s)
        b = w.component("failed").files(r"C:\failed", "*")
        s.put(r"C:\failed\f", b"x")
        backup = s.backup()
        backup.include(a)
        backup.include(b, succeeded="no")
        players = Players(s)
        program = players.writer("ledger")
        run = s.run(s.pack(), *play(("Ledger", program))).must(3)
        equal((run.status(a), run.unit(b)["error"]), ("ALL", "BACKUP_FAILED"))
        sent = players.read("ledger-pre-restore.xml")
        equal(len(re.findall('selectedForRestore="yes"', sent)), 1)
        equal((run.document.status(a), run.document.status(b)), ("all", "none"))


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


def R32_a_writer_that_says_not_when_it_takes_part_always_does():
    for wre in (None, "undefined", "sometimes"):
        with Scenario() as s:
            _, c, players = one(s, wre=wre)
            run = s.run(s.pack(), *play(("Ledger", players.writer("ledger")))).must(0)
            equal(players.diary, ["ledger pre-restore", "ledger post-restore"])
            expect(run.told_of("9.6", "Ledger", "3.2"), f"{wre}\n{run.told()}")


def R33_a_program_gets_a_clean_place():
    with Scenario() as s:
        w, _, players = one(s)
        program = players.writer("ledger")
        os.environ["VSSRESTORE_TEST_SECRET"] = "x"
        with open(os.devnull, "rb") as opened:
            os.set_inheritable(opened.fileno(), True)
            run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        names = {line.partition("=")[0]: line.partition("=")[2] for line in
                 players.read("ledger-pre-restore.environ").splitlines() if line}
        equal(set(names) - {"PWD"}, {"PATH", "LANG", "VSSRESTORE_WRITER", "VSSRESTORE_INSTANCE",
                                     "VSSRESTORE_RUN"})
        equal(names["VSSRESTORE_WRITER"], w.writer_id)
        equal(names["VSSRESTORE_INSTANCE"], w.instance_id)
        equal(os.fsencode(names["VSSRESTORE_RUN"]), run.folder)
        open_ones = re.findall(r" (\d+) ->", players.read("ledger-post-restore.fds"))
        shells = {"10", "11"} # its script, and what it sets aside for a redirection
        expect(set(open_ones) - shells == {"0", "1", "2"}, f"descriptors {open_ones}")


def R33_programs_that_do_not_read_or_stay_behind_hold_nothing_up():
    with Scenario() as s:
        _, _, players = one(s)
        deaf = players.script("deaf", "exec true")
        behind = players.script("behind", "(sleep 30; echo late) &\n")
        media = s.pack()
        began = time.monotonic()
        s.run(media, *play(("Ledger", deaf))).must(0)
        s.run(media, *play(("Ledger", behind))).must(0)
        expect(time.monotonic() - began < 15, "nobody waits for who stays behind")


def R33_what_is_named_wrong_is_11_before_anything():
    with Scenario() as s:
        _, _, players = one(s)
        media = s.pack()
        program = os.fsdecode(players.writer("ledger"))
        for words in (["Nobody=" + program], ["Ledger=/no/such/program"], ["Ledger"],
                      ["Ledger=" + program, "Ledger=" + program], ["Ledger:db=" + program]):
            run = s.run(media, *(word for text in words for word in ("--writer", text)))
            equal(run.exit, 11, run.told())
        s.run(media, "--service-command", "/no/such/program").must(11)
        equal(players.diary, [])
        plan = os.path.join(s.folder, b"plan")
        s.plan(media, "-o", plan)
        equal(s.run_plan(plan, "--writer", "Ledger=" + program).exit, 2)


def R33_nobody_is_disturbed_for_a_run_that_cannot_begin():
    with Scenario() as s:
        _, _, players = one(s)
        program = players.writer("ledger")
        media = s.pack()
        taken = os.path.join(s.folder, b"taken")
        os.mkdir(taken)
        told = s.run(media, "--run-dir", taken, *play(("Ledger", program)))
        equal(told.exit, 40, told.told())
        s.run(media, "--bcd-out", "/no/such/folder/x", *play(("Ledger", program)))
        s.run(media, "--memory", "4K", *play(("Ledger", program))).must(50)
        equal(players.diary, [])


def R33_instances_of_one_writer_have_programs_of_their_own():
    with Scenario() as s:
        backup = None
        names = ("one", "two")
        for name in names:
            w = s.writer("Ledger", instance_name=name)
            c = w.component(name).files(f"C:\\{name}", "*")
            s.put(f"C:\\{name}\\f", b"x")
            backup = backup or s.backup()
            backup.include(c)
        players = Players(s)
        programs = [(f"Ledger@{name}", players.writer(name)) for name in names]
        s.run(s.pack(), *play(*programs[:1])).must(0)
        equal(players.diary, ["one pre-restore", "one post-restore"])
        both = players.writer("both")
        s.run(s.pack(), *play(("Ledger", both))).must(0)
        equal(players.diary[2:], 2 * ["both pre-restore"] + 2 * ["both post-restore"])


def R211_a_signal_during_pre_restore_ends_the_run_in_order():
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        ends_in_order(number)


def ends_in_order(number):
    with Scenario() as s:
        _, c, players = one(s)
        program = players.writer("ledger", pre="sleep 60 & wait")
        media = s.pack()
        folder = os.path.join(s.folder, b"cancelled")
        with subprocess.Popen([PROGRAM, "run", media, "--json", "--root", s.dest.folder,
                               "--run-dir", folder, *play(("Ledger", program))],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            while not players.diary:
                time.sleep(0.02)
            began = time.monotonic()
            running.send_signal(number)
            out, err = running.communicate(timeout=30)
        expect(time.monotonic() - began < 10, "it ends soon")
        equal(running.returncode, 128 + number, (out, err))
        schemas.check_events(out)
        equal(players.diary, ["ledger pre-restore", "ledger post-restore"])
        equal(s.at(r"C:\db\f0"), None)
        expect(b'fileRestoreStatus="none"' in
               open(os.path.join(folder, b"backup-components.xml"), "rb").read(), "statuses")


# services

LIVE = ("--tree", "live", "--registry", "", "--in-use", "ignore")


def served(s, method, service="LedgerSvc", **more):
    w, c, players = one(s, method=method, service=service, **more)
    return c, players, ["--service-command", players.service()]


def T45_an_unknown_service_is_an_error_before_any_file():
    with Scenario() as s:
        _, c, players = one(s, method="STOP_RESTORE_START", service="NoSuchSvc")
        s.place(r"C:\db\f0", b"old")
        for how, word in (("exit 4", "no such service"), ("echo denied >&2; exit 1", "denied")):
            command = players.service(stop=how)
            run = s.run(s.pack(), *LIVE, "--service-command", command).must(3)
            equal((run.unit(c)["error"], s.at(r"C:\db\f0")), ("SERVICE_STOP_FAILED", b"old"))
            noted(run, "NoSuchSvc", word)
        equal(players.diary, ["stop NoSuchSvc"] * 2)
        run = s.run(s.pack(), *LIVE).must(3)
        equal(run.unit(c)["error"], "SERVICE_STOP_FAILED")


def T45_a_service_is_started_again_after_a_failure():
    with Scenario() as s:
        c, players, services = served(s, "STOP_RESTORE_START")
        s.put(r"C:\db\f0", noise(4))
        media = s.pack()
        spoil(media, noise(4))
        run = s.run(media, *LIVE, *services).must(20)
        equal((run.status(c), players.diary), ("NONE", ["stop LedgerSvc", "start LedgerSvc"]))


def T45_nobody_starts_what_did_not_run():
    with Scenario() as s:
        _, c, players = one(s, method="STOP_RESTORE_START", service="LedgerSvc")
        command = players.service(stop="echo already stopped")
        run = s.run(s.pack(), *LIVE, "--service-command", command).must(0)
        equal((run.status(c), players.diary), ("ALL", ["stop LedgerSvc"]))


def T45_a_start_that_fails_is_exit_1():
    with Scenario() as s:
        _, c, players = one(s, method="STOP_RESTORE_START", service="LedgerSvc")
        command = players.service(start="echo 'no license' >&2; exit 1")
        run = s.run(s.pack(), *LIVE, "--service-command", command).must(1)
        equal(run.status(c), "ALL")
        noted(run, "LedgerSvc", "no license")


def T46_method_3_stops_before_the_copy_and_starts_before_post_restore():
    with Scenario() as s:
        c, players, _ = served(s, "STOP_RESTORE_START")
        at = os.path.join(os.fsdecode(s.dest.path(r"C:\db")), "f0")
        here = f"if test -e '{at}'; then " + players.note("copied") + "; fi"
        command = players.service(stop=here, start=here)
        program = players.writer("ledger")
        run = s.run(s.pack(), *LIVE, "--service-command", command,
                    *play(("Ledger", program))).must(0)
        equal(players.diary, ["ledger pre-restore", "stop LedgerSvc", "start LedgerSvc", "copied",
                              "ledger post-restore"])
        equal(run.status(c), "ALL")


def T46_method_8_stops_and_starts_after_post_restore():
    with Scenario() as s:
        c, players, services = served(s, "RESTORE_STOP_START")
        program = players.writer("ledger")
        run = s.run(s.pack(), *LIVE, *services, *play(("Ledger", program))).must(0)
        equal(players.diary, ["ledger pre-restore", "ledger post-restore", "stop LedgerSvc",
                              "start LedgerSvc"])
        equal(run.status(c), "ALL")
        run = s.run(s.pack(), *LIVE).must(1)
        equal(run.status(c), "ALL")
        noted(run, "LedgerSvc", "--service-command")


def T46_what_the_service_holds_is_free_once_it_is_stopped():
    with Scenario() as s:
        _, c, players = one(s, method="STOP_RESTORE_START", service="LedgerSvc")
        path = s.place(r"C:\db\f0", b"old")
        with subprocess.Popen(["flock", "--no-fork", path, "sleep", "100"]) as service:
            while subprocess.run(["flock", "-n", path, "true"], check=False).returncode == 0:
                time.sleep(0.02) # until it holds the file
            media = s.pack()
            busy = s.plan(media, *LIVE[:2], "--service-command", "x").unit(c)
            command = players.service(stop=f"kill {service.pid}; flock '{os.fsdecode(path)}' true")
            run = s.run(media, *LIVE[:4], "--service-command", command).must(0)
        equal((busy["error"] or "moved", run.status(c)), (
            "moved" if busy["verdict"] == "alternate" else "NOT_REPLACEABLE", "ALL"))
        equal((s.at(r"C:\db\f0"), s.at(r"D:\db\f0")), (b"new 0", None))
        equal(players.diary, ["stop LedgerSvc", "start LedgerSvc"])


def T46_a_veto_leaves_the_service_alone():
    with Scenario() as s:
        _, players, services = served(s, "STOP_RESTORE_START")
        program = players.writer("ledger", pre="exit 1")
        s.run(s.pack(), *LIVE, *services, *play(("Ledger", program))).must(3)
        equal(players.diary, ["ledger pre-restore", "ledger post-restore"])


def T46_two_writers_share_a_service():
    with Scenario() as s:
        backup = None
        for name in ("One", "Two"):
            _, c = ledger(s, name=name, where=name, method="STOP_RESTORE_START", service="Svc",
                          wre="never")
            backup = backup or s.backup()
            backup.include(c)
        players = Players(s)
        s.run(s.pack(), *LIVE, "--service-command", players.service()).must(0)
        equal(players.diary, ["stop Svc", "start Svc"])


def R82_on_an_offline_tree_no_service_runs():
    for method in ("STOP_RESTORE_START", "RESTORE_STOP_START"):
        with Scenario() as s:
            c, players, services = served(s, method)
            run = s.run(s.pack(), *services).must(0)
            equal((run.status(c), players.diary), ("ALL", []))
            noted(run, "offline", "service")
    with Scenario() as s:
        c, players, services = served(s, "RESTORE_STOP_START", service=None)
        run = s.run(s.pack(), *services).must(1) # ruling 34: the document names none
        equal(run.status(c), "ALL")


def R82_a_plan_keeps_that_services_can_be_stopped():
    with Scenario() as s:
        c, players, services = served(s, "STOP_RESTORE_START")
        media = s.pack()
        plan = os.path.join(s.folder, b"plan")
        equal(s.plan(media, *LIVE[:2]).unit(c)["error"], "SERVICE_STOP_FAILED")
        equal(s.plan(media, *LIVE[:2], *services, "-o", plan).unit(c)["error"], None)
        run = s.run_plan(plan, "--registry", "").must(3)
        equal((run.unit(c)["error"], s.at(r"C:\db\f0")), ("SERVICE_STOP_FAILED", None))
        run = s.run_plan(plan, "--registry", "", *services).must(0)
        equal((run.status(c), players.diary), ("ALL", ["stop LedgerSvc", "start LedgerSvc"]))


# whole dialogues

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


def R211_a_signal_after_the_last_commit_ends_nothing():
    with Scenario() as s:
        _, c, players = one(s)
        told = os.path.join(s.folder, b"told")
        os.mkfifo(told)
        program = players.writer("ledger", post=f"cat '{os.fsdecode(told)}' >&2")
        folder = os.path.join(s.folder, b"late")
        media = s.pack()
        with subprocess.Popen([PROGRAM, "run", media, "--json", "--root", s.dest.folder,
                               "--run-dir", folder, *play(("Ledger", program))],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            while len(players.diary) < 2:
                time.sleep(0.02)
            running.send_signal(signal.SIGTERM)
            os.close(os.open(told, os.O_WRONLY)) # what the writer waits for
            out, err = running.communicate(timeout=30)
        equal(running.returncode, 0, (out, err))
        schemas.check_events(out)
        equal(s.at(r"C:\db\f0"), b"new 0")
        equal(players.diary, ["ledger pre-restore", "ledger post-restore"])


# what the document says

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
