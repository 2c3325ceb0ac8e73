"""Citizens with Zalo on their phones, as the simulator's webhooks and mailbox make them; and pages of the web chat."""
import base64
import hashlib
import hmac
import itertools
import json
import time

from harness import equal, http, wait_for
from websocket import WebSocket

APP = "1234567890123456789"
OA = "2222222222222222222"
_serial = itertools.count(1)


class Phone:
    """One Zalo account. What it receives is what the simulator delivered to it."""

    def __init__(self, rig, phone, name):
        self.rig, self.phone = rig, phone
        status, made = http("POST", rig.sim + "/sim/users", [{"phone": phone, "name": name}])
        equal(status, 200, str(made))
        self.uid = made["users"][0]["uid"]
        http("POST", rig.sim + "/sim/act", {"act": "chatnow", "uid": self.uid})  # opens the free window

    def event(self, name, **members):
        body = {"app_id": APP, "event_name": name, "timestamp": str(int(time.time() * 1000)), "sender": {"id": self.uid},
                "recipient": {"id": OA}, "n": next(_serial), **members}
        raw = json.dumps(body, ensure_ascii=False).encode()
        mac = hashlib.sha256(APP.encode() + raw + body["timestamp"].encode() + self.rig.secret["oa"].encode()).hexdigest()
        return http("POST", self.rig.url[0] + "/webhooks/zalo", raw, headers={"X-ZEvent-Signature": "mac=" + mac})[0]

    def messages(self):
        """What arrived, without the forms that ask for the number."""
        out, after = [], 0
        while True:
            _, page = http("GET", f"{self.rig.sim}/sim/messages?after={after}&limit=1000")
            out += [m for m in page["messages"] if m["address"] == self.uid and "text" in m and "asks_contact" not in m["detail"]]
            if not page["messages"]:
                return out
            after = page["messages"][-1]["seq"]

    def answers(self):
        """What the bot said: news of dossiers begin with a greeting by name."""
        return [m for m in self.messages() if not m["text"].startswith("Kính gửi")]

    def answer_to(self, name, **members):
        before = len(self.answers())
        equal(self.event(name, **members), 200, str(members))
        return wait_for(f"an answer on {self.phone} to {members}", lambda: self.answers()[before:before + 1], 10)[0]

    def say(self, text):
        return self.answer_to("user_send_text", message={"text": text, "msg_id": f"m{next(_serial)}"})

    def share_phone(self):
        return self.answer_to("user_submit_info", info={"name": "x", "phone": "84" + self.phone[1:]})


def payloads(message):
    """What the buttons of a message answer."""
    return [b["payload"] for b in message["detail"].get("buttons", []) if isinstance(b.get("payload"), str)]


def session(rig, subject, life_s=600):
    b64 = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    head, claims = {"alg": "HS256", "typ": "JWT"}, {"sub": subject, "exp": int(time.time()) + life_s}
    signed = ".".join(b64(json.dumps(part).encode()) for part in (head, claims))
    return signed + "." + b64(hmac.new((rig.secret["jwt"] * 3).encode(), signed.encode(), hashlib.sha256).digest())


class Page:
    """One open page of the web chat."""

    def __init__(self, rig, **hello):
        self.ws = WebSocket(rig.ports[0], "/chat")
        self.ws.send({"type": "hello", "epoch": "", "offset": 0, **hello})
        self.ready = self.until("ready")

    def until(self, kind, limit_s=10, **want):
        end = time.monotonic() + limit_s
        while True:
            m = self.ws.receive(max(0.05, end - time.monotonic()))
            if m["type"] == kind and all(m.get(k) == v for k, v in want.items()):
                return m

    def say(self, text):
        """Says it, or taps it when it is a payload, and waits for the answer."""
        what = {"type": "tap", "payload": text, "title": "nút"} if text.startswith("#") else {"type": "say", "text": text}
        while True:
            self.ws.send({**what, "id": f"p-{next(_serial)}"})
            m = self.ws.receive()
            while m["type"] not in ("ack", "slow"):
                m = self.ws.receive()
            if m["type"] == "ack":
                return self.until("line", **{"from": "b"})
            time.sleep(m["wait_ms"] / 1000)  # asked to wait
