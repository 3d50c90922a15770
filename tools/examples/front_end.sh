#!/usr/bin/env bash
# front_end.sh SET ROOT RUNDIR - a restore from a shell, on events: they come on descriptor 3, one JSON
# object a line, with every field always there, so that sed is enough to read those of one kind.
set -euo pipefail

[ $# -eq 3 ] || exit 2
events=$(mktemp)
trap 'rm -f "$events"' EXIT

field() { # name, line: a field's number or word
    sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p" <<<"$2"
}

code=0
${VSSRESTORE:-vssrestore} run "$1" --root "$2" --run-dir "$3" --events-fd 3 3>"$events" >&2 || code=$?

while IFS= read -r line; do
    case $(field t "$line") in
        begin) printf 'begun: %s files are planned\n' "$(field files "$line")" ;;
        status) printf '%s ms\n' "$(field elapsed_ms "$line")" ;;
        warning | error) printf '%s: %s\n' "$(field t "$line")" "$(field text "$line")" ;;
        summary) printf 'ended with %s\n' "$(field exit_code "$line")" ;;
    esac
done <"$events"
exit "$code"
