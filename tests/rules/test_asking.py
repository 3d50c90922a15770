"""Runs that were killed while they asked writers and services (K-01), or ended by a signal (K-02):
nothing was written, so that `resume` tells whoever may have heard of it the end, and begins the run
anew. Who is asked kills the run that asks him.
"""

import json
import os

from players import Players
from scenario import Scenario, Told, equal, expect, run_rules
from town import CAN, NOT_THERE, ends_at, snapshot

LIVE = ("--tree", "live", "--registry", "")


def first(times, name, line):
    """A shell line that is done so many times and no more."""
    return (f'n=$(cat "$here/done-{name}" 2>/dev/null || echo 0); '
            f'[ "$n" -ge {times} ] || {{ echo $((n + 1)) > "$here/done-{name}"; {line}; }}')


def kills(players, times, name):
    """A shell line by which a program kills the run that called it, so many times."""
    return first(times, name, "kill -9 $PPID")


def signals(players, times, name, then="sleep 60 & wait"):
    """The same with SIGTERM; then it waits to be ended itself."""
    return first(times, name, f"kill -TERM $PPID; {then}")


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


def signalled(s, *call, **more):
    """A run that whoever it asked has ended; its folder, and what it told."""
    folder = os.path.join(s.folder, b"run-" + s.number())
    before = snapshot(s.dest.folder)
    told = Told(["run", *call, "--json", "--run-dir", folder], **more).must(143)
    events = [json.loads(line) for line in told.out.splitlines()]
    equal((events[-1]["t"], events[-1]["exit_code"]), ("summary", 143), told.told())
    expect(told.told_of("resume", os.fsdecode(folder)), told.told())
    equal(snapshot(s.dest.folder), before, "it only asked")
    equal(state(folder), "interrupted")
    return folder


def inspected(folder):
    return json.loads(Told(["inspect", folder, "--json"]).must(0).out)


def state(folder):
    return inspected(folder)["state"]


def owes(folder, writers, services, state="killed"):
    """Who is owed the end of a run that asked, and what people are told of it."""
    found = inspected(folder)
    equal((found["state"], found["asking"], found["resumable"], found["staging"]),
          (state, True, True, None))
    equal((found["owed_writers"], found["owed_services"]), (writers, services))
    text = Told(["inspect", folder]).must(0)
    expect("staged" not in text.out and "nothing was written" in text.out, text.told())
    owed = ", ".join(writers + ["the service " + name for name in services])
    expect(("owed to " + owed + "\n" if owed else "written\n`") in text.out, text.told())
    expect(f"`vssrestore resume {os.fsdecode(folder)}`" in text.out, text.told())


def takes_place(s, folder):
    """Something of somebody else's stands where that run will stage; its path."""
    name = b".vssrestore-" + os.fsencode(inspected(folder)["run"])
    path = os.path.join(s.dest.path("C:\\"), name)
    os.mkdir(path)
    return path


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
        equal((found["asking"], found["owed_writers"], found["staging"] is None),
              (False, [], False))
    with Scenario() as s:
        media, players = ledger(s), Players(s)
        program = players.writer("w", pre=signals(players, 1, "w"))
        owes(signalled(s, media, *s.where([]), "--writer", b"Ledger=" + program), [], [],
             "interrupted")


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
