#!/usr/bin/env python3
"""Signed callbacks: a real receiver checks every signature, fails at first, dies in between; loa dies in between. Every
entry of the ledger arrives at least once, in order per partition."""
import base64
import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
from http import server as web

from harness import Cases, equal, free_port, http, wait_for
from rig import Rig

MESSAGES = 400
cases = Cases()


class Receiver:
    """Takes requests as a neighbouring system would. `fail_next` requests are answered 500 before it is well."""

    def __init__(self, port, secret):
        self.port, self.key = port, base64.b64decode(secret.removeprefix("whsec_"))
        self.lock = threading.Lock()
        self.taken, self.faults, self.refused = [], [], []
        self.fail_next = 0
        self.answer = 204
        self.now = self.most = 0
        self.server, self.sockets = None, []

    def start(self):
        receiver = self

        class Handler(web.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                receiver.sockets.append(self.request)

            def do_POST(self):
                with receiver.lock:
                    receiver.now += 1
                    receiver.most = max(receiver.most, receiver.now)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.take(self.headers, body)
                with receiver.lock:
                    receiver.now -= 1
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        class Server(web.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass  # a connection that breaks is part of the test

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Dies: open connections end in the middle of whatever they do."""
        self.server.shutdown()
        self.server.server_close()
        for s in self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.sockets.clear()

    def take(self, headers, body):
        at = headers["webhook-timestamp"]
        text = f"{headers['webhook-id']}.{at}.".encode() + body
        want = "v1," + base64.b64encode(hmac.new(self.key, text, hashlib.sha256).digest()).decode()
        with self.lock:
            if want not in headers["webhook-signature"].split() or abs(time.time() - int(at)) > 300:
                self.faults.append((headers["webhook-id"], headers["webhook-signature"], want))
                return 401
            if self.fail_next > 0:
                self.fail_next -= 1
                self.refused.append(headers["webhook-id"])
                return 500
            event = json.loads(body)
            if event["data"]["id"] != headers["webhook-id"] or event["type"] != "message." + event["data"]["state"]:
                self.faults.append(event)
            self.taken.append(headers["webhook-id"])
            return self.answer

    def seen(self):
        with self.lock:
            return list(self.taken)


def in_order(ids):
    """Without repeats: the first arrivals of each partition come in the order of the ledger."""
    last = {}
    for i in dict.fromkeys(ids):
        part, ms, seq = i.split("-")
        if last.get(part, (0, -1)) >= (int(ms), int(seq)):
            return False
        last[part] = (int(ms), int(seq))
    return True


def ledger(loa, key):
    after, ids = "0", []
    while True:
        page = http("GET", f"{loa}/v1/feed?after={after}&limit=1000", key=key)[1]
        ids += [i["id"] for i in page["items"]]
        after = page["seq"]
        if not page["more"]:
            return ids


def send(loa, key, label, count):
    for n in range(count):
        body = {"to": f"phone:09123{n % 100000:05d}", "template": "test", "params": {"note": f"{label} {n}"}, "channels": ["portal"]}
        wait_for("accepted", lambda: http("POST", loa + "/v1/messages", body, key)[0] == 202)


rig = Rig()
rig.start_loa()
key = rig.key()
loa = rig.url[0]
port = free_port()
secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
receiver = Receiver(port, secret)
url = f"http://127.0.0.1:{port}/loa"

with cases("what cannot be registered is told with every fault"):
    status, answer = http("POST", loa + "/v1/hooks", {"url": "http://example.vn/x", "secret": "abc", "events": ["news"]}, key)
    equal((status, sorted(e["pointer"] for e in answer["errors"])), (400, ["/events", "/secret", "/url"]))
    equal(http("POST", loa + "/v1/hooks", {"url": url})[0], 401)
    equal(http("DELETE", loa + "/v1/hooks/hk_0", key=key)[0], 404)

with cases("a secret is made where none is given, shown once, and is not in the store in clear"):
    status, answer = http("POST", loa + "/v1/hooks", {"url": "https://dvc.example.vn/loa"}, key)
    equal((status, answer["secret"][:6], answer["state"]), (201, "whsec_", "active"))
    listed = http("GET", loa + "/v1/hooks", key=key)[1]["items"]
    equal((len(listed), "secret" in listed[0], len(listed[0]["events"])), (1, False, 6))
    kept = str(rig.store()("HGETALL", "loa:{p00}:hooks"))
    assert answer["secret"][6:] not in kept and "dvc.example.vn" not in kept
    equal(http("DELETE", f"{loa}/v1/hooks/{answer['id']}", key=key)[0], 200)
    equal(http("GET", loa + "/v1/hooks", key=key)[1]["items"], [])
    equal(rig.store()("KEYS", "*:hk:*"), [])

send(loa, key, "before", 5)
wait_for("results before the registration", lambda: len(ledger(loa, key)) == 5)
before = set(ledger(loa, key))

with cases("the same address twice is one hook"):
    status, answer = http("POST", loa + "/v1/hooks", {"url": url, "secret": secret}, key)
    equal(status, 201)
    again = http("POST", loa + "/v1/hooks", {"url": url}, key)
    equal((again[0], again[1]["id"], "secret" in again[1]), (200, answer["id"], False))

with cases("a receiver that fails at first, dies in between, and loa killed: everything arrives, in order, signed"):
    receiver.fail_next = 3
    receiver.start()
    sender = threading.Thread(target=send, args=(loa, key, "load", MESSAGES), daemon=True)
    sender.start()
    wait_for("some arrive", lambda: len(receiver.seen()) > 20, 60)
    receiver.stop()
    rig.kill_loa()
    rig.start_loa()
    receiver.start()
    wait_for("more arrive", lambda: len(receiver.seen()) > 100, 90)
    rig.kill_loa()
    rig.start_loa()
    wait_for("all are sent", lambda: not sender.is_alive(), 90)
    want = set(ledger(loa, key)) - before
    assert len(want) >= MESSAGES, len(want)
    wait_for("all have arrived", lambda: want <= set(receiver.seen()), 120)
    got = receiver.seen()
    print(f"      entries={len(want)} requests={len(got)} repeated={len(got) - len(set(got))} refused={len(receiver.refused)} "
          f"most at once={receiver.most}", flush=True)
    equal(receiver.faults, [], "signatures and bodies")
    equal(set(got) - want, set(), "nothing from before the registration, nothing made up")
    assert in_order(got), "order per partition"
    equal(set(receiver.refused) - set(got), set(), "what was refused came again with its id")
    equal(len(receiver.refused), 3)
    assert receiver.most <= 4, receiver.most

with cases("SIGTERM and a new start repeat nothing"):
    count = len(receiver.seen())
    equal(rig.kill_loa(0, 15), 0)
    rig.start_loa()
    send(loa, key, "after the stop", 3)
    wait_for("the new ones arrive", lambda: len(set(receiver.seen())) == len(want) + 3)
    equal(len(receiver.seen()) - count, 3)

with cases("only the wanted events are sent; the others do not hold them up"):
    equal(http("POST", loa + "/v1/hooks", {"url": url, "events": ["message.failed"]}, key)[0], 200)
    count = len(receiver.seen())
    wait_for("the change is known", lambda: http("GET", loa + "/v1/hooks", key=key)[1]["items"][0]["events"] == ["message.failed"])
    last = ledger(loa, key)
    send(loa, key, "unwanted", 5)
    store = rig.store()
    def places():
        return {k.split("}")[0][-3:]: store("HGET", k, "at") for k in store("KEYS", "*:hk:*")}
    def passed():
        fresh = [i for i in ledger(loa, key) if i not in last]
        return len(fresh) == 5 and all(places()[i.split("-")[0]] >= i.split("-", 1)[1] for i in fresh)
    wait_for("their places moved on", passed)
    equal(len(receiver.seen()), count)

with cases("410: disabled, a person is told; the same address again switches it on and goes on where it stopped"):
    receiver.answer = 410
    equal(http("POST", loa + "/v1/hooks", {"url": url, "events": ["message.delivered"]}, key)[0], 200)
    send(loa, key, "gone", 1)
    wait_for("disabled", lambda: http("GET", loa + "/v1/hooks", key=key)[1]["items"][0]["state"] == "disabled")
    wait_for("told", lambda: any(a["code"].startswith("hook:") for a in http("GET", loa + "/v1/alerts", key=key)[1]["items"]))
    receiver.answer = 200
    last = receiver.seen()[-1]
    count = len(receiver.seen())
    equal(http("POST", loa + "/v1/hooks", {"url": url, "events": ["message.delivered"]}, key)[1]["state"], "active")
    wait_for("the same entry comes again", lambda: receiver.seen()[count:] == [last])

with cases("three days of failure: disabled"):
    receiver.answer = 503
    receiver.fail_next = 0
    hook = http("GET", loa + "/v1/hooks", key=key)[1]["items"][0]["id"]
    send(loa, key, "down", 20)
    def failing():
        return [k for k in store("KEYS", "*:hk:*") if store("HGET", k, "since")]
    for k in wait_for("failures are on record", failing):
        store("HSET", k, "since", int(time.time() * 1000) - 3 * 86400_000 - 1000)
    wait_for("disabled", lambda: http("GET", loa + "/v1/hooks", key=key)[1]["items"][0]["state"] == "disabled", 60)

with cases("deleted: nothing is sent any more, nothing is left"):
    receiver.answer = 200
    equal(http("DELETE", f"{loa}/v1/hooks/{hook}", key=key)[0], 200)
    equal((http("GET", loa + "/v1/hooks", key=key)[1]["items"], store("KEYS", "*:hk:*"), store("EXISTS", "loa:{p00}:hooks")), ([], [], 0))
    equal(rig.kill_loa(0, 15), 0)

receiver.stop()
cases.end()
