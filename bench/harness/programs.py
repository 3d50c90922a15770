"""programs.py - where everything stands that is run here: in a build directory, or installed."""

import os
import shutil

from .commands import Trouble, call

INSTRUMENTS = ("make_corpus", "bare_write", "ceilings", "observe")
HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Programs:
    """The product (vssrestore), its instruments by name, and any other program by look-up."""

    def __init__(self, build=None):
        self.instruments_folder, self.vssrestore = self._find(build)
        self._run_help = None

    @staticmethod
    def _find(build):
        """Named by --build; beside this (installed: libexec holds the instruments); ../build."""
        if build is None and os.access(os.path.join(HOME, INSTRUMENTS[0]), os.X_OK):
            prefix = os.path.dirname(os.path.dirname(HOME))
            beside = os.path.join(prefix, "bin", "vssrestore")
            vssrestore = beside if os.access(beside, os.X_OK) else shutil.which("vssrestore")
            if vssrestore is None:
                raise Trouble(f"no {beside}, and no vssrestore in PATH", 2)
            return HOME, vssrestore
        build = build or os.path.join(os.path.dirname(HOME), "build")
        folder, vssrestore = os.path.join(build, "bench"), os.path.join(build, "tools/vssrestore")
        for path in [os.path.join(folder, name) for name in INSTRUMENTS] + [vssrestore]:
            if not os.access(path, os.X_OK):
                raise Trouble(f"no {path}: build first, or name the build directory by --build", 2)
        return folder, vssrestore

    def instrument(self, name):
        return os.path.join(self.instruments_folder, name)

    @staticmethod
    def find(name):
        """The path of a program of this machine, or None."""
        return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")

    def run_has(self, option):
        """Does `vssrestore run` know this option?"""
        if self._run_help is None:
            self._run_help = call(self.vssrestore, "run", "--help")
        return option in self._run_help.replace(",", " ").split()
