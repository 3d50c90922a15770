"""run seen from a script: what it takes, what it refuses before the first byte, and what stands on
standard output and at its places.
"""

import json
import os

from harness import Folder, expect, run_cases, vssrestore
from small_set import Set, standing


def the_summary_is_the_last_line():
    with Folder() as folder:
        made = Set(folder)
        result = made.run("--root", folder / "root", "--json")
        for line in result.out.splitlines():
            json.loads(line)
        summary = result.json()
        expect(summary["t"] == "summary" and summary["v"] == 1 and summary["exit_code"] == 0,
               f"summary {summary}")
        expect(summary["files"]["failed"] == 0 and summary["bytes"] == 1400, f"sums {summary}")
        with open(folder / "run/report.jsonl", "rb") as rows:
            expect(all(json.loads(row) for row in rows), "report.jsonl is JSON lines")


def large_files_are_written_as_asked():
    with Folder() as folder:
        made = Set(folder, large=(5 << 20) + 4321)
        with open(folder / "c/Tree/large", "rb") as source:
            wanted = source.read()
        told = vssrestore("inspect", "--system", "--write-mode", "buffered")
        expect(b"write mode buffered" in told.out, told.told())
        for mode in ("auto", "buffered", "direct", "uncached"):
            may_refuse = mode in ("direct", "uncached")
            root = folder / mode
            result = made.run("--root", root, "--write-mode", mode, "--json", run_dir="run-" + mode,
                              codes=(0, 2) if may_refuse else (0,))
            if result.code == 2:
                expect(b"--write-mode " + mode.encode() in result.err and root in result.err,
                       result.told())
                expect(not os.path.exists(folder / ("run-" + mode)), "no run folder is left")
                expect(not any(files for _, _, files in os.walk(root)), "nothing is written")
                continue
            written = [one["write_mode"] for one in result.json()["destinations"]]
            expect(len(written) == 1 and mode in ("auto", written[0]), result.told())
            with open(root + b"/C/Tree/large", "rb") as restored:
                expect(restored.read() == wanted, f"{mode}: what was written")


def a_run_folder_that_exists_is_40():
    with Folder() as folder:
        made = Set(folder)
        made.run("--root", folder / "root")
        result = made.run("--root", folder / "other", "--json", codes=(40,))
        expect(result.json()["exit_code"] == 40, result.told())
        expect(not os.path.exists(folder / "other/C/Tree"), "nothing was restored")


def an_unmapped_volume_refuses_its_unit():
    with Folder() as folder:
        made = Set(folder)
        os.mkdir(folder / "d")
        result = made.run("--volume", b"D:=" + folder / "d", "--json", codes=(3,))
        unit = result.json()["units"][0]
        expect(unit["status"] == "NONE" and unit["error"] == "VOLUME_UNMAPPED", f"unit {unit}")
        lines = vssrestore("plan", made.path, "--volume", b"D:=" + folder / "d",
                           "--jsonl").json_lines()
        expect((lines[-1]["t"], lines[-1]["refused_units"]) == ("end", 1), f"end {lines[-1]}")
        expect(os.listdir(folder / "d") == [], "nothing was written")


def files_of_no_component_come_when_asked_for():
    with Folder() as folder:
        made = Set(folder)
        for name, text in (("free/x", "x"), ("free/y.tmp", "y"), ("free/kept", "new")):
            os.makedirs(folder / "c/free", exist_ok=True)
            with open(folder / "c" + b"/" + name.encode(), "w", encoding="utf-8") as out:
                out.write(text)
        whole = folder / "whole"
        vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
                   "--all", "-o", whole)
        os.makedirs(folder / "out/free")
        with open(folder / "out/free/kept", "w", encoding="utf-8") as out:
            out.write("old")
        with open(folder / "list", "w", encoding="utf-8") as out:
            out.write("# what is left out\nTemp Files=\\*.tmp /s\n")
        told = vssrestore("run", whole, "--volume", b"C:=" + folder / "out", "--json",
                          "--run-dir", folder / "run", "--unprotected", "--files-not-to-backup",
                          folder / "list", codes=(1,)) # one was kept
        summary = json.loads(told.out.splitlines()[-1])
        expect([unit["status"] for unit in summary["units"]] == ["ALL", "ALL"] and
               summary["units"][1]["writer"] is None and summary["files"]["skipped"] == 1 and
               summary["actions"] == [], str(summary))
        expect(sorted(os.listdir(folder / "out/free")) == [b"kept", b"x"], "what came back")
        with open(folder / "out/free/kept", encoding="utf-8") as kept:
            expect(kept.read() == "old", "what stood there stays")
        told = vssrestore("run", made.path, "--volume", b"C:=" + folder / "out", "--overwrite",
                          "always", "--unprotected", "--run-dir", folder / "run2")
        expect(not os.path.exists(folder / "out/free/y.tmp"), "not packed, not restored")


def outputs_replace_files_only():
    with Folder() as folder:
        made = Set(folder)
        os.mkfifo(folder / "pipe")
        os.symlink("elsewhere", folder / "link")
        for name in ("pipe", "link"):
            vssrestore("plan", made.path, "--root", folder / "root", "-o", folder / name,
                       codes=(11,))
            made.run("--root", folder / "root", "--bcd-out", folder / name, codes=(11,),
                     run_dir="run " + name)
        expect(not os.path.exists(folder / "root/C/Tree"), "refused before the first byte")
        expect(os.path.islink(folder / "link"), "the link is left alone")
        expect(not os.path.lexists(folder / "elsewhere"), "and not followed")


def places_that_are_none_are_11():
    with Folder() as folder:
        made = Set(folder)
        made.run("--root", "", codes=(11,))
        made.run("--volume", b"C:=" + folder / "nowhere", codes=(11,))
        with open(folder / "file", "wb"):
            pass
        places = ("--root", folder / "root")
        for none in ("no/such/folder/x", "file/x", "n" * 300 + "/x"):
            vssrestore("run", made.path, *places, "--run-dir", folder / none, codes=(11,))
            made.run(*places, "--bcd-out", folder / none, codes=(11,), run_dir="run")
            vssrestore("plan", made.path, *places, "-o", folder / none, codes=(11,))
            vssrestore("pack", "--documents", folder / "documents", "--volume",
                       b"C:=" + folder / "c", "-o", folder / none, codes=(11,))
        for none in ("no such plan", "file/x", "", "c"):
            vssrestore("run", "--plan", folder / none, codes=(11,))
            vssrestore("verify", "--plan", folder / none, codes=(11,))
        for none in (folder / "", folder / ".", folder / ".."):
            vssrestore("plan", made.path, *places, "-o", none, codes=(11,))
            made.run(*places, "--bcd-out", none, codes=(11,), run_dir="run")
        expect(not os.path.exists(folder / "root/C/Tree"), "refused before the first byte")


def the_null_sink_touches_nothing():
    with Folder() as folder:
        made = Set(folder, large=3 << 20)
        result = made.run("--root", folder / "root", "--sink", "null", "--json", codes=(3,))
        summary = result.json()
        expect(not os.path.exists(folder / "root"), "the destination is not made")
        expect(summary["sink"] == "null" and summary["files"]["restored"] == 0 and
               summary["bytes"] == 0 and summary["destinations"] == [], f"{summary}")
        expect([unit["status"] for unit in summary["units"]] == ["NONE"], f"{summary}")
        expect(summary["verified"]["files"] == summary["files"]["not_started"] and
               summary["verified"]["bytes"] == (3 << 20) + 1400, f"{summary}")
        expect(not os.path.exists(folder / "run/backup-components.xml"), "no document comes out")
        with open(folder / "run/report.jsonl", "rb") as rows:
            outcomes = {json.loads(row)["outcome"] for row in rows}
        expect(outcomes == {"NOT_STARTED"}, f"{outcomes}")

        real = made.run("--root", folder / "root", "--json", run_dir="real").json()
        expect(real["sink"] == "files" and real["verified"] is None, f"{real}")
        expect(summary["verified"]["files"] == real["files"]["restored"], "as a restore does")
        before = standing(folder / "root")
        told = made.run("--root", folder / "root", "--sink", "null", run_dir="again", codes=(3,))
        expect(standing(folder / "root") == before, "nothing there is touched")
        expect(b"nothing was restored" in told.out and b"files verified" in told.out, told.told())
        for more in (("--bcd-out", folder / "document"), ("--service-command", "/bin/true")):
            made.run("--root", folder / "root", "--sink", "null", *more, run_dir="refused",
                     codes=(2,))
        expect(not os.path.exists(folder / "refused"), "refused before the first byte")


def parts(object):
    return sum(part["ns"] for part in object.values())


def the_profile_adds_up():
    with Folder() as folder:
        made = Set(folder, large=9 << 20)
        told = made.run("--root", folder / "root", "--profile", "--workers", "3")
        for word in (b"profile:", b"read_wait", b"worker 3", b"control thread", b"large files"):
            expect(word in told.out, told.told())
        result = made.run("--root", folder / "other", "--profile", "--json", "--workers", "2",
                          run_dir="json")
        expect(all(json.loads(line)["t"] for line in result.out.splitlines()), result.told())
        profile = result.json()["profile"]
        with open(folder / "json/profile.json", "rb") as kept:
            kept = json.load(kept)
        expect({key: kept[key] for key in profile} == profile, "the run folder has the same")
        samples = kept["samples"]
        expect(samples and all(len(one) == 5 for one in samples) and
               all(a <= b for one, two in zip(samples, samples[1:]) for a, b in zip(one, two)),
               f"no count falls: {samples}")
        expect(all(file["ms"] > 0 for file in kept["slowest"]), f"{kept['slowest']}")
        expect(len(profile["workers"]) == 2, f"{profile}")
        for worker in profile["workers"]:
            expect(abs(parts(worker) - profile["pipeline_ns"]) <= profile["pipeline_ns"] * 0.05,
                   f"a worker's parts are its time: {profile}")
        expect(parts(profile["control"]) == profile["elapsed_ns"], f"{profile}")
        expect(profile["control"]["wait"]["ns"] <= profile["elapsed_ns"], f"{profile}")
        expect(profile["control"]["sync"]["count"] > 0, f"durability unit syncs: {profile}")
        for phase in ("decode", "verify", "create", "metadata"):
            expect(sum(worker[phase]["count"] for worker in profile["workers"]) > 0, phase)

        silent = made.run("--root", folder / "third", "--json", run_dir="silent").json()
        expect(silent["profile"] is None, "not asked for")
        with open(folder / "silent/profile.json", "rb") as kept:
            expect(json.load(kept)["v"] == 1, "and kept all the same")
        null = made.run("--root", folder / "none", "--json", "--profile", "--sink", "null",
                        run_dir="null", codes=(3,)).json()["profile"]
        expect(all(worker["write"]["count"] == 0 for worker in null["workers"]), f"{null}")
        expect(null["control"]["publish"]["count"] == 0, f"{null}")


SUBCOMPONENT_GROUPS = """<FILE_GROUP componentName="r" restoreMetadata="no"
 notifyOnBackupComplete="no" selectable="yes" selectableForRestore="no" componentFlags="0"><FILE_LIST
 path="C:\\Tree" filespec="a.txt" filespecBackupType="3855"/></FILE_GROUP><FILE_GROUP
 logicalPath="r" componentName="s1" restoreMetadata="no" notifyOnBackupComplete="no" selectable="no"
 selectableForRestore="yes" componentFlags="0"><FILE_LIST path="C:\\Tree\\sub" filespec="b.txt"
 filespecBackupType="3855"/></FILE_GROUP>"""


def t06_a_chosen_subcomponent_stands_in_the_document():
    with Folder() as folder:
        Set(folder)
        os.makedirs(folder / "vss")
        ids = ('writerId="11111111-2222-4333-8444-555555555555" '
               'instanceId="66666666-7777-4888-9999-aaaaaaaaaaaa"')
        with open(folder / "vss/bcd.xml", "w", encoding="utf-8") as out:
            out.write('<BACKUP_COMPONENTS xmlns="x-schema:#VssComponentMetadata" version="1.2" '
                      'bootableSystemStateBackup="no" selectComponents="yes" backupType="full" '
                      'partialFileSupport="no" snapshotSetId="6a2f5e1c-7d4b-4f0e-9a51-2b6c8d9e0f11">'
                      f'<WRITER_COMPONENTS {ids} backupSchema="0"><COMPONENT componentName="r" '
                      'componentType="filegroup"/></WRITER_COMPONENTS></BACKUP_COMPONENTS>')
        with open(folder / "vss/writer.xml", "w", encoding="utf-8") as out:
            out.write('<WRITER_METADATA xmlns="x-schema:#VssWriterMetadataInfo" version="1.2">'
                      f'<IDENTIFICATION {ids} friendlyName="Nested Writer" usage="USER_DATA" '
                      'dataSource="OTHER" majorVersion="0" minorVersion="0"/><RESTORE_METHOD '
                      'method="RESTORE_IF_CAN_BE_REPLACED" writerRestore="always" '
                      'rebootRequired="no"/><BACKUP_LOCATIONS>' +
                      SUBCOMPONENT_GROUPS +
                      '</BACKUP_LOCATIONS></WRITER_METADATA>')
        vssrestore("pack", "--documents", folder / "vss", "--volume", b"C:=" + folder / "c",
                   "-o", folder / "nested")
        vssrestore("run", folder / "nested", "--root", folder / "root", "--run-dir", folder / "run",
                   "--component", "Nested Writer:r\\s1")
        expect(os.path.exists(folder / "root/C/Tree/sub/b.txt"), "the chosen one came back")
        expect(not os.path.exists(folder / "root/C/Tree/a.txt"), "the root's own files did not")
        with open(folder / "run/backup-components.xml", encoding="utf-8") as document:
            text = document.read()
        expect('<RESTORE_SUBCOMPONENT' in text and 'componentName="s1"' in text and
               'repair="no"' in text and 'selectedForRestore="yes"' in text, text)


if __name__ == "__main__":
    run_cases({case.__name__: case for case in (
        the_summary_is_the_last_line, large_files_are_written_as_asked,
        a_run_folder_that_exists_is_40, an_unmapped_volume_refuses_its_unit,
        outputs_replace_files_only, places_that_are_none_are_11,
        files_of_no_component_come_when_asked_for, the_null_sink_touches_nothing,
        the_profile_adds_up, t06_a_chosen_subcomponent_stands_in_the_document)})
