"""Goal: a front end may include any public header first and alone, in C11 and in C++17, whatever
warnings it asks for. Method: each is compiled as all of a source file.

    test_headers.py HEADER... -- C-COMPILER... -- [C++-COMPILER...]
"""

import os
import subprocess
import sys

WARNINGS = ("-pedantic", "-Wall", "-Wextra", "-Werror")


def lists_of(words):
    """What stands between the "--"."""
    groups = [[]]
    for word in words:
        if word == "--":
            groups.append([])
        else:
            groups[-1].append(word)
    return groups


def compile_alone(compiler, language, standard, header):
    """None, or what the compiler says."""
    name = os.path.join(os.path.basename(os.path.dirname(header)), os.path.basename(header))
    include = os.path.dirname(os.path.dirname(header))
    done = subprocess.run([*compiler, "-x", language, f"-std={standard}", *WARNINGS, "-fsyntax-only",
                           "-I", include, "-"], input=f"#include <{name}>\nint main(void);\n".encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return None if done.returncode == 0 else done.stdout.decode(errors="replace")


def main():
    headers, c_compiler, cxx_compiler = lists_of(sys.argv[1:])
    failed = not headers or not c_compiler
    for language, standard, compiler in (("c", "c11", c_compiler), ("c++", "c++17", cxx_compiler)):
        case = f"each_header_alone_as_{standard.replace('+', 'p')}"
        print(f"[ RUN      ] {case}")
        if not compiler:
            print(f"no compiler of {language} here\n[  SKIPPED ] {case}")
            continue
        told = [compile_alone(compiler, language, standard, header) for header in headers]
        wrong = [f"{header}:\n{what}" for header, what in zip(headers, told) if what]
        print("\n".join(wrong) + f"\n[  FAILED  ] {case}" if wrong else f"[       OK ] {case}")
        failed = failed or bool(wrong)
    sys.exit(1 if failed else 0)


main()
