"""Less than a process may usually do: capabilities and system calls taken from a child before it runs
the program. Functions for subprocess' preexec_fn, or to be called there."""

import ctypes
import ctypes.util
import os
import platform
import struct

PR_CAPBSET_DROP, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 24, 22, 38
SECCOMP_MODE_FILTER = 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAP_LAST = 63
GETRANDOM = {"x86_64": 318, "aarch64": 278}
EPERM = 1

libc = ctypes.CDLL(None, use_errno=True)


def prctl(*words):
    numbers = [ctypes.c_ulong(word) for word in words] + [ctypes.c_ulong(0)] * (5 - len(words))
    if libc.prctl(*numbers) != 0:
        raise OSError(ctypes.get_errno(), f"prctl{words}")


def drop_capabilities(dropped):
    """From the bounding set: root that is run after this has none of them."""
    if os.geteuid() == 0:
        for capability in dropped:
            try:
                prctl(PR_CAPBSET_DROP, capability)
            except OSError: # the kernel knows fewer
                pass


def obey_modes():
    """Root, too, is held to the modes of files."""
    drop_capabilities((CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH))


def refuse_call(number):
    """That system call fails with EPERM from now on."""
    load, equal, give = 0x20, 0x15, 0x06 # BPF: absolute word, jump if equal, return
    allow, refuse = 0x7FFF0000, 0x00050000 | EPERM
    program = b"".join(struct.pack("HBBI", *one) for one in (
        (load, 0, 0, 0), (equal, 0, 1, number), (give, 0, 0, refuse), (give, 0, 0, allow)))
    text = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(text)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header))


def refuse_random_bytes():
    refuse_call(GETRANDOM[platform.machine()])
