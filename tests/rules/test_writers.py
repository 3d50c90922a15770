"""Which writers take part, how their programs are run and how they fail: traps T66 and T70 of the
rules, with programs that play the writers.

A veto stops its writer alone; each is told the end that was told the beginning, also when a signal
ends the run. What a writer answers: test_writer_changes.py; runs that ended while it was asked and
are gone on with: test_asking_killed.py.
"""

import os
import re
import signal
import stat
import subprocess
import time

from ledger import ledger, noise, noted, one, play, spoil
from players import Players
from scenario import PROGRAM, Child, Scenario, equal, expect, run_rules, schemas


def T66_what_it_puts_at_names_of_ours_is_replaced():
    """A link is not followed, a FIFO is not waited for."""
    with Scenario() as s:
        _, c, players = one(s)
        victim = os.path.join(s.folder, b"victim")
        with open(victim, "wb") as out:
            out.write(b"somebody's")
        program = players.writer("ledger", pre=f'''
ln -s "{os.fsdecode(victim)}" "$VSSRESTORE_RUN/report.jsonl"
mkfifo "$VSSRESTORE_RUN/profile.json"''')
        run = s.run(s.pack(), *play(("Ledger", program))).must(0)
        equal(run.status(c), "ALL")
        with open(victim, "rb") as opened:
            equal(opened.read(), b"somebody's")
        for name in (b"report.jsonl", b"profile.json"):
            expect(stat.S_ISREG(os.lstat(os.path.join(run.folder, name)).st_mode), name)


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
        with Child([PROGRAM, "run", media, "--json", "--root", s.dest.folder,
                    "--run-dir", folder, *play(("Ledger", program))],
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            while not players.diary and running.poll() is None:
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


def R211_a_signal_after_the_last_commit_ends_nothing():
    with Scenario() as s:
        _, c, players = one(s)
        told = os.path.join(s.folder, b"told")
        os.mkfifo(told)
        program = players.writer("ledger", post=f"cat '{os.fsdecode(told)}' >&2")
        folder = os.path.join(s.folder, b"late")
        media = s.pack()
        with Child([PROGRAM, "run", media, "--json", "--root", s.dest.folder,
                    "--run-dir", folder, *play(("Ledger", program))],
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            while len(players.diary) < 2 and running.poll() is None:
                time.sleep(0.02)
            equal(running.poll(), None, "it ended without the end told")
            running.send_signal(signal.SIGTERM)
            os.close(os.open(told, os.O_WRONLY)) # what the writer waits for
            out, err = running.communicate(timeout=30)
        equal(running.returncode, 0, (out, err))
        schemas.check_events(out)
        equal(s.at(r"C:\db\f0"), b"new 0")
        equal(players.diary, ["ledger pre-restore", "ledger post-restore"])


if __name__ == "__main__":
    run_rules(globals())
