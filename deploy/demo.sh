#!/usr/bin/env bash
# make run / make demo: starts the provider simulator and loa with a private Redis, plays the sample dossiers, shows what
# each citizen received. `run` stays up until Ctrl-C; `demo` ends by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 deploy/demo.py "${1:-demo}"
