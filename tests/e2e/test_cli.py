"""The program seen from a script: help, exit codes, what stands on standard output."""

import json
import os
import re

from harness import Folder, expect, run_cases, vssrestore
from test_roundtrip import write_documents
from units import make_set

VERBS = ("pack", "inspect", "plan", "explain", "run", "verify", "reindex")


class Set:
    """A small set of one component on C:, in a folder."""

    def __init__(self, folder, large=0):
        self.folder, self.path = folder, folder / "set"
        write_documents(folder / "documents")
        os.makedirs(folder / "c/Tree/sub")
        for name in ("a.txt", "sub/b.txt"):
            with open(folder / "c/Tree" + b"/" + name.encode(), "w", encoding="utf-8") as out:
                out.write(name * 100)
        if large > 0:
            with open(folder / "c/Tree/large", "wb") as out:
                out.write(os.urandom(large))
        vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
                   "-o", self.path)

    def run(self, *options, codes=(0,), run_dir="run"):
        return vssrestore("run", self.path, "--run-dir", self.folder / run_dir, *options,
                          codes=codes)


def every_verb_has_help():
    whole = vssrestore("--help")
    for verb in VERBS:
        expect(verb.encode() in whole.out, f"--help lists {verb}")
        told = vssrestore(verb, "--help")
        expect(told.out.startswith(b"usage: vssrestore " + verb.encode()) or
               b"vssrestore " + verb.encode() in told.out, f"usage of {verb}\n{told.told()}")
        expect(told.err == b"", f"help of {verb} goes to standard output alone")


def what_was_typed_wrong_is_2():
    for arguments in ([], ["frobnicate"], ["run"], ["plan"], ["inspect"], ["verify"], ["pack"],
                      ["reindex"], *([verb, "--no-such-option"] for verb in VERBS),
                      ["run", "x", "--plan", "y"], ["run", "x", "--ring", "wheel"],
                      ["run", "x", "--memory", "lots"], ["run", "x", "--memory", "1M/s"],
                      ["run", "x", "--memory", "1MiBs"], ["run", "x", "--workers", "1K"]):
        result = vssrestore(*arguments, codes=(2,))
        expect(result.err or result.out, f"{arguments}: nothing was said")


def sizes_are_as_people_write_them():
    for size in ("64M", "64m", "64MiB", "64MB", "1G", "67108864"):
        vssrestore("run", "x", "--memory", size, codes=(11,)) # there is no such set


def nothing_is_no_number():
    for verb, option, allowed in (("run", "--workers", b"from 1 to"),
                                  ("pack", "--workers", b"from 1 to"),
                                  ("verify", "--workers", b"from 1 to"),
                                  ("run", "--queue-depth", b"from 1 to"),
                                  ("run", "--writer-timeout", b"from 1 to"),
                                  ("run", "--memory", b"from 1 up")):
        result = vssrestore(verb, "x", option, "0", codes=(2,))
        expect(option.encode() in result.err and allowed in result.err, result.told())


def a_set_that_is_none_is_11():
    with Folder() as folder:
        for verb in ("inspect", "plan", "run", "verify", "reindex"):
            for path in (folder.path, folder / "nowhere"):
                result = vssrestore(verb, path, codes=(11,))
                expect(b"set" in result.err and b"damaged" not in result.err, result.told())


def a_set_without_its_description_is_20():
    with Folder() as folder:
        made = Set(folder)
        os.unlink(made.path + b"/set.json")
        for verb in ("inspect", "plan", "run", "verify", "reindex"):
            result = vssrestore(verb, made.path, codes=(20,))
            expect(b"no set.json" in result.err, result.told())


def what_stands_at_a_packs_name_is_told():
    with Folder() as folder:
        made = Set(folder)
        os.unlink(made.path + b"/packs/pack-000000.tar.lz4")
        os.mkdir(made.path + b"/packs/pack-000000.tar.lz4")
        result = vssrestore("verify", made.path, codes=(20,))
        expect(b"a folder stands there" in result.err, result.told())
        expect(b"vssrestore verify SET" not in result.err, "what it just did is no hint")
        result = made.run("--root", folder / "root", codes=(20,))
        expect(b"Is a directory" in result.out, result.told())


def a_set_in_a_set_is_not_made():
    with Folder() as folder:
        made = Set(folder)
        inside = made.path + b"/packs/other"
        result = vssrestore("pack", "--documents", folder / "documents", "--volume",
                            b"C:=" + folder / "c", "-o", inside, codes=(11,))
        expect(b"another set" in result.err, result.told())
        expect(not os.path.exists(inside), "it was made")
        vssrestore("verify", made.path)


def verify_of_a_plan_tells_what_is_gone():
    with Folder() as folder:
        made = Set(folder)
        vssrestore("plan", made.path, "--root", folder / "root", "-o", folder / "plan")
        result = vssrestore("verify", "--plan", folder / "plan", "--json", codes=(4,))
        told = result.json()
        expect(told["exit_code"] == 4 and told["differences"] == told["files"] > 0, f"{told}")
        expect(b"a.txt: is not there" in result.err, result.told())
        os.rename(made.path, made.path + b"-moved")
        result = vssrestore("verify", "--plan", folder / "plan", "--json", codes=(11,))
        expect(result.json()["exit_code"] == 11, result.told())


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


def the_machine_and_its_numbers_are_told():
    told = vssrestore("inspect", "--system").out
    for words in (b"bytes of memory, pages of ", b"\nqueue depth ", b"\nmemory limit ",
                  b"by default a run takes the least that reaches full speed"):
        expect(words in told, f"{words} is not in {told}")
    told = json.loads(vssrestore("inspect", "--system", "--json", "--workers", "1", "--memory",
                                 "16M", "--queue-depth", "64").out)
    numbers = {number["name"]: number for number in told["numbers"]}
    expect(told["t"] == "system" and told["machine"]["cores"] > 0, f"{told}")
    expect(numbers["workers"]["value"] == 1 and numbers["workers"]["origin"] == "asked", f"{told}")
    depth = numbers["queue depth"]
    expect(depth["origin"] == "cut" and depth["cut_from"] == 64 and depth["value"] < 64, f"{told}")
    expect(numbers["memory"]["value"] <= numbers["memory limit"]["value"] == 16 << 20, f"{told}")


def what_memory_counts_is_told():
    told = b" ".join(vssrestore("run", "--help").out.split())
    expect(b"--memory SIZE for buffers, rings and tables (default: the least for full speed)" in
           told, told)


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


def selectors_that_match_nothing_are_11():
    with Folder() as folder:
        made = Set(folder)
        for option in ("--component", "--exclude-component"):
            made.run("--root", folder / "root", option, "No Such Writer", codes=(11,))
        made.run("--root", folder / "root", "--volume", "nonsense", codes=(2, 11))
        expect(not os.path.exists(folder / "root/C/Tree"), "nothing was restored")


def a_saved_plan_runs_and_is_verified():
    with Folder() as folder:
        made = Set(folder)
        vssrestore("plan", made.path, "--root", folder / "root", "-o", folder / "plan")
        vssrestore("run", "--plan", folder / "plan", "--run-dir", folder / "run")
        vssrestore("verify", "--plan", folder / "plan")
        with open(folder / "root/C/Tree/a.txt", "a", encoding="utf-8") as changed:
            changed.write("!")
        result = vssrestore("verify", "--plan", folder / "plan", codes=(4,))
        expect(b"a.txt" in result.err, f"the changed file is named\n{result.told()}")


def inspect_shows_writers_and_components():
    with Folder() as folder:
        made = Set(folder)
        for arguments in ([made.path], ["--documents", folder / "documents"]):
            text = vssrestore("inspect", *arguments).out
            expect(b"Tree Writer" in text and b"C:\\Tree" in text, "text names them")
            told = vssrestore("inspect", *arguments, "--json")
            expect(len(told.out.splitlines()) == 1 and "Tree Writer" in json.dumps(told.json()),
                   "one JSON object")


def documents_that_are_none_are_10():
    with Folder() as folder:
        os.mkdir(folder / "documents")
        with open(folder / "documents/x.xml", "wb") as out:
            out.write(b"<BACKUP_COMPONENTS")
        os.mkdir(folder / "c")
        vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
                   "-o", folder / "set", codes=(10,))
        expect(not os.path.exists(folder / "set/set.json"), "no set was made")


def a_lost_index_is_rebuilt():
    with Folder() as folder:
        made = Set(folder)
        with open(made.path + b"/index.bin", "rb") as index:
            before = index.read()
        os.unlink(made.path + b"/index.bin")
        vssrestore("reindex", made.path)
        with open(made.path + b"/index.bin", "rb") as index:
            expect(index.read() == before, "the same bytes again")
        vssrestore("verify", made.path)


def the_table_of_a_plan_is_one():
    """Its columns stand below their heads, whatever the methods are."""
    for method in ("RESTORE_IF_NOT_THERE", "REPLACE_AT_REBOOT_IF_CANNOT_REPLACE", "BY_MOONLIGHT"):
        with Folder() as folder:
            make_set(folder, {"small": (2, 10), "large": (1, 10), "tiny": (1, 10)}, method=method)
            told = vssrestore("plan", folder / "set", "--root", folder / "root")
            lines = told.out.decode().splitlines()
            head = next(line for line in lines if line.split()[:2] == ["files", "bytes"])
            rows = [line for line in lines if "Three: " in line]
            expect(len(rows) == 3, told.told())
            for row in rows:
                expect(row.index("Three: ") == head.index("component") and
                       row.index(method) == head.index("how"), told.told())


def explain_tells_of_one_file():
    with Folder() as folder:
        made = Set(folder)
        os.mkdir(folder / "out")
        places = ("--volume", b"C:=" + folder / "out")
        told = vssrestore("explain", made.path, *places, "c:\\tree\\SUB\\b.txt")
        expect(b"= " + folder / "out/Tree/sub/b.txt" in told.out, told.told())
        one = json.loads(vssrestore("explain", made.path, *places, "--json",
                                    "C:\\Tree\\a.txt").out)
        expect(one["t"] == "explain" and one["outcome"] == "restored" and one["on_media"] and
               one["matches"][0]["line"] > 0 and one["steps"] and
               one["results"][0]["path"].endswith("/Tree/a.txt"), str(one))
        told = vssrestore("explain", made.path, *places, "C:\\Tree\\no.txt", codes=(11,))
        expect(b"is not on the media" in told.out, told.told())
        vssrestore("explain", made.path, *places, "C:\\Tree\\*", codes=(11,))
        vssrestore("explain", made.path, codes=(2,))
        expect(os.listdir(folder / "out") == [], "explain writes nothing")


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


def standing(path):
    """All names below a folder, with when they changed last."""
    return {name: os.lstat(name).st_ctime_ns for root, folders, files in os.walk(path)
            for name in [root] + [os.path.join(root, one) for one in folders + files]}


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


def run_names_the_damaged_file():
    with Folder() as folder:
        Set(folder)
        noise = bytes((n * n * 31 + n * 7 + (n >> 3) * 131) % 251 for n in range(64))
        with open(folder / "c/Tree/noise.bin", "wb") as out:
            out.write(noise)
        vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c",
                   "-o", folder / "noisy")
        with open(folder / "noisy/packs/pack-000000.tar.lz4", "r+b") as stored:
            stored.seek(stored.read().index(noise[:16]))
            stored.write(bytes([noise[0] ^ 1]))
        result = vssrestore("run", folder / "noisy", "--root", folder / "root", "--run-dir",
                            folder / "run", codes=(20,))
        expect(b"C:\\Tree\\noise.bin: MEDIA_CORRUPT" in result.out, result.told())
        expect(not os.path.exists(folder / "root/C/Tree/noise.bin"), "no wrong byte is visible")
        told = vssrestore("inspect", folder / "run")
        expect(re.search(rb": ended, exit code 20\n.*\n  withdrawn   Tree Writer: .*, [1-9]\d* of \d+ "
                         rb"files were whole, summary.json says what stands\n$", told.out),
               told.told())
        units = vssrestore("inspect", folder / "run", "--json").json()["units"]
        expect([unit["state"] for unit in units] == ["withdrawn"], f"{units}")
        result = vssrestore("run", folder / "noisy", "--root", folder / "none", "--run-dir",
                            folder / "run-null", "--sink", "null", codes=(20,))
        expect(b"C:\\Tree\\noise.bin: MEDIA_CORRUPT" in result.out, result.told())


def a_plan_takes_no_choices_beside_it():
    with Folder() as folder:
        made = Set(folder)
        vssrestore("plan", made.path, "--root", folder / "root", "-o", folder / "plan")
        for more in (("--root", folder / "other"), ("--component", "x"), ("--widen",)):
            vssrestore("run", "--plan", folder / "plan", "--run-dir", folder / "run", *more,
                       codes=(2,))


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
        every_verb_has_help, what_was_typed_wrong_is_2, nothing_is_no_number,
        sizes_are_as_people_write_them,
        a_set_that_is_none_is_11,
        a_set_without_its_description_is_20, what_stands_at_a_packs_name_is_told,
        a_set_in_a_set_is_not_made,
        verify_of_a_plan_tells_what_is_gone,
        the_summary_is_the_last_line, the_machine_and_its_numbers_are_told,
        what_memory_counts_is_told,
        large_files_are_written_as_asked,
        a_run_folder_that_exists_is_40,
        an_unmapped_volume_refuses_its_unit, selectors_that_match_nothing_are_11,
        a_saved_plan_runs_and_is_verified, inspect_shows_writers_and_components,
        documents_that_are_none_are_10, a_lost_index_is_rebuilt, outputs_replace_files_only,
        places_that_are_none_are_11, a_plan_takes_no_choices_beside_it,
        the_table_of_a_plan_is_one, explain_tells_of_one_file,
        files_of_no_component_come_when_asked_for,
        run_names_the_damaged_file, the_null_sink_touches_nothing,
        the_profile_adds_up,
        t06_a_chosen_subcomponent_stands_in_the_document)})
