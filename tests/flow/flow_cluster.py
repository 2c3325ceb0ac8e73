#!/usr/bin/env python3
"""The same program on a Redis Cluster of three masters, by one line of configuration: events in, messages out, receipts back."""
import subprocess
import time

from harness import Cases, Redis, RedisError, equal, free_port, http, start, wait_for
from rig import Rig, event, post_events


class ClusterRig(Rig):
    """A rig whose store is a cluster."""

    def start_store(self):
        ports = [self.free_pair() for _ in range(3)]
        for port in ports:
            home = self.dir / f"node{port}"
            home.mkdir()
            start(["redis-server", "--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-config-file",
                   home / "nodes.conf", "--dir", home, "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                   "--maxmemory-policy", "noeviction"], home / "log")
        for port in ports:
            wait_for("node answers", lambda: self.answers(port))
        made = subprocess.run(["redis-cli", "--cluster", "create", *[f"127.0.0.1:{p}" for p in ports], "--cluster-yes"],
                              capture_output=True, text=True, timeout=60)
        equal(made.returncode, 0, made.stdout + made.stderr)
        for port in ports:
            wait_for("cluster is up", lambda: "cluster_state:ok" in Redis(port=port)("CLUSTER", "INFO"))
        self.node_ports = ports
        self.redis_url = "cluster://" + ",".join(f"127.0.0.1:{p}" for p in ports)

    @staticmethod
    def answers(port):
        try:
            return Redis(port=port)("PING") == "PONG"
        except (OSError, RedisError):
            return False

    @staticmethod
    def free_pair():
        """A port whose bus port (10000 above) exists too."""
        while True:
            port = free_port()
            if port < 55000:
                return port


cases = Cases()
with cases("three masters hold the work of 16 partitions; every message arrives"):
    rig = ClusterRig()
    rig.start_loa()
    key = rig.key()
    now = int(time.time() * 1000)
    day = time.strftime("%y%m%d", time.gmtime(now / 1000 - 86400))
    codes = [f"H27.18.01-{day}-{n:04d}" for n in range(1000, 1060)]
    status, answer = post_events(rig.url[0], key, [event(c, 2, now - 60_000, SoDienThoai=f"09123{n:05d}"[:9] + "1", ChuHoSo="A", TenTTHC="B",
                                                         DonViXuLy="18073") for n, c in enumerate(codes)])
    equal((status, answer["accepted"]), (202, 60), str(answer))

    def delivered():
        count = 0
        for c in codes:
            for t in http("GET", f"{rig.url[0]}/v1/dossiers/{c}", key=key)[1].get("timeline", []):
                count += any(m["channel"] == "zalo" and m["state"] == "delivered" for m in t.get("notification", {}).get("messages", []))
        return count == len(codes)

    wait_for("all are delivered", delivered, 60, 0.5)
    used = [Redis(port=p)("DBSIZE") for p in rig.node_ports]
    assert all(n > 0 for n in used), f"every master holds keys: {used}"
with cases("a sensible stop"):
    equal(rig.kill_loa(0, 15), 0)
cases.end()
