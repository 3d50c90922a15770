"""Where files go: traps T32-T48 of the rules, from documents to restored bytes.

What blocks a file here is a folder of its name, or a pipe: nobody may replace these, whoever
runs the test.
"""

import os

from scenario import Scenario, equal, expect, run_rules

METHODS = {
    1: "RESTORE_IF_NOT_THERE", 2: "RESTORE_IF_CAN_BE_REPLACED", 3: "STOP_RESTORE_START",
    4: "RESTORE_TO_ALTERNATE_LOCATION", 5: "REPLACE_AT_REBOOT",
    6: "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE", 7: "CUSTOM", 8: "RESTORE_STOP_START"}
NEW_TARGETS = 0x100


def one(s, method=2, **writer):
    """A writer with one component that is backed up."""
    w = s.writer("W", method=METHODS[method], **writer)
    c = w.component("db")
    return w, c, s.backup().include(c)


def five_sets(s, mapped, method=2):
    """Five sets of one file each, C:\\0 to C:\\4, of which so many have a mapping to D:."""
    w, c, _ = one(s, method)
    for number in range(5):
        c.files(f"C:\\{number}", "*")
        s.put(f"C:\\{number}\\f", b"new")
        if number < mapped:
            w.mapping(f"C:\\{number}", "*", f"D:\\{number}")
    return c


def files_of(s):
    return {path: content for path, content in s.listing().items() if content is not None}


def refused(s, run, c, error, wanted=None):
    """NONE for this reason, and the destination holds these files and no others."""
    run.must(3)
    equal((run.unit(c)["status"], run.unit(c)["error"]), ("NONE", error), run.told())
    equal(run.document.status(c), "none")
    equal(files_of(s), wanted or {})


def T32_one_file_without_a_mapping_stops_all():
    with Scenario() as s:
        c = five_sets(s, mapped=4)
        s.block(r"C:\2\f")
        run = s.run(s.pack())
        refused(s, run, c, "NOT_REPLACEABLE")
        equal(run.document.children(c, "ALTERNATE_LOCATION_MAPPING"), [])


def T33_all_go_to_their_mappings_with_one_record_a_set():
    with Scenario() as s:
        c = five_sets(s, mapped=5)
        c.files(r"C:\none", "*.none")
        c.writer.mapping(r"C:\none", "*.none", r"D:\none")
        s.put(r"C:\0\second", b"new")
        s.block(r"C:\2\f")
        run = s.run(s.pack()).must(0)
        equal(run.status(c), "ALL")
        equal(set(files_of(s)), {f"D:\\{number}\\f" for number in range(5)} | {r"D:\0\second"})
        used = run.document.children(c, "ALTERNATE_LOCATION_MAPPING")
        equal(used, [{"path": f"C:\\{number}", "filespec": "*", "recursive": "yes",
                      "alternatePath": f"D:\\{number}"} for number in range(5)])


def T34_folders_below_a_mapping_stay_the_same():
    with Scenario() as s:
        w, c, _ = one(s, 4)
        c.files(r"C:\db", "*")
        w.mapping(r"C:\db", "*", r"D:\alt")
        s.put(r"C:\db\a\b.x", b"b")
        run = s.run(s.pack()).must(0)
        equal((run.status(c), files_of(s)), ("ALL", {r"D:\alt\a\b.x": b"b"}))


def T34_a_mapping_of_a_whole_volume_is_made_too():
    with Scenario() as s:
        w, c, _ = one(s, 4)
        c.files("C:\\", "*.dat").files(r"C:\db", "*.txt")
        w.mapping("C:", "*.dat", r"D:\whole")
        w.mapping("C:\\", "*.dat", r"D:\whole")
        w.mapping(r"C:\db", "*.txt", r"D:\alt")
        s.put(r"C:\db\f.txt", b"f")
        s.run(s.pack()).must(0)
        equal(s.listing(), {r"D:\alt": None, r"D:\alt\f.txt": b"f", r"D:\whole": None,
                            r"D:\whole\db": None})


def T35_a_used_mapping_is_recorded_at_the_root_word_for_word():
    with Scenario() as s:
        w, c, _ = one(s, 4)
        c.files(r"C:\top", "*")
        w.mapping(r"C:\top", "*", r"D:\top")
        below = w.component("part", lp="db", selectable=False)
        below.files("%DATA%\\part\\", "*.Dat", recursive=True)
        w.mapping(r"c:\DATA\part", "*.dat", "%Alt%\\part\\")
        s.put(r"C:\top\f", b"f")
        s.put(r"C:\data\part\a.dat", b"a")
        run = s.run(s.pack("--env", r"Data=C:\data"), "--env", "ALT=D:").must(0)
        equal(files_of(s), {r"D:\top\f": b"f", r"D:\part\a.dat": b"a"})
        equal(run.document.children(c, "ALTERNATE_LOCATION_MAPPING"), [
            {"path": r"C:\top", "filespec": "*", "recursive": "yes", "alternatePath": r"D:\top"},
            {"path": "%DATA%\\part\\", "filespec": "*.Dat", "recursive": "yes",
             "alternatePath": "%Alt%\\part\\"}])


def T37_new_target_beside_a_present_file():
    with Scenario() as s:
        _, c, _ = one(s, 1, schema=NEW_TARGETS)
        for name in ("A", "B"):
            c.files("C:\\" + name, "*")
            s.put(f"C:\\{name}\\f", b"new")
        s.place(r"C:\B\f", b"old")
        target = ("--new-target", r"W:db|C:\A|*|yes|D:\A")
        media = s.pack()
        refused(s, s.run(media, *target), c, "PRESENT", {r"C:\B\f": b"old"})
        os.unlink(s.dest.path(r"C:\B\f"))
        s.place(r"D:\A\f", b"old")
        run = s.run(media, *target).must(0)
        equal(files_of(s), {r"C:\B\f": b"new", r"D:\A\f": b"new"}, "no presence test there")
        equal(run.document.children(c, "NEW_TARGET"), [
            {"path": r"C:\A", "filespec": "*", "recursive": "yes", "alternatePath": r"D:\A"}])


def T38_a_new_target_needs_the_writers_consent():
    target = ("--new-target", r"W:db|C:\db|*|yes|D:\new")
    with Scenario() as s:
        _, c, e = one(s, schema=0xFFFF ^ NEW_TARGETS)
        c.files(r"C:\db", "*")
        s.put(r"C:\db\f", b"f")
        run = s.run(s.pack(), *target).must(11)
        expect(run.told_of("NEW_TARGET_UNSUPPORTED"), run.told())
        equal(s.listing(), {})
        e.new_target(r"C:\db", "*", r"D:\new")
        refused(s, s.run(s.pack()), c, "NEW_TARGET_UNSUPPORTED")


def T38_a_new_target_is_for_a_component():
    with Scenario() as s:
        w = s.writer("Ledger", schema=0x100)
        c = w.component("db1", lp="data").files(r"C:\db", "*")
        s.put(r"C:\db\a", b"a")
        s.backup().include(c)
        media = s.pack()
        s.run(media, "--new-target", r"Ledger|C:\db|*|yes|C:\new").must(11)
        equal(s.listing(), {})


def T39_a_new_target_is_for_a_whole_triple():
    with Scenario() as s:
        _, c, e = one(s, schema=NEW_TARGETS)
        c.files(r"C:\db", "*", recursive=True)
        s.put(r"C:\db\f", b"f")
        media = s.pack()
        run = s.run(media, "--new-target", r"W:db|C:\db|*|no|D:\new").must(11)
        expect(run.told_of("NEW_TARGET_UNKNOWN_FILE_SET"), run.told())
        equal(s.listing(), {})
        s.run(media, "--new-target", "W:db|c:\\DB\\|*|yes|D:\\new").must(0)
        equal(files_of(s), {r"D:\new\f": b"f"})
        e.new_target(r"C:\db", "*", r"D:\new", recursive=False)
        refused(s, s.run(s.pack()), c, "NEW_TARGET_UNKNOWN_FILE_SET", {r"D:\new\f": b"f"})


def T40_target_alternate_without_a_mapping_goes_nowhere():
    with Scenario() as s:
        _, c, e = one(s)
        c.files(r"C:\db", "*")
        s.put(r"C:\db\f", b"f")
        refused(s, s.run(s.pack(), "--restore-target", "W:db=alternate"), c, "MAPPING_MISSING")
        e.attributes["restoreTarget"] = "alternate"
        refused(s, s.run(s.pack()), c, "MAPPING_MISSING")


def T41_target_original_location_beats_method_and_mappings():
    with Scenario() as s:
        w, c, _ = one(s, 4)
        c.files(r"C:\db", "*")
        w.mapping(r"C:\db", "*", r"D:\alt")
        s.put(r"C:\db\f", b"new")
        s.place(r"C:\db\f", b"old")
        media = s.pack()
        target = ("--restore-target", "W:db=original_location")
        run = s.run(media, *target).must(0)
        equal(files_of(s), {r"C:\db\f": b"new"})
        equal(run.document.children(c, "ALTERNATE_LOCATION_MAPPING"), [])
        os.unlink(s.dest.path(r"C:\db\f"))
        s.block(r"C:\db\f")
        refused(s, s.run(media, *target), c, "NOT_REPLACEABLE")


def T43_method_6_replaces_now_or_nothing():
    # On a tree that nothing runs from: what a live tree would stage is refused.
    with Scenario() as s:
        w, c, _ = one(s, 6)
        c.files(r"C:\db", "*")
        w.mapping(r"C:\db", "*", r"D:\alt")
        for name in ("absent", "present"):
            s.put("C:\\db\\" + name, b"new")
        s.place(r"C:\db\present", b"old")
        media = s.pack()
        run = s.run(media).must(0)
        equal(files_of(s), {r"C:\db\absent": b"new", r"C:\db\present": b"new"})
        equal(run.summary["pending_reboot"], False)
        s.place(r"C:\db\present", b"old")
        os.unlink(s.dest.path(r"C:\db\absent"))
        s.block(r"C:\db\absent")
        refused(s, s.run(media), c, "NOT_REPLACEABLE", {r"C:\db\present": b"old"})


def T44_method_5_never_uses_mappings():
    with Scenario() as s:
        w, c, _ = one(s, 5)
        c.files(r"C:\db", "*")
        w.mapping(r"C:\db", "*", r"D:\alt")
        s.put(r"C:\db\f", b"new")
        s.place(r"C:\db\f", b"old")
        media = s.pack()
        run = s.run(media, "--restore-target", "W:db=alternate").must(0)
        equal((run.status(c), files_of(s)), ("ALL", {r"C:\db\f": b"new"}))
        equal(run.document.children(c, "ALTERNATE_LOCATION_MAPPING"), [])
        equal(run.summary["pending_reboot"], False)
        os.unlink(s.dest.path(r"C:\db\f"))
        s.block(r"C:\db\f", "pipe")
        run = s.run(media)
        run.must(3)
        equal(run.unit(c)["error"], "NOT_REPLACEABLE")
        equal(s.at(r"D:\alt\f"), None)


def T47_a_private_restore_leaves_the_document_as_it_is():
    for method in (1, 2, 4, 7):
        with Scenario() as s:
            w, c, _ = one(s, method, schema=NEW_TARGETS)
            c.files(r"C:\db", "*")
            w.mapping(r"C:\db", "*", r"D:\alt")
            s.put(r"C:\db\f", b"new")
            s.place(r"C:\db\f", b"old")
            private = os.path.join(s.folder, b"private")
            os.mkdir(private)
            run = s.run(s.pack(), "--private", private).must(0)
            equal(files_of(s), {r"C:\db\f": b"old"}, "the places that are in use")
            with open(private + b"/C/db/f", "rb") as opened:
                equal(opened.read(), b"new")
            with open(os.path.join(s.folder, b"documents-1", b"bcd.xml"), "rb") as opened:
                equal(run.document.bytes, opened.read(), "the document")


def T48_two_units_for_one_place_are_both_refused():
    with Scenario() as s:
        w = s.writer("W", method=METHODS[4])
        b = s.backup()
        parts = []
        for name in ("one", "other", "third"):
            parts.append(w.component(name).files("C:\\" + name, "*"))
            b.include(parts[-1])
            w.mapping("C:\\" + name, "*", "D:\\third" if name == "third" else "D:\\same")
            s.put(f"C:\\{name}\\f", name.encode())
        run = s.run(s.pack()).must(3)
        equal([(run.unit(part)["status"], run.unit(part)["error"]) for part in parts],
              [("NONE", "DESTINATION_CONFLICT")] * 2 + [("ALL", None)])
        equal(files_of(s), {r"D:\third\f": b"third"})


def linked_groups(s, *paths):
    """The same number for paths at the destination that are names of one file."""
    inodes = [os.stat(s.dest.path(path)).st_ino for path in paths]
    return [inodes.index(inode) for inode in inodes]


def R511_a_second_copy_of_a_linked_file_shares_no_data():
    for how in ("at once", "-o", "--jsonl"):
        with Scenario() as s:
            w, v = s.writer("W", method=METHODS[4]), s.writer("V")
            b = s.backup()
            for writer in (w, v):
                b.include(writer.component("db").files(r"C:\db", "*"))
            w.mapping(r"C:\db", "*", r"C:\alt")
            os.link(s.put(r"C:\db\a", b"data"), s.source.path(r"C:\db\z"))
            media, saved = s.pack(), os.path.join(s.folder, b"plan")
            s.dest.path(r"C:\db")
            plan = s.plan(media, *(("-o", saved) if how == "-o" else ())).must(0)
            if how == "--jsonl":
                with open(saved, "w", encoding="utf-8") as out:
                    out.write(plan.out)
            run = s.run(media) if how == "at once" else s.run_plan(saved)
            run.must(0)
            paths = (r"C:\alt\a", r"C:\alt\z", r"C:\db\a", r"C:\db\z")
            equal(linked_groups(s, *paths), [0, 0, 2, 2], how)
            equal([s.at(path) for path in paths], [b"data"] * 4)


def R31_lines_that_are_partly_stale_tell_the_rest_in_full():
    for form in ("-o", "--jsonl"):
        with Scenario() as s:
            w = s.writer("W", schema=0x100)
            a = w.component("a").files(r"C:\a", "*").files(r"C:\new", "*")
            w.mapping(r"C:\a", "*", r"D:\a")
            b = s.writer("Second").component("b").files(r"C:\b", "*")
            c = s.writer("Third").component("c").files(r"C:\b", "f").files(r"C:\c", "*")
            backup = s.backup()
            for component in (a, b, c):
                backup.include(component)
            for folder in "abc":
                s.put(f"C:\\{folder}\\f", folder.encode())
            s.put(r"C:\new\n", b"n")
            s.put_folder("D:\\")
            s.block(r"C:\a\f")
            choices = ("--new-target", r"W:a|C:\new|*|yes|D:\new", "--restore-options", "W:a=x",
                       "--additional-restores", "yes")
            saved = os.path.join(s.folder, b"plan")
            plan = s.plan(s.pack(), *choices, *(("-o", saved) if form == "-o" else ()))
            if form == "--jsonl":
                with open(saved, "w", encoding="utf-8") as out:
                    out.write(plan.out)
            s.place(r"C:\b\f", b"meanwhile") # it would be replaced now
            run = s.run_plan(saved).must(3)
            equal([(run.status(one), run.unit(one)["error"]) for one in (a, b, c)],
                  [("ALL", None), ("NONE", "DESTINATION_CHANGED"),
                   ("NONE", "DESTINATION_CHANGED")], form) # c brings that file as well
            entry = run.document.entry(a)
            equal([entry.get(name) for name in ("restoreOptions", "additionalRestores")],
                  ["x", "yes"], form)
            equal([[m["alternatePath"] for m in run.document.children(a, name)]
                   for name in ("ALTERNATE_LOCATION_MAPPING", "NEW_TARGET")],
                  [[r"D:\a"], [r"D:\new"]], form)
            equal((s.at(r"C:\b\f"), s.at(r"C:\c\f")), (b"meanwhile", None))


if __name__ == "__main__":
    run_rules(globals())
