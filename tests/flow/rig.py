"""A whole province on loopback: Redis, the provider simulator and any number of loa processes, each killable."""
import re
import secrets
import shutil
import signal
import subprocess

from harness import LOA, ROOT, Redis, free_port, http, start, start_redis, stop, tmpdir, wait_for


class Rig:
    def __init__(self, processes=1, private=False, redis_options=(), sim_args=(), extra="", limits=None, edit=None):
        """`limits`: changes to templates/policy/limits.ini, in a copy of the templates; `edit` is called with that copy."""
        self.dir = tmpdir()
        self.templates = ROOT / "templates"
        if limits or edit:
            self.templates = self.dir / "templates"
            shutil.copytree(ROOT / "templates", self.templates)
            path = self.templates / "policy/limits.ini"
            text = path.read_text()
            for name, value in (limits or {}).items():
                text, n = re.subn(rf"(?m)^{name}\s*=.*$", f"{name} = {value}", text)
                assert n > 0, name
            path.write_text(text)
        if edit:
            edit(self.templates)
        self.private = private
        self.redis_options = redis_options
        self.extra = extra
        self.ports = [free_port() for _ in range(processes)]
        self.loa = [None] * processes
        self.url = [f"http://127.0.0.1:{p}" for p in self.ports]
        self.secret = {name: secrets.token_hex(12) for name in ("app", "oa", "access", "refresh", "sms", "key", "mail", "jwt")}
        self.redis_socket = self.dir / "redis.sock"
        self.redis_url = "private" if private else f"unix://{self.redis_socket}"
        self.start_store()
        self.start_sim(sim_args)

    def start_store(self):
        if not self.private:
            self.redis, _ = start_redis(self.dir, *self.redis_options)

    def start_sim(self, extra=()):
        s = self.secret
        self.sim_child = start([LOA, "sim", "--listen", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--webhook", self.url[0],
                                "--app-id", "1234567890123456789", "--app-secret", s["app"], "--oa-id", "2222222222222222222",
                                "--oa-secret-key", s["oa"], "--access-token", s["access"], "--refresh-token", s["refresh"],
                                "--sms-token", s["sms"], "--sms-key", s["key"], "--sms-secret", s["key"],
                                "--email-token", s["mail"], *extra],
                               self.dir / "sim.log", stdout=subprocess.PIPE)
        line = self.sim_child.stdout.readline().decode()
        ports = dict(p.split("=") for p in line.split() if "=" in p)
        self.sim = f"http://127.0.0.1:{ports['http']}"
        self.smtp = ports["smtp"]

    def config(self, i):
        s = self.secret
        path = self.dir / f"loa{i}.conf"
        path.write_text(f"""[loa]
listen = 127.0.0.1:{self.ports[i]}
public_url = {self.url[0]}
data_dir = {self.dir}/var{i}
key_file = {self.dir}/master.key
templates = {self.templates}
channels_dir = {ROOT}/channels
quiet_hours = off
[redis]
url = {self.redis_url}
[zalo]
app_id = 1234567890123456789
app_secret = {s['app']}
oa_id = 2222222222222222222
oa_secret_key = {s['oa']}
access_token = {s['access']}
refresh_token = {s['refresh']}
oa_url = {self.sim}
zbs_url = {self.sim}
oauth_url = {self.sim}
rate = 1000/s
[sms]
provider = esms
url = {self.sim}
api_key = {s['key']}
secret_key = {s['key']}
brandname = HATINH
webhook_token = {s['sms']}
rate = 1000/s
[email]
smtp_url = smtp://127.0.0.1:{self.smtp}/loa.example.vn
from = "Trung tâm Phục vụ hành chính công <no-reply@hcc.example.vn>"
bounce_domain = bounce.example.vn
webhook_token = {s['mail']}
rate = 1000/s
[portal]
session_secret = {s['jwt']}{s['jwt']}{s['jwt']}
{self.extra}""")
        return path

    def start_loa(self, i=0, wait=True):
        self.loa[i] = start([LOA, "serve", "-c", self.config(i)], self.dir / f"loa{i}.log")
        if wait:
            wait_for(f"loa {i} is ready", lambda: self.loa[i].poll() is not None or
                     http("GET", self.url[i] + "/readyz")[0] == 200)
            if self.loa[i].poll() is not None:
                raise AssertionError((self.dir / f"loa{i}.log").read_text(errors="replace")[-3000:])

    def kill_loa(self, i=0, signo=signal.SIGKILL):
        return stop(self.loa[i], signo)

    def key(self, scopes="events,messages,citizens,reports,admin,desk", name="test"):
        out = subprocess.run([LOA, "key", "create", name, "--scope", scopes, "-c", str(self.config(0))], cwd=ROOT,
                             capture_output=True, text=True, timeout=30)
        if out.returncode != 0:
            raise AssertionError(out.stderr)
        key = next(w for w in out.stdout.split() if w.startswith("loa_"))
        for i, child in enumerate(self.loa): # a running process learns of it by itself
            if child is not None:
                wait_for("the key is known", lambda: http("GET", self.url[i] + "/v1/feed", key=key)[0] in (200, 403, 503))
        return key

    def store(self):
        return Redis(self.dir / "var0" / "redis" / "redis.sock" if self.private else self.redis_socket)

    def kill_redis(self):
        stop(self.redis, signal.SIGKILL)

    def restart_redis(self):
        self.redis, _ = start_redis(self.dir, *self.redis_options)


def event(code, status, at_ms, source="https://dvc.example.vn", event_id=None, **data):
    """One CloudEvent about a dossier."""
    import datetime
    zone = datetime.timezone(datetime.timedelta(hours=7))
    when = datetime.datetime.fromtimestamp(at_ms / 1000, zone)
    body = {"MaHoSo": code, "TrangThaiHoSo": str(status), "ThoiDiemXuLy": when.strftime("%Y%m%d%H%M%S")}
    body.update(data)
    return {"specversion": "1.0", "type": "vn.dossier.status", "source": source, "id": event_id or f"{code}/{status}/{at_ms}",
            "subject": code, "time": when.isoformat(), "data": body}


def post_events(url, key, events, timeout=20):
    return http("POST", url + "/v1/dossier-events", events, key, {"Content-Type": "application/cloudevents-batch+json"},
                timeout=timeout)
