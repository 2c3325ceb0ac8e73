"""The servers of one benchmark round: a private Redis, the provider that answers at once, and one program under test."""
import json
import os
import pathlib
import secrets
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "flow"))
from harness import LOA, ROOT, Redis, free_port, http, start, start_redis, stop, tmpdir, wait_for  # noqa: E402

TOOLS = ROOT / os.environ.get("B", "build") / "bench"
APP_ID, SECRET = "1234567890123456789", "bench-oa-secret-key"
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")


def cpu_s(child):
    fields = pathlib.Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_bytes(child):
    return int(pathlib.Path(f"/proc/{child.pid}/statm").read_text().split()[1]) * PAGE


def said_port(child):
    line = child.stdout.readline().decode()
    return int(line.split("port=")[1].split()[0])


class Bench:
    """One Redis and one provider; programs come and go."""

    def __init__(self):
        self.dir = tmpdir()
        # A rewrite of the append-only file comes once per doubling and would fall to whoever is measured just then.
        self.redis_child, self.socket = start_redis(self.dir, "--auto-aof-rewrite-percentage", 0)
        self.store = Redis(self.socket)
        self.times = self.dir / "arrived"
        self.sink = start([TOOLS / "sink", APP_ID, SECRET, self.times], self.dir / "sink.log", stdout=subprocess.PIPE)
        self.sink_port = said_port(self.sink)
        self.key = "none"

    def ask_sink(self, path):
        return http("GET", f"http://127.0.0.1:{self.sink_port}{path}")[1]

    def start_loa(self, extra="", email_port=None, portal=False, connections=10000):
        port = free_port()
        conf = self.dir / "loa.conf"
        zalo = "" if email_port else f"""[zalo]
app_id = {APP_ID}
app_secret = bench-app-secret
oa_id = 2222222222222222222
oa_secret_key = {SECRET}
access_token = a
refresh_token = r
oa_url = http://127.0.0.1:{self.sink_port}
zbs_url = http://127.0.0.1:{self.sink_port}
oauth_url = http://127.0.0.1:{self.sink_port}
rate = 100000/s
in_flight = 64
"""
        email = "" if not email_port else f"""[email]
smtp_url = smtp://127.0.0.1:{email_port}/loa.example.vn
from = "Trung tâm Phục vụ hành chính công <no-reply@hcc.example.vn>"
bounce_domain = bounce.example.vn
rate = 100000/s
in_flight = 64
max_connections = 8
"""
        conf.write_text(f"""[loa]
listen = 127.0.0.1:{port}
public_url = http://127.0.0.1:{port}
data_dir = {self.dir}/var
templates = {ROOT}/templates
channels_dir = {ROOT}/channels
quiet_hours = off
log_level = warn
max_connections = {connections}
[redis]
url = unix://{self.socket}
{zalo}{email}[portal]
enabled = {"yes" if portal else "no"}
session_secret = 0123456789abcdef0123456789abcdef
{extra}""")
        child = start([LOA, "serve", "-c", conf], self.dir / "loa.log")
        wait_for("loa is ready", lambda: child.poll() is not None or http("GET", f"http://127.0.0.1:{port}/readyz")[0] == 200)
        if child.poll() is not None:
            raise AssertionError((self.dir / "loa.log").read_text(errors="replace")[-2000:])
        if self.key == "none":
            out = subprocess.run([LOA, "key", "create", "bench", "--scope", "events,messages,reports,admin", "-c", conf],
                                 cwd=ROOT, capture_output=True, text=True, timeout=30).stdout
            self.key = next(w for w in out.split() if w.startswith("loa_"))
        wait_for("the key is known", lambda: http("GET", f"http://127.0.0.1:{port}/v1/feed", key=self.key)[0] == 200)
        child.bench_port = port
        return child

    def start_floor(self):
        child = start([TOOLS / "floor", self.socket, self.sink_port, APP_ID, SECRET], self.dir / "floor.log",
                      stdout=subprocess.PIPE)
        child.bench_port = said_port(child)
        return child

    def start_node(self, script, *args):
        link = TOOLS / script
        link.write_bytes((ROOT / "tests/bench/peers" / script).read_bytes())  # beside node_modules, where node looks
        child = start(["node", link, *args], self.dir / "node.log", stdout=subprocess.PIPE)
        child.bench_port = said_port(child)
        return child

    def start_bullmq(self):
        return self.start_node("bullmq.js", self.socket, self.sink_port, APP_ID, SECRET)

    def load(self, port, first, count, rate=0, whom="phone", connections=64, times=""):
        out = subprocess.run([TOOLS / "load", str(port), self.key, str(first), str(count), str(connections), str(rate), whom,
                              *([times] if times else [])], capture_output=True, text=True, timeout=300)
        if out.returncode != 0:
            raise AssertionError("load: " + out.stderr + out.stdout)
        return json.loads(out.stdout)

    def round(self, child, first, count, rate=0, times=""):
        """Posts `count` events and waits until the last receipt has been acknowledged. Returns what it took."""
        self.ask_sink("/reset")
        self.ask_sink(f"/hook?port={child.bench_port}")
        before, redis_before = cpu_s(child), cpu_s(self.redis_child)
        load = self.load(child.bench_port, first, count, rate, times=times)
        wait_for("all receipts are in", lambda: self.ask_sink("/stats")["acked"] >= count, limit_s=120)
        stats = self.ask_sink("/stats")
        seconds = (stats["last_us"] - load["begun_us"]) / 1e6
        return {"rate": count / seconds, "twice": stats["twice"], "intake_p50_us": load["p50_us"],
                "intake_p99_us": load["p99_us"], "cpu_us": (cpu_s(child) - before) / count * 1e6,
                "redis_us": (cpu_s(self.redis_child) - redis_before) / count * 1e6, "rss": rss_bytes(child),
                "body_bytes": load["body_bytes"], "first_us": stats["first_us"]}

    def close(self):
        stop(self.sink)
        stop(self.redis_child)
