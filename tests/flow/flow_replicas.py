#!/usr/bin/env python3
"""[redis] wait_replicas: "accepted" is said only when a replica holds it too. A replica that stands still makes every call that
promises something answer 503; when it moves again, all is well and nothing was lost or doubled."""
import os

import signal
import time

from harness import Cases, Redis, equal, free_port, http, start, wait_for
from rig import Rig, event, post_events

cases = Cases()
day = time.strftime("%y%m%d", time.localtime(time.time() - 86400))
now = int(time.time() * 1000)


def start_replica(rig):
    """A second server that follows the rig's own, over a port of the first on loopback."""

    port = free_port()
    rig.store()("CONFIG", "SET", "port", port)
    where = rig.dir / "replica"
    where.mkdir()
    child = start(["redis-server", "--port", 0, "--unixsocket", where / "redis.sock", "--dir", where, "--save", "", "--appendonly", "yes",
                   "--replicaof", "127.0.0.1", port], where / "redis.log")
    wait_for("the replica follows", lambda: "state=online" in rig.store()("INFO", "replication"))
    return child, where / "redis.sock"


def calls(loa, key, n):
    """One call of each kind that promises something; returns their answers."""
    code = f"H27.18.02-{day}-{1000 + n}"
    return {
        "event": post_events(loa, key, [event(code, 2, now - 60_000, SoDienThoai="0912345671", ChuHoSo="An", TenTTHC="Chứng thực")])[0],
        "message": http("POST", loa + "/v1/messages", {"to": "phone:0912345671", "template": "test", "params": {"note": f"tin {n}"}}, key)[0],
        "citizen": http("PUT", loa + "/v1/citizens", {"identity": f"cccd:04219900{n:04d}", "name": "An"}, key)[0],
        "import": http("POST", loa + "/v1/citizens/import", f"cccd,name\n04219901{n:04d},An\n".encode(), key)[0],
        "receipt": http("GET", f"{loa}/webhooks/sms/esms/{rig.secret['sms']}?RequestId={refs[n]}&SMSID=1&SendStatus=4")[0],
    }


os.environ["LOA_REDIS_WAIT_REPLICAS"] = "1"
os.environ["LOA_REDIS_TIMEOUT_MS"] = "2000"
rig = Rig(sim_args=("--set=delivery_min_ms=200000", "--set=delivery_max_ms=300000"))  # receipts are ours to send
replica, replica_path = start_replica(rig)
rig.start_loa()
key = rig.key()
loa = rig.url[0]

refs = {}
for i in (1, 2, 3):
    http("POST", loa + "/v1/messages", {"to": f"phone:091299900{i}", "template": "test", "params": {"note": "x"}, "channels": ["sms"]}, key)
    refs[i] = wait_for("the SMS", lambda: [m["ref"] for m in http("GET", rig.sim + "/sim/messages?limit=100")[1]["messages"]
                                           if m["provider"] == "esms" and m["address"].endswith(f"900{i}")])[0]

with cases("with a live replica everything is accepted, and the replica has it"):
    got = calls(loa, key, 1)
    equal({k: v for k, v in got.items() if v not in (200, 201, 202, 204)}, {}, str(got))
    wait_for("the citizen is on the replica", lambda: Redis(replica_path)("KEYS", "*:c:*"))

with cases("a replica that stands still: nothing is promised"):
    os.kill(replica.pid, signal.SIGSTOP)
    got = calls(loa, key, 2)
    equal(got, dict.fromkeys(("event", "message", "citizen", "import", "receipt"), 503))

with cases("it moves again: the same calls are accepted, once"):
    os.kill(replica.pid, signal.SIGCONT)
    wait_for("accepted", lambda: set(calls(loa, key, 2).values()) <= {200, 201, 202, 204}, 60, 0.5)
    code = f"H27.18.02-{day}-1002"
    timeline = wait_for("the dossier's story has begun", lambda: (http("GET", f"{loa}/v1/dossiers/{code}", key=key)[1] or {}).get("timeline"))
    equal(len(timeline), 1)

with cases("the replica dies: 503; asked for fewer, it would have been accepted"):
    replica.kill()
    wait_for("the master knows", lambda: "connected_slaves:0" in rig.store()("INFO", "replication"))
    equal(calls(loa, key, 3)["event"], 503)
    rig.kill_loa()
    os.environ["LOA_REDIS_WAIT_REPLICAS"] = "0"
    rig.start_loa()
    equal(calls(loa, key, 3)["event"], 202)

equal(rig.kill_loa(0, 15), 0)
cases.end()
