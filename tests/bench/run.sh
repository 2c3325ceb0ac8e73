#!/usr/bin/env bash
# `make bench`: brings the peers from the npm registry once, then measures. Arguments are the names of benchmarks (default: all).
set -euo pipefail
cd "$(dirname "$0")/../.."
B=${B:-build}
mkdir -p "$B/bench"
cp tests/bench/peers/package.json tests/bench/peers/package-lock.json "$B/bench/"
(cd "$B/bench" && npm install --no-audit --no-fund --ignore-scripts --loglevel=error)
ulimit -n "$(ulimit -Hn)"
exec python3 -u tests/bench/bench.py "$@"
