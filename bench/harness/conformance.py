"""conformance.py - what restores do when something goes wrong: media with a flipped byte, a full
disk, SIGKILL, links planted at the target. The product and its peers, on the same tree.

Every restore is judged by what stands under final names afterwards, file by file; exit codes and
messages count as told or not told. Trials are seeded: the same seed damages the same places."""

import argparse
import json
import os
import random
import shutil
import subprocess
import tempfile
import time

from .commands import Trouble, tell
from .corpora import Corpus, files_below
from .peers import KEYS, PEERS, Peers
from .programs import Programs
from .targets import unmount

LARGE_FILES, LARGE_BYTES = 3, 6 << 20
SMALL_FILES, SMALL_BYTES_MAX = 300, 30000
LEFT_OUT = ("rsync", "cp", "unsquashfs zstd", "tar", "tar + zstd") # no media of their own, or as another
PIECE = 1 << 16
TIME_MAX = 120


def tree_make(top, seed):
    """A few large files and many small ones, half of their bytes compressible."""
    dice = random.Random(seed)
    sizes = [LARGE_BYTES + dice.randrange(PIECE) for _ in range(LARGE_FILES)] + \
            [dice.randrange(1, SMALL_BYTES_MAX) for _ in range(SMALL_FILES)]
    for number, size in enumerate(sizes):
        folder = os.path.join(top, f"folder-{number % 10}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"file-{number}.dat"), "wb") as out:
            while size > 0:
                piece = dice.randbytes(PIECE // 2) + bytes(PIECE // 2)
                out.write(piece[:size])
                size -= PIECE


class Tree:
    """What a restore must bring: {name: bytes}, and how a restored one is judged."""

    def __init__(self, top):
        self.files = {}
        for path in files_below(top):
            with open(path, "rb") as opened:
                self.files[os.path.relpath(path, top)] = opened.read()

    def bytes(self):
        return sum(len(content) for content in self.files.values())

    def judge(self, top):
        """(right, wrong, absent): files under their final names. Links are not followed."""
        right = wrong = absent = 0
        for name, content in self.files.items():
            path = os.path.join(top, name)
            if not os.path.lexists(path):
                absent += 1
            elif os.path.islink(path) or not os.path.isfile(path) or read(path) != content:
                wrong += 1
            else:
                right += 1
        return right, wrong, absent


def read(path):
    with open(path, "rb") as opened:
        return opened.read()


class Tool:
    """A way to restore: the words, where its media are, where the tree comes out."""

    def __init__(self, name, version):
        self.name, self.version = name, version

    def media(self):
        """The path of its media, a file or a folder."""
        raise NotImplementedError

    def command(self, media, place):
        """(words, environment, folder to run in) that restore media to place."""
        raise NotImplementedError

    def again(self, media, place):
        """What goes on after a restore that ended early; the same again for those without."""
        return self.command(media, place)

    def top(self, place):
        """Where the tree stands below place."""
        return place


class Product(Tool):
    def __init__(self, programs, corpus):
        super().__init__("vssrestore", first_line([programs.vssrestore, "--version"]))
        self.programs, self.corpus = programs, corpus

    def media(self):
        return self.corpus.set

    def command(self, media, place):
        shutil.rmtree(self.run_folder(place), ignore_errors=True)
        return [self.programs.vssrestore, "run", media, "--root", place, "--run-dir",
                self.run_folder(place), "--quiet"], {}, None

    def again(self, media, place):
        if os.path.exists(os.path.join(self.run_folder(place), "summary.json")) or \
                not os.path.isdir(self.run_folder(place)):
            return self.command(media, place)
        return [self.programs.vssrestore, "resume", self.run_folder(place), "--quiet"], {}, None

    @staticmethod
    def run_folder(place):
        return place + ".run"

    def top(self, place):
        return os.path.join(place, "C")


class PeerTool(Tool):
    def __init__(self, peers, peer):
        super().__init__(peer.name, version_of(peer))
        self.peers, self.peer = peers, peer

    def media(self):
        return self.peers.tools(self.peer).out

    def command(self, media, place):
        tools = self.peers.tools(self.peer, place)
        tools.out = media
        environment = self.peer.environment(tools) if self.peer.environment else {}
        return self.peer.restore(tools), environment, place if self.peer.in_target else None

    def top(self, place):
        if self.peer.key == "restic": # it restores below the path that was backed up
            return place + os.path.abspath(self.peers.corpus.tree)
        return place


VERSION_WORD = {"unsquashfs": "-version", "restic": "version"}


def version_of(peer):
    """The program that restores, without what it was linked with."""
    program = peer.needs[-1] if peer.key in ("unsquashfs", "wimlib") else peer.needs[0]
    return first_line([program, VERSION_WORD.get(peer.key, "--version")]).split(" - ")[0].split(
        " compiled ")[0].split(" (using")[0]


def first_line(words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    return lines[0].strip() if lines else ""


class Ended:
    """Of one restore."""

    def __init__(self, code, output, seconds):
        self.code, self.output, self.seconds = code, output, seconds


def restore(tool_command, kill_after=None):
    """Run it; kill_after: SIGKILL after so many seconds. A code of None: it never ended."""
    words, environment, folder = tool_command
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output,
                              stderr=subprocess.STDOUT, cwd=folder,
                              env={**os.environ, **environment}, start_new_session=True) as child:
            try:
                code = child.wait(kill_after if kill_after is not None else TIME_MAX)
            except subprocess.TimeoutExpired:
                code = None
                os.killpg(child.pid, 9)
        output.seek(0)
        return Ended(code, output.read().decode(errors="replace"), time.monotonic() - begin)


class Trials:
    """All that is done with one tool. work is a folder of its own."""

    def __init__(self, tool, tree, work, seed):
        self.tool, self.tree, self.work, self.seed = tool, tree, work, seed

    def place(self):
        place = os.path.join(self.work, "place")
        self.clear(place)
        os.makedirs(place)
        return place

    @staticmethod
    def clear(place):
        for path in (place, place + ".run"):
            subprocess.run(["chattr", "-R", "-i", path], stderr=subprocess.DEVNULL, check=False)
            shutil.rmtree(path, ignore_errors=True)

    def undisturbed(self):
        """Seconds of a restore that nothing disturbs; it must be right."""
        place = self.place()
        ended = restore(self.tool.command(self.tool.media(), place))
        judged = self.tree.judge(self.tool.top(place))
        if ended.code != 0 or judged[0] != len(self.tree.files):
            raise Trouble(f"{self.tool.name} does not restore this tree at all: exit {ended.code}, "
                          f"{judged}: {ended.output[-500:]}")
        return ended.seconds

    def flips(self, count):
        """One byte of the media changed. Wrong files under final names; exits that say nothing."""
        media = os.path.join(self.work, "media")
        remove(media)
        copy(self.tool.media(), media)
        parts = sorted(path for path in files_below(media) if os.path.getsize(path) > 0)
        dice = random.Random(self.seed)
        found = {"trials": count, "wrong files left": 0, "wrong, exit 0": 0, "missing, exit 0": 0,
                 "told by exit code": 0, "no file touched": 0}
        for _ in range(count):
            path = dice.choices(parts, [os.path.getsize(part) for part in parts])[0]
            at, bit = dice.randrange(os.path.getsize(path)), 1 << dice.randrange(8)
            flip(path, at, bit)
            place = self.place()
            ended = restore(self.tool.command(media, place))
            right, wrong, absent = self.tree.judge(self.tool.top(place))
            found["wrong files left"] += wrong > 0
            found["wrong, exit 0"] += wrong > 0 and ended.code == 0
            found["missing, exit 0"] += wrong == 0 and absent > 0 and ended.code == 0
            found["told by exit code"] += ended.code != 0
            found["no file touched"] += right == len(self.tree.files)
            flip(path, at, bit)
        remove(media)
        return found

    def full_disk(self, count):
        """A target with room for a share of the tree; then room is made and it is done again."""
        dice = random.Random(self.seed)
        found = {"trials": count, "wrong files left": 0, "exit 0": 0, "right after room was made": 0}
        for _ in range(count):
            place = self.place()
            share = dice.uniform(0.1, 0.95)
            mount("size=%d" % int(self.tree.bytes() * share), place)
            try:
                ended = restore(self.tool.command(self.tool.media(), place))
                _, wrong, _ = self.tree.judge(self.tool.top(place))
                found["wrong files left"] += wrong > 0
                found["exit 0"] += ended.code == 0
                subprocess.run(["mount", "-o", "remount,size=%d" % (self.tree.bytes() * 3), place],
                               check=True)
                again = restore(self.tool.again(self.tool.media(), place))
                right = self.tree.judge(self.tool.top(place))[0]
                found["right after room was made"] += again.code == 0 and \
                    right == len(self.tree.files)
            finally:
                unmount(place)
        return found

    def kills(self, count):
        """SIGKILL at a random moment; then the same again, or what the tool has for it."""
        seconds = min(self.undisturbed() for _ in range(3))
        dice = random.Random(self.seed)
        found = {"trials": 0, "ended before": 0, "wrong files left": 0, "right when done again": 0}
        while found["trials"] < count:
            if found["ended before"] > 20 * count:
                raise Trouble(f"{self.tool.name} ends before it can be killed")
            place = self.place()
            ended = restore(self.tool.command(self.tool.media(), place),
                            kill_after=dice.uniform(0.02, 0.95) * seconds)
            if ended.code is not None: # nobody was killed: that shows nothing
                found["ended before"] += 1
                continue
            found["trials"] += 1
            _, wrong, _ = self.tree.judge(self.tool.top(place))
            found["wrong files left"] += wrong > 0
            again = restore(self.tool.again(self.tool.media(), place))
            right = self.tree.judge(self.tool.top(place))[0]
            found["right when done again"] += again.code == 0 and right == len(self.tree.files)
        return found

    def links(self):
        """A link to elsewhere in place of a folder, and one in place of a file."""
        found = {}
        for kind in ("folder", "file"):
            place, elsewhere = self.place(), os.path.join(self.work, "elsewhere")
            remove(elsewhere)
            os.makedirs(elsewhere)
            with open(os.path.join(elsewhere, "victim"), "w", encoding="ascii") as victim:
                victim.write("not ours")
            top = self.tool.top(place)
            name = sorted(self.tree.files)[0]
            if kind == "folder":
                os.makedirs(os.path.dirname(os.path.join(top, os.path.dirname(name))), exist_ok=True)
                os.symlink(elsewhere, os.path.join(top, os.path.dirname(name)))
            else:
                os.makedirs(os.path.join(top, os.path.dirname(name)))
                os.symlink(os.path.join(elsewhere, "victim"), os.path.join(top, name))
            ended = restore(self.tool.command(self.tool.media(), place))
            touched = os.listdir(elsewhere) != ["victim"] or \
                read(os.path.join(elsewhere, "victim")) != b"not ours"
            found[f"{kind}: written outside"] = touched
            found[f"{kind}: exit"] = ended.code
            remove(elsewhere)
        return found


def mount(options, place):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "conformance", place], check=True)


def flip(path, at, bit):
    with open(path, "r+b") as media:
        media.seek(at)
        byte = media.read(1)[0]
        media.seek(at)
        media.write(bytes([byte ^ bit]))


def copy(source, target):
    if os.path.isdir(source):
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    for path in files_below(target):
        os.chmod(path, 0o600) # some keep their media read-only


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)


# --- the table ---

def cell_flips(found):
    return f"{found['wrong files left']} of {found['trials']} ({found['wrong, exit 0']} with exit 0)"


def cell_full(found):
    if found is None:
        return "not run: not root"
    return f"{found['wrong files left']} of {found['trials']} ({found['exit 0']} with exit 0)"


def cell_killed(found):
    return f"{found['wrong files left']} of {found['trials']}"


def cell_again(found):
    return f"{found['right when done again']} of {found['trials']}"


def cell_links(found):
    outside = [kind for kind in ("folder", "file") if found[f"{kind}: written outside"]]
    return "**written through: " + ", ".join(outside) + "**" if outside else "nothing outside"


COLUMNS = (("a flipped bit: wrong files left", "flips", cell_flips),
           ("a full disk: wrong or short files left", "full disk", cell_full),
           ("killed: wrong or short files left", "kills", cell_killed),
           ("killed, then again: right", "kills", cell_again),
           ("a planted link", "links", cell_links))


def table(result):
    lines = ["| | " + " | ".join(head for head, _, _ in COLUMNS) + " |",
             "|---" * (len(COLUMNS) + 1) + "|"]
    for row in result["tools"]:
        lines.append(f"| {row['name']}: {row['version']} | " +
                     " | ".join(cell(row[key]) for _, key, cell in COLUMNS) + " |")
    return "\n".join(lines)


# --- the program ---

def parser_make():
    parser = argparse.ArgumentParser(prog="vssrestore-conformance", description=(
        "What do restores leave when a byte of the media is wrong, the disk is full, they are "
        "killed, or somebody planted a link? vssrestore and what else is installed, the same "
        "tree, the same seeded trials. Full disks need root."))
    parser.add_argument("--peers", metavar="all|none|LIST", default="all",
                        help="which, with commas, of " + ", ".join(KEYS))
    parser.add_argument("--flips", type=int, default=100, help="bits to flip (default 100)")
    parser.add_argument("--fills", type=int, default=20, help="fill levels (default 20)")
    parser.add_argument("--kills", type=int, default=20, help="moments to kill at (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is random (default 1)")
    parser.add_argument("--work", metavar="DIR", help="for media and targets (default: a new one)")
    parser.add_argument("--build", metavar="DIR", help="the build directory (default: installed "
                        "beside this, or ../build)")
    parser.add_argument("--json", metavar="FILE", help="write what was found there, too")
    return parser


def tools_of(options, programs, corpus):
    wanted = KEYS if options.peers == "all" else () if options.peers == "none" else \
        options.peers.split(",")
    unknown = [key for key in wanted if key not in KEYS]
    if unknown:
        raise Trouble(f"--peers {unknown[0]}: not one of {', '.join(KEYS)}", 2)
    peers = Peers(corpus, programs, wanted)
    tools = [Product(programs, corpus)]
    for peer in PEERS:
        if peer in peers.present and peer.name not in LEFT_OUT:
            peers.make_archive(peer)
            tools.append(PeerTool(peers, peer))
    return tools, [name for name in peers.missing if name not in LEFT_OUT]


def run(options, work):
    programs = Programs(options.build)
    source = os.path.join(work, "source")
    if not os.path.isdir(source):
        tree_make(source, options.seed)
    corpus = Corpus("M", work, programs, source=source)
    corpus.make()
    corpus.pack()
    tree = Tree(corpus.tree)
    tools, missing = tools_of(options, programs, corpus)
    result = {"seed": options.seed, "files": len(tree.files), "bytes": tree.bytes(),
              "missing": missing, "tools": []}
    for tool in tools:
        tell(f"trying {tool.name}")
        trials = Trials(tool, tree, work, options.seed)
        trials.undisturbed()
        result["tools"].append({
            "name": tool.name, "version": tool.version, "flips": trials.flips(options.flips),
            "full disk": trials.full_disk(options.fills) if os.geteuid() == 0 else None,
            "kills": trials.kills(options.kills), "links": trials.links()})
        trials.clear(os.path.join(work, "place"))
    return result


def faults_of(row):
    """What a tool left or said that it must not; columns of its row, in words."""
    found = [f"flips: {what}: {row['flips'][what]}"
             for what in ("wrong files left", "missing, exit 0")
             if row["flips"][what] != 0]
    kills, full = row["kills"], row["full disk"]
    if kills["wrong files left"] != 0:
        found.append(f"kills: wrong files left: {kills['wrong files left']}")
    if kills["right when done again"] != kills["trials"]:
        found.append(f"kills: right when done again: {kills['right when done again']} only")
    if full is not None:
        found += [f"full disk: {what}: {full[what]}" for what in ("wrong files left", "exit 0")
                  if full[what] != 0]
        if full["right after room was made"] != full["trials"]:
            found.append(f"full disk: right after room was made: "
                         f"{full['right after room was made']} only")
    return found + [f"links: written outside by way of a {kind}" for kind in ("folder", "file")
                    if row["links"][f"{kind}: written outside"]]


def main(words=None):
    options = parser_make().parse_args(words)
    with tempfile.TemporaryDirectory(prefix="conformance-", dir=options.work) as own:
        result = run(options, own)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(result, out, indent=1)
            out.write("\n")
    print(table(result))
    if result["missing"]:
        print("not installed: " + ", ".join(result["missing"]))
    left = faults_of(result["tools"][0])
    for fault in left:
        tell(f"{result['tools'][0]['name']}: {fault}")
    return 1 if left else 0
