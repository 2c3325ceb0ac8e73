#!/usr/bin/env python3
"""Plays the sample dossiers through all four channels against the provider simulator. Standard library only."""
import base64
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOA = str(ROOT / os.environ.get("B", "build") / "loa")
ZONE = datetime.timezone(datetime.timedelta(hours=7))
TIME_LIMIT_S = 120
SESSION_S = 3600


def http(method, url, body=None, key=None, content_type="application/json"):
    """One call. Returns (status, decoded JSON or text)."""
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    req = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": content_type})
    if key:
        req.add_header("Authorization", "Bearer " + key)
    try:
        with urllib.request.urlopen(req, timeout=15) as answer:
            status, raw = answer.status, answer.read()
    except urllib.error.HTTPError as e:
        status, raw = e.code, e.read()
    try:
        return status, json.loads(raw)
    except ValueError:
        return status, raw.decode(errors="replace")


def wait_for(what, test, limit_s=30):
    """Asks again until `test` gives a true value."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.1)
    raise SystemExit(f"quá thời gian chờ: {what}")


class Demo:
    def __init__(self, stay):
        self.stay = stay
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="loa-demo."))
        self.children = []
        self.port = int(os.environ.get("LOA_DEMO_PORT", "8080")) if stay else free_port()

    # ---- processes ----
    def start(self, name, args):
        log = open(self.dir / f"{name}.log", "wb")
        child = subprocess.Popen(args, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
        self.children.append(child)
        return child

    def start_sim(self, hook):
        args = [LOA, "sim", "--listen", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--webhook", hook]
        for name, value in self.credentials.items():
            if name != "session":
                args += ["--" + name, value]
        child = self.start("sim", args)
        line = child.stdout.readline().decode()
        ports = dict(p.split("=") for p in line.split() if "=" in p)
        self.sim = f"http://127.0.0.1:{ports['http']}"
        self.smtp = ports["smtp"]

    def start_loa(self, port):
        config = self.dir / "loa.conf"
        c = self.credentials
        config.write_text(f"""[loa]
listen = 127.0.0.1:{port}
public_url = http://127.0.0.1:{port}
data_dir = {self.dir}/var
templates = {ROOT}/templates
channels_dir = {ROOT}/channels
quiet_hours = off
[zalo]
app_id = {c['app-id']}
app_secret = {c['app-secret']}
oa_id = {c['oa-id']}
oa_secret_key = {c['oa-secret-key']}
access_token = {c['access-token']}
refresh_token = {c['refresh-token']}
oa_url = {self.sim}
zbs_url = {self.sim}
oauth_url = {self.sim}
[sms]
provider = esms
url = {self.sim}
api_key = {c['sms-key']}
secret_key = {c['sms-secret']}
brandname = HATINH
webhook_token = {c['sms-token']}
[email]
smtp_url = smtp://127.0.0.1:{self.smtp}/loa.example.vn
from = "Trung tâm Phục vụ hành chính công tỉnh Hà Tĩnh <no-reply@hanhchinhcong.example.vn>"
bounce_domain = bounce.example.vn
webhook_token = {c['email-token']}
[portal]
session_secret = {c['session']}
allowed_origins = {self.sim}
""")
        self.config = str(config)
        self.loa = f"http://127.0.0.1:{port}"
        self.start("loa", [LOA, "serve", "-c", self.config])
        wait_for("loa sẵn sàng", lambda: self.ready())
        out = subprocess.run([LOA, "key", "create", "demo", "--scope", "events,messages,citizens,reports,admin", "-c",
                              self.config], capture_output=True, text=True, cwd=ROOT, timeout=30, check=True).stdout
        self.key = next(w for w in out.split() if w.startswith("loa_"))
        wait_for("khóa có hiệu lực", lambda: http("GET", self.loa + "/v1/feed", key=self.key)[0] != 401)

    def ready(self):
        try:
            return http("GET", self.loa + "/readyz")[0] == 200
        except OSError:
            return False

    def stop(self):
        for child in reversed(self.children):
            child.send_signal(signal.SIGTERM)
        for child in reversed(self.children):
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def portal_page(self, identity):
        """The page a citizen gets who is logged in at the portal: with a session token as the portal makes it."""
        def part(raw):
            return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

        claims = {"sub": identity, "exp": int(time.time()) + SESSION_S}
        signed = ".".join(part(json.dumps(p).encode()) for p in ({"alg": "HS256", "typ": "JWT"}, claims))
        mac = hmac.new(self.credentials["session"].encode(), signed.encode(), hashlib.sha256).digest()
        return f"{self.loa}/portal/inbox#token={signed}.{part(mac)}"

    def log_in(self):
        """Puts the portal beside the other phones of everybody who can log in there."""
        for citizen in self.people:
            if "phone" in citizen:
                http("POST", self.sim + "/sim/users", {"phone": citizen["phone"],
                                                       "portal_url": self.portal_page(citizen["identities"][0])})

    # ---- the play ----
    def citizens(self):
        self.people = json.loads((ROOT / "deploy/sample/citizens.json").read_text())
        for citizen in self.people:
            status, answer = http("PUT", self.loa + "/v1/citizens", citizen, self.key)
            if status not in (200, 201):
                raise SystemExit(f"không lưu được người dân mẫu: {status} {answer}")
            # The simulated phones know their owners' names, so that one person's devices stand side by side.
            http("POST", self.sim + "/sim/users", {k: citizen[k] for k in ("name", "phone", "email") if k in citizen})
        # One citizen has written to the OA just now: the free window is open and the phone is known.
        uid = self.chatter = "8410000000000000001"
        http("POST", self.sim + "/sim/users", {"uid": uid, "phone": "84983000102", "follows": True})
        http("POST", self.sim + "/sim/act", {"uid": uid, "act": "share_phone", "phone": "84983000102"})
        self.log_in()

    def fill(self, text, now):
        text = text.replace("{D0}", now.strftime("%y%m%d"))
        for mark, hours in (("-4h", -4), ("-3h", -3), ("-2h", -2), ("-1h", -1), ("+1d", 24), ("+2d", 48), ("+3d", 72),
                            ("+7d", 168), ("+9d", 216)):
            text = text.replace("{T" + mark + "}", (now + datetime.timedelta(hours=hours)).strftime("%Y%m%d%H%M%S"))
        return text

    def play(self):
        now = datetime.datetime.now(ZONE)
        rounds = json.loads(self.fill((ROOT / "deploy/sample/events.json").read_text(), now))
        self.codes, self.events = set(), 0
        for n, items in enumerate(rounds):
            at = now - datetime.timedelta(minutes=30 * (len(rounds) - n))
            batch = []
            for item in items:
                item.setdefault("ThoiDiemXuLy", at.strftime("%Y%m%d%H%M%S"))
                self.codes.add(item["MaHoSo"])
                batch.append({"specversion": "1.0", "type": "vn.dossier.status", "source": "https://dvc.hatinh.example.vn",
                              "id": f"{item['MaHoSo']}/{n}", "subject": item["MaHoSo"], "time": at.isoformat(),
                              "data": item})
            status, answer = http("POST", self.loa + "/v1/dossier-events", batch, self.key,
                                  "application/cloudevents-batch+json")
            if status != 202 or answer["rejected"]:
                raise SystemExit(f"sự kiện không được nhận: {status} {json.dumps(answer, ensure_ascii=False)}")
            self.events += answer["accepted"]
            wait_for("mọi tin có trạng thái cuối", self.all_final, TIME_LIMIT_S)

    def answers(self):
        """What the assistant has said on the phone of the citizen who chats; notices of dossiers are no answers."""
        messages = http("GET", self.sim + "/sim/messages?limit=1000&way=cs")[1]["messages"]
        return [m["text"] for m in messages if m["address"] == self.chatter and m.get("text")]

    def talk(self):
        """That citizen asks the assistant on Zalo."""
        own = next(code for code in self.codes if code.endswith("-0102"))  # of the number that was shared
        print("\nMột người dân hỏi trợ lý trên Zalo\n" + "=" * 34)
        for question in ("làm giấy khai sinh cho con cần giấy tờ gì", f"hồ sơ {own} tới đâu rồi", "cảm ơn nhé"):
            before = len(self.answers())
            http("POST", self.sim + "/sim/act", {"uid": self.chatter, "act": "text", "text": question})
            answer = wait_for("câu trả lời", lambda: self.answers()[before:])[0]
            print(f"\n  Người dân: {question}\n  Trợ lý:    {' '.join(answer.split())[:300]}")

    def story(self):
        return {code: http("GET", f"{self.loa}/v1/dossiers/{code}", key=self.key)[1] for code in sorted(self.codes)}

    def messages(self):
        for code, dossier in self.story().items():
            for line in dossier.get("timeline", []):
                for message in line.get("notification", {}).get("messages", []):
                    yield code, line, message

    def all_final(self):
        """Every event is in a timeline, and no message waits for anything but a receipt by e-mail, which never comes."""
        story = self.story()
        if sum(len(d.get("timeline", [])) for d in story.values()) < self.events:
            return False
        for _, _, m in self.messages():
            if m["state"] in ("queued", "deferred", "sending", "uncertain"):
                return False
            if m["state"] == "sent" and m["channel"] != "email":
                return False
        return True

    def received(self):
        """What the providers took, once all of it is on a device or known to be lost."""
        messages = http("GET", self.sim + "/sim/messages?limit=1000")[1]["messages"]
        return messages if all(m["delivered_at"] or m["failed"] for m in messages) else None

    def show(self):
        print("\nMỗi người dân đã nhận được gì\n" + "=" * 29)
        received = wait_for("mọi tin đã tới máy người dân", self.received)
        names = {"zalo": "Zalo", "sms": "SMS", "email": "Thư điện tử"}
        for m in received:
            channel = {"zalo": "zalo", "zbs": "zalo", "cs": "zalo", "uid": "zalo", "smtp": "email"}.get(m["way"], "sms")
            text = " ".join((m.get("text") or m.get("title", "")).split())
            print(f"\n  [{names[channel]}] tới {m['address']}\n    {text[:400]}")
        portal = sum(1 for _, _, m in self.messages() if m["channel"] == "portal")
        print(f"\n  [Cổng dịch vụ công] {portal} thông báo trong hộp tin của người dân")

    def summary(self):
        count = {"zalo": 0, "sms": 0, "email": 0, "portal": 0}
        delivered = failed = lost = 0
        for _, line, m in self.messages():
            if m["state"] == "suppressed":
                continue
            count[m["channel"]] += 1
            delivered += m["state"] in ("delivered", "seen", "sent")
            failed += m["state"] in ("failed", "expired")
        for dossier in self.story().values():
            for line in dossier["timeline"]:
                has_message = any(m["state"] in ("delivered", "seen", "sent") for m in
                                  line.get("notification", {}).get("messages", []))
                lost += bool(line.get("kind")) and not has_message
        _, stats = http("GET", self.sim + "/sim/stats")
        duplicate = int(stats.get("total", {}).get("repeated_content", 0))
        total = sum(count.values())
        print(f"\ndemo: events={self.events} deliveries={total} zalo={count['zalo']} sms={count['sms']} "
              f"email={count['email']} portal={count['portal']} delivered={delivered} failed={failed} lost={lost} "
              f"duplicate={duplicate}", flush=True)
        return lost == 0 and duplicate == 0

    def signpost(self):
        """Where to go from here, for somebody who sees loa for the first time."""
        print(f"""
  Bốn chiếc điện thoại mô phỏng:  {self.sim}/
  Người dân hỏi đáp:              {self.loa}/hoi-dap
  Bàn trực của cán bộ:            {self.loa}/desk
  Tạo tài khoản cán bộ:           {os.path.relpath(LOA)} staff add lan.vo --name "Võ Thị Lan" --role officer --desk mot-cua -c {self.config}
  Khóa API:                       {self.key}
  Nhật ký, cấu hình:              {self.dir}
  Dừng bằng Ctrl-C.""", flush=True)

    def run(self):
        self.credentials = {"app-id": "1234567890123456789", "oa-id": "2222222222222222222",
                            "app-secret": secrets.token_hex(10), "oa-secret-key": secrets.token_hex(10),
                            "access-token": secrets.token_hex(20), "refresh-token": secrets.token_hex(20),
                            "sms-token": secrets.token_hex(12), "sms-key": secrets.token_hex(8),
                            "sms-secret": secrets.token_hex(8), "email-token": secrets.token_hex(12),
                            "session": secrets.token_hex(32)}
        if not is_free(self.port):
            raise SystemExit(f"Cổng {self.port} đang có chương trình khác dùng. Chọn cổng khác: LOA_DEMO_PORT=8090 make run")
        try:
            self.start_sim(f"http://127.0.0.1:{self.port}")
            self.start_loa(self.port)
            self.citizens()
            self.play()
            self.talk()
            self.show()
            good = self.summary()
            if self.stay:
                self.signpost()
                while True:
                    time.sleep(SESSION_S - 300)
                    self.log_in()
            return 0 if good else 1
        except KeyboardInterrupt:
            return 0
        except BaseException:
            for log in ("loa", "sim"):
                path = self.dir / f"{log}.log"
                if path.exists():
                    sys.stderr.write(f"---- {log}.log (cuối)\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:])
                                     + "\n")
            raise
        finally:
            self.stop()
            shutil.rmtree(self.dir, ignore_errors=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what a run just stopped has left does not count
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def interrupted(signo, frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signo, interrupted)  # however we are told to stop, our children stop with us
    sys.exit(Demo(stay=sys.argv[1:] == ["run"]).run())
