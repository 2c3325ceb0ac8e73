#!/usr/bin/env python3
"""Starts loa, its neighbours and the accounts for desk_page.js, which drives the browser, and does what that asks for line by
line."""
import json
import re
import shutil
import signal
import subprocess
import sys
import os

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from harness import ROOT, http  # noqa: E402
from rig import Rig  # noqa: E402
from staff_client import PASSWORD, add_staff, staff_command  # noqa: E402


def patient_desks(rig):
    """Desks whose officers count as gone after seconds, not minutes."""
    rig.templates = rig.dir / "templates"
    shutil.copytree(ROOT / "templates", rig.templates)
    path = rig.templates / "policy/desks.ini"
    path.write_text(re.sub(r"(?m)^gone = .*$", "gone = 3s", path.read_text()))


def main():
    rig = Rig()
    patient_desks(rig)
    rig.start_loa()
    add_staff(rig.config(0), "lan.vo", "Võ Thị Lan", "officer,lead", "mot-cua,dat-dai", "H27")
    add_staff(rig.config(0), "binh", "Trần Văn Bình", "officer", "mot-cua,dat-dai")
    add_staff(rig.config(0), "xem", "Người Xem", "viewer")
    _, made = http("POST", rig.sim + "/sim/users", [{"phone": "0912000333", "name": "Lê Chi", "follows": True}])
    pictures = ROOT / "build/screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    world = {"loa": rig.url[0], "sim": rig.sim, "password": PASSWORD, "uid": made["users"][0]["uid"], "pictures": str(pictures),
             "chromium": shutil.which("chromium")}
    node = subprocess.Popen(["node", str(ROOT / "tests/browser/desk_page.js"), json.dumps(world)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    for line in node.stdout:
        word = line.strip()
        if word == "stop loa":
            rig.kill_loa(0, signal.SIGKILL)
        elif word == "start loa":
            rig.start_loa()
        elif word == "switch lan off":
            staff_command(rig.config(0), "off", "lan.vo")
        else:
            print(line, end="", flush=True)
            continue
        node.stdin.write("done\n")
        node.stdin.flush()
    return node.wait()


if __name__ == "__main__":
    sys.exit(main())
