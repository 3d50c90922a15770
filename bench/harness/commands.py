"""commands.py - programs that must succeed, and what is said when one does not."""

import subprocess
import sys


class Trouble(Exception):
    """What ends the program; code is its exit code. ended: of the command that failed, its own."""

    def __init__(self, text, code=1, ended=None):
        super().__init__(text)
        self.code, self.ended = code, ended


def tell(text):
    print(text, file=sys.stderr, flush=True)


def call(*command, **more):
    """Run a command that must succeed; its standard output."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, text=True, errors="replace",
                              **more)
    except OSError as error:
        raise Trouble(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        raise Trouble(f"{' '.join(command[:12])}\nended with {done.returncode}: "
                      f"{done.stderr[-2000:] or done.stdout[-2000:]}", ended=done.returncode)
    return done.stdout
