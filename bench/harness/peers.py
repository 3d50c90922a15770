"""peers.py - what a user would take instead, each with its usual fast settings, on the same tree.

An archive is made once and kept in --work. A peer is left out, and named, where it is not
installed."""

import os
import shlex
import shutil
from dataclasses import dataclass

from .commands import Trouble, call, tell
from .rows import PEER, Row, Runner

UNSQUASHFS = "unsquashfs lz4"
BLOCK_SIZES = ("128K", "1M")


@dataclass
class Peer:
    """name is its row; key is what --peers takes; needs are programs."""

    name: str
    key: str
    needs: tuple
    archive: object                # (tools) -> [commands]: they make tools.out, a file or a folder
    restore: object                # (tools) -> words; run in the target if in_target
    in_target: bool = False
    reads_tree: bool = False       # the archive is the tree itself
    environment: object = None     # (tools) -> variables


@dataclass
class Tools:
    """What a peer's words are made of."""

    tree: str
    out: str
    work: str
    place: str
    sparse: bool
    block_size: str


def tar_words(tools, *words):
    return ["tar", *(["--sparse"] if tools.sparse else []), "-C", tools.tree, *words, "."]


def squash(codec, *words):
    return lambda t: [["mksquashfs", t.tree, t.out, "-comp", codec, *words, "-b", t.block_size,
                       "-noappend", "-no-progress", "-quiet"]]


def unsquash(t):
    return ["unsquashfs", "-f", "-n", "-q", "-d", t.place, t.out]


def restic_environment(t):
    return {"RESTIC_PASSWORD": "bench", "RESTIC_CACHE_DIR": os.path.join(t.work, "restic-cache")}


def borg_environment(t):
    return {"BORG_BASE_DIR": os.path.join(t.work, "borg-base"),
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}


def borg_create(t):
    """From inside the tree: borg keeps the names that it is given."""
    inside = f"cd {shlex.quote(t.tree)} && exec borg create -C lz4 {shlex.quote(t.out)}::a ."
    return [["borg", "init", "-e", "none", t.out], ["sh", "-c", inside]]


PEERS = (
    Peer(UNSQUASHFS, "unsquashfs", ("mksquashfs", "unsquashfs"), squash("lz4"), unsquash),
    Peer("unsquashfs zstd", "unsquashfs", ("mksquashfs", "unsquashfs"),
         squash("zstd", "-Xcompression-level", "1"), unsquash),
    Peer("tar", "tar", ("tar",), lambda t: [tar_words(t, "-cf", t.out)],
         lambda t: ["tar", "-xf", t.out, "-C", t.place]),
    Peer("tar + lz4", "tar", ("tar", "lz4"), lambda t: [tar_words(t, "-I", "lz4", "-cf", t.out)],
         lambda t: ["tar", "-I", "lz4", "-xf", t.out, "-C", t.place]),
    Peer("tar + zstd", "tar", ("tar", "zstd"),
         lambda t: [tar_words(t, "-I", "zstd -1", "-cf", t.out)],
         lambda t: ["tar", "-I", "zstd", "-xf", t.out, "-C", t.place]),
    Peer("bsdtar lz4", "bsdtar", ("bsdtar",),
         lambda t: [["bsdtar", "--lz4", "-cf", t.out, "-C", t.tree, "."]],
         lambda t: ["bsdtar", "-xf", t.out, "-C", t.place]),
    Peer("wimlib XPRESS", "wimlib", ("wimlib-imagex",),
         lambda t: [["wimlib-imagex", "capture", t.tree, t.out, "--compress=XPRESS", "--quiet"]],
         lambda t: ["wimlib-imagex", "apply", t.out, "1", t.place, "--quiet"]),
    Peer("restic", "restic", ("restic",),
         lambda t: [["restic", "-r", t.out, "init", "--repository-version", "2"],
                    ["restic", "-r", t.out, "--quiet", "backup", t.tree]],
         lambda t: ["restic", "-r", t.out, "--quiet", "restore", "latest", "--target", t.place],
         environment=restic_environment),
    Peer("borg lz4", "borg", ("borg",), borg_create,
         lambda t: ["borg", "extract", *(["--sparse"] if t.sparse else []), f"{t.out}::a"],
         in_target=True, environment=borg_environment),
    Peer("rsync", "rsync", ("rsync",), None,
         lambda t: ["rsync", "-aHW", *(["-S"] if t.sparse else []), t.tree + "/", t.place],
         reads_tree=True),
    Peer("cp", "cp", ("cp",), None, lambda t: ["cp", "-a", t.tree + "/.", t.place],
         reads_tree=True),
)
KEYS = tuple(dict.fromkeys(peer.key for peer in PEERS))


class Peers:
    """Those that are wanted and installed, with their archives of one corpus."""

    def __init__(self, corpus, programs, wanted):
        self.corpus, self.missing, self.present = corpus, [], []
        self.block_size, self.block_seconds, self.archive_bytes = BLOCK_SIZES[0], {}, {}
        for peer in PEERS:
            if peer.key not in wanted:
                continue
            if all(programs.find(name) for name in peer.needs):
                self.present.append(peer)
            else:
                self.missing.append(peer.name)

    def tools(self, peer, place=None, block_size=None):
        block_size = block_size or self.block_size
        blocks = f"-{block_size}" if peer.key == "unsquashfs" else ""
        name = "".join(c if c.isalnum() else "-" for c in peer.name)
        return Tools(self.corpus.tree, f"{self.corpus.top}-{name}{blocks}", self.corpus.work, place,
                     self.corpus.key == "Z", block_size)

    def make_archive(self, peer, block_size=None):
        """Once, beside the corpus; half-made ones are made again."""
        if peer.archive is None:
            return
        tools = self.tools(peer, block_size=block_size)
        if not os.path.exists(tools.out + ".made"):
            tell(f"archiving for {peer.name}" +
                 (f", blocks of {tools.block_size}" if peer.key == "unsquashfs" else ""))
            shutil.rmtree(tools.out, ignore_errors=True)
            if os.path.exists(tools.out):
                os.unlink(tools.out)
            environment = peer.environment(tools) if peer.environment else {}
            for command in peer.archive(tools):
                call(*command, env={**os.environ, **environment})
            with open(tools.out + ".made", "w", encoding="utf-8"):
                pass

    def row(self, peer, block_size=None):
        tools = self.tools(peer, block_size=block_size)

        def command(place):
            return peer.restore(self.tools(peer, place, block_size))

        return Row(peer.name, PEER, command, [tools.tree if peer.reads_tree else tools.out],
                   environment=peer.environment(tools) if peer.environment else {},
                   in_target=peer.in_target)

    def choose_block_size(self, target, programs, tries):
        """The size of blocks that unsquashfs is fastest with here; archives of both are kept."""
        peer = next((peer for peer in self.present if peer.name == UNSQUASHFS), None)
        if peer is None:
            return
        for size in BLOCK_SIZES:
            self.make_archive(peer, size)
            runner = Runner(self.corpus, target, programs)
            self.block_seconds[size] = min(runner.run(self.row(peer, size)).seconds
                                           for _ in range(tries))
        self.block_size = min(self.block_seconds, key=self.block_seconds.get)

    def rows(self):
        """A row of each; one whose archive cannot be made is named as missing."""
        rows = []
        for peer in list(self.present):
            try:
                self.make_archive(peer)
            except Trouble as trouble:
                tell(f"{peer.name} is left out: {trouble}")
                self.present.remove(peer)
                self.missing.append(peer.name)
                continue
            rows.append(self.row(peer))
        return rows
