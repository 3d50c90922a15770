#!/usr/bin/env bash
# front_end.sh SET ROOT RUNDIR - a restore from a shell, on events: they come through a pipe while it
# goes on, one JSON object a line, with every field always there, so that sed is enough to read them.
set -uo pipefail

[ $# -eq 3 ] || exit 2

number() { # name, line
    sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" <<<"$2"
}

text() { # name, line: what stands between the quotes, escapes as they are
    sed -n "s/.*\"$1\":\"\\(\\(\\\\.\\|[^\"\\\\]\\)*\\)\".*/\\1/p" <<<"$2"
}

${VSSRESTORE:-vssrestore} run "$1" --root "$2" --run-dir "$3" --events-fd 3 3>&1 >&2 |
    while IFS= read -r line; do
        case $(text t "$line") in
            begin) printf 'begun: %s files are planned\n' "$(number files "$line")" ;;
            status) printf '%s ms\n' "$(number elapsed_ms "$line")" ;;
            warning | error) printf '%s: %s\n' "$(text t "$line")" "$(text text "$line")" ;;
            summary) printf 'ended with %s\n' "$(number exit_code "$line")" ;;
        esac
    done
