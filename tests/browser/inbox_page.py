#!/usr/bin/env python3
"""Starts loa and its neighbours for inbox_page.js, which drives the browser, and does what that asks for line by line."""
import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from harness import ROOT, free_port  # noqa: E402
from rig import Rig  # noqa: E402


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(rig, subject, life_s):
    claims = {"sub": subject, "exp": int(time.time()) + life_s}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return signed + "." + base64url(hmac.new((rig.secret["jwt"] * 3).encode(), signed.encode(), hashlib.sha256).digest())


def main():
    portal = free_port()
    rig = Rig(extra=f"allowed_origins = http://127.0.0.1:{portal}\n")
    rig.start_loa()
    pictures = ROOT / "build/screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    world = {"loa": rig.url[0], "key": rig.key(), "portalPort": portal, "pictures": str(pictures),
             "chromium": shutil.which("chromium"), "citizen": "cccd:042085000101",
             "token": token(rig, "cccd:042085000101", 3000), "oldToken": token(rig, "cccd:042085000101", -100)}
    node = subprocess.Popen(["node", str(ROOT / "tests/browser/inbox_page.js"), json.dumps(world)], stdin=subprocess.PIPE,
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
