#!/usr/bin/env python3
"""embed.py - style and script of the report page as C strings, and the policy that allows them.

    embed.py PAGE.css PAGE.js > page_assets.c
"""

import base64
import hashlib
import sys


def literal(name, text):
    lines = "\n".join('    "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'
                      for line in text.split("\n"))
    return f"const char {name}[] =\n{lines};\n"


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def read(path):
    """As the page will hold it, from '>' to '<': each line with its end."""
    with open(path, encoding="utf-8") as file:
        return file.read().rstrip("\n")


style, script = read(sys.argv[1]), read(sys.argv[2])
policy = (f"default-src 'none'; style-src 'sha256-{digest(style + chr(10))}'; "
          f"script-src 'sha256-{digest(script + chr(10))}'; base-uri 'none'; form-action 'none'")
print('#include "report/page.h"\n')
print(literal("page_style", style))
print(literal("page_script", script))
print(f'const char page_policy[] = "{policy}";')
