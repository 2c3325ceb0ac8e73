#!/usr/bin/env python3
"""Two thousand visitors ask at once: every question is answered, once, in order."""
import json
import resource
import selectors
import struct
import time

from harness import ROOT, Cases
from rig import Rig
from websocket import WebSocket

VISITORS, QUESTIONS = 2000, 3
LIMIT_S = 120
cases = Cases()
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # each visitor is a descriptor, here and in loa
rig = Rig()
rig.start_loa()
entries = json.loads((ROOT / "templates/faq/entries.json").read_text())
questions = [e["question"] for e in entries]


class Visitor:
    def __init__(self, number):
        self.number = number
        self.ws = WebSocket(rig.ports[0], "/chat")
        self.ws.send({"type": "hello", "epoch": "", "offset": 0})
        self.data = self.ws.data
        self.ready = False
        self.asked = 0
        self.took, self.lines, self.acks = [], [], []

    def ask(self):
        if self.asked < QUESTIONS:
            self.mid = f"v{self.number}-{self.asked}"
            self.asked += 1
            self.at = time.monotonic()
            text = questions[(self.number + self.asked * 7) % len(questions)]
            self.ws.send({"type": "say", "id": self.mid, "text": text})

    def hear(self):
        data = self.ws.sock.recv(65536)
        assert data, "the server hung up"
        self.data += data
        while len(self.data) >= 2:
            n, head = self.data[1] & 0x7F, 2
            if n == 126 and len(self.data) >= 4:
                n, head = struct.unpack(">H", self.data[2:4])[0], 4
            elif n == 126:
                return
            if len(self.data) < head + n:
                return
            payload, self.data = self.data[head:head + n], self.data[head + n:]
            self.obey(json.loads(payload))

    def obey(self, m):
        if m["type"] == "ready":
            self.ready = True
        elif m["type"] == "ack":
            self.acks.append((m["id"], m["seq"]))
        elif m["type"] == "line":
            self.lines.append((m["seq"], m["from"]))
            if m["from"] == "b" and len(self.took) < self.asked:
                self.took.append(time.monotonic() - self.at)
                self.ask()
        elif m["type"] != "state":
            raise AssertionError(m)

    def done(self):
        return len(self.took) == QUESTIONS


def hear_until(sockets, good, what):
    end = time.monotonic() + LIMIT_S
    waiting = [v for v in visitors if not good(v)]
    while waiting:
        for key, _ in sockets.select(1):
            key.data.hear()
        waiting = [v for v in waiting if not good(v)]
        if time.monotonic() > end:
            raise AssertionError(f"{what}: {len(waiting)} visitors still wait")


with cases(f"{VISITORS} visitors come in"):
    sockets = selectors.DefaultSelector()
    visitors = [Visitor(i) for i in range(VISITORS)]
    for v in visitors:
        sockets.register(v.ws.sock, selectors.EVENT_READ, v)
    hear_until(sockets, lambda v: v.ready, "ready")

with cases(f"all ask at once, {QUESTIONS} questions each: every one is answered once, in order"):
    begun = time.monotonic()
    for v in visitors:
        v.ask()
    hear_until(sockets, lambda v: v.done(), "answers")
    seconds = time.monotonic() - begun
    while True:  # what comes too much would come now
        late = sockets.select(0.5)
        if not late:
            break
        for key, _ in late:
            key.data.hear()
    took = sorted(t for v in visitors for t in v.took)
    print(f"      {len(took)} answers in {seconds:.1f} s: p50 {took[len(took) // 2] * 1000:.0f} ms, "
          f"p99 {took[len(took) * 99 // 100] * 1000:.0f} ms")
    wrong = [(v.number, v.lines, v.acks) for v in visitors
             if v.lines != [(2 * i + 2, "b") for i in range(QUESTIONS)] or
             v.acks != [(f"v{v.number}-{i}", 2 * i + 1) for i in range(QUESTIONS)]]
    assert not wrong, f"{len(wrong)} visitors were served wrongly: {wrong[:3]}"

with cases("a question among two thousand open pages is answered within a second"):
    v = visitors[0]
    begun = time.monotonic()
    v.ws.send({"type": "say", "id": "last", "text": questions[0]})
    before = len(v.lines)
    while len(v.lines) == before:
        v.hear()
    took = time.monotonic() - begun
    assert took < 1, took

rig.kill_loa()
cases.end()
