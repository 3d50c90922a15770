"""Who is owed the end of a run that ended while it asked: K-01 and K-02 of what a restore must
survive.

A service that the run stopped, and a writer that was told, also where a process could not start or
tell them; inspect names them, and whoever goes on does it.
"""

import json
import os

from asking import (LIVE, first, killed, kills, ledger, owes, restored, signalled, signals,
                    takes_place)
from interrupted import inspected
from players import Players
from scenario import Scenario, Told, equal, expect, run_rules


def K01_a_resume_that_cannot_stage_leaves_the_folder():
    """By then its own stands for the one that asked; who does not take the end is owed it."""
    with Scenario() as s:
        media, players = ledger(s, "LedgerSvc"), Players(s)
        post = first(1, "post", "exit 1")
        program = players.writer("w", pre=kills(players, 1, "w"),
                                 post='[ ! -e "$here/post" ] || { ' + post + '; }; : > "$here/post"')
        service = players.service(start=first(1, "start", "exit 1"))
        folder = killed(s, media, *s.where([]), *LIVE, "--writer", b"Ledger=" + program,
                        "--service-command", service)
        path = takes_place(s, folder)
        told = s.resume(folder).must(32)
        equal(s.at(r"C:\db\a.dat"), b"was there", told.told())
        served = ["w pre-restore", "stop LedgerSvc", "start LedgerSvc", "w post-restore"]
        equal(players.diary, ["w pre-restore", "w post-restore"] + served, told.told())
        owes(folder, ["Ledger"], ["LedgerSvc"])
        os.rmdir(path)
        run = s.resume(folder).must(0)
        equal(players.diary[6:], served[2:] + served, run.told())
        restored(s, run)


def K01_inspect_says_who_is_owed_the_end():
    """While it is asked, too, of one that is at work; of one that was signalled nobody is."""
    with Scenario() as s:
        media, players = ledger(s, "LedgerSvc"), Players(s)
        look = f"'{os.environ['VSSRESTORE']}' inspect --json \"$VSSRESTORE_RUN\" > \"$here/seen\""
        program = players.writer("w", pre=look)
        folder = killed(s, media, *s.where([]), *LIVE, "--writer", b"Ledger=" + program,
                        "--service-command", players.service(stop=kills(players, 1, "svc")))
        seen = json.loads(players.read("seen"))
        equal((seen["state"], seen["asking"], seen["resumable"]), ("running", True, False))
        equal((seen["owed_writers"], seen["owed_services"]), (["Ledger"], []))
        owes(folder, ["Ledger"], ["LedgerSvc"])
        path = takes_place(s, folder)
        s.resume(folder).must(32)
        owes(folder, [], [])
        os.rmdir(path)
        s.resume(folder).must(0)
        found = inspected(folder)
        equal((found["asking"], found["owed_writers"], found["staging"]), (False, [], None))
    with Scenario() as s:
        media, players = ledger(s), Players(s)
        program = players.writer("w", pre=signals(players, 1, "w"))
        owes(signalled(s, media, *s.where([]), "--writer", b"Ledger=" + program), [], [],
             "interrupted")


def runs_or_not(players, stop="", times=1):
    """A service that says when it is stopped already, and does not start so many times."""
    return players.service(
        stop='[ ! -e "$here/stopped" ] || echo already; : > "$here/stopped"\n' + stop,
        start=first(times, "start", "exit 1") + '\nrm "$here/stopped"')


def K01_a_service_that_does_not_start_is_owed():
    """It was stopped by the run, so the run starts it, whatever another process could not do."""
    with Scenario() as s:
        media, players = ledger(s, "LedgerSvc"), Players(s)
        service = runs_or_not(players, kills(players, 1, "svc"))
        folder = killed(s, media, *s.where([]), *LIVE, "--service-command", service)
        run = s.resume(folder).must(0)
        equal(players.diary, ["stop LedgerSvc", "start LedgerSvc"] * 2, run.told())
        expect("could not be started" in str(run.summary["notes"]), run.told())
        expect(players.read("stopped") is None, "it stands still")
        restored(s, run)


def K01_a_service_is_owed_by_whoever_comes_next():
    with Scenario() as s:
        media, players = ledger(s, "LedgerSvc"), Players(s)
        second = '[ ! -e "$here/second" ] || { ' + kills(players, 1, "w") + '; }\n: > "$here/second"'
        program = players.writer("w", pre=second)
        folder = killed(s, media, *s.where([]), *LIVE, "--writer", b"Ledger=" + program,
                        "--service-command", runs_or_not(players, kills(players, 1, "svc")))
        equal(Told(["resume", folder, "--json"]).exit, -9)
        equal(players.diary, ["w pre-restore", "stop LedgerSvc", "start LedgerSvc",
                              "w post-restore", "w pre-restore"])
        run = s.resume(folder).must(0)
        equal(players.diary[5:], ["start LedgerSvc", "w post-restore", "w pre-restore",
                                  "stop LedgerSvc", "start LedgerSvc", "w post-restore"])
        expect(players.read("stopped") is None, "it stands still")
        restored(s, run)


def K01_a_service_that_was_not_stopped_is_not_started():
    """It stood still before the run, is not known, or did not stop: only what the run stopped, or of
    which nobody knows, is started (Q18)."""
    for answer, code, status in (("echo already", 0, "ALL"), ("exit 4", 3, "NONE"),
                                 ("echo no >&2; exit 1", 3, "NONE")):
        with Scenario() as s:
            b, players = s.backup(), Players(s)
            for name in ("Alpha", "Beta"):
                w = s.writer(name, method="STOP_RESTORE_START", service=name + "Svc")
                b.include(w.component("db" + name).files(rf"C:\{name}", "*"))
                s.put(rf"C:\{name}\f", b"restored")
            service = players.service(stop=f'case "$2" in AlphaSvc) {answer};; '
                                           f'*) {kills(players, 1, "svc")};; esac')
            folder = killed(s, s.pack(), *s.where([]), *LIVE, "--service-command", service)
            stops = ["stop AlphaSvc", "stop BetaSvc"]
            equal(players.diary, stops)
            run = s.resume(folder).must(code)
            equal(players.diary[2:], ["start BetaSvc", *stops, "start BetaSvc"], run.told())
            equal((run.status("dbAlpha"), run.status("dbBeta")), (status, "ALL"), run.told())
            expect("could not be started" not in str(run.summary["notes"]), run.told())


def K02_a_service_that_does_not_start_after_a_signal_is_owed():
    """And so is the end to a writer that did not take it."""
    with Scenario() as s:
        media, players = ledger(s, "LedgerSvc"), Players(s)
        program = players.writer("w", post=first(1, "post", "exit 1"))
        folder = signalled(s, media, *s.where([]), *LIVE, "--writer", b"Ledger=" + program,
                           "--service-command",
                           runs_or_not(players, signals(players, 1, "svc", ":")))
        asked = ["w pre-restore", "stop LedgerSvc", "start LedgerSvc", "w post-restore"]
        equal(players.diary, asked)
        run = s.resume(folder).must(0)
        equal(players.diary[4:], asked[2:] + asked)
        expect(players.read("stopped") is None, "it stands still")
        restored(s, run)


if __name__ == "__main__":
    run_rules(globals())
