#!/usr/bin/env python3
"""generate.py - manual pages and shell completions, from the program's own option table.

    generate.py DESCRIPTION SOURCE-ROOT OUTPUT-DIR NAME...

DESCRIPTION is what `vssrestore --describe` prints. NAMEs are the files to make; it is an error if a
verb has no page among them. Prose stands in NAME.md beside this file; options, synopsis and exit
codes stand in the option table alone.
"""

import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import completions # noqa: E402
import pages # noqa: E402


def main():
    description, root, out, *names = sys.argv[1:]
    with open(description, encoding="utf-8") as file:
        table = json.load(file)
    missing = {f"vssrestore-{verb['name']}.1" for verb in table["verbs"]} - set(names)
    if missing:
        sys.exit(f"no manual page is made for: {', '.join(sorted(missing))} (tools/meson.build)")
    makers = {"vssrestore.bash": completions.bash, "_vssrestore": completions.zsh,
              "vssrestore.fish": completions.fish}
    book = pages.Book(table, root)
    for name in names:
        text = makers[name](table) if name in makers else book.page(name)
        with open(os.path.join(out, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
