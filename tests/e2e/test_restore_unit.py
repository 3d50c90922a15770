"""A restore as a service: what the template says, what its script does, and that a restore can do its
work under the unit's limits, with io_uring and Landlock.

systemd itself does not run here: its programs read the unit, and under_unit.py sets the limits that
it would. tools/check --packages starts the unit by a systemd of its own.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import limits
from harness import PROGRAM, SOURCE_ROOT, Child, Folder, Result, Skip, command, expect, run_cases
from small_set import standing
from units import make_set

UNIT = sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))
INSTANCE = os.path.join(SOURCE_ROOT, "tools", "vssrestore-instance")
FILES = {"small": (30, 3000), "large": (3, 2 << 20), "tiny": (2, 100)}
EXPOSURE_MAX = 30 # tenths, as systemd-analyze counts them: 0 is none, 100 is all
LANDLOCK_CREATE_RULESET, IO_URING_SETUP = 444, 425 # the same everywhere
WAIT_S = 60
NOT_TRIED = 69 # what the script makes of a run that is over with 21 or 32


def unit_text():
    with open(UNIT, encoding="utf-8") as file:
        return file.read()


def need(program):
    if shutil.which(program) is None:
        raise Skip(f"no {program} here")


def place_unit(folder):
    """A copy that names what is here, under a name that systemd takes for a template."""
    copy = folder / "vssrestore@.service"
    with open(copy, "w", encoding="utf-8") as out:
        out.write(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={INSTANCE}", unit_text()))
    return copy


def systemd_understands_it():
    need("systemd-analyze")
    with Folder() as folder:
        told = command(["systemd-analyze", "verify", "--man=no", place_unit(folder)])
        expect(b"vssrestore" not in told.err, told.told())


def systemd_finds_it_hardened():
    need("systemd-analyze")
    with Folder() as folder:
        told = command(["systemd-analyze", "security", "--no-pager", "--offline=true",
                        f"--threshold={EXPOSURE_MAX}", place_unit(folder)], codes=None)
        if b"unrecognized option" in told.err:
            raise Skip("this systemd-analyze does not look at files")
        expect(told.code == 0, told.told())
        print(told.out.decode().strip().splitlines()[-1])


def exit_codes_are_sorted():
    """Each is a success, tried again, or not: and those that another try may help are tried. The
    script has one of its own, for runs that are over: what_is_over_is_not_tried_in_vain()."""
    numbers = {key: set(map(int, re.findall(r"\d+", value))) for key, value in
               re.findall(r"(?m)^(SuccessExitStatus|RestartPreventExitStatus)=(.*)", unit_text())}
    known = {int(code) for code in re.findall(r'^\s+\{"(\d+)", "', open(
        os.path.join(SOURCE_ROOT, "tools", "options.c"), encoding="utf-8").read(), re.M)}
    expect(numbers["SuccessExitStatus"] == {1, 5, 143}, f"{numbers}")
    expect(known - numbers["SuccessExitStatus"] - numbers["RestartPreventExitStatus"] ==
           {0, 21, 32}, f"{numbers}")
    expect(numbers["RestartPreventExitStatus"] - known == {NOT_TRIED, 129, 130, 131}, f"{numbers}")


# --- the script ---

def start(folder, *words, codes=(0,), **more):
    """What the unit's ExecStart= is, in its state folder."""
    os.makedirs(folder / "state", exist_ok=True)
    return command([INSTANCE, *words], codes, cwd=folder / "state",
                   env={**os.environ, "VSSRESTORE": os.path.abspath(PROGRAM)}, **more)


def restored(folder):
    return subprocess.run(["diff", "-rq", folder / "c", folder / "root/C"], check=False,
                          stdout=subprocess.DEVNULL).returncode == 0


def a_restore_begins_ends_and_is_not_begun_again():
    with Folder() as folder:
        make_set(folder, FILES)
        words = ["--workers", "1", "--", folder / "set", "--root", folder / "root"]
        start(folder, *words)
        expect(restored(folder) and len(os.listdir(folder / "state")) == 1, "it is restored")
        before = standing(folder / "root")
        told = start(folder, *words)
        expect(b"going on with vssrestore-run-" in told.err, told.told())
        expect(b"restored: all 3 units" in told.out, told.told())
        expect(standing(folder / "root") == before, "nothing is touched")
        shutil.rmtree(folder / "state")
        shutil.rmtree(folder / "root")
        start(folder, *words)
        expect(restored(folder), "without its state it begins anew")


def what_was_killed_is_gone_on_with():
    with Folder() as folder:
        make_set(folder, FILES)
        choices = ["--", folder / "set", "--root", folder / "root", "--component", "Three"]
        os.makedirs(folder / "state")
        begun = lambda: [name for name in os.listdir(folder / "state") if
                         os.path.exists(folder / "state" + b"/" + name + b"/control")]
        with Child([INSTANCE, "--throttle", "500K", *choices], cwd=folder / "state",
                   env={**os.environ, "VSSRESTORE": os.path.abspath(PROGRAM)},
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            end = time.monotonic() + WAIT_S
            while not begun() and time.monotonic() < end:
                time.sleep(0.02)
            child.kill()
        expect(child.returncode == -signal.SIGKILL and not restored(folder), "it was killed")
        start(folder, *choices)
        expect(restored(folder), "the rest came")
        expect(len(os.listdir(folder / "state")) == 1, "by the same run")


def what_is_over_is_not_tried_in_vain():
    """A run that ended because media could not be read repeats its end, by an exit code that systemd
    does not try again; nothing is begun over what stands there."""
    with Folder() as folder:
        make_set(folder, FILES)
        words = ["--", folder / "set", "--root", folder / "root"]
        pack = folder / "set/packs/pack-000000.tar.lz4"
        os.chmod(pack, 0)
        start(folder, *words, codes=(21,), preexec_fn=limits.obey_modes)
        os.chmod(pack, 0o600)
        begun, before = os.listdir(folder / "state"), standing(folder / "root")
        for _ in range(2):
            told = start(folder, *words, codes=(NOT_TRIED,))
            for said in (b"NOT everything was restored", b"exit code 21", b"not tried again",
                         b"vssrestore@.service(8)"):
                expect(said in told.out + told.err, f"{said}: {told.told()}")
        expect(os.listdir(folder / "state") == begun and standing(folder / "root") == before,
               "nothing is begun")


def what_could_not_be_begun_is_tried_again():
    with Folder() as folder:
        make_set(folder, FILES)
        words = ["--", folder / "set", "--root", folder / "root"]
        os.chmod(folder / "set/set.json", 0)
        start(folder, *words, codes=(21,), preexec_fn=limits.obey_modes)
        expect(not os.listdir(folder / "state"), "nothing was begun")
        os.chmod(folder / "set/set.json", 0o600)
        start(folder, *words)
        expect(restored(folder), "the next try restores it")


def a_call_without_a_set_is_usage():
    with Folder() as folder:
        for words in ([], ["--workers", "1"], ["--"]):
            start(folder, *words, codes=(2,))


# --- the limits ---

def limited(folder, words, *more, codes=(0,), writable=("root", "state")): # codes None: any
    """Under the limits of the unit; Skip where they cannot be set."""
    need("systemd-analyze")
    with open(PROGRAM, "rb") as file:
        if b"__asan_init" in file.read():
            raise Skip("the leak sanitizer looks into a process in ways that the unit forbids")
    for name in writable:
        os.makedirs(folder / name, exist_ok=True)
    how = [word for name in writable for word in ("--writable", folder / name)]
    done = subprocess.run([sys.executable, os.path.join(HERE, "under_unit.py"), UNIT, *how, *more, "--",
                           *words], check=False, capture_output=True, cwd=folder / "state",
                          env={**os.environ, "VSSRESTORE": os.path.abspath(PROGRAM)})
    if done.returncode == 77:
        raise Skip(done.stdout.decode().strip())
    result = Result(words, done)
    expect(codes is None or result.code in codes, result.told())
    return result


def service_words(folder, *more):
    return [INSTANCE, "--ring", "uring", *more, "--", folder / "set", "--root", folder / "root"]


def a_restore_works_under_the_limits():
    with Folder() as folder:
        make_set(folder, FILES)
        limited(folder, service_words(folder))
        expect(restored(folder), "all is there")


def without_io_uring_it_would_not():
    """The limits are in force: one call less is felt; and so is a folder less to write to."""
    with Folder() as folder:
        make_set(folder, FILES)
        told = limited(folder, service_words(folder), "--without", "io_uring_setup", codes=None)
        expect(told.code not in (0, 77), told.told())
        shutil.rmtree(folder / "state")
        limited(folder, [word if word != "uring" else "auto" for word in service_words(folder)],
                "--without", "io_uring_setup")
        expect(restored(folder), "by plain calls it does")
        shutil.rmtree(folder / "state")
        os.rename(folder / "root", folder / "old")
        os.makedirs(folder / "root")
        told = limited(folder, service_words(folder), writable=("state",), codes=(3,))
        expect(b"ead-only" in told.out + told.err, told.told())


def cold_media_are_read_past_the_page_cache():
    """By what mincore(2) tells: systemd 252 has no name for cachestat(2)."""
    with Folder() as folder:
        make_set(folder, FILES)
        words = [folder / "set", "--root", folder / "root", "--ring", "uring", "--profile", "--json"]

        def past_the_cache(run):
            for name in ("state", "root"):
                shutil.rmtree(folder / name, ignore_errors=True)
                os.makedirs(folder / name)
            for name in os.listdir(folder / "set/packs"):
                with open(os.path.join(folder / "set/packs", name), "rb") as pack:
                    os.fsync(pack.fileno())
                    os.posix_fadvise(pack.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            done = run()
            expect(restored(folder), "all is there")
            return json.loads(done.out.splitlines()[-1])["profile"]["direct_read_bytes"] > 0

        if not past_the_cache(lambda: command([os.path.abspath(PROGRAM), "run", *words],
                                              cwd=folder / "state")):
            raise Skip("media are never cold here, or io_uring or O_DIRECT is missing")
        expect(past_the_cache(lambda: limited(folder, [INSTANCE, "--", *words])), "in the unit, too")
        expect(not past_the_cache(lambda: limited(folder, [INSTANCE, "--", *words], "--without",
                                                  "mincore")), "without mincore nobody can say")


def landlock_is_not_kept_from_it():
    probe = ("import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
             "libc.syscall({}, None, 0, 1); print(ctypes.get_errno())")
    with Folder() as folder:
        os.makedirs(folder / "state")
        for number in (LANDLOCK_CREATE_RULESET, IO_URING_SETUP):
            words = [sys.executable, "-c", probe.format(number)]
            told = limited(folder, words)
            expect(int(told.out) != 1, f"call {number} is refused by the unit: {told.told()}")
        told = limited(folder, [sys.executable, "-c", probe.format(LANDLOCK_CREATE_RULESET)],
                       "--without", "landlock_create_ruleset")
        expect(int(told.out) == 1, f"the probe does not see what is refused: {told.told()}")


run_cases({case.__name__: case for case in (
    systemd_understands_it, systemd_finds_it_hardened, exit_codes_are_sorted,
    a_restore_begins_ends_and_is_not_begun_again, what_was_killed_is_gone_on_with,
    what_is_over_is_not_tried_in_vain, what_could_not_be_begun_is_tried_again,
    a_call_without_a_set_is_usage, a_restore_works_under_the_limits,
    without_io_uring_it_would_not, cold_media_are_read_past_the_page_cache,
    landlock_is_not_kept_from_it)})
