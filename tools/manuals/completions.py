"""Completions for bash, zsh and fish, from the option table.

What a value is, is told by how the table spells it: `DIR`, `SET` and `RUNDIR` are folders, `FILE`
and `program` are files, what ends with `=DIR` is a folder behind an equals sign, a choice is its
words. The rest is free text.
"""

HEAD = "made from the program's option table (tools/manuals); changes belong there"


def kind_of(value):
    """'none', 'words', 'folder', 'file', 'pair' (SPEC=DIR) or 'text'."""
    if value is None:
        return "none"
    plain = value.strip("'")
    if plain.endswith("=DIR"):
        return "pair"
    if plain in ("DIR", "SET", "RUNDIR"):
        return "folder"
    if plain in ("FILE", "DIR|FILE", "program", "PATH", "FILE.prom"):
        return "file"
    if plain.endswith("=program"):
        return "pairfile"
    if "|" in plain and plain == plain.lower() and ":" not in plain and "=" not in plain:
        return "words"
    return "text"


def words_of(value):
    return value.split("|")


def operands_of(verb):
    return verb["operands"].split() if verb["operands"] else []


# --- bash ---

BASH_HEAD = f"""# bash completion for vssrestore - {HEAD}

_vssrestore_files() # -f or -d, what is typed; a name that holds a newline comes in pieces: none of them is there
{{
    local one found
    compopt -o filenames 2>/dev/null
    mapfile -t found < <(compgen "$1" -- "$2")
    COMPREPLY=()
    for one in "${{found[@]}}"; do
        if [[ $one == '~'* || -e $one || -L $one ]]; then COMPREPLY+=("$one"); fi
    done
}}

_vssrestore_words() # words, what is typed
{{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}}

_vssrestore_pair() # -f or -d, what is typed: SPEC=DIR
{{
    local rest=${{2#*=}}
    [[ $2 == *=* ]] || return
    compopt -o nospace 2>/dev/null
    _vssrestore_files "$1" "$rest"
    [[ ${{COMP_WORDBREAKS}} == *=* ]] || COMPREPLY=("${{COMPREPLY[@]/#/${{2%%=*}}=}}")
}}

_vssrestore()
{{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} verb=${{COMP_WORDS[1]}}
    COMPREPLY=()
    if [[ $cur == = ]]; then cur=; fi
    if [[ $prev == = ]]; then prev=${{COMP_WORDS[COMP_CWORD - 2]}}; fi
"""

BASH_ACTIONS = {"folder": '_vssrestore_files -d "$cur"', "file": '_vssrestore_files -f "$cur"',
                "pair": '_vssrestore_pair -d "$cur"', "pairfile": '_vssrestore_pair -f "$cur"'}


def bash_action(value):
    kind = kind_of(value)
    if kind == "words":
        return f"_vssrestore_words '{' '.join(words_of(value))}' \"$cur\""
    return BASH_ACTIONS.get(kind)


def bash_verb(verb):
    lines = [f"        {verb['name']})"]
    cases = {}
    for option in verb["options"]:
        if option["value"] is not None:
            names = [n for n in (option["brief"], option["name"]) if n]
            cases.setdefault(bash_action(option["value"]) or ":", []).extend(names)
    if cases:
        lines.append("            case $prev in")
        for action, names in cases.items():
            lines.append(f"                {' | '.join(names)})")
            lines += [f"                    {action}", "                    return", "                    ;;"]
        lines.append("            esac")
    names = " ".join(o["name"] for o in verb["options"])
    lines += ["            if [[ $cur == -* ]]; then",
              f"                _vssrestore_words '{names}' \"$cur\"", "                return",
              "            fi"]
    operands = operands_of(verb)
    for number, operand in enumerate(operands[:-1]):
        lines += [f"            if ((COMP_CWORD == {number + 2})); then",
                  f"                {bash_action(operand) or ':'}", "                return",
                  "            fi"]
    if operands:
        lines.append("            " + (bash_action(operands[-1]) or ":"))
    return lines + ["            ;;"]


def bash(table):
    lines = [BASH_HEAD.rstrip("\n"), "    if ((COMP_CWORD == 1)); then",
             "        _vssrestore_words '" +
             " ".join([v["name"] for v in table["verbs"]] + ["--help", "--version", "--describe"]) +
             "' \"$cur\"", "        return", "    fi", "    case $verb in"]
    for verb in table["verbs"]:
        lines += bash_verb(verb)
    return "\n".join(lines + ["    esac", "}", "complete -F _vssrestore vssrestore", ""])


# --- zsh ---

def zsh_quote(text):
    """Inside single quotes and [...] of _arguments."""
    for char in "\\:[]":
        text = text.replace(char, "\\" + char)
    return text.replace("'", "'\\''")


ZSH_ACTIONS = {"folder": "_directories", "file": "_files", "pair": "_vssrestore_pair",
               "pairfile": "_vssrestore_pair", "text": " "}


def zsh_action(value):
    kind = kind_of(value)
    if kind == "words":
        return "(" + " ".join(words_of(value)) + ")"
    return ZSH_ACTIONS[kind]


def zsh_option(option):
    star = "*" if option["kind"] == "list" else ""
    if option["brief"] and not star:
        names = f"'({option['brief']} {option['name']})'{{{option['brief']},{option['name']}}}'"
    else:
        names = f"'{star}{option['name']}"
    text = f"{names}[{zsh_quote(option['help'])}]"
    if option["value"] is not None:
        text += f":{zsh_quote(option['value'].strip(chr(39)))}:{zsh_action(option['value'])}"
    return text + "'"


def zsh_verb(verb):
    lines = [f"        {verb['name']})", "            _arguments -S \\"]
    rows = [zsh_option(option) for option in verb["options"]]
    operands = operands_of(verb)
    for number, operand in enumerate(operands):
        place = "*" if number + 1 == len(operands) else str(number + 1)
        rows.append(f"'{place}:{operand}:{zsh_action(operand)}'")
    lines += ["                " + row + " \\" for row in rows]
    lines[-1] = lines[-1][:-2]
    return lines + ["            ;;"]


def zsh(table):
    lines = ["#compdef vssrestore", f"# zsh completion for vssrestore - {HEAD}", "",
             "_vssrestore_pair() {", "    compset -P '*=' && _files", "}", "", "_vssrestore() {",
             "    local -a verbs", "    verbs=("]
    lines += [f"        '{verb['name']}:{zsh_quote(verb['summary'])}'" for verb in table["verbs"]]
    lines += ["    )", "    if ((CURRENT == 2)); then", "        _describe -t verbs verb verbs",
              "        compadd -- --help --version --describe", "        return", "    fi",
              "    local verb=${words[2]}", "    shift words", "    ((CURRENT--))", "    case $verb in"]
    for verb in table["verbs"]:
        lines += zsh_verb(verb)
    return "\n".join(lines + ["    esac", "}", "", '_vssrestore "$@"', ""])


# --- fish ---

def fish_quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


FISH_ACTIONS = {"folder": " -x -a '(__fish_complete_directories)'", "file": " -r -F",
                "pair": " -r -F", "pairfile": " -r -F", "text": " -x", "none": ""}


def fish_action(value):
    kind = kind_of(value)
    if kind == "words":
        return " -x -a " + fish_quote(" ".join(words_of(value)))
    return FISH_ACTIONS[kind]


def fish(table):
    lines = [f"# fish completion for vssrestore - {HEAD}", "", "complete -c vssrestore -f",
             "complete -c vssrestore -n __fish_use_subcommand -l help -d 'list the verbs'",
             "complete -c vssrestore -n __fish_use_subcommand -l version -d 'tell the version'",
             "complete -c vssrestore -n __fish_use_subcommand -l describe "
             "-d 'all verbs and options as JSON'"]
    for verb in table["verbs"]:
        here = f"-n '__fish_seen_subcommand_from {verb['name']}'"
        lines.append(f"complete -c vssrestore -n __fish_use_subcommand -a {verb['name']} "
                     f"-d {fish_quote(verb['summary'])}")
        for option in verb["options"]:
            brief = f" -s {option['brief'][1:]}" if option["brief"] else ""
            lines.append(f"complete -c vssrestore {here}{brief} -l {option['name'][2:]}"
                         f"{fish_action(option['value'])} -d {fish_quote(option['help'])}")
        for operand in operands_of(verb):
            action = fish_action(operand).replace(" -x", "").replace(" -r -F", " -F")
            lines.append(f"complete -c vssrestore {here}{action}")
    return "\n".join(lines) + "\n"
