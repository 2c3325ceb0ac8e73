#!/usr/bin/env bash
# Prints C source holding each Lua script named on the command line: `script_source_count` and
# the table `script_sources` of {name, text}, declared in include/loa/script.h.
set -euo pipefail
printf '#include "loa/script.h"\n\nconst struct script_source script_sources[] = {\n'
for f in "$@"; do
    printf '    { "%s",\n' "$(basename "$f" .lua)"
    # Escape backslash and quote, end each line with \n inside the C string.
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\(.*\)$/      "\1\\n"/' "$f"
    printf '    },\n'
done
printf '    { 0, 0 },\n};\nconst unsigned script_source_count = %d;\n' "$#"
