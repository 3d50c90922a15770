"""Runs that were ended by a signal while they asked writers and services: K-02 of what a restore
must survive.

It is no veto; nothing was written, whoever heard of it is told the end at once, and `resume` begins
the run anew. Signals while files are restored: test_signals.py.
"""

import os

from asking import LIVE, ledger, restored, signalled, signals, state
from players import Players
from scenario import Scenario, Told, equal, expect, run_rules
from town import CAN


def K02_a_signal_while_it_asks_is_no_veto():
    """Whether who is asked was ended by it, or ended well, or failed of himself."""
    for then in ("sleep 60 & wait", ":", "exit 1"):
        with Scenario() as s:
            media, players = ledger(s, "LedgerSvc"), Players(s)
            program = players.writer("w", pre=signals(players, 1, "w", then))
            folder = signalled(s, media, *s.where([]), *LIVE, "--writer", b"Ledger=" + program,
                               "--service-command", players.service())
            once = ["w pre-restore", "w post-restore"]
            equal(players.diary, once)
            expect(b"reRestoreFailureMsg" not in document(folder), "who was told to end has failed")
            run = s.resume(folder).must(0)
            equal(players.diary, once + ["w pre-restore", "stop LedgerSvc", "start LedgerSvc",
                                         "w post-restore"])
            restored(s, run)
            equal(state(folder), "ended")


def document(folder):
    with open(os.path.join(folder, b"backup-components.xml"), "rb") as opened:
        return opened.read()


def K02_a_signal_before_everybody_was_asked():
    """Nothing is restored of a writer that was not asked: the run does not go on as it is."""
    with Scenario() as s:
        b, players, play = s.backup(), Players(s), []
        for number, name in enumerate(("Alpha", "Beta")):
            c = s.writer(name, method=CAN).component("db" + name).files(rf"C:\{name}", "*")
            s.put(rf"C:\{name}\f", b"restored")
            b.include(c)
            program = players.writer(name, pre=signals(players, 1, name) if number == 0 else "")
            play += ["--writer", os.fsencode(name) + b"=" + program]
        folder = signalled(s, s.pack(), *s.where([]), *play)
        equal(players.diary, ["Alpha pre-restore", "Alpha post-restore"])
        run = s.resume(folder).must(0)
        equal(players.diary[2:], ["Alpha pre-restore", "Beta pre-restore", "Alpha post-restore",
                                  "Beta post-restore"])
        equal([s.at(rf"C:\{name}\f") for name in ("Alpha", "Beta")], 2 * [b"restored"], run.told())


def K02_a_signal_while_it_stops_services():
    """Of a plan that was made before, and of choices; and again when it is begun anew."""
    with Scenario() as s:
        media, players = ledger(s, "LedgerSvc"), Players(s)
        plan = os.path.join(s.folder, b"plan")
        service = players.service(stop=signals(players, 2, "svc", ":"))
        Told(["plan", media, *s.where([]), *LIVE[:2], "--service-command", service, "-o",
              plan]).must(0)
        folder = signalled(s, "--plan", plan, "--registry", "", "--service-command", service)
        once = ["stop LedgerSvc", "start LedgerSvc"]
        equal(players.diary, once)
        Told(["resume", folder, "--json"]).must(143)
        equal((players.diary, state(folder)), (once * 2, "interrupted"))
        run = s.resume(folder).must(0)
        equal(players.diary, once * 3)
        restored(s, run)


if __name__ == "__main__":
    run_rules(globals())
