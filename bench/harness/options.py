"""options.py - the command line."""

import argparse
import os

from .corpora import CORPORA
from .peers import KEYS

SMOKE_SHARE = 200
DESCRIPTION = """How fast does a restore go here, beside the machine's own limits and beside what a
user would take instead? All rows in one interleaved run; README.md of bench/ tells what each number
means."""


def parser_make():
    parser = argparse.ArgumentParser(prog="vssrestore-bench", description=DESCRIPTION,
                                     epilog="Exit: 0 done; 1 a restored tree differs, or a command "
                                     "failed; 2 usage, or something is missing here; 3 --compare "
                                     "found a regression.")
    parser.add_argument("--corpus", choices=CORPORA, default="S",
                        help="; ".join(f"{key}: {text}" for key, text in CORPORA.items()))
    parser.add_argument("--target", default="memory", metavar="null|memory|ext4|xfs|btrfs|DIR",
                        help="where to restore to (default memory, a tmpfs; null: decode and "
                        "verify only); a fresh one for each run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=int, default=1, metavar="N",
                        help="make all corpora but M smaller by this divisor")
    parser.add_argument("--source", default="/usr", help="what M is a copy of (default /usr)")
    parser.add_argument("--media", choices=("warm", "cold"), default="warm",
                        help="the input of each run: read once before it, or out of the page cache")
    parser.add_argument("--drop-caches", action="store_true",
                        help="empty the page cache before each run, then warm its input (root)")
    parser.add_argument("--loop-direct", action="store_true",
                        help="the loop device goes past the host's page cache")
    parser.add_argument("--peers", default="all", metavar="all|none|LIST",
                        help=f"which, with commas, of {', '.join(KEYS)} (default all installed)")
    parser.add_argument("--scaling", action="store_true",
                        help="also rows with 1, 2, 4 ... workers, up to all cores")
    parser.add_argument("--variant", action="append", default=[], metavar="'OPTIONS'",
                        help="also rows of `vssrestore run` with these options (may repeat): "
                        "--variant '--memory 64M'; one word alone: --variant=--salvage")
    parser.add_argument("--work", default="bench-work", metavar="DIR",
                        help="for corpora and archives, which are kept, sets and images")
    parser.add_argument("--build", metavar="DIR",
                        help="the build directory (default: installed beside this, or ../build)")
    parser.add_argument("--json", metavar="FILE", help="write the result there too")
    parser.add_argument("--plots", metavar="DIR", help="draw it there, as SVG")
    parser.add_argument("--compare", metavar="OLD.json", help="find what was faster there")
    parser.add_argument("--from", dest="measured", metavar="RESULT.json",
                        help="measure nothing: table, plots and comparison of this result")
    parser.add_argument("--smoke", action="store_true",
                        help="one round of a tiny share: does it run? The times mean nothing")
    return parser


def read(words=None):
    parser = parser_make()
    options = parser.parse_args(words)
    if options.smoke:
        options.rounds, options.share = 1, SMOKE_SHARE
    if options.rounds < 1 or options.share < 1:
        parser.error("--rounds and --share are 1 or more")
    named = {"all": KEYS, "none": ()}.get(options.peers, options.peers.split(","))
    unknown = [name for name in named if name not in KEYS]
    if unknown:
        parser.error(f"--peers: '{unknown[0]}' is none of {', '.join(KEYS)}")
    if options.drop_caches and os.geteuid() != 0:
        parser.error("--drop-caches is for root")
    options.peers = named
    options.work = os.path.abspath(options.work)  # rows run in a folder of their own
    options.build = options.build and os.path.abspath(options.build)
    return options
