#!/usr/bin/env bash
# Prints C source holding each Lua script named on the command line: `script_source_count` and
# the table `script_sources` of {name, text}, declared in include/loa/script.h. A line `-- include _name` is replaced
# by the file _name.lua beside the script; files whose name starts with "_" are not scripts themselves.
set -euo pipefail
count=0
printf '#include "loa/script.h"\n\nconst struct script_source script_sources[] = {\n'
for f in "$@"; do
    name=$(basename "$f" .lua)
    [[ $name == _* ]] && continue
    count=$((count + 1))
    printf '    { "%s",\n' "$name"
    # Comments cost transfer and parsing, not meaning: they stay in the sources. Escape backslash and quote.
    awk -v dir="$(dirname "$f")" '/^-- include /{ file = dir "/" $3 ".lua"; while ((getline line < file) > 0) print line; close(file); next } { print }' "$f" |
        sed -e '/^ *--/d' -e '/^$/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\(.*\)$/      "\1\\n"/'
    printf '    },\n'
done
printf '    { 0, 0 },\n};\nconst unsigned script_source_count = %d;\n' "$count"
