"""An officer's page and a citizen's page, as browsers would be: what they send, what they are told."""
import itertools
import time

from staff_client import Desk
from websocket import Closed, WebSocket

_ids = itertools.count(1)


def fresh_id():
    return f"t{next(_ids)}-{time.monotonic_ns() % 10**9}"


class Officer:
    """Logged in, with the page of the desk open at one process."""

    def __init__(self, rig, login, process=0, desk=None):
        self.rig, self.login, self.process = rig, login, process
        self.desk = desk or Desk(rig.url[process])
        if desk is None:
            status, answer = self.desk.login(login)
            assert status == 200, answer
        self.connect()

    def connect(self, process=None):
        self.process = self.process if process is None else process
        port = self.rig.ports[self.process]
        self.ws = WebSocket(port, "/desk/live", {"Cookie": self.desk.cookie, "Origin": f"http://127.0.0.1:{port}"}, timeout=30)
        self.heard = []
        self.hello = self.until("hello")

    def next(self, limit_s=20):
        m = self.ws.receive(limit_s)
        self.heard.append(m)
        return m

    def until(self, kind, limit_s=20, test=None):
        """The next message of this type for which `test` holds."""
        end = time.monotonic() + limit_s
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{self.login}: no {kind}; heard {self.heard[-5:]}")
            try:
                m = self.next(left)
            except TimeoutError:
                continue
            if m["type"] == kind and (test is None or test(m)):
                return m

    def ask(self, kind, limit_s=20, mid=None, **more):
        """Sends a request and waits for its own answer."""
        mid = mid or fresh_id()
        self.ws.send({"type": kind, "id": mid, **more})
        return self.answer(mid, limit_s)

    def answer(self, mid, limit_s=20):
        end = time.monotonic() + limit_s
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{self.login}: no answer to {mid}; heard {self.heard[-5:]}")
            m = self.next(left)
            if m.get("id") == mid and m["type"] in ("ok", "refused"):
                return m

    def ok(self, kind, **more):
        m = self.ask(kind, **more)
        if m["type"] != "ok":
            raise AssertionError(f"{kind}: {m}")
        return m

    def refused(self, kind, **more):
        m = self.ask(kind, **more)
        if m["type"] != "refused":
            raise AssertionError(f"{kind}: {m}")
        assert m["detail_vi"] and m["detail_vi"] != m["code"], m
        return m["code"]

    def forget(self):
        """Only what comes from now on counts."""
        self.heard = [m for m in self.heard if m["type"] == "queue"]

    def queue(self, desk, test, limit_s=20):
        """Waits until the queue of a desk is as `test` wants it; its items."""
        for m in reversed(self.heard):
            if m["type"] == "queue" and m["desk"] == desk:
                if test(m["items"]):
                    return m["items"]
                break
        return self.until("queue", limit_s, lambda m: m["desk"] == desk and test(m["items"]))["items"]

    def waiting(self, desk, cid, limit_s=20):
        return next(i for i in self.queue(desk, lambda items: any(i["cid"] == cid and i["mode"] == "wait" for i in items),
                                          limit_s) if i["cid"] == cid)

    def open(self, cid, epoch="", after=0):
        self.ok("open", cid=cid, epoch=epoch, after=after)
        return self.until("conversation", 10, lambda m: m["cid"] == cid)

    def line(self, cid, test, limit_s=10):
        """The line of an open conversation for which `test` holds, heard already or yet to come."""
        for m in self.heard:
            for line in m["lines"] if m["type"] == "conversation" and m["cid"] == cid else []:
                if test(line):
                    return line
        found = []

        def has(m):
            found[:] = [line for line in m["lines"] if test(line)] if m["cid"] == cid else []
            return bool(found)
        self.until("conversation", limit_s, has)
        return found[0]

    def drop(self):
        self.ws.drop()


class Citizen:
    """A visitor's web chat."""

    def __init__(self, rig, process=0, token=None):
        self.rig, self.process, self.token = rig, process, token
        self.epoch, self.offset, self.lines = "", 0, []
        self.connect()

    def connect(self, process=None):
        self.process = self.process if process is None else process
        self.ws = WebSocket(self.rig.ports[self.process], "/chat", timeout=30)
        hello = {"type": "hello", "epoch": self.epoch, "offset": self.offset}
        if self.token:
            hello["token"] = self.token
        self.ws.send(hello)
        ready = self._until("ready", 10)
        self.token, self.epoch = self.token or ready["token"], ready["epoch"]

    def _until(self, kind, limit_s, test=None):
        end = time.monotonic() + limit_s
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"no {kind}; lines {[(x['from'], x['text'][:60]) for x in self.lines[-5:]]}")
            try:
                m = self.ws.receive(left)
            except TimeoutError:
                continue
            if m["type"] == "line":
                self.lines.append(m)
                self.offset = max(self.offset, m["seq"])
            if m["type"] == kind and (test is None or test(m)):
                return m

    def say(self, text, mid=None):
        mid = mid or fresh_id()
        self.ws.send({"type": "say", "id": mid, "text": text})
        while True:
            m = self._until_any(("ack", "slow"), mid)
            if m["type"] == "ack":
                return m["seq"]
            time.sleep(m["wait_ms"] / 1000)
            self.ws.send({"type": "say", "id": mid, "text": text})

    def _until_any(self, kinds, mid):
        while True:
            m = self.ws.receive(10)
            if m["type"] == "line":
                self.lines.append(m)
                self.offset = max(self.offset, m["seq"])
            if m["type"] in kinds and m.get("id") == mid:
                return m

    def line(self, words, sender="b", limit_s=20):
        """The line of this sender that holds these words, here already or yet to come."""
        for m in self.lines:
            if m["from"] == sender and words in m["text"]:
                return m
        return self._until("line", limit_s, lambda m: m["from"] == sender and words in m["text"])

    def count(self, words, sender=None):
        return sum(words in m["text"] and sender in (None, m["from"]) for m in self.lines)

    def settle(self, for_s=0.4):
        """Reads on until nothing has come for so long."""
        while True:
            try:
                m = self.ws.receive(for_s)
            except (TimeoutError, Closed):
                return
            if m["type"] == "line":
                self.lines.append(m)
                self.offset = max(self.offset, m["seq"])
