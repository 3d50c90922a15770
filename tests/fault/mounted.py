"""File systems of their own, each in a file, that do not hold every name or time; and a component
of all that is below a folder. Shared by the tests of names, times and sizes at their edges.
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "rules"))

from scenario import Skip  # noqa: E402

EXT4 = (("mkfs.ext4", "-q", "-O", "casefold"), ("mount", "-o", "loop"))
FAT = (("mkfs.vfat",), ("mount", "-o", "loop"))
NTFS = (("mkntfs", "-F", "-Q", "-q"), ("ntfs-3g",))
XFS_FOLDED = (("mkfs.xfs", "-q", "-f", "-n", "version=ci"), ("mount", "-o", "loop"))
NTFS_FOLDED = (("mkntfs", "-F", "-Q", "-q"), ("lowntfs-3g", "-o", "ignore_case"))
EXT4_OF_34_BITS = (("mkfs.ext4", "-q", "-F", "-I", "256"), ("mount", "-o", "loop"))
EXT4_OF_32_BITS = (("mkfs.ext4", "-q", "-F", "-I", "128"), ("mount", "-o", "loop"))
XFS_OF_32_BITS = (("mkfs.xfs", "-q", "-f", "-m", "bigtime=0"), ("mount", "-o", "loop"))
MEMORY = (("truncate", "-s0"), ("mount", "-t", "tmpfs"))


class Mounted:
    """A file system of its own, in a file."""

    def __init__(self, scenario, how, name=b"mounted", megabytes=16):
        self.image = os.path.join(scenario.folder, name + b".image")
        self.place = os.path.join(scenario.folder, name)
        (self.make, self.mount), self.megabytes = how, megabytes

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("only root mounts")
        os.mkdir(self.place)
        with open(self.image, "wb") as out:
            out.truncate(self.megabytes << 20)
        for command in ([*self.make, self.image], [*self.mount, self.image, self.place]):
            if not shutil.which(command[0]):
                raise Skip(f"no {command[0]}")
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  check=False)
            if done.returncode != 0:
                raise Skip(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")
        return self

    def __exit__(self, *ignored):
        subprocess.run(["umount", "-l", self.place], check=False)


def one_component(s, path="C:\\one"):
    w = s.writer("Names", wre="never")
    c = w.component("one")
    c.files(path, "*")
    s.backup().include(c)
    return c
