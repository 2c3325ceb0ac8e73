#!/usr/bin/env bash
# Opens the simulator's page in a real browser and reads what it shows. Needs chromium; without it, nothing is tested.
set -u
cd "$(dirname "$0")/../.." || exit 2
if ! command -v chromium >/dev/null; then
    echo "chromium is not installed: the page was not looked at"
    exit 0
fi
exec python3 tests/browser/sim_page.py
