#!/usr/bin/env python3
"""loa, the simulator, and a citizen at the simulator's page: what is typed, tapped and shared there gets its answers."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from harness import ROOT, http  # noqa: E402
from rig import Rig  # noqa: E402

rig = Rig()
rig.start_loa()
http("POST", rig.sim + "/sim/settings", {"delivery_max_ms": 200})
http("POST", rig.sim + "/sim/users", [{"phone": "0912345671", "name": "Nguyễn Thị Lan"}])
pictures = ROOT / "build/screenshots"
pictures.mkdir(parents=True, exist_ok=True)
done = subprocess.run(["node", str(ROOT / "tests/browser/zalo_chat_page.js"), rig.sim + "/?person=1", str(pictures)], timeout=240)
rig.kill_loa(0, 15)
sys.exit(done.returncode)
