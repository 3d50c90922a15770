"""Programs that play writers and services in tests: shell scripts with a diary.

Every program of one Scenario writes what it was called for into one diary, so that a test can
compare the order of all that happened. What a writer was given is kept beside it.
"""

import os

DIARY = b"diary"


class Players:
    """The programs of a Scenario."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.folder = os.path.join(scenario.folder, b"players")
        os.mkdir(self.folder)

    def script(self, name, text):
        path = os.path.join(self.folder, os.fsencode(name))
        with open(path, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\nhere='" + os.fsdecode(self.folder) + "'\n" + text)
        os.chmod(path, 0o755)
        return path

    def writer(self, name, pre="", post=""):
        """A writer's program. pre, post: shell lines with the document in "$1"; what they print
        is the answer, and they may exit."""
        return self.script(name, f"""
echo "{name} $1" >> "$here/diary"
tr '\\0' '\\n' < /proc/$$/environ > "$here/{name}-$1.environ"
ls -l /proc/$$/fd > "$here/{name}-$1.fds"
cat > "$here/{name}-$1.xml"
play_pre() {{
:
{pre}
}}
play_post() {{
:
{post}
}}
case $1 in
pre-restore) play_pre "$here/{name}-$1.xml" ;;
post-restore) play_post "$here/{name}-$1.xml" ;;
esac
""")

    def service(self, name="services", stop="", start=""):
        """A service command. stop, start: shell lines with the service's name in "$2"."""
        return self.script(name, f"""
echo "$1 $2" >> "$here/diary"
case $1 in
stop) : ; {stop or ':'} ;;
start) : ; {start or ':'} ;;
esac
""")

    def note(self, text):
        """A shell line that writes into the diary."""
        return f"echo '{text}' >> \"$here/diary\""

    def read(self, name):
        path = os.path.join(self.folder, os.fsencode(name))
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as opened:
            return opened.read()

    @property
    def diary(self):
        return (self.read("diary") or "").splitlines()


def set_attribute(component, name, value):
    """A shell line that prints the document with an attribute set on a COMPONENT."""
    return f"""sed 's/<COMPONENT \\([^>]*componentName="{component}"\\)/<COMPONENT {name}="{value}" \\1/' \
"$1" """


def add_child(component, child):
    """A shell line that prints the document with a child added to a COMPONENT that has none."""
    return f"""sed 's#\\(<COMPONENT [^>]*componentName="{component}"[^>]*\\)/>#\\1>{child}</COMPONENT>#' \
"$1" """
