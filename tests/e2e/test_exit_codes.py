"""Each exit code of the program is reached, by the shortest way to it.

A case for each, named exit_CODE; what stands in the program's own table and has no case fails. All
calls are made with --json where that is a stream of events, which the harness holds against the
schema.
"""

import json
import os
import platform
import resource
import signal
import subprocess

import limits
import schemas
from harness import PROGRAM, Child, Folder, Skip, command, expect, run_cases, vssrestore
from test_space import Memory
from units import flip, make_set

FILES = {"small": (5, 2000), "large": (1, 2 << 20), "tiny": (2, 100)}
WAIT_S = 120


def restore(folder, *more, codes, root="root", run="run", **how):
    """A run of the set in folder; its summary."""
    result = vssrestore("run", folder / "set", "--root", folder / root, "--run-dir", folder / run,
                        "--json", *more, codes=codes, **how)
    summary = result.json()
    expect(summary["exit_code"] == result.code, f"the summary tells another code: {result.told()}")
    return summary


def exit_0(folder):
    make_set(folder, FILES)
    summary = restore(folder, codes=(0,))
    expect([unit["status"] for unit in summary["units"]] == ["ALL"] * 3, f"{summary}")
    vssrestore("resume", folder / "run", "--json", codes=(0,))
    for words in (("plan", "--root", folder / "root"), ("inspect",), ("verify",)):
        vssrestore(words[0], folder / "set", *words[1:])


def exit_1(folder):
    make_set(folder, FILES)
    restore(folder, "--file", "C:\\tiny\\0", codes=(1,))


def exit_2(folder):
    for words in (["run"], ["run", "x", "--no-such-option"], ["resume", "x", "y"]):
        expect(vssrestore(*words, "--json", codes=(2,)).json()["exit_code"] == 2, f"{words}")
    for words in ([], ["frobnicate"], ["plan"], ["pack"], ["ctl", "x"], ["pending", "x"],
                  ["verify", folder / "x", "--plan", "y"]):
        vssrestore(*words, codes=(2,))


def exit_3(folder):
    make_set(folder, FILES)
    os.makedirs(folder / "root/C/tiny/0") # a folder where a file goes
    summary = restore(folder, codes=(3,))
    expect([unit["status"] for unit in summary["units"]] == ["ALL", "ALL", "NONE"], f"{summary}")


def exit_4(folder):
    """Of a run: rules/test_changed_places.py K09 (a place that was changed while a run lay)."""
    make_set(folder, FILES)
    vssrestore("plan", folder / "set", "--root", folder / "root", "-o", folder / "plan")
    vssrestore("run", "--plan", folder / "plan", "--run-dir", folder / "run", "--json")
    with open(folder / "root/C/tiny/0", "ab") as file:
        file.write(b"!")
    expect(vssrestore("verify", "--plan", folder / "plan", "--json", codes=(4,)).json()
           ["differences"] > 0, "it is told")


def exit_5(folder):
    make_set(folder, FILES, method="RESTORE_AT_REBOOT")
    os.makedirs(folder / "root/C")
    summary = restore(folder, "--tree", "live", "--in-use", "ignore", "--registry", "", codes=(5,))
    expect(summary["pending_reboot"], f"{summary}")


def exit_10(folder):
    make_set(folder, FILES)
    with open(folder / "documents/more.xml", "w", encoding="utf-8") as out:
        out.write("<BACKUP_COMPONENTS>")
    vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c", "-o",
               folder / "other", codes=(10,))
    vssrestore("inspect", "--documents", folder / "documents", codes=(10,))


def exit_11(folder):
    make_set(folder, FILES)
    restore(folder, "--component", "nobody", codes=(11,))
    vssrestore("run", folder / "nowhere", "--root", folder / "root", "--json", codes=(11,))
    vssrestore("resume", folder / "nowhere", "--json", codes=(11,))
    vssrestore("plan", folder / "set", "--volume", "C:=" + "/no/such/folder", codes=(11,))


def exit_20(folder):
    make_set(folder, FILES)
    flip(folder / "set/packs/pack-000000.tar.lz4")
    restore(folder, codes=(20,))
    vssrestore("verify", folder / "set", codes=(20,))


def exit_21(folder):
    """A pack that this user may not read: nobody knows that it is damaged."""
    make_set(folder, FILES)
    os.chmod(folder / "set/packs/pack-000000.tar.lz4", 0)
    restore(folder, codes=(21,), preexec_fn=limits.obey_modes)
    vssrestore("verify", folder / "set", codes=(21,), preexec_fn=limits.obey_modes)


def exit_30(folder):
    with Memory(folder / "root", "size=4m"):
        make_set(folder, {**FILES, "large": (8, 1 << 20)})
        summary = restore(folder, codes=(30,))
    expect(summary["units"][1]["error"] == "NO_SPACE", f"{summary}")


def exit_31(folder):
    """Of a destination: rules/test_units.py T62, fault/test_planted.py. Here: a run folder."""
    make_set(folder, FILES)
    os.makedirs(folder / "closed")
    os.chmod(folder / "closed", 0o500)
    restore(folder, codes=(31,), run="closed/run", preexec_fn=limits.obey_modes)


def exit_32(folder):
    """Of a disk that fails: fault/test_broken_disk.py D04, D06. Here: standard output."""
    make_set(folder, FILES)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "run", folder / "set", "--root", folder / "root", "--run-dir",
                               folder / "run", "--json"], check=False, stdout=full,
                              stderr=subprocess.PIPE, timeout=WAIT_S)
    expect(done.returncode == 32 and b"cannot write the summary" in done.stderr, f"{done}")


def exit_33(folder):
    """What may have been put there by anybody leads out of the folder that --root names."""
    make_set(folder, FILES)
    os.makedirs(folder / "root")
    os.makedirs(folder / "elsewhere")
    os.symlink(folder / "elsewhere", folder / "root/C")
    os.chmod(folder / "root", 0o777)
    restore(folder, codes=(33,))
    expect(os.listdir(folder / "elsewhere") == [], "something was written there")


def exit_40(folder):
    make_set(folder, FILES)
    restore(folder, codes=(0,))
    restore(folder, codes=(40,), root="other")


def exit_41(folder):
    make_set(folder, FILES)
    vssrestore("plan", folder / "set", "--root", folder / "root", "-o", folder / "plan")
    subprocess.run(["rm", "-rf", folder / "set"], check=True)
    vssrestore("pack", "--documents", folder / "documents", "--volume", b"C:=" + folder / "c", "-o",
               folder / "set")
    result = vssrestore("run", "--plan", folder / "plan", "--run-dir", folder / "run", "--json",
                        codes=(41,))
    expect(result.json()["exit_code"] == 41, result.told())


def exit_50(folder):
    make_set(folder, FILES)
    restore(folder, "--memory", "4K", codes=(50,))


def memory_that_runs_out_is_told(folder):
    """Less and less address space, until a piece of memory is refused that nothing can go on
    without: the process ends there and then, and its events with a summary."""
    with open(PROGRAM, "rb") as opened:
        program = opened.read()
    if b"__asan_init" in program or b"__tsan_init" in program:
        raise Skip("the sanitizer wants more room than any limit leaves")
    make_set(folder, FILES)

    def ended(kib):
        """Did it end that way? None: it could not even begin."""
        result = command([PROGRAM, "run", folder / "set", "--root", folder / "root", "--run-dir",
                          folder / f"run{kib}", "--workers", "1", "--sink", "null", "--json"],
                         codes=None, preexec_fn=lambda: resource.setrlimit(
                             resource.RLIMIT_AS, (kib << 10, kib << 10)))
        if b"no memory" not in result.err:
            return None if result.code == 127 else False
        expect(result.code == 50, result.told())
        expect(schemas.check_events(result.out)[-1]["exit_code"] == 50, result.told())
        return True

    coarse, enough = 4 << 10, 96 << 10
    while ended(enough) is not False:
        enough *= 2
        expect(enough < 8 << 20, "no room is enough")
    least = next(kib for kib in range(enough, -1, -coarse) if ended(kib) is not False)
    met = any(ended(kib) for fine in (512, 64, 8) for kib in range(least, least + coarse, fine))
    expect(met, "no limit between what is enough and what no program can begin with is told")


def exit_70(folder):
    """A system that gives no random bytes, which it always does: nothing may go on without. The
    process stops where it is, says what is broken, and ends its events with a summary."""
    if platform.machine() not in limits.GETRANDOM:
        raise Skip(f"the number of getrandom() on {platform.machine()} is not known here")
    make_set(folder, FILES)
    result = command([PROGRAM, "run", folder / "set", "--root", folder / "root", "--run-dir",
                      folder / "run", "--json"], codes=(70,), preexec_fn=limits.refuse_random_bytes)
    expect(b"a bug in vssrestore" in result.err, result.told())
    expect(schemas.check_events(result.out)[-1]["exit_code"] == 70, result.told())
    expect(not os.path.exists(folder / "root/C/tiny"), "it went on")


def exit_128_and_a_signal(folder):
    make_set(folder, {**FILES, "large": (4, 2 << 20)})
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        run = folder / f"run{number}"
        with Child([PROGRAM, "run", folder / "set", "--root", folder / f"root{number}",
                    "--run-dir", run, "--throttle", "1M", "--json"],
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            begun = child.stdout.readline()
            child.send_signal(number)
            out, err = child.communicate(timeout=WAIT_S)
        events = schemas.check_events(begun + out)
        expect(child.returncode == events[-1]["exit_code"] == 128 + number, f"{events}, {err}")
        vssrestore("resume", run, "--json")


CASES = {"0": exit_0, "1": exit_1, "2": exit_2, "3": exit_3, "4": exit_4, "5": exit_5, "10": exit_10,
         "11": exit_11, "20": exit_20, "21": exit_21, "30": exit_30, "31": exit_31, "32": exit_32,
         "33": exit_33, "40": exit_40, "41": exit_41, "50": exit_50, "70": exit_70,
         "128+N": exit_128_and_a_signal}


def no_code_is_left_out():
    table = json.loads(command([PROGRAM, "--describe"]).out)
    codes = [meaning["code"] for meaning in table["exit_codes"]]
    expect(codes == list(CASES), f"the program has {codes}, there are cases for {list(CASES)}")


def in_a_folder(case):
    def run():
        with Folder() as folder:
            case(folder)
    return run


run_cases({"no_code_is_left_out": no_code_is_left_out,
           **{case.__name__: in_a_folder(case)
              for case in (*CASES.values(), memory_that_runs_out_is_told)}})
