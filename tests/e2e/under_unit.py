#!/usr/bin/env python3
"""Run a command under the limits that a unit of systemd sets, where systemd does not run.

    under_unit.py UNIT [--writable DIR]... [--without CALL]... -- COMMAND...

Taken from the unit: ProtectSystem=strict (a mount namespace in which everything but the folders
named is read-only), CapabilityBoundingSet, NoNewPrivileges, MemoryDenyWriteExecute where the kernel
can, SystemCallFilter by the same library as systemd's, with the groups as systemd-analyze tells
them. --without takes a system call out of these. For root; exit 77 where it cannot be done.
"""

import argparse
import ctypes
import ctypes.util
import os
import subprocess
import sys

import limits

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MS_KEPT = 2 | 4 | 8 | 1024 | 2048 # nosuid, nodev, noexec, noatime, nodiratime stay as they are
PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN = 65, 1
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | limits.EPERM
CAPABILITIES = ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP "
                "LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER "
                "SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE "
                "SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP "
                "MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF "
                "CHECKPOINT_RESTORE").split()


def values(unit, key):
    with open(unit, encoding="utf-8") as lines:
        return [line.strip().partition("=")[2] for line in lines if line.startswith(key + "=")]


# --- system calls ---

def calls_of(name):
    """The calls of a group as systemd knows it; of a call, itself."""
    if not name.startswith("@"):
        return {name}
    told = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True,
                          capture_output=True, text=True).stdout
    found = set()
    for line in told.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            found |= calls_of(word)
    return found


def allowed_calls(unit):
    allowed = set()
    for value in values(unit, "SystemCallFilter"):
        calls = set().union(*(calls_of(word) for word in value.lstrip("~").split()))
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def filter_calls(allowed):
    path = ctypes.util.find_library("seccomp") or "libseccomp.so.2"
    try:
        seccomp = ctypes.CDLL(path)
    except OSError:
        print("no libseccomp here")
        sys.exit(77)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(REFUSE)))
    for name in sorted(allowed):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0: # others are of other machines
            seccomp.seccomp_rule_add_array(state, ctypes.c_uint32(ALLOW), number, 0, None)
    if seccomp.seccomp_load(state) != 0:
        raise OSError("seccomp_load()")


# --- file systems ---

def mount(source, target, flags):
    if limits.libc.mount(source, target, None, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def mounts():
    """Where each of them stands."""
    with open("/proc/self/mountinfo", "rb") as lines:
        return [line.split()[4].decode("unicode_escape").encode("latin-1") for line in lines]


def make_read_only(writable):
    if limits.libc.unshare(CLONE_NEWNS) != 0:
        print("no mount namespace can be made here")
        sys.exit(77)
    mount(b"none", b"/", MS_REC | MS_PRIVATE)
    writable = [os.path.realpath(os.fsencode(folder)) for folder in writable]
    for folder in writable:
        mount(folder, folder, MS_BIND)
    for place in mounts():
        if place in writable or place.split(b"/")[1] in (b"proc", b"sys", b"dev") and \
                place != b"/dev/shm":
            continue
        try:
            kept = os.statvfs(place).f_flag & MS_KEPT
            mount(b"none", place, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)
        except OSError:
            pass # something stands over it
    os.chdir(os.getcwd()) # as it is in this namespace


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("unit")
    parser.add_argument("--writable", action="append", default=[])
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("only root can set these limits")
        sys.exit(77)
    allowed = allowed_calls(options.unit) - set(options.without)
    if "strict" in values(options.unit, "ProtectSystem"):
        make_read_only(options.writable)
    kept = {word for value in values(options.unit, "CapabilityBoundingSet") for word in value.split()}
    limits.drop_capabilities(number for number, name in enumerate(CAPABILITIES)
                             if "CAP_" + name not in kept)
    limits.prctl(limits.PR_SET_NO_NEW_PRIVS, 1)
    try:
        limits.prctl(PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN)
    except OSError:
        pass # Linux 6.3
    os.umask(0o022)
    filter_calls(allowed)
    os.execvp(options.command[0], options.command)


if __name__ == "__main__":
    main()
