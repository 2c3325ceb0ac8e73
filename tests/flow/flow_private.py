#!/usr/bin/env python3
"""The private Redis as a province runs it: the program, its Redis, or both die at once; nothing acknowledged is lost."""
import os
import signal
import subprocess
import time

from harness import LOA, Cases, equal, http, wait_for
from rig import Rig, event, post_events

cases = Cases()
rig = Rig(private=True, limits={"wait": "3s", "wait_same_ref": "1s"})
now = int(time.time() * 1000)
day = time.strftime("%y%m%d", time.gmtime(now / 1000 - 86400))
serial = 1000


def batch(count):
    global serial
    out = []
    for _ in range(count):
        serial += 1
        out.append(event(f"H27.18.01-{day}-{serial}", 2, now - 60_000, SoDienThoai=f"0912{serial:05d}1", ChuHoSo="A", TenTTHC="B",
                         DonViXuLy="18073"))
    return out


def all_told(events, key):
    """Every event has made a message that left, or whose fate is honestly unknown."""
    for e in events:
        timeline = http("GET", f"{rig.url[0]}/v1/dossiers/{e['subject']}", key=key)[1].get("timeline", [])
        messages = [m for t in timeline for m in t.get("notification", {}).get("messages", [])]
        if not any(m["channel"] != "portal" and m["state"] in ("sent", "delivered", "seen") for m in messages):
            return False
    return True


def redis_pid():
    return int(next(line.split(":")[1] for line in rig.store()("INFO", "server").split("\r\n") if line.startswith("process_id:")))


with cases("a second start on the same data directory is refused and names the first"):
    rig.start_loa()
    key = rig.key()
    second = subprocess.run([LOA, "serve", "-c", str(rig.config(0))], capture_output=True, text=True, timeout=20)
    equal(second.returncode, 1)
    assert str(rig.loa[0].pid) in second.stderr, second.stderr

with cases("the program is killed right after it said 202: the next start finishes the work"):
    events = batch(300)
    equal(post_events(rig.url[0], key, events)[0], 202)
    rig.kill_loa(0)
    rig.start_loa()
    wait_for("all are told", lambda: all_told(events, key), 60, 0.5)

with cases("its Redis is killed in the middle: the program starts another and goes on"):
    events = batch(300)
    equal(post_events(rig.url[0], key, events)[0], 202)
    os.kill(redis_pid(), signal.SIGKILL)
    wait_for("ready again", lambda: http("GET", rig.url[0] + "/readyz")[0] == 200, 30)
    wait_for("all are told", lambda: all_told(events, key), 60, 0.5)

with cases("both are killed at once"):
    events = batch(300)
    equal(post_events(rig.url[0], key, events)[0], 202)
    pid = redis_pid()
    rig.loa[0].send_signal(signal.SIGSTOP) # so that it cannot react
    os.kill(pid, signal.SIGKILL)
    rig.kill_loa(0)
    rig.start_loa()
    wait_for("all are told", lambda: all_told(events, key), 60, 0.5)

with cases("SIGTERM ends both, and leaves no process behind"):
    pid = redis_pid()
    equal(rig.kill_loa(0, signal.SIGTERM), 0)
    wait_for("redis is gone", lambda: not os.path.exists(f"/proc/{pid}"), 10)

cases.end()
