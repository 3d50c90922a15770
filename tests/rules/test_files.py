"""Which files a component means: traps T19-T31 and T73 of the rules, from documents to restored bytes."""

from scenario import Scenario, Told, equal, expect, run_rules

FULL_ONLY, LOG_ONLY = 0x101, 0x808


def one(s, **writer):
    """A writer with one component that is backed up."""
    w = s.writer("W", **writer)
    c = w.component("db")
    s.backup().include(c)
    return w, c


def restored(s, *arguments):
    """Pack, restore whole, and give the files that stand at the destination, with their content."""
    s.run(s.pack(*arguments)).must(0)
    return files_of(s)


def files_of(s):
    return {path: content for path, content in s.listing().items() if content is not None}


def matched(spec, *names):
    """Which of these names a file specification restores."""
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\d", spec, recursive=False)
        for name in names:
            s.put("C:\\d\\" + name, b"")
        return sorted(path.rpartition("\\")[2] for path in restored(s))


def T19_an_alternate_path_is_read_and_never_written():
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\app", "*.dat", recursive=False, alternate=r"C:\app\spit")
        s.put(r"C:\app\spit\a.dat", b"spit")
        s.put(r"C:\app\a.dat", b"live")
        equal(restored(s), {r"C:\app\a.dat": b"spit"})
        expect("C:\\app\\spit" not in s.listing(), "nothing in spit, not even itself")


def T19_an_alternate_path_inside_its_recursive_set_is_no_part_of_it():
    for all_files in ((), ("--all",)):
        with Scenario() as s:
            _, c = one(s)
            c.files(r"C:\app", "*", alternate=r"C:\app\spit")
            s.put(r"C:\app\a.dat", b"live")
            s.put(r"C:\app\sub\b.dat", b"live")
            s.put(r"C:\app\spit\a.dat", b"spit")
            s.put(r"C:\app\spit\new\c.dat", b"spit")
            s.put_folder(r"C:\app\spit\empty")
            equal(restored(s, *all_files),
                  {r"C:\app\a.dat": b"spit", r"C:\app\sub\b.dat": b"live",
                   r"C:\app\new\c.dat": b"spit"})
            expect("C:\\app\\spit" not in s.listing(), "nothing in spit, not even itself")
            expect("C:\\app\\empty" in s.listing(), "what spit has goes under the normal path")


def T20_star_dot_star_is_every_file():
    equal(matched("*.*", "README", "a.txt", ".x"), [".x", "README", "a.txt"])


def T21_question_marks_and_a_final_dot():
    equal(matched("file?.txt", "file.txt", "file1.txt", "file12.txt", "file.txt1"),
          ["file.txt", "file1.txt"])
    equal(matched("*.", "plain", "a.txt", "b"), ["b", "plain"])


def T22_short_names_are_not_looked_at():
    equal(matched("*.htm", "x.html", "x.htm", "y.HTM"), ["x.htm", "y.HTM"])


def T23_paths_are_compared_by_element_and_without_case():
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\Data", "*")
        s.put(r"C:\DATA\sub\f", b"f")
        s.put(r"C:\Data2\f", b"no")
        equal(restored(s), {r"C:\DATA\sub\f": b"f"})


def T24_a_trailing_backslash_means_nothing_and_a_root_keeps_its_own():
    for path in (r"C:\d", "C:\\d\\"):
        with Scenario() as s:
            w, c = one(s, method="RESTORE_TO_ALTERNATE_LOCATION")
            c.files(path, "*")
            w.mapping(r"C:\d" if path.endswith("\\") else "C:\\d\\", "*", "D:\\")
            s.put(r"C:\d\f", b"f")
            equal(restored(s), {r"D:\f": b"f"}, path)
    with Scenario() as s:
        _, c = one(s)
        c.files("C:\\", "*", recursive=False)
        s.put(r"C:\f", b"f")
        s.put(r"C:\d\g", b"g")
        equal(restored(s), {r"C:\f": b"f"})


def T25_an_unknown_name_in_percent_signs_is_never_a_folder():
    with Scenario() as s:
        w, c = one(s)
        c.files(r"%SystemRoot%\x", "*")
        c.files(r"%Other%\y", "*")
        s.put(r"C:\Windows\x\f", b"f")
        told = s.pack_told().must(11)
        expect(told.told_of("SystemRoot") and told.told_of("Other"), f"all are named\n{told.told()}")
        environment = ("--env", r"SystemRoot=C:\Windows", "--env", r"other=C:\Windows")
        equal(restored(s, *environment), {r"C:\Windows\x\f": b"f"})
    with Scenario() as s:
        w, c = one(s, method="RESTORE_TO_ALTERNATE_LOCATION")
        c.files(r"C:\x", "*")
        w.mapping(r"C:\x", "*", r"%Elsewhere%\x")
        s.put(r"C:\x\f", b"f")
        media = s.pack()
        run = s.run(media).must(3)
        equal((run.unit(c)["status"], run.unit(c)["error"]), ("NONE", "ENVIRONMENT_UNKNOWN"))
        equal(s.listing(), {}, "the destination")
        s.run(media, "--env", r"ELSEWHERE=D:\e").must(0)
        equal(s.at(r"D:\e\x\f"), b"f")


def T26_a_recursive_set_brings_empty_folders():
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\D1", "File1.*")
        for path in (r"C:\D1\File1.txt", r"C:\D1\File2.txt", r"C:\D1\D2\File1.txt",
                     r"C:\D1\D2\File2.txt"):
            s.put(path, b"x")
        s.put_folder(r"C:\D1\D3")
        restored(s)
        equal(s.listing(), {r"C:\D1": None, r"C:\D1\File1.txt": b"x", r"C:\D1\D2": None,
                            r"C:\D1\D2\File1.txt": b"x", r"C:\D1\D3": None})
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\D1", "*", recursive=False)
        s.put(r"C:\D1\File1.txt", b"x")
        s.put(r"C:\D1\D2\File1.txt", b"x")
        restored(s)
        equal(s.listing(), {r"C:\D1": None, r"C:\D1\File1.txt": b"x"})


def T27_an_exclude_is_for_its_own_writer():
    with Scenario() as s:
        w, c = one(s)
        c.files(r"C:\app", "*")
        w.exclude(r"C:\app", "*.tmp")
        other = s.writer("Other").component("tmp").files(r"C:\app\a", "x.tmp", recursive=False)
        s.backups[-1].include(other)
        for name in (r"C:\app\a\x.tmp", r"C:\app\a\y.tmp", r"C:\app\f"):
            s.put(name, b"x")
        media = s.pack()
        equal(set(s.plan(media, "--component", c.selector).places()), {r"C:\app\f"})
        s.run(media, "--component", c.selector).must(0)
        equal(set(files_of(s)), {r"C:\app\f"})
        s.run(media, "--component", other.selector).must(0)
        equal(set(files_of(s)), {r"C:\app\f", r"C:\app\a\x.tmp"})


def R11_what_must_not_come_back_is_known_or_nothing_does():
    with Scenario() as s:
        w = s.writer("Ledger")
        c = w.component("db").files(r"C:\d", "*")
        bits = s.writer("BITS Writer", method=None,
                        writer_id="4969d978-be47-48b0-b100-f328f07ac1e0")
        bits.exclude(r"%ALL%\Downloader", "*")
        for path in (r"C:\d\a", r"C:\free\f", r"C:\all\Downloader\job"):
            s.put(path, b"x")
        s.backup().include(c)
        media = s.pack("--all")
        run = s.run(media, "--unprotected").must(3)
        equal(run.status(c), "ALL")
        rest = next(unit for unit in run.summary["units"] if unit["writer"] is None)
        equal((rest["error"], rest["status"]), ("ENVIRONMENT_UNKNOWN", "NONE"))
        expect("%ALL%" in rest["detail"] and "--env" in rest["detail"], rest["detail"])
        equal(s.at(r"C:\free\f"), None)
        s.run(media, "--unprotected", "--env", r"ALL=C:\all").must(0, 1)
        equal((s.at(r"C:\free\f"), s.at(r"C:\all\Downloader\job")), (b"x", None))


def T28_wildcards_may_match_nothing_and_names_must_be_there():
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\d", "*.none")
        s.put(r"C:\d\f", b"")
        run = s.run(s.pack()).must(0)
        equal((run.status(c), files_of(s)), ("ALL", {}))
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\d", "*", recursive=False).files(r"C:\d", "needed.dat", recursive=False)
        s.put(r"C:\d\f", b"")
        run = s.run(s.pack()).must(3)
        equal((run.unit(c)["status"], run.unit(c)["error"]), ("NONE", "FILE_MISSING_ON_MEDIA"))
        equal(run.document.status(c), "none")
        equal(s.listing(), {})


def T29_a_set_of_logs_is_not_in_a_full_backup():
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\d", "a.dat", recursive=False)
        c.files(r"C:\d", "a.log", recursive=False, mask=LOG_ONLY)
        s.put(r"C:\d\a.dat", b"a")
        s.put(r"C:\d\a.log", b"log")
        run = s.run(s.pack()).must(0)
        equal((run.status(c), files_of(s)), ("ALL", {r"C:\d\a.dat": b"a"}))
        c.inside[0][1]["filespecBackupType"] = FULL_ONLY
        s.backup("log").include(c)
        s.remove(r"C:\d\a.dat")
        run = s.run(s.pack()).must(0)
        equal((run.status(c), s.at(r"C:\d\a.log")), ("ALL", b"log"))


def T30_names_are_found_whatever_their_case():
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\DB", "*")
        s.put(r"C:\DB\DATA.MDF", b"new")
        s.place(r"C:\db\data.mdf", b"old")
        run = s.run(s.pack()).must(0)
        equal(s.listing(), {r"C:\db": None, r"C:\db\data.mdf": b"new"})
        equal(run.status(c), "ALL")
    with Scenario() as s:
        _, c = one(s, method="RESTORE_IF_NOT_THERE")
        c.files(r"C:\DB", "*")
        s.put(r"C:\DB\DATA.MDF", b"new")
        s.place(r"C:\db\data.mdf", b"old")
        run = s.run(s.pack()).must(3)
        equal(run.unit(c)["error"], "PRESENT", "it counts as present")
    with Scenario() as s:
        _, c = one(s)
        c.files(r"C:\db", "*")
        s.put(r"C:\db\Data.mdf", b"new")
        s.place(r"C:\db\data.mdf", b"one")
        s.place(r"C:\db\DATA.MDF", b"other")
        run = s.run(s.pack()).must(3)
        equal(run.unit(c)["error"], "CASE_COLLISION", "which of the two is meant?")


def R36_a_set_of_another_backup_type_makes_no_folder_for_its_volume():
    with Scenario() as s:
        w, c = one(s, method="RESTORE_TO_ALTERNATE_LOCATION")
        c.files(r"C:\d", "*")
        c.files("D:\\", "*", mask=LOG_ONLY)
        w.mapping(r"C:\d", "*", r"E:\alt")
        w.mapping("D:\\", "*", r"E:\new")
        s.put(r"C:\d\f", b"f")
        s.put(r"D:\log", b"not in a full backup")
        equal(restored(s), {r"E:\alt\f": b"f"})
        expect(r"E:\new" not in s.listing(), "nothing of the volume is on the media")


def T31_a_file_of_two_sets_is_the_first_sets():
    for mapped_first in (True, False):
        with Scenario() as s:
            w, c = one(s)
            specs = ("*.dat", "*") if mapped_first else ("*", "*.dat")
            for spec in specs:
                c.files(r"C:\d", spec)
            w.mapping(r"C:\d", "*.dat", r"D:\alt")
            s.put(r"C:\d\a.dat", b"a")
            media = s.pack()
            plan = s.plan(media, "--restore-target", "W:db=alternate").must(0)
            equal(len(plan.records(c)), 1 if mapped_first else 0)
            expect(s.warnings(media).told_of("overlap"), plan.told())
            expect(plan.told_of("overlap"), "told beside the JSON lines, too\n" + plan.told())
            run = s.run(media, "--restore-target", "W:db=alternate").must(0 if mapped_first else 3)
            expect(run.told_of("overlap"), "told by the run\n" + run.told())
            equal(s.at(r"D:\alt\a.dat"), b"a" if mapped_first else None)
            equal(run.unit(c)["error"], None if mapped_first else "MAPPING_MISSING")


def T73_a_set_that_cannot_be_stops_its_component_alone():
    for path, spec in ((r"C:\db", "sub\\*.dat"), (r"C:\d*", "*.dat"), (r"C:\d?", "*.dat")):
        with Scenario() as s:
            w = s.writer("W")
            bad = w.component("bad").files(r"C:\db", "*").files(path, spec)
            good = w.component("good").files(r"C:\good", "*")
            b = s.backup()
            b.include(bad)
            b.include(good)
            s.put(r"C:\db\a.dat", b"a")
            s.put(r"C:\good\f", b"f")
            run = s.run(s.pack()).must(3)
            equal((run.unit(bad)["status"], run.unit(bad)["error"]), ("NONE", "DOCUMENT_INVALID"))
            expect("writer" in run.unit(bad)["detail"], run.unit(bad)["detail"])
            equal(run.status(good), "ALL")
            equal(files_of(s), {r"C:\good\f": b"f"}, path + " " + spec)


def of_type(s, type):
    """A component whose named file is missing, and one with a set that only logs take."""
    w = s.writer("W")
    named = w.component("named").files(r"C:\d", "must.dat", recursive=False)
    other = w.component("other").files(r"C:\o", "*")
    other.files(r"C:\l", "*", mask=LOG_ONLY)
    b = s.backup(type=type)
    b.include(named)
    b.include(other)
    s.put(r"C:\d\else.dat", b"else")
    s.put(r"C:\o\o.dat", b"o")
    s.put(r"C:\l\l.dat", b"l")
    return named, other


def R79_a_backup_type_that_is_no_word_refuses_all_that_depends_on_it():
    with Scenario() as s:
        units = of_type(s, "bogus")
        told = s.pack_told().must(1)
        expect(told.told_of('backupType="bogus"', "bcd.xml", "line 1"), told.told())
        for path in (r"C:\o\o.dat", r"C:\l\l.dat"):
            found = Told(["explain", told.set, path])
            expect(found.exit == 0 and "on the media: a file" in found.out, f"packed\n{found.told()}")
        run = s.run(told.set).must(3)
        for unit in units:
            equal((run.status(unit), run.unit(unit)["error"]), ("NONE", "DOCUMENT_UNKNOWN_WORD"))
        chain = s.run([told.set, told.set]).must(11)
        expect(chain.told_of("bogus backup", "a chain begins with a full"), chain.told())
        equal(files_of(s), {})


def R79_a_backup_of_no_type_is_held_to_a_full_one():
    for type in (None, "undefined", "other"):
        with Scenario() as s:
            named, other = of_type(s, type)
            told = s.pack_told().must(1)
            expect(told.told_of("rule 7.9", "does not tell of which type"), told.told())
            expect(s.warnings(told.set).told_of("rule 7.9", "demanded"), "the plan warns, too")
            run = s.run(told.set).must(3)
            equal((run.status(named), run.unit(named)["error"]),
                  ("NONE", "FILE_MISSING_ON_MEDIA"))
            equal(run.status(other), "ALL")
            equal(files_of(s), {r"C:\o\o.dat": b"o", r"C:\l\l.dat": b"l"})


if __name__ == "__main__":
    run_rules(globals())
