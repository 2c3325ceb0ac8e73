#!/usr/bin/env bash
# embed_text.sh NAME FILE: prints C source with the text of FILE as `const char NAME[]`.
set -euo pipefail
printf 'extern const char %s[];\nconst char %s[] =\n' "$1" "$1"
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\(.*\)$/    "\1\\n"/' "$2"
printf '    "";\n'
