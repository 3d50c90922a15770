"""Terminals and pipes for a program to write to: as wide as told, full, or read by nobody."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios

from harness import expect

WAIT_S = 120


def write_all(fd, most):
    """As much as goes in without waiting, and no more than that."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    written = 0
    for size in (4096, 1):
        try:
            while written < most:
                written += os.write(fd, b"\n" * min(size, most - written))
        except BlockingIOError:
            pass
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)
    return written


def fill(fd):
    """Until nothing more goes in: how much that was."""
    return write_all(fd, 1 << 30)


def full_terminal(spare=0):
    """(master, slave) of a terminal that nobody reads, with room for about that many bytes."""
    master, slave = pty.openpty()
    capacity = fill(slave)
    if spare > 0:
        os.close(master)
        os.close(slave)
        master, slave = pty.openpty()
        write_all(slave, capacity - spare)
    return master, slave


def on_a_terminal(words, columns, **environment):
    """What the program draws on a terminal as wide as that: bytes of its standard error."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave,
                          env={**os.environ, "TERM": "xterm", **environment}) as child:
        os.close(slave)
        drawn = b""
        while child.poll() is None or select.select([master], [], [], 0)[0]:
            if select.select([master], [], [], 0.05)[0]:
                try:
                    drawn += os.read(master, 65536)
                except OSError: # its last user has gone
                    break
        code = child.wait(WAIT_S)
        expect(code in (0, 3, 20), f"{code}: {drawn}")
    os.close(master)
    return drawn


def frames_of(drawn):
    """What stood on the line, one after another."""
    text = re.sub(r"\033\[1;31m|\033\[0m", "", drawn.decode())
    return [frame for frame in text.replace("\r", "\n").replace("\033[K", "").split("\n") if frame]
