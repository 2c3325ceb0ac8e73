#!/usr/bin/env bash
# Opens the survey of an invitation and the public questions in a real browser: keyboard, phone width, accessibility.
# Needs chromium and npm; without them, nothing is tested. Pictures: build/screenshots/.
set -u
cd "$(dirname "$0")/../.." || exit 2
tools=build/npm-browser
if ! command -v chromium >/dev/null || ! command -v npm >/dev/null; then
    echo "chromium or npm is not installed: the page was not looked at"
    exit 0
fi
if [[ ! -d $tools/node_modules/playwright-core || ! -d $tools/node_modules/axe-core ]]; then
    mkdir -p "$tools" && npm install --prefix "$tools" --no-audit --no-fund --silent playwright-core@1 axe-core@4 || exit 1
fi
NODE_PATH=$PWD/$tools/node_modules exec python3 tests/browser/voice_page.py
