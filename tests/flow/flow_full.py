#!/usr/bin/env python3
"""A provider's outage does not fill the store: beyond the ceiling intake says 503, and what was accepted before is still sent."""
import os
import signal
import time

os.environ["LOA_LOA_WAITING_MAX"] = "160"
from harness import Cases, equal, http, wait_for  # noqa: E402
from rig import Rig, event, post_events  # noqa: E402

cases = Cases()
rig = Rig()
rig.start_loa()
key = rig.key()
loa = rig.url[0]
now = int(time.time() * 1000)
day = time.strftime("%y%m%d", time.gmtime(now / 1000 - 86400))
accepted = 0


def post():
    global accepted
    events = [event(f"H27.18.01-{day}-{i:05d}", 2, now - 60_000, SoDienThoai=f"09{i:08d}", TenTTHC="Chứng thực", ChuHoSo="Lê Na")
              for i in range(accepted + 10_000, accepted + 10_020)]
    status, answer = post_events(loa, key, events)
    if status == 202:
        accepted += answer["accepted"] + answer["duplicates"]
    return status, answer


def lanes(what):
    lines = [line for line in http("GET", loa + "/metrics")[1].splitlines() if line.startswith(f"loa_lane_{what}{{")]
    return max(float(line.split()[-1]) for line in lines)


with cases("providers stand still: intake refuses before the store is full"):
    rig.sim_child.send_signal(signal.SIGSTOP)
    def refused():
        status, answer = post()
        return answer if status == 503 else None

    equal(wait_for("a refusal", refused, 60, 0)["code"], "unavailable")
    assert accepted < 5000, accepted

with cases("how much waits and for how long can be seen"):
    wait_for("lane depth", lambda: lanes("depth") > 0)
    wait_for("lane age", lambda: lanes("age_seconds") > 0)

with cases("providers are back: what was accepted leaves, intake opens again"):
    rig.sim_child.send_signal(signal.SIGCONT)
    wait_for("intake opens", lambda: post()[0] == 202, 120)
    wait_for("lanes are empty", lambda: lanes("depth") == 0, 120)

cases.end()
