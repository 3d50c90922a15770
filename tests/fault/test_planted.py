"""Nothing outside the mapped volumes is ever touched, whatever stood at the destination before, and
wherever documents lead (S-03, S-05, S-08): links, mounts and hard links are planted.
"""

import os
import subprocess

from sentinel import Sentinel, fingerprint, one_set # knows where scenario.py is
from scenario import Scenario, Skip, Told, equal, expect, run_rules
from town import when_free


def planted(plant, want, codes):
    """plant(scenario, sentinel, place of C:\\one) before the run."""
    with Scenario() as s:
        component = one_set(s)
        media = s.pack()
        sentinel = Sentinel(s, [b"a", b"sub/b", b"one/a", b"one/sub/b"])
        os.makedirs(s.dest.path("C:\\one"))
        plant(s, sentinel, s.dest.path("C:\\one"))
        for arguments in ((), ("--in-place",), ("--cross-mounts",)):
            run = s.run(media, *arguments)
            sentinel.check(f"{arguments} {run.told()}")
            expect(run.exit in codes, f"exit code {run.exit}, not one of {codes}: {run.told()}")
            if want:
                equal(run.unit(component)["error"], want, run.told())


def S03_a_link_where_a_file_goes():
    planted(lambda s, sentinel, one: os.symlink(sentinel.top + b"/a", one + b"/a"),
            "NOT_REPLACEABLE", (3,))


def S03_a_dangling_link_where_a_file_goes():
    planted(lambda s, sentinel, one: os.symlink(sentinel.top + b"/nothing", one + b"/a"),
            "NOT_REPLACEABLE", (3,))


def S03_a_link_where_a_folder_goes():
    planted(lambda s, sentinel, one: os.symlink(sentinel.top + b"/sub", one + b"/sub"),
            "NOT_REPLACEABLE", (3,))


def S03_a_link_where_the_top_folder_goes():
    def plant(s, sentinel, one):
        os.rmdir(one)
        os.symlink(sentinel.top + b"/one", one)
    planted(plant, "NOT_REPLACEABLE", (3,))


def S03_links_into_proc():
    for target in (b"/proc/self/cwd", b"/proc/self/root", b"/proc/self/fd/3"):
        planted(lambda s, sentinel, one, target=target: os.symlink(target, one + b"/sub"),
                "NOT_REPLACEABLE", (3,))


def S03_a_volume_below_root_that_somebody_may_have_linked_away():
    """--root DIR names DIR; DIR/C is named by documents. Links there are DIR's owner's alone."""
    with Scenario() as s:
        one_set(s)
        media = s.pack()
        sentinel = Sentinel(s, [b"one/a", b"one/sub/b"])
        os.makedirs(s.dest.folder, exist_ok=True)
        link = os.path.join(s.dest.folder, b"C")
        os.symlink(sentinel.top, link)
        os.chmod(s.dest.folder, 0o777) # whoever likes may have made it
        for verb in ("run", "plan"):
            told = Told([verb, media, "--root", s.dest.folder])
            sentinel.check(told.told())
            expect(told.exit in (3, 11, 33), f"exit code {told.exit}: {told.told()}")
        os.chmod(s.dest.folder, 0o755) # only its owner can have made it: it is followed
        s.run(media).must(0)
        equal(os.path.exists(sentinel.top + b"/one/sub/b"), True)


def S03_a_mount_below_the_destination():
    """Not crossed unless that is asked for (ruling 26), whatever it is a mount of."""
    with Scenario() as s:
        component = one_set(s)
        media = s.pack()
        sentinel = Sentinel(s, [b"b"])
        sub = s.dest.path("C:\\one\\sub")
        os.makedirs(sub)
        done = subprocess.run(["mount", "--bind", sentinel.top, sub], stderr=subprocess.PIPE,
                              check=False)
        if done.returncode != 0:
            raise Skip("cannot mount: " + done.stderr.decode(errors="replace").strip())
        try:
            sentinel.before = fingerprint(sentinel.top)
            run = s.run(media)
            sentinel.check(run.told())
            equal(run.unit(component)["error"], "MOUNT_IN_PLACE", run.told())
            s.run(media, "--cross-mounts").must(0)
        finally:
            when_free("umount", sub)
        with open(sentinel.top + b"/b", "rb") as opened:
            equal(opened.read(), b"restored sub\\b")


def S05_a_hard_link_to_a_file_outside():
    """Replacing takes the name, never the inode: what else has it keeps its content."""
    with Scenario() as s:
        one_set(s)
        media = s.pack()
        sentinel = Sentinel(s, [b"a"])
        os.makedirs(s.dest.path("C:\\one"))
        os.link(sentinel.top + b"/a", s.dest.path("C:\\one\\a"))
        content, facts = b"the sentinel's a", os.lstat(sentinel.top + b"/a")
        s.run(media).must(0, 1)
        equal(s.at("C:\\one\\a"), b"restored a")
        with open(sentinel.top + b"/a", "rb") as opened:
            equal(opened.read(), content)
        now = os.lstat(sentinel.top + b"/a")
        equal((now.st_mode, now.st_uid, now.st_mtime_ns, now.st_ino),
              (facts.st_mode, facts.st_uid, facts.st_mtime_ns, facts.st_ino))


def S08_places_that_lead_out():
    r"""Mappings, new targets and names that would climb above a volume: refused, by name."""
    for target in (r"C:\..\sentinel", r"C:\one\..\..\sentinel", r"\\..\..\sentinel",
                   r"\\?\C:\..\sentinel", r"..\sentinel", r"C:sentinel", r"\\.\..\sentinel",
                   r"\\?\UNC\..\sentinel", r"\\server\..\sentinel", r"\\?\Volume{..}\sentinel",
                   r"C:\one/../../sentinel", r"\\..\sentinel\x"):
        with Scenario() as s:
            w = s.writer("Files", method="RESTORE_TO_ALTERNATE_LOCATION", wre="never")
            c = w.component("one")
            c.files("C:\\one", "*")
            w.mapping("C:\\one", "*", target, True)
            s.backup().include(c)
            s.put("C:\\one\\a", b"content")
            media = s.pack()
            sentinel = Sentinel(s, [b"a"])
            whole = set(os.listdir(s.folder))
            run = s.run(media)
            sentinel.check(run.told())
            equal(set(os.listdir(s.folder)) - whole - {b"run-3", b"run-4"}, set(), target)
            expect(run.exit in (3, 10, 11), f"{target}: {run.told()}")
            equal(run.unit(c)["status"], "NONE", target)


if __name__ == "__main__":
    run_rules(globals())
