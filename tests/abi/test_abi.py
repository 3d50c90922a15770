"""What programs that are built against the library rely on: the symbols that it gives, the
functions as they are declared, the layout of every public struct, the value of every enumerator.

    test_abi.py LIBRARY [--write]

Goal: none of it changes unnoticed. Method: the library's dynamic symbols, and the public headers as
clang and cc read them, are held against abi.txt beside this, on x86-64. What was only added is told
as well: run it with --write then, and raise the soname when anything else differs (src/README.md).
"""

import difflib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LISTED = os.path.join(HERE, "abi.txt")
INCLUDE = os.path.join(HERE, "..", "..", "include")
SKIPPED = 77


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def skip(reason):
    print(reason)
    sys.exit(SKIPPED)


def headers():
    return sorted(os.listdir(os.path.join(INCLUDE, "vssrestore")))


def all_headers(folder):
    """A source that includes every public header."""
    path = os.path.join(folder, "all.c")
    with open(path, "w", encoding="ascii") as out:
        out.writelines(f'#include "vssrestore/{name}"\n' for name in headers()
                       if name.endswith(".h"))
    return path


def symbols(library):
    """name@version of what others may link to; the version's own symbol with them."""
    lines = run("nm", "--dynamic", "--defined-only", "--with-symbol-versions", library).splitlines()
    return sorted(line.split()[-1] for line in lines)


def declarations(source):
    text = run("clang", "-I", INCLUDE, "-fsyntax-only", "-Xclang", "-ast-print", source)
    found = {line.rstrip(";").strip() for line in text.splitlines()
             if re.search(r"\bvsr_\w+\(", line) and "typedef" not in line}
    callbacks = {line.rstrip(";").strip() for line in text.splitlines()
                 if re.match(r"typedef .*\bvsr_\w+\)?\(", line)}
    return sorted(callbacks) + sorted(re.sub(r'__attribute__\(\(.*?\)\)\)? ?', "", line).strip()
                                      for line in found)


def layouts(source):
    text = run("clang", "-I", INCLUDE, "-fsyntax-only", "-Xclang", "-fdump-record-layouts-complete",
               source)
    found = []
    for block in text.split("*** Dumping AST Record Layout")[1:]:
        lines = [line for line in block.splitlines() if "|" in line]
        if lines and re.search(r"struct vsr_\w+$", lines[0]):
            found.append("\n".join(line.rstrip() for line in lines))
    return sorted(found, key=lambda block: block.split("struct ")[1])


def enumerators(source, folder):
    text = run("cc", "-I", INCLUDE, "-E", "-P", source)
    names = []
    for block in re.findall(r"\benum\s*\w*\s*\{(.*?)\}", text, re.S):
        names += re.findall(r"\b(VSR_\w+)\s*(?==|,|$)", block)
    program = os.path.join(folder, "values")
    with open(program + ".c", "w", encoding="ascii") as out:
        out.write(f'#include <stdio.h>\n#include "{source}"\nint main(void)\n{{\n')
        out.writelines(f'    (void)printf("{name} %lld\\n", (long long){name});\n'
                       for name in dict.fromkeys(names))
        out.write("}\n")
    run("cc", "-I", INCLUDE, "-o", program, program + ".c")
    return run(program).splitlines()


def describe(library):
    with tempfile.TemporaryDirectory() as folder:
        source = all_headers(folder)
        return "\n".join([
            "# Made by test_abi.py --write.", "", "## Symbols", *symbols(library), "",
            "## Declarations", *declarations(source), "", "## Layouts, x86-64",
            *layouts(source), "", "## Enumerators", *enumerators(source, folder), ""])


def main():
    library = sys.argv[1]
    for program in ("clang", "cc", "nm"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    if platform.machine() != "x86_64":
        skip("the layouts that are listed are those of x86-64")
    found = describe(library)
    if "--write" in sys.argv:
        with open(LISTED, "w", encoding="utf-8") as out:
            out.write(found)
        return 0
    with open(LISTED, encoding="utf-8") as opened:
        listed = opened.read()
    if listed == found:
        print(f"{len(found.splitlines())} lines, none differs")
        return 0
    print("".join(difflib.unified_diff(listed.splitlines(True), found.splitlines(True), "listed",
                                       "found")))
    return 1


if __name__ == "__main__":
    sys.exit(main())
