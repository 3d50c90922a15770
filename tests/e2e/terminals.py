"""Terminals and pipes for a program to write to: as wide as told, full, or read by nobody."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from harness import Child, expect

WAIT_S = 120
FILLING = b"."
CALM = 5 # so often in a row nothing goes in


def fill(fd):
    """As much as goes in without waiting: how much that was."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    written = 0
    for piece in (FILLING * 64, FILLING): # small ones leave small buffers to be made free again
        try:
            while True:
                written += os.write(fd, piece)
        except BlockingIOError:
            pass
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)
    return written


def full_terminal(has_room=False):
    """(master, slave) of a terminal that nobody reads. has_room: one buffer of the kernel's is free
    again, which is some hundred bytes. How much fits into it is known when it is full."""
    master, slave = pty.openpty()
    calm = 0
    while calm < CALM: # what went in is moved on by a worker of the kernel, and leaves room
        time.sleep(0.01)
        calm = 0 if fill(slave) > 0 else calm + 1
    while has_room and not select.select([], [slave], [], 0.05)[1]:
        os.read(master, 64)
    return master, slave


def end_of_terminal(master, slave):
    """(what was written to it but for the filling, whether it was full): after its last writer."""
    was_full = fill(slave) == 0
    os.close(slave)
    told = b""
    try:
        while data := os.read(master, 65536):
            told += data
    except OSError: # that was all
        pass
    os.close(master)
    return told.strip(FILLING), was_full


def on_a_terminal(words, columns, **environment):
    """What the program draws on a terminal as wide as that: bytes of its standard error."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with Child(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave,
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
