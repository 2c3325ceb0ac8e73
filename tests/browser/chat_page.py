#!/usr/bin/env python3
"""Starts loa and its neighbours for chat_page.js, which drives the browser, and does what that asks for line by line."""
import json
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from desk_client import Officer  # noqa: E402
from harness import ROOT, free_port  # noqa: E402
from inbox_page import token  # noqa: E402
from rig import Rig  # noqa: E402
from staff_client import add_staff  # noqa: E402


class Duty:
    """An officer at the desk, for whoever waits there."""

    def __init__(self, rig):
        add_staff(rig.config(0), "lan.vo", "Võ Thị Lan", "officer", "mot-cua")
        self.rig = rig

    def takes(self):
        self.officer = Officer(self.rig, "lan.vo")
        waiting = self.officer.queue("mot-cua", lambda items: any(i["mode"] == "wait" for i in items))
        self.cid = [i["cid"] for i in waiting if i["mode"] == "wait"][-1]
        self.officer.open(self.cid)
        self.officer.ok("take", cid=self.cid)

    def sees_typing(self):
        self.officer.until("typing", test=lambda m: m["cid"] == self.cid)

    def types(self):
        self.officer.ws.send({"type": "typing", "cid": self.cid})

    def says(self):
        self.officer.ok("reply", cid=self.cid, text="Chào anh/chị, tôi xem giúp ngay. Mẫu đơn: https://dichvucong.gov.vn")

    def hands_back(self):
        self.officer.ok("back", cid=self.cid)


def main():
    host = free_port()
    rig = Rig(extra=f"[chat]\nallowed_origins = http://127.0.0.1:{host}\n")
    rig.start_loa()
    duty = Duty(rig)
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
        elif line.startswith("officer "):
            getattr(duty, line.removeprefix("officer ").strip().replace(" ", "_"))()
        else:
            print(line, end="", flush=True)
            continue
        node.stdin.write("done\n")
        node.stdin.flush()
    return node.wait()


if __name__ == "__main__":
    sys.exit(main())
