"""Runs that were killed while they asked writers and services: K-01 of what a restore must survive.

Nothing was written, so that `resume` tells whoever may have heard of it the end, and begins the run
anew: of a set, a plan and a step of a chain, also where its own folder and names get in the way.
Who is owed the end: test_asking_owed.py.
"""

import os

from asking import LIVE, killed, kills, ledger, restored, state, takes_place
from players import Players
from scenario import Scenario, Told, equal, expect, run_rules
from town import CAN, NOT_THERE, ends_at


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


def plan_killed(s, players):
    """The folder of a run of a plan, killed while it stopped a service."""
    media, plan = ledger(s, "LedgerSvc"), os.path.join(s.folder, b"plan")
    service = players.service(stop=kills(players, 1, "svc"))
    Told(["plan", media, *s.where([]), *LIVE[:2], "--service-command", service, "-o",
          plan]).must(0)
    return killed(s, "--plan", plan, "--registry", "", "--service-command", service)


def K01_killed_while_a_plan_stops_services():
    with Scenario() as s:
        players = Players(s)
        run = s.resume(plan_killed(s, players)).must(0)
        equal(players.diary, ["stop LedgerSvc", "start LedgerSvc"] * 2)
        restored(s, run)


def K01_a_plan_that_is_begun_anew_is_that_plan():
    """Places are not chosen again: what it counted on has gone, so nothing is done."""
    with Scenario() as s:
        players = Players(s)
        folder = plan_killed(s, players)
        os.unlink(s.dest.path(r"C:\db\a.dat"))
        os.rmdir(s.dest.path(r"C:\db"))
        run = s.resume(folder)
        unit, = run.summary["units"]
        equal((unit["status"], unit["error"]), ("NONE", "DESTINATION_CHANGED"), run.told())
        equal(players.diary, ["stop LedgerSvc", "start LedgerSvc"] * 2)
        equal(s.at(r"C:\db\a.dat"), None)


def K01_who_was_told_is_not_told_again():
    """Two are asked, and the second kills the run; then the first does: he alone is owed the end."""
    with Scenario() as s:
        b, players, play = s.backup(), Players(s), []
        again = '[ ! -e "$here/again" ] || { ' + kills(players, 1, "Alpha") + '; }'
        for name, pre in (("Alpha", again + '\n: > "$here/again"'),
                          ("Beta", kills(players, 1, "Beta"))):
            c = s.writer(name, method=CAN).component("db" + name).files(rf"C:\{name}", "*")
            s.put(rf"C:\{name}\f", b"restored")
            b.include(c)
            play += ["--writer", os.fsencode(name) + b"=" + players.writer(name, pre=pre)]
        folder = killed(s, s.pack(), *s.where([]), *play)
        equal(Told(["resume", folder, "--json"]).exit, -9)
        s.resume(folder).must(0)
        pre, post = ([f"{name} {what}-restore" for name in ("Alpha", "Beta")]
                     for what in ("pre", "post"))
        equal(players.diary, pre + post + pre[:1] + post[:1] + pre + post)


MORE = ["w pre-restore", "additionalRestores=yes", "w post-restore"]
LAST = ["w pre-restore", "additionalRestores=no", "w post-restore"]


def chained(s, players):
    """Three sets, and the folder of the second step of their run, killed while it asked."""
    c = s.writer("Ledger", method=NOT_THERE).component("db").files(r"C:\db", "*")
    sets, stamp = [], None
    for number in range(3):
        b = s.backup() if number == 0 else s.backup(type="incremental")
        b.include(c, stamp=str(number), previous_stamp=stamp)
        stamp = str(number)
        s.put(r"C:\db\a.dat", b"step %d" % number, mtime=1500000000 + number)
        sets.append(s.pack(*(["--parent", sets[-1]] if sets else [])))
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
    equal(players.diary, MORE + MORE[:2])
    return sets, left[0]


def chain_gone_on(s, folder):
    again = Told(["resume", folder, "--json"], cwd=s.folder).must(0)
    equal(again.out.count('"t":"summary"'), 2, again.told())
    equal(s.at(r"C:\db\a.dat"), b"step 2")


def K01_killed_while_a_chain_asks():
    """In its second step: that one is begun anew, as a step of the chain, and the third is run."""
    with Scenario() as s:
        players = Players(s)
        _, folder = chained(s, players)
        chain_gone_on(s, folder)
        equal(players.diary, MORE + MORE + MORE + LAST)


def K01_the_end_is_told_where_another_set_is_away():
    """And once: it is begun anew when that is back."""
    for number in (0, 2):
        with Scenario() as s:
            players = Players(s)
            sets, folder = chained(s, players)
            away = os.path.join(s.folder, b"away")
            os.rename(sets[number], away)
            told = Told(["resume", folder, "--json"], cwd=s.folder).must(11)
            expect(told.told_of(os.fsdecode(sets[number])), told.told())
            equal((players.diary, state(folder)), (MORE * 2, "killed"))
            os.rename(away, sets[number])
            chain_gone_on(s, folder)
            equal(players.diary, MORE * 3 + LAST)


def K01_a_chain_that_cannot_stage_stays_one():
    with Scenario() as s:
        players = Players(s)
        _, folder = chained(s, players)
        path = takes_place(s, folder)
        Told(["resume", folder, "--json"], cwd=s.folder).must(32)
        equal(players.diary, MORE * 3)
        os.rmdir(path)
        chain_gone_on(s, folder)
        equal(players.diary, MORE * 4 + LAST)


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


def K01_a_folder_stays_where_names_are_not_exchanged():
    """And its own, which is called .part until then, cannot take its place; or can."""
    with Scenario() as s:
        media, players = ledger(s), Players(s)
        program = players.writer("w", pre=kills(players, 1, "w"))
        folder = killed(s, media, *s.where([]), "--writer", b"Ledger=" + program)
        plain = {**os.environ, "LD_PRELOAD": ends_at()}
        s.resume(folder, env={**plain, "NO_EXCHANGE": ".part"}).must(32)
        equal(state(folder), "killed")
        once = ["w pre-restore", "w post-restore"]
        equal(players.diary, once * 2)
        run = s.resume(folder, env={**plain, "NO_EXCHANGE": "/"}).must(0)
        equal(players.diary, once * 3)
        restored(s, run)


def K01_what_a_writer_keeps_is_not_hidden():
    """A run that ends before it began takes its folder away, but for what is not of its own."""
    with Scenario() as s:
        media, players = ledger(s), Players(s)
        away = os.fsdecode(os.path.join(s.folder, b"away"))
        there = os.fsdecode(s.dest.folder)
        program = players.writer("w", pre=f'mkdir "$VSSRESTORE_RUN/in"; : > "$VSSRESTORE_RUN/in/kept"\n'
                                 f'mv "{there}" "{away}"; : > "{there}"')
        folder = os.path.join(s.folder, b"run-of-its-own")
        told = Told(["run", media, *s.where([]), "--json", "--run-dir", folder, "--writer",
                     b"Ledger=" + program])
        expect(told.exit not in (0, 1, 3), told.told())
        equal(players.diary, ["w pre-restore", "w post-restore"])
        equal([(path, folders, names) for path, folders, names in os.walk(folder)],
              [(folder, [b"in"], []), (os.path.join(folder, b"in"), [], [b"kept"])], told.told())
        equal([name for name in os.listdir(s.folder) if name.startswith(b".vssrestore-")], [])
        os.unlink(there)
        os.rename(away, there)
        Told(["resume", folder, "--json"]).must(11)


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
