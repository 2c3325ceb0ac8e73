#!/usr/bin/env python3
"""Starts loa and its neighbours for chat_page.js, which drives the browser, and does what that asks for line by line."""
import json
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from harness import ROOT, free_port  # noqa: E402
from inbox_page import token  # noqa: E402
from rig import Rig  # noqa: E402


def main():
    host = free_port()
    rig = Rig(extra=f"[chat]\nallowed_origins = http://127.0.0.1:{host}\n")
    rig.start_loa()
    pictures = ROOT / "build/screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    world = {"loa": rig.url[0], "hostPort": host, "pictures": str(pictures), "chromium": shutil.which("chromium"),
             "session": token(rig, "cccd:042085000101", 3000), "oldSession": token(rig, "cccd:042085000101", -100)}
    node = subprocess.Popen(["node", str(ROOT / "tests/browser/chat_page.js"), json.dumps(world)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    for line in node.stdout:
        if line == "stop loa\n":
            rig.kill_loa(0, signal.SIGKILL)
        elif line == "start loa\n":
            rig.start_loa()
        else:
            print(line, end="", flush=True)
            continue
        node.stdin.write("done\n")
        node.stdin.flush()
    return node.wait()


if __name__ == "__main__":
    sys.exit(main())
