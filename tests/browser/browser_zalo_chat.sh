#!/usr/bin/env bash
# A citizen chats on the simulator's phone in a real browser: types, taps buttons, shares the number. Needs chromium and npm;
# without them, nothing is tested. Picture: build/screenshots/zalo-chat.png.
set -u
cd "$(dirname "$0")/../.." || exit 2
tools=build/npm-browser
if ! command -v chromium >/dev/null || ! command -v npm >/dev/null; then
    echo "chromium or npm is not installed: the phone was not looked at"
    exit 0
fi
if [[ ! -d $tools/node_modules/playwright-core ]]; then
    mkdir -p "$tools" && npm install --prefix "$tools" --no-audit --no-fund --silent playwright-core@1 axe-core@4 || exit 1
fi
NODE_PATH=$PWD/$tools/node_modules exec python3 tests/browser/zalo_chat_page.py
