"""What was stopped runs again, whatever happens between: traps T45 and T46 of the rules, K-01 and K-02
of what a restore must survive.

A service that is up or down, a file, and a program that stops and starts it, and is cut short: it
gives no answer, or who called it is killed meanwhile. Runs that end while they ask:
test_asking_owed.py.
"""

import os
import signal

from asking import first
from interrupted import inspected, killed_in_the_middle
from ledger import noted, one, play
from players import Players
from scenario import Run, Scenario, equal, expect, run_rules
from town import Town, ends_at

LIVE = ("--tree", "live", "--registry", "", "--in-use", "ignore")
DOWN = 'touch "$here/down"; '


def service(players, stop="", name="services"):
    """It says when it is down already; what else happens when it was stopped."""
    return players.service(name, stop='[ ! -e "$here/down" ] || echo already; ' + DOWN + (stop or ":"),
                           start='rm -f "$here/down"')


def runs(players):
    return players.read("down") is None


def T45_a_service_whose_stop_gives_no_answer_is_started():
    """Nobody knows whether it was stopped."""
    for how, *more in (("kill -TERM $$; sleep 60",), ("yes",), ("sleep 60", "--writer-timeout", "1")):
        with Scenario() as s:
            _, c, players = one(s, method="STOP_RESTORE_START", service="LedgerSvc")
            run = s.run(s.pack(), *LIVE, "--service-command", service(players, how), *more).must(3)
            equal((run.unit(c)["error"], players.diary),
                  ("SERVICE_STOP_FAILED", ["stop LedgerSvc", "start LedgerSvc"]), run.told())
            expect(runs(players), run.told())
            noted(run, "LedgerSvc", "cut short")


def T46_a_cycle_whose_stop_gives_no_answer_is_ended():
    with Scenario() as s:
        _, _, players = one(s, method="RESTORE_STOP_START", service="LedgerSvc")
        run = s.run(s.pack(), *LIVE, "--service-command", service(players, "kill -TERM $$"))
        expect(runs(players), run.told())


def T45_who_was_told_to_ignore_children_asks_all_the_same():
    """SIGCHLD stays ignored when a program is started."""
    with Scenario() as s:
        _, c, players = one(s, method="STOP_RESTORE_START", service="LedgerSvc")
        folder = os.path.join(s.folder, b"run")
        run = Run(["run", s.pack(), "--json", "--run-dir", folder, *s.where([]), *LIVE,
                   "--service-command", service(players), *play(("Ledger", players.writer("w")))],
                  folder, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)).must(0)
        equal(run.status(c), "ALL", run.told())
        equal(players.diary, ["w pre-restore", "stop LedgerSvc", "start LedgerSvc",
                              "w post-restore"])


def K01_a_service_in_the_middle_of_its_cycle_is_started():
    """Killed behind the stop of method 8."""
    with Scenario() as s:
        _, c, players = one(s, method="RESTORE_STOP_START", service="LedgerSvc")
        folder = os.path.join(s.folder, b"run")
        kills = first(1, "svc", "kill -9 $PPID")
        run = Run(["run", s.pack(), "--json", "--run-dir", folder, *s.where([]), *LIVE,
                   "--service-command", service(players, kills)], folder)
        equal((run.exit, runs(players)), (-signal.SIGKILL, False), run.told())
        equal(inspected(folder)["owed_services"], ["LedgerSvc"])
        run = s.resume(folder).must(0)
        expect(runs(players), run.told())
        equal((run.status(c), s.at(r"C:\db\f0")), ("ALL", b"new 0"))
        equal(inspected(folder)["owed_services"], [])


def town_of(s, players):
    """A run with a service, in copies."""
    c = s.writer("Ledger", method="STOP_RESTORE_START", service="LedgerSvc").component("db").files(
        r"C:\db", "*")
    for number in range(3):
        s.put(rf"C:\db\{number}", b"%d" % number * 1000, mtime=1500000000)
        s.place(rf"C:\db\{number}", b"was there", mtime=1400000000)
    s.backup().include(c)
    return Town(s, s.pack(), *LIVE, "--service-command", service(players))


def K01_a_service_that_a_resume_stopped_is_started():
    """It was down when the run began, up when it was gone on with, and that was killed."""
    with Scenario() as s:
        players = Players(s)
        town = town_of(s, players)
        down = os.path.join(players.folder, b"down")
        with open(down, "wb"):
            pass
        killed_in_the_middle(town)
        os.unlink(down)
        service(players, first(1, "svc", "kill -9 $PPID"))
        run = s.resume(town.folder())
        equal((run.exit, runs(players)), (-signal.SIGKILL, False), run.told())
        run = town.resume("behind two kills")
        expect(runs(players), run.told())


def interrupted(town):
    """By a signal, while it copied."""
    for number in range(town.count_calls() * 2 // 3, 0, -1):
        town.copy()
        env = {**os.environ, "LD_PRELOAD": ends_at(), "ENDS_AT": str(number), "ENDS_BY": "15"}
        told = Run(town.call(), town.folder(), env=env)
        if told.exit == 143 and not inspected(town.folder())["asking"]:
            return
        town.clear()
    expect(False, "no signal came while it copied")


def K02_a_resume_that_does_not_begin_starts_what_it_stopped():
    """The signal had it started again: so it runs when there is no room for the tables of files, and
    when the service is stopped by half."""
    with Scenario() as s:
        players = Players(s)
        town = town_of(s, players)
        interrupted(town)
        expect(runs(players), "a signal starts it")
        run = s.resume(town.folder(), "--memory", "1K").must(50)
        expect(runs(players), run.told())
        service(players, "kill -TERM $$")
        run = s.resume(town.folder()).must(31)
        expect(runs(players), run.told())
        service(players)
        run = town.resume("at last")
        expect(runs(players), run.told())


if __name__ == "__main__":
    run_rules(globals())
