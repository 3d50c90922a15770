"""Runs that were killed while they asked writers and services (K-01): nothing was written, so that
`resume` tells whoever may have heard of it the end, and begins the run anew. Who is asked kills the
run that asks him.
"""

import json
import os

from players import Players
from scenario import Scenario, Told, equal, expect, run_rules
from town import CAN, NOT_THERE, snapshot

LIVE = ("--tree", "live", "--registry", "")


def kills(players, times, name):
    """A shell line by which a program kills the run that called it, so many times."""
    return (f'n=$(cat "$here/killed-{name}" 2>/dev/null || echo 0); '
            f'[ "$n" -ge {times} ] || {{ echo $((n + 1)) > "$here/killed-{name}"; kill -9 $PPID; }}')


def ledger(s, service=None):
    method = {"method": "STOP_RESTORE_START", "service": service} if service else {"method": CAN}
    c = s.writer("Ledger", **method).component("db").files(r"C:\db", "*", recursive=True)
    s.put(r"C:\db\a.dat", b"restored", mtime=1500000500)
    s.put(r"C:\db\new\b.dat", b"restored, too", mtime=1500000500)
    s.place(r"C:\db\a.dat", b"was there", mtime=1400000500)
    s.backup().include(c)
    return s.pack()


def killed(s, *call, **more):
    """A run that whoever it asked has killed; its folder."""
    folder = os.path.join(s.folder, b"run-" + s.number())
    before = snapshot(s.dest.folder)
    equal(Told(["run", *call, "--json", "--run-dir", folder], **more).exit, -9)
    equal(snapshot(s.dest.folder), before, "it only asked")
    equal(state(folder), "killed")
    return folder


def state(folder):
    return json.loads(Told(["inspect", folder, "--json"]).must(0).out)["state"]


def restored(s, run):
    equal((s.at(r"C:\db\a.dat"), s.at(r"C:\db\new\b.dat")), (b"restored", b"restored, too"),
          run.told())
    equal(run.status("db"), "ALL")
    expect(not any(name.startswith(b".vssrestore-") for name in
                   os.listdir(s.folder) + os.listdir(s.dest.folder)), "something is left hidden")


def K01_killed_while_a_writer_is_asked():
    with Scenario() as s:
        media, players = ledger(s), Players(s)
        program = players.writer("w", pre=kills(players, 1, "w"))
        folder = killed(s, media, *s.where([]), "--writer", b"Ledger=" + program)
        equal(players.diary, ["w pre-restore"])
        run = s.resume(folder).must(0)
        equal(players.diary, ["w pre-restore", "w post-restore", "w pre-restore", "w post-restore"])
        restored(s, run)
        equal(state(folder), "ended")
        again = s.resume(folder).must(0)
        equal((again.summary, len(players.diary)), (run.summary, 4), "a run that is over")


def K01_killed_while_it_is_begun_anew():
    """As often as anybody likes; by another name of its folder, too."""
    with Scenario() as s:
        media, players = ledger(s, "LedgerSvc"), Players(s)
        program = players.writer("w", pre=kills(players, 2, "w"))
        service = players.service(stop=kills(players, 2, "svc"))
        folder = killed(s, media, *s.where([]), *LIVE, "--writer", b"Ledger=" + program,
                        "--service-command", service)
        link = os.path.join(s.folder, b"link")
        os.symlink(folder, link)
        equal(Told(["resume", link, "--json"]).exit, -9)
        equal(Told(["resume", ".", "--json"], cwd=folder).exit, -9)
        equal(Told(["resume", folder, "--json"]).exit, -9)
        run = s.resume(link)
        run.must(0)
        once = ["w pre-restore", "w post-restore"]
        served = ["w pre-restore", "stop LedgerSvc", "start LedgerSvc", "w post-restore"]
        equal(players.diary, once + once + served + served + served, run.told())
        restored(s, run)
        expect(os.path.islink(link) and not os.path.islink(folder), "names were exchanged")


def K01_killed_while_a_plan_stops_services():
    """What is begun anew is the plan; what changed meanwhile is asked again."""
    with Scenario() as s:
        media, players = ledger(s, "LedgerSvc"), Players(s)
        plan = os.path.join(s.folder, b"plan")
        service = players.service(stop=kills(players, 1, "svc"))
        Told(["plan", media, *s.where([]), *LIVE[:2], "--service-command", service, "-o",
              plan]).must(0)
        folder = killed(s, "--plan", plan, "--registry", "", "--service-command", service)
        run = s.resume(folder).must(0)
        equal(players.diary, ["stop LedgerSvc", "start LedgerSvc"] * 2)
        restored(s, run)


def K01_killed_while_a_chain_asks():
    """In its second step: that one is begun anew, as a step of the chain, and the third is run."""
    with Scenario() as s:
        c = s.writer("Ledger", method=NOT_THERE).component("db").files(r"C:\db", "*")
        sets, stamp = [], None
        for number in range(3):
            b = s.backup() if number == 0 else s.backup(type="incremental")
            b.include(c, stamp=str(number), previous_stamp=stamp)
            stamp = str(number)
            s.put(r"C:\db\a.dat", b"step %d" % number, mtime=1500000000 + number)
            sets.append(s.pack(*(["--parent", sets[-1]] if sets else [])))
        players = Players(s)
        note = players.note("$(grep -o 'additionalRestores=.[a-z]*' \"$1\" | tr -d '\"')")
        note = note.replace("'$(", '"$(').replace(")'", ')"')
        program = players.writer("w", pre=note + "\n[ ! -e \"$here/second\" ] || "
                                 + "{ " + kills(players, 1, "w") + "; }\n: > \"$here/second\"")
        folder = os.path.join(s.folder, b"chain")
        os.mkdir(folder)
        told = Told(["run", *sets, "--json", *s.where([]), "--strict-chain", "--writer",
                     b"Ledger=" + program], cwd=folder)
        equal(told.exit, -9)
        equal(s.at(r"C:\db\a.dat"), b"step 0")
        runs = [os.path.join(folder, name) for name in os.listdir(folder)]
        left = [run for run in runs if state(run) == "killed"]
        equal((len(runs), len(left)), (2, 1))
        again = Told(["resume", left[0], "--json"], cwd=s.folder).must(0)
        equal(again.out.count('"t":"summary"'), 2, again.told())
        equal(s.at(r"C:\db\a.dat"), b"step 2")
        last = ["w pre-restore", "additionalRestores=no", "w post-restore"]
        more = ["w pre-restore", "additionalRestores=yes", "w post-restore"]
        equal(players.diary, more + more[:2] + more[2:] + more + last)


def K01_begun_anew_when_its_cause_is_mended():
    """A resume that cannot begin leaves the folder, and whoever was told is not told again."""
    with Scenario() as s:
        media, players = ledger(s), Players(s)
        program = players.writer("w", pre=kills(players, 1, "w"))
        folder = killed(s, media, *s.where([]), "--writer", b"Ledger=" + program)
        away = os.path.join(s.folder, b"away")
        os.rename(s.dest.folder, away)
        with open(s.dest.folder, "wb"):
            pass
        expect(s.resume(folder).exit not in (0, 1, 3), "there is no destination")
        equal(players.diary, ["w pre-restore", "w post-restore"])
        os.unlink(s.dest.folder)
        os.rename(away, s.dest.folder)
        run = s.resume(folder).must(0)
        equal(players.diary, ["w pre-restore", "w post-restore"] * 2)
        restored(s, run)


def K01_names_that_are_no_text_are_kept():
    """The document's place and the programs' names, for whoever goes on: byte by byte."""
    with Scenario() as s:
        media, players = ledger(s), Players(s)
        program = players.writer("w", pre=kills(players, 1, "w"))
        odd = os.path.join(players.folder, b"w\xe9\xff")
        os.rename(program, odd)
        document = os.path.join(s.folder, b"document\xe9.xml")
        folder = killed(s, media, *s.where([]), "--writer", b"Ledger=" + odd, "--bcd-out", document)
        restored(s, s.resume(folder).must(0))
        expect(os.path.exists(document), os.listdir(s.folder))
        equal([name for name in os.listdir(s.folder) if b".xml" in name], [b"document\xe9.xml"])


if __name__ == "__main__":
    run_rules(globals())
