"""Services that are stopped for a restore and started again: traps T45 and T46 of the rules, with a
program that plays the services.
"""

import os
import subprocess
import time

from ledger import ledger, noise, noted, one, play, spoil
from players import Players
from scenario import Child, Scenario, equal, run_rules

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
        with Child(["flock", "--no-fork", path, "sleep", "100"]) as service:
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


if __name__ == "__main__":
    run_rules(globals())
