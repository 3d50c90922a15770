"""What was stopped runs again, whatever happens between: traps T45 and T46 of the rules.

A service that is up or down, a file, and a program that stops and starts it, and is cut short: it
gives no answer.
"""

import os
import signal

from ledger import noted, one, play
from scenario import Run, Scenario, equal, expect, run_rules

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


if __name__ == "__main__":
    run_rules(globals())
