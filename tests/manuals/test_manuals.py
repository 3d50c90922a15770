"""Help, manual pages and completions say the same: what the program's option table says.

Each option of each verb is looked for in --help, in the page as a reader sees it, and in what bash,
zsh and fish offer when they are asked. Pages are also given to whoever complains about pages.

    test_manuals.py FOLDER      where the pages and completions were made
"""

import json
import os
import pty
import re
import select
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import (SOURCE_ROOT, Skip, command, expect, expect_none, run_cases, # noqa: E402
                     vssrestore)

MADE = sys.argv[1]
BENCH_PAGES = {"vssrestore-bench.1": "restore_bench", "vssrestore-conformance.1": "restore_conformance"}
TABLE = json.loads(vssrestore("--describe").out)
WAIT_S = 60


def pages():
    return sorted(name for name in os.listdir(MADE) if re.search(r"\.[1-8]$", name))


def need(program):
    if shutil.which(program) is None:
        raise Skip(f"no {program} here")


def as_read(page):
    """The page as text, whichever renderer there is."""
    path = os.path.join(MADE, page)
    if shutil.which("mandoc"):
        text = command(["mandoc", "-Tascii", "-O", "width=200", path]).out.decode()
    elif shutil.which("groff"):
        text = command(["groff", "-man", "-Tascii", "-P-cbou", "-rLL=200n", path]).out.decode()
    else:
        raise Skip("neither mandoc nor groff is here")
    return re.sub(".\x08", "", text) # overstrikes


def words_in(text):
    return set(re.findall(r"--?[a-z][a-z-]*", text))


def every_option_is_in_help_and_page():
    missing = []
    for verb in TABLE["verbs"]:
        helped = vssrestore(verb["name"], "--help").out.decode()
        page = as_read(f"vssrestore-{verb['name']}.1")
        squeezed = re.sub(r"\s+", " ", page)
        for option in verb["options"]:
            for name in filter(None, (option["name"], option["brief"])):
                missing += [f"{verb['name']} {name}: {where}" for where, text in
                            (("--help", helped), ("page", page)) if name not in words_in(text)]
            for text in filter(None, (option["value"], option["help"])):
                if re.sub(r"\s+", " ", text) not in squeezed:
                    missing.append(f"{verb['name']} {option['name']}: page lacks \"{text}\"")
        if verb["summary"] not in squeezed and verb["summary"] not in helped:
            missing.append(f"{verb['name']}: no summary")
    expect_none(missing, "options that are not told")


def quiet_is_of_those_who_draw_a_line():
    offered = {v["name"] for v in TABLE["verbs"] for o in v["options"] if o["name"] == "--quiet"}
    expect(offered == {"run", "resume"}, f"no progress line, where there never is one: {offered}")


def what_a_choice_is_by_default_is_told():
    expect_none(sorted({o["name"] for v in TABLE["verbs"] for o in v["options"]
                        if o["kind"] == "choice" and "default" not in o["help"]}),
                "options of which nobody knows what they are without")


def no_page_tells_what_is_not_there():
    known = {o["name"] for v in TABLE["verbs"] for o in v["options"]}
    known |= {o["brief"] for v in TABLE["verbs"] for o in v["options"] if o["brief"]}
    known |= {"--describe", "--version", "--ignore-zeros", "--cflags", "--libs", "--name", "--what"}
    strange = []
    for page in pages():
        if page not in BENCH_PAGES:
            found = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", as_read(page)))
            strange += [f"{page}: {name}" for name in sorted(found - known)]
    expect_none(strange, "options that no verb has")


def exit_codes_are_told():
    for page in ["vssrestore.1"] + [f"vssrestore-{v['name']}.1" for v in TABLE["verbs"]]:
        text = re.sub(r"\s+", " ", as_read(page))
        expect_none([f"{page}: {m}" for m in TABLE["exit_codes"]
                     if f"{m['code']} {m['text']}" not in text], "exit codes not told")


def error_names_are_told():
    with open(os.path.join(SOURCE_ROOT, "src", "plan", "refusal.h"), encoding="utf-8") as header:
        names = re.findall(r"X\(([A-Z_]+)\)", header.read())
    text = as_read("vssrestore-plan.5")
    expect(len(names) > 20, "the names are found")
    expect_none([name for name in names if name not in text], "error names not told")


def functions_are_told():
    folder, missing, text = os.path.join(SOURCE_ROOT, "include", "vssrestore"), [], None
    text = as_read("libvssrestore.3")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as header:
            for call in re.findall(r"VSR_API[^;(]*?(vsr_\w+)\(", header.read()):
                missing += [call] if call + "(" not in text else []
    expect_none(missing, "functions not told")


def benchmark_options_are_told():
    for page, program in BENCH_PAGES.items():
        helped = command([os.path.join(SOURCE_ROOT, "bench", program), "--help"]).out.decode()
        names = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", helped, re.M))
        text = as_read(page)
        expect(len(names) > 7, helped)
        expect_none(sorted(names - set(re.findall(r"--[a-z-]+", text))), f"{page}: not told")


def mandoc_has_nothing_to_say():
    need("mandoc")
    for page in pages():
        told = command(["mandoc", "-Tlint", "-W", "warning", os.path.join(MADE, page)], codes=None)
        lines = [line for line in told.out.decode().splitlines()
                 if "missing date" not in line] # a page is as old as its program
        expect_none(lines, page)


def groff_has_nothing_to_say():
    need("groff")
    for page in pages():
        told = command(["groff", "-man", "-ww", "-Tutf8", "-z", os.path.join(MADE, page)])
        expect(told.err == b"", told.told())


def man_has_nothing_to_say():
    need("man")
    for page in pages():
        told = command(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", os.path.join(MADE, page)],
                       env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"})
        expect(told.err == b"", told.told())


# --- shells: each answers for "vssrestore VERB WORD" with what it would offer ---

def bash_offers(*words):
    script = (f"source {MADE}/vssrestore.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
              "_vssrestore; printf '%s\\n' \"${COMPREPLY[@]}\"")
    return command(["bash", "-c", script, "bash", "vssrestore", *words]).out.decode().split()


def fish_offers(*words):
    line = "vssrestore " + " ".join(words)
    with tempfile.TemporaryDirectory() as home:
        told = command(["fish", "--no-config", "-c", f"source {MADE}/vssrestore.fish; "
                        f"complete -C '{line}'"], env={**os.environ, "HOME": home})
    return [row.split("\t")[0] for row in told.out.decode().splitlines()]


class Zsh:
    """An interactive zsh on a terminal of its own, whose completion writes down what it offers."""

    SETUP = """PS1= ; unsetopt zle_bracketed_paste 2>/dev/null; setopt no_beep
fpath=({made} $fpath); autoload -Uz compinit; compinit -u -D
compadd() {{ if [[ ${{@[1,(i)(-|--)]}} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
typeset -a hits; builtin compadd -A hits "$@"; print -rl -- $hits >> {out}; builtin compadd "$@" }}
ended() {{ print -r -- END >> {out}; comppostfuncs=(ended) }}; comppostfuncs=(ended)
LISTMAX=1000; bindkey '^I' complete-word; print -r -- READY >> {out}
"""

    def __enter__(self):
        self.folder = tempfile.mkdtemp()
        self.out = os.path.join(self.folder, "offered")
        open(self.out, "wb").close() # pylint: disable=consider-using-with
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(HOME=self.folder, ZDOTDIR=self.folder, TERM="dumb")
            os.execvp("zsh", ["zsh", "-f", "-i"])
        setup = os.path.join(self.folder, "setup")
        with open(setup, "w", encoding="utf-8") as file:
            file.write(self.SETUP.format(made=MADE, out=self.out))
        self.send(f"source {setup}\n")
        self.wait_for("READY")
        return self

    def __exit__(self, *ignored):
        os.write(self.fd, b"\x15exit\n")
        os.close(self.fd)
        os.waitpid(self.pid, 0)
        shutil.rmtree(self.folder)

    def send(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, word):
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                os.read(self.fd, 65536)
            with open(self.out, encoding="utf-8") as file:
                lines = file.read().splitlines()
            if word in lines:
                open(self.out, "wb").close() # pylint: disable=consider-using-with
                return [line for line in lines if line != word]
        raise Skip(f"zsh did not answer within {WAIT_S} s")

    def offers(self, *words):
        self.send("\x15vssrestore " + " ".join(words) + "\t")
        return self.wait_for("END")


def check_shell(offers):
    """offers(words...): what is offered for the last of them."""
    verbs = offers("")
    expect_none([v["name"] for v in TABLE["verbs"] if v["name"] not in verbs], "verbs not offered")
    for verb in TABLE["verbs"]:
        offered = set(offers(verb["name"], "--"))
        names = {option["name"] for option in verb["options"]}
        expect_none(sorted(names - offered), f"{verb['name']}: not offered")
        expect_none(sorted(o for o in offered - names if o.startswith("-") and len(o) > 2),
                    f"{verb['name']}: offered, and not there")
    choices = {o["name"]: o["value"].split("|") for v in TABLE["verbs"] if v["name"] == "run"
               for o in v["options"] if o["kind"] == "choice"}
    for name, words in choices.items():
        offered = offers("run", name, "")
        expect_none([w for w in words if w not in offered], f"run {name}: not offered")


def bash_offers_what_the_table_has():
    need("bash")
    check_shell(bash_offers)
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(folder + "/aaa")
        expect(bash_offers("run", "--root", folder + "/a") == [folder + "/aaa"], "a folder")
        expect(bash_offers("run", "--volume", "C:", "=", folder + "/a") != [folder], "a pair")


def no_file_name_steers_a_terminal():
    """An interactive bash lists what could stand there: names that would colour and break lines."""
    need("bash")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("red\x1b[31m", "two\nlines", "plain"):
            os.mkdir(os.path.join(folder, name))
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="xterm", INPUTRC="/dev/null", HOME=folder)
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        os.write(fd, f"bind 'set enable-bracketed-paste off'; source {MADE}/vssrestore.bash; "
                     "echo REA''DY\nvssrestore inspect \t\t".encode())
        drawn, offered, end = b"", b"", time.monotonic() + WAIT_S
        while not all(word in offered for word in (b"plain", b"red", b"two", b"lines")) and \
                time.monotonic() < end:
            if select.select([fd], [], [], 0.05)[0]:
                drawn += os.read(fd, 65536)
                offered = drawn.partition(b"READY")[2]
        os.write(fd, b"\x15exit\n")
        os.close(fd)
        os.waitpid(pid, 0)
    expect(b"plain" in offered and b"red" in offered, f"{drawn}")
    expect(b"\x1b[31m" not in offered and not re.search(rb"(?m)^lines", offered), f"{offered}")


def fish_offers_what_the_table_has():
    need("fish")
    check_shell(fish_offers)


def zsh_offers_what_the_table_has():
    need("zsh")
    with Zsh() as zsh:
        check_shell(zsh.offers)


run_cases({case.__name__: case for case in (
    every_option_is_in_help_and_page, what_a_choice_is_by_default_is_told,
    quiet_is_of_those_who_draw_a_line,
    no_page_tells_what_is_not_there, exit_codes_are_told, error_names_are_told,
    functions_are_told, benchmark_options_are_told, mandoc_has_nothing_to_say,
    groff_has_nothing_to_say, man_has_nothing_to_say,
    bash_offers_what_the_table_has, no_file_name_steers_a_terminal, fish_offers_what_the_table_has,
    zsh_offers_what_the_table_has)})
