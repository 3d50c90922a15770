"""Which components come back: traps T01-T18 and T74 of the rules, from documents to restored bytes."""

import json
import os
import shutil
import threading

from scenario import Scenario, Told, equal, expect, run_rules

BIG_BYTES = 24 << 20
RACES_MAX = 8


def writer_data(s):
    """The example of the design page: writerData with Set1 (Jan, Dec), Set2 and Query below."""
    w = s.writer("Data Writer")
    top = w.component("writerData")
    top.files(r"C:\data", "*.own", recursive=False)
    parts = {}
    for name, lp, alone in (("Set1", "writerData", True), ("Jan", r"writerData\Set1", False),
                            ("Dec", r"writerData\Set1", False), ("Set2", "writerData", False),
                            ("Query", r"writerData\QueryLogs", False)):
        parts[name] = w.component(name, lp=lp, selectable=False, selectable_for_restore=alone)
        parts[name].files("C:\\data\\" + name, "*")
        s.put(f"C:\\data\\{name}\\{name}.dat", name.encode())
    s.put(r"C:\data\top.own", b"own")
    return w, top, parts


def T01_target_original_is_the_method_not_the_place():
    with Scenario() as s:
        w = s.writer("W", method="RESTORE_TO_ALTERNATE_LOCATION")
        c = w.component("db").files(r"C:\db", "*")
        w.mapping(r"C:\db", "*", r"D:\alt")
        s.backup().include(c, target="original")
        s.put(r"C:\db\a.dat", b"a")
        run = s.run(s.pack()).must(0)
        equal(run.status(c), "ALL")
        equal(s.at(r"D:\alt\a.dat"), b"a")
        equal(s.at(r"C:\db\a.dat"), None)


def T02_one_file_present_of_ten_restores_none():
    with Scenario() as s:
        c = s.writer("W", method="RESTORE_IF_NOT_THERE").component("db").files(r"C:\db", "*")
        s.backup().include(c)
        for number in range(10):
            s.put(f"C:\\db\\{number}.dat", b"new")
        s.place(r"C:\db\7.dat", b"old")
        before = s.listing()
        run = s.run(s.pack()).must(3)
        equal((run.unit(c)["status"], run.unit(c)["error"]), ("NONE", "PRESENT"))
        equal(run.document.status(c), "none")
        equal(s.listing(), before, "the destination")


def intrude(folder, path, seen, stop):
    """Make path as soon as something new stands in the folders that lead to it."""
    known = {name: set(os.listdir(name)) for name in folder}
    while not stop.is_set():
        if any(set(os.listdir(name)) != names for name, names in known.items()):
            try:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                seen.set()
            except FileExistsError:
                pass
            return


def race(s, media, c):
    """One run with a file that appears between preflight and commit; None: it came too late."""
    path = s.dest.path(r"C:\db\z.dat")
    folders = [s.dest.folder, s.dest.path("C:\\"), s.dest.path(r"C:\db")]
    seen, stop = threading.Event(), threading.Event()
    intruder = threading.Thread(target=intrude, args=(folders, path, seen, stop))
    intruder.start()
    try:
        run = s.run(media)
    finally:
        stop.set()
        intruder.join()
    return run if seen.is_set() else None


def T03_what_appears_before_commit_is_not_overwritten():
    with Scenario() as s:
        c = s.writer("W", method="RESTORE_IF_NOT_THERE").component("db").files(r"C:\db", "*")
        s.backup().include(c)
        s.put(r"C:\db\a.dat", os.urandom(BIG_BYTES))
        s.put(r"C:\db\z.dat", b"new")
        media = s.pack()
        for _ in range(RACES_MAX):
            s.place(r"C:\db\other", b"")
            run = race(s, media, c)
            if run is not None:
                equal(run.status(c), "NONE", run.told())
                equal(s.at(r"C:\db\z.dat"), b"", "the file that appeared")
                equal(s.at(r"C:\db\a.dat"), None, "what was restored beside it")
                return
            for name in ("a.dat", "z.dat"):
                os.unlink(s.dest.path("C:\\db\\" + name))
        expect(False, f"in {RACES_MAX} runs the file never appeared in time")


def T04_an_explicit_component_is_restored_alone_whatever_it_says():
    with Scenario() as s:
        w = s.writer("W")
        one, other = (w.component(name, selectable_for_restore=False).files("C:\\" + name, "*")
                      for name in ("one", "other"))
        b = s.backup()
        b.include(one)
        b.include(other)
        for name in ("one", "other"):
            s.put(f"C:\\{name}\\f", name.encode())
        run = s.run(s.pack(), "--component", one.selector).must(0)
        equal(run.status(one), "ALL")
        equal((s.at(r"C:\one\f"), s.at(r"C:\other\f")), (b"one", None))
        equal(run.document.entry(one).get("selectedForRestore"), "yes")


def T05_an_implicit_component_that_is_not_selectable_is_refused():
    with Scenario() as s:
        _, top, parts = writer_data(s)
        s.backup().include(top)
        media = s.pack()
        run = s.run(media, "--component", parts["Set2"].selector).must(11)
        expect(run.told_of("NOT_RESTORABLE_ALONE"), run.told())
        equal(s.listing(), {}, "the destination")
        expect(not os.path.exists(run.folder), "and no document was written")
        run = s.run(media, "--component", parts["Set2"].selector, "--widen").must(0)
        equal(len(s.plan(media, "--component", parts["Set2"].selector, "--widen").records()), 6,
              "widened to the whole set")


def T06_a_subcomponent_brings_itself_and_what_is_below_it():
    with Scenario() as s:
        _, top, parts = writer_data(s)
        s.backup().include(top)
        run = s.run(s.pack(), "--component", parts["Set1"].selector).must(0)
        files = {path for path, content in s.listing().items() if content is not None}
        equal(files, {f"C:\\data\\{name}\\{name}.dat" for name in ("Set1", "Jan", "Dec")})
        document = run.document
        equal(document.entry(top).get("selectedForRestore"), "yes")
        equal(document.children(top, "RESTORE_SUBCOMPONENT"),
              [{"logicalPath": "writerData", "componentName": "Set1", "repair": "no"}])
        equal(document.status(top), "all")


def T07_a_subcomponent_is_never_added_before_its_root():
    # Choices are a set, not calls in an order: asking for a subcomponent selects its root, and
    # what cannot be selected so is not added at all.
    with Scenario() as s:
        _, top, parts = writer_data(s)
        s.backup().include(top).subcomponent("writerData", "Set1")
        media = s.pack()
        expect(s.warnings(media).told_of("earlier restore"), "the document's own is ignored")
        run = s.run(media).must(0)
        equal(run.document.children(top, "RESTORE_SUBCOMPONENT"), [])
        equal(len(run.rows) > 6, True, "the whole set came back")
        plan = s.plan(media, "--component", parts["Set1"].selector, "--exclude-component",
                      top.selector)
        equal(plan.files, [], f"its root is excluded\n{plan.told()}")


def R48_without_a_subcomponent_no_set_is_whole():
    with Scenario() as s:
        _, top, parts = writer_data(s)
        s.backup().include(top)
        media = s.pack()
        run = s.run(media, "--exclude-component", parts["Set2"].selector).must(3)
        equal(run.status(top), "NONE")
        equal(run.document.status(top), "none")
        equal((s.at(r"C:\data\top.own"), s.at(r"C:\data\Set2\Set2.dat")), (b"own", None))
        plan = os.path.join(s.folder, b"plan")
        two = os.path.join(s.folder, b"two")
        for form in ("-o", plan), ("--jsonl",):
            shutil.rmtree(two, ignore_errors=True)
            os.makedirs(os.path.join(two, b"C"))
            told = Told(["plan", media, *form, "--root", two, "--exclude-component",
                         parts["Set2"].selector]).must(0)
            if told.out.startswith("{"):
                with open(plan, "w", encoding="utf-8") as lines:
                    lines.write(told.out)
            equal(s.run_plan(plan).must(3).status(top), "NONE")
    with Scenario() as s:
        _, top, _ = writer_data(s)
        s.backup().include(top)
        run = s.run(s.pack(), "--file", r"C:\data\*.own").must(1)
        equal(run.status(top), "NONE")


def T08_a_logical_path_needs_no_component_of_its_own():
    with Scenario() as s:
        _, top, parts = writer_data(s)
        s.backup().include(top)
        plan = s.plan(s.pack()).must(0)
        expect(r"C:\data\Query\Query.dat" in plan.places(top), plan.told())
        expect(parts["Query"].full in plan.unit(top)["subcomponents"], plan.told())


def T09_data_is_no_ancestor_of_database():
    with Scenario() as s:
        w = s.writer("W")
        data = w.component("data").files(r"C:\data", "*")
        below = w.component("x", lp="database", selectable=False).files(r"C:\x", "*")
        b = s.backup()
        b.include(data)
        b.include(below)
        s.put(r"C:\data\f", b"f")
        s.put(r"C:\x\f", b"x")
        media = s.pack()
        plan = s.plan(media, "--component", data.selector)
        equal(set(plan.places()), {r"C:\data\f"})
        equal(plan.unit(data)["subcomponents"], [])
        s.backups[-1].entries.pop()
        told = s.run(s.pack(), "--component", below.selector).must(11)
        expect(told.told_of("COMPONENT_NOT_IN_BACKUP"), told.told())


def T10_an_explicit_descendant_is_not_in_its_ancestors_scope():
    with Scenario() as s:
        w = s.writer("W")
        top = w.component("writerData").files(r"C:\top", "*")
        usage = w.component("Usage", lp="writerData", selectable_for_restore=True)
        usage.files(r"C:\usage", "*")
        b = s.backup()
        b.include(top)
        b.include(usage)
        s.put(r"C:\top\t", b"t")
        s.put(r"C:\usage\u", b"u")
        run = s.run(s.pack(), "--component", top.selector).must(0)
        equal((s.at(r"C:\top\t"), s.at(r"C:\usage\u")), (b"t", None))
        equal(run.document.status(top), "all")
        equal(run.document.status(usage), None)
        equal(run.document.entry(usage).get("selectedForRestore"), None)


def T11_a_name_alone_never_matches():
    with Scenario() as s:
        w = s.writer("W", schema=0x100)
        parts = []
        b = s.backup()
        for year in ("2001", "2002", "2003"):
            parts.append(w.component("Jan", lp=year).files("C:\\" + year, "*"))
            b.include(parts[-1], target="alternate" if year == "2002" else None)
            s.put(f"C:\\{year}\\f", year.encode())
        w.mapping(r"C:\2002", "*", r"D:\alt")
        media = s.pack()
        run = s.run(media, "--new-target", r"W:2003\Jan|C:\2003|*|yes|D:\moved").must(0)
        equal((s.at(r"C:\2001\f"), s.at(r"D:\alt\f"), s.at(r"D:\moved\f")),
              (b"2001", b"2002", b"2003"))
        document = run.document
        equal([len(document.children(part, "ALTERNATE_LOCATION_MAPPING")) for part in parts],
              [0, 1, 0])
        equal([len(document.children(part, "NEW_TARGET")) for part in parts], [0, 0, 1])
        run = s.run(media, "--component", parts[1].selector).must(0)
        equal([run.document.status(part) for part in parts], [None, "all", None])


def T12_a_missing_writer_document_stops_that_writer_only():
    with Scenario() as s:
        lost = s.writer("Lost")
        gone = lost.component("db").files(r"C:\lost", "*")
        here = s.writer("Here").component("db").files(r"C:\here", "*")
        b = s.backup()
        b.include(gone)
        b.include(here)
        lost.has_document = False
        s.put(r"C:\here\f", b"f")
        run = s.run(s.pack()).must(3)
        equal((run.unit(gone)["status"], run.unit(gone)["error"]),
              ("NONE", "WRITER_DOCUMENT_MISSING"))
        equal(run.status(here), "ALL")
        equal(s.at(r"C:\here\f"), b"f")
        equal(run.document.status(gone), "none")


def T13_the_class_id_joins_when_instance_ids_differ():
    with Scenario() as s:
        w = s.writer("W")
        c = w.component("db").files(r"C:\db", "*")
        s.backup().include(c)
        s.put(r"C:\db\f", b"f")
        other = "0f0e0d0c-0b0a-4908-8706-050403020100"
        s.rewrite = lambda name, text: text if name == "bcd.xml" else \
            text.replace(w.instance_id, other)
        run = s.run(s.pack()).must(0)
        equal(run.status(c), "ALL")
        equal(s.at(r"C:\db\f"), b"f")
        equal(run.document.status(c), "all")


def T14_a_writer_that_wants_no_restore_events_gets_its_files():
    with Scenario() as s:
        c = s.writer("W", wre="never").component("db").files(r"C:\db", "*")
        s.backup().include(c)
        s.put(r"C:\db\f", b"f")
        media = s.pack()
        equal(s.plan(media).unit(c)["involve_writer"], False)
        run = s.run(media).must(0)
        equal((run.status(c), s.at(r"C:\db\f")), ("ALL", b"f"))
        entry = run.document.entry(c)
        equal((entry.get("selectedForRestore"), entry.get("fileRestoreStatus")), (None, None))


def T15_after_the_plan_nothing_can_be_chosen():
    # Every choice stands on the command line of the call that plans; a plan that is made, and a
    # run that began, take none any more.
    with Scenario() as s:
        c = s.writer("W", schema=0x100).component("db").files(r"C:\db", "*")
        s.backup().include(c)
        s.put(r"C:\db\f", b"f")
        plan = os.path.join(s.folder, b"plan")
        s.plan(s.pack(), "-o", plan).must(0)
        for choice in (("--component", c.selector), ("--exclude-component", c.selector),
                       ("--new-target", r"W:db|C:\db|*|yes|D:\x"),
                       ("--restore-target", "W:db=alternate"), ("--env", "A=b"),
                       ("--root", s.dest.folder)):
            told = s.run_plan(plan, *choice).must(2)
            expect(not os.path.exists(told.folder), f"{choice}: nothing began")
        equal(s.listing(), {}, "the destination")
        s.run_plan(plan).must(0)
        equal(s.at(r"C:\db\f"), b"f")


def T16_a_cycle_of_dependencies_ends():
    with Scenario() as s:
        one, other = s.writer("One"), s.writer("Other")
        a = one.component("a", lp="x").files(r"C:\a", "*").depends(other, "y", "b")
        b = other.component("b", lp="y").files(r"C:\b", "*").depends(one, "x", "a")
        backup = s.backup()
        backup.include(a)
        backup.include(b)
        s.put(r"C:\a\f", b"a")
        s.put(r"C:\b\f", b"b")
        media = s.pack()
        for first in (a, b):
            plan = s.plan(media, "--component", first.selector).must(0)
            equal(len(plan.units), 2)
            equal(set(plan.places()), {r"C:\a\f", r"C:\b\f"})
        run = s.run(media, "--component", a.selector).must(0)
        equal((run.status(a), run.status(b)), ("ALL", "ALL"))


def T17_a_remote_dependency_is_told_and_not_looked_up():
    with Scenario() as s:
        one, other = s.writer("One"), s.writer("Other")
        a = one.component("a").files(r"C:\a", "*")
        a.depends(other, None, "\\\\HOST\\Comp").depends(other, "\\\\HOST\\Comp", "Comp")
        here = other.component("Comp").files(r"C:\b", "*")
        backup = s.backup()
        backup.include(a)
        backup.include(here)
        s.put(r"C:\a\f", b"a")
        s.put(r"C:\b\f", b"b")
        media = s.pack()
        told = s.warnings(media, "--component", a.selector)
        expect(told.told_of("another machine", "\\\\HOST\\Comp"), told.err)
        run = s.run(media, "--component", a.selector).must(0)
        equal(len(run.summary["units"]), 1)
        equal(s.at(r"C:\b\f"), None)


def T18_a_backslash_is_the_root_of_logical_paths():
    with Scenario() as s:
        one, other = s.writer("One"), s.writer("Other")
        a = one.component("a").files(r"C:\a", "*").depends(other, "\\", "b")
        b = other.component("b").files(r"C:\b", "*")
        backup = s.backup()
        backup.include(a)
        backup.include(b)
        s.put(r"C:\a\f", b"a")
        s.put(r"C:\b\f", b"b")
        s.run(s.pack(), "--component", a.selector).must(0)
        equal((s.at(r"C:\a\f"), s.at(r"C:\b\f")), (b"a", b"b"))


def R21_an_explanation_says_what_is_so():
    with Scenario() as s:
        w = s.writer("Ledger")
        c = w.component("db").files(r"C:\d", "*")
        s.put(r"C:\d\a", b"a")
        s.backup().include(c)
        told = Told(["explain", s.pack(), *s.where([]), r"C:\d\a"]).must(0)
        expect("method RESTORE_IF_CAN_BE_REPLACED" in told.out and "service" not in told.out,
               told.told())
        c.files(r"%DATA%\x", "*")
        w.exclude(r"%data%\x", "*.tmp")
        s.put(r"C:\e\x\b.tmp", b"b")
        media = s.pack("--all", "--env", r"DATA=C:\e")
        told = Told(["explain", media, *s.where([]), r"C:\e\x\b.tmp"]).must(0)
        equal(told.out.count(r" = C:\e\x" + "\n"), 2, told.told())
        told = Told(["explain", media, *s.where([]), "--json", r"C:\e\x\b.tmp"]).must(0)
        equal([one["expanded"] for one in json.loads(told.out)["matches"]], [r"C:\e\x"])
        s.backup(select_components=False)
        told = Told(["explain", s.pack("--all", "--env", r"DATA=C:\e"), *s.where([]), r"C:\d\a"]).must(0)
        expect("volume mode" in told.out and "nothing of its writer" not in told.out, told.told())


def R43_another_letter_case_is_told():
    with Scenario() as s:
        other = s.writer("Other")
        o = other.component("Box", lp="In").files(r"C:\o", "*")
        w = s.writer("Ledger", schema=0x100)
        c = w.component("Db", lp="Data").files(r"C:\d", "*").depends(other, "in", "box")
        s.put(r"C:\d\a", b"a")
        s.put(r"C:\o\a", b"a")
        b = s.backup()
        b.include(c)
        b.include(o)
        media = s.pack()
        new_target = r"|C:\d|*|yes|C:\new"
        for name, heard in ((r"Data\Db", False), (r"DATA\db", True)):
            full = "Ledger:" + name
            told = s.warnings(media, "--component", full, "--exclude-component",
                              full.replace("Ledger:", "Other:").replace(name, r"In\Box"))
            equal((told.told_of("4.3", full), told.told_of("4.3", "depends on")), (heard, True))
            for option, value in (("--new-target", new_target), ("--restore-target", "=original"),
                                  ("--restore-options", '="a"="b"')):
                told = s.warnings(media, option, full + value)
                equal(told.told_of("4.3", option), heard, told.told())
        told = s.warnings(media, "--exclude-component", r"other:IN\BOX")
        expect(told.told_of("4.3", r"In\Box"), told.told())


def T17_a_remote_machine_is_named_as_it_is():
    with Scenario() as s:
        w = s.writer("Ledger")
        c = w.component("db").files(r"C:\d", "*")
        c.depends(s.writer("Other"), r"\\host\in", "box").depends(s.writer("Third"), None,
                                                                  r"\\host\x")
        s.put(r"C:\d\a", b"a")
        s.backup().include(c)
        told = s.warnings(s.pack())
        expect(told.told_of("another machine", r"Other: \\host\in\box"), told.told())
        expect(told.told_of("another machine", r"Third: \\host\x"), told.told())


def R96_a_writer_that_says_no_usage_is_told_of():
    with Scenario() as s:
        c = s.writer("Ledger", usage="UNDEFINED").component("db").files(r"C:\d", "*")
        s.put(r"C:\d\a", b"a")
        s.backup().include(c)
        media = s.pack()
        expect(s.warnings(media).told_of("9.6", "Ledger", "usage"), "not told")
        equal(s.run(media).must(0).status(c), "ALL")


def T74_a_component_of_another_type_in_the_two_documents_is_not_restored():
    with Scenario() as s:
        w = s.writer("W")
        odd = w.component("odd").files(r"C:\odd", "*")
        fine = w.component("fine").files(r"C:\fine", "*")
        b = s.backup()
        b.include(odd, type="database")
        b.include(fine)
        s.put(r"C:\odd\f", b"f")
        s.put(r"C:\fine\f", b"f")
        run = s.run(s.pack()).must(3)
        equal((run.unit(odd)["status"], run.unit(odd)["error"]), ("NONE", "DOCUMENT_INVALID"))
        equal(run.status(fine), "ALL")
        equal((s.at(r"C:\odd\f"), s.at(r"C:\fine\f")), (None, b"f"))
        equal((run.document.status(odd), run.document.status(fine)), ("none", "all"))


if __name__ == "__main__":
    run_rules(globals())
