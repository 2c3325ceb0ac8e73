#!/usr/bin/env python3
"""Random histories of the state table: whatever happens in whatever order, some things must always be true.

Scripts run against a real Redis under a clock of ours, beside a naive model of what the provider really did. A failing
history is named by its seed: `python3 tests/flow/flow_history.py SEED` plays that one alone.
"""
import os
import random
import sys
from harness import Cases, Redis, equal, start_redis, tmpdir

T = "loa:{p00}:"
START = 1_790_000_000_000
MINUTE = 60_000
HISTORIES = int(os.environ.get("LOA_HISTORIES", 120))
STEPS = 60
SAFE = "sms;"
PLANS = ["zalo_zbs:60000:0;sms:60000:0;", "portal:0:1;zalo_cs:30000:0;zalo_zbs:60000:0;sms:60000:0;email:0:1;",
         "sms:60000:0;", "zalo_uid:9000:0;email:60000:0;", "email:60000:0;sms:1000:1;"]
WAYS = ["zalo_cs", "zalo_uid", "zalo_zbs", "sms", "email"]
LANES = ["urgent", "normal", "bulk"]
BUSY = ("queued", "deferred", "sending")


class History:
    """One random history. `sent` and `arrived` are what really happened outside; the rest is read from the store."""

    def __init__(self, r, seed):
        self.r, self.random, self.now, self.epoch = r, random.Random(seed), START, 1
        self.nids, self.plan_of, self.citizen = [], {}, {}
        self.flying = []  # attempts in our hands: (nid, k, attempt, way)
        self.sent = {}  # (nid, k) -> how often the provider took it
        self.arrived, self.states, self.serial = set(), {}, 0
        self.unclear = {}  # (nid, k) -> who says so: the provider's silence, or our crash
        r("FLUSHALL")
        r.script("lease_take", [T + "lease"], "A", 2000, 0)

    def state(self, nid, k):
        return self.r("HGET", T + "n:" + nid, f"s{k}") or ""

    def steps(self, nid):
        return [s.split(":")[0] for s in self.plan_of[nid].split(";") if s]

    # ---- what may happen ----

    def plan(self):
        nid = f"00{len(self.nids):020x}"
        steps, ckey = self.random.choice(PLANS), self.random.choice(["c1", "c2"])
        dues = ",".join(str(self.now + self.random.choice([0, 0, 0, 5 * MINUTE])) for _ in steps.split(";")[:-1])
        offer, self.serial = "", self.serial + 1
        if self.random.random() < 0.5:
            offer = f"00 {self.epoch} A " + "".join(f"{w}:2:{self.now + MINUTE}:{self.serial};" for w in self.random.sample(WAYS, 3)) + "\n"
        made = self.r.script("plan", [T + "led"], self.now, 1000, offer, nid, ckey, self.random.choice(["H-1", "H-2", "-"]), '{"kind":"x"}', "sealed",
                      steps, self.random.choice(LANES), self.now + self.random.choice([2, 30, 600]) * MINUTE,
                      self.random.choice([0, 1]), dues, self.random.choice(["", "", "0=no_consent;"]), 0, "20261123", "text")
        self.nids.append(nid)
        self.plan_of[nid], self.citizen[nid] = steps, ckey
        taken = made[0] if isinstance(made[0], list) else []
        for way, item in zip(taken[::2], taken[1::2]):
            self.took(way, [item])

    def claim(self):
        way, self.serial = self.random.choice(WAYS), self.serial + 1
        mode = "divert" if self.random.random() < 0.1 else "send"
        got = self.r.script("claim", [T + "lease"], self.epoch, self.now, way, 3, self.now + MINUTE, mode, "A", self.serial)
        if mode == "divert":
            return
        self.took(way, got)

    def took(self, way, got):
        for nid, k, attempt, again, *_ in got:
            self.check_order(nid, way)
            assert (nid, k) not in self.arrived, "sent again although it arrived"
            assert again or (nid, k) not in self.unclear, "a fresh number although an attempt is unknown"
        if self.random.random() < 0.15:  # the answer is lost: nothing leaves
            equal(self.r.script("unclaim", [T + "led"], self.now, way, "A", self.serial), len(got), "given back")
        else:
            self.flying += [(m[0], m[1], m[2], way) for m in got]

    def check_order(self, nid, way):
        channel = way.split("_")[0]
        for other in self.nids[:self.nids.index(nid)]:
            if self.citizen[other] == self.citizen[nid] and other not in self.resent:
                for k, its in enumerate(self.steps(other)):
                    waits = its.split("_")[0] == channel and self.state(other, k) in BUSY
                    assert not waits, f"{nid} overtakes {other} on {channel}"

    def outcome(self):
        if not self.flying:
            return
        nid, k, attempt, way = self.flying.pop(self.random.randrange(len(self.flying)))
        event = self.random.choice(["accepted"] * 4 + ["again", "refused", "unknown", "unknown", "unsent", "cut"])
        if event == "accepted" or (event == "unknown" and self.random.random() < 0.5):
            self.sent[nid, k] = self.sent.get((nid, k), 0) + 1
        if event == "unsent":
            self.unsent.add((nid, k))
        if event == "unknown":
            self.unclear[nid, k] = "silence"
        elif event in ("accepted", "refused", "again") or self.unclear.get((nid, k)) == "crash":
            self.unclear.pop((nid, k), None)  # a definite word about this number
        args = [nid, k, attempt, event, "0", "", 0, self.now + self.random.choice([0, MINUTE]), self.now + MINUTE, 0, ""]
        self.r.script("outcome", [T + "led"], self.now, *args)
        if self.random.random() < 0.2:  # the store's confirmation was lost: recorded once more
            before = self.r.hgetall(T + "n:" + nid)
            self.r.script("outcome", [T + "led"], self.now, *args)
            equal(self.r.hgetall(T + "n:" + nid), before, "the same outcome twice")

    def receipt(self):
        if not self.sent:
            return
        nid, k = self.random.choice(sorted(self.sent))
        event = self.random.choice(["delivered", "delivered", "seen", "lost"])
        if event != "lost":
            self.arrived.add((nid, k))
        self.r.script("receipt", [T + "led"], self.now, nid, k, event, "", self.now, "", "")

    def due(self):
        self.r.script("due", [T + "lease"], self.epoch, self.now, 100, 1, SAFE)

    def wait(self):
        self.now += self.random.choice([100, 1000, MINUTE, 5 * MINUTE])

    def crash(self):
        self.r.script("lease_drop", [T + "lease"], "A", self.epoch)
        self.epoch = self.r.script("lease_take", [T + "lease"], "A", 2000, 0)[0]
        self.r.script("recover", [T + "lease"], self.epoch, self.now, self.now + MINUTE, 500, 1, SAFE, self.now + MINUTE)
        for nid, k, _, _ in self.flying:
            self.unclear.setdefault((nid, k), "crash")
        if self.random.random() < 0.5:
            self.flying = []  # a real crash; otherwise a pause: the answers still come

    def resend(self):
        for nid in self.r("ZRANGE", T + "dead", 0, 0):
            if self.r.script("resend", [T + "led"], self.now, nid, self.now + 600 * MINUTE):
                self.resent.add(nid)
                for k in range(9):
                    self.unclear.pop((nid, k), None)  # a person decided to
                self.arrived -= {(nid, k) for k in range(9)}

    def erase(self):
        if self.random.random() < 0.05:
            self.r.script("erase", [T + "c:c2"], "c2", self.now, "end", "")

    # ---- what must always be true ----

    def places(self, nid, k, lane):
        m, found = f"{nid}:{k}", []
        way = self.steps(nid)[k]
        for name in [f"q:{way}:{lane}", "snd", "w"]:
            if self.r("ZSCORE", T + name, m) is not None:
                found.append(name.split(":")[0])
        return found

    def check(self):
        for nid in self.nids:
            f = self.r.hgetall(T + "n:" + nid)
            busy = False
            for k in range(len(self.steps(nid))):
                s, at = f.get(f"s{k}", ""), self.places(nid, k, f["ln"])
                want = {"queued": ["q"], "deferred": ["q"], "sending": ["snd"]}.get(s)
                if want:
                    equal(at, want, f"{nid}:{k} is {s}")
                elif s in ("sent", "uncertain"):
                    assert at in ([], ["w"]), f"{nid}:{k} is {s} and in {at}"
                else:
                    equal(at, [], f"{nid}:{k} is {s!r}")
                busy |= bool(at)
                self.check_final(nid, k, s)
            listed = sum(e.split()[0] == nid for e in self.r("LRANGE", T + "open:" + self.citizen[nid], 0, -1))
            dead = self.r("ZSCORE", T + "dead", nid) is not None
            if not busy:
                equal((listed, "e" in f, "b" in f), (0, True, dead), f"{nid} has ended")
                assert f["st"] in ("reached", "unreached"), f"{nid} has ended as {f['st']}"
            else:
                assert not dead, f"{nid} is busy and dead"

    def check_final(self, nid, k, s):
        before = self.states.get((nid, k), "")
        allowed = {"seen": {"seen"}, "delivered": {"delivered", "seen"}}.get(before)
        assert allowed is None or s in allowed, f"{nid}:{k} went from {before} to {s}"
        if (nid, k) in self.arrived and before in ("delivered", "seen"):
            assert s in ("delivered", "seen"), f"{nid}:{k} arrived and is {s}"
        self.states[nid, k] = s

    def check_ledger(self):
        last = {}
        for _, e in self.r("XRANGE", T + "led", "-", "+"):
            e = dict(zip(e[::2], e[1::2]))
            key = (e["n"], int(e["k"]))
            again = key[0] in self.resent or key in self.unsent  # what was given up may turn out not to have left, and be tried anew
            assert last.get(key) != e["s"] or again, f"{key} is twice {e['s']} in the ledger"
            last[key] = e["s"]
        for nid in self.nids:
            for k in range(len(self.steps(nid))):
                s = self.state(nid, k)
                if s:
                    equal(last.get((nid, k)), s, f"the ledger's last word on {nid}:{k}")

    def run(self):
        self.resent, self.unsent = set(), set()
        acts = [self.plan] * 3 + [self.claim] * 8 + [self.outcome] * 6 + [self.receipt] * 3 + [self.due] * 4 + [self.wait] * 3 + \
               [self.crash, self.resend, self.erase]
        for _ in range(STEPS):
            self.random.choice(acts)()
            self.check()
        self.finish()

    def finish(self):
        """Time passes and nothing more happens: everything must come to an end by itself."""
        self.flying = []
        for _ in range(400):
            if self.random.random() < 0.2:
                self.now += 10 * MINUTE
            self.now += MINUTE
            self.due()
            self.r.script("recover", [T + "lease"], self.epoch, self.now, self.now, 500, 0, SAFE, self.now)
            left = [k for k in self.r("KEYS", T + "*") if k[len(T):].split(":")[0] in ("q", "snd", "w", "open")]
            if not left:
                break
            for way in WAYS:
                self.r.script("claim", [T + "lease"], self.epoch, self.now, way, 10, self.now, "send")
        equal(left, [], "nothing waits for ever")
        self.check()
        self.check_ledger()
        self.now += 8 * 24 * 60 * MINUTE
        self.due()
        for nid in self.nids:
            assert self.r("HEXISTS", T + "n:" + nid, "b") == 0, f"{nid} keeps its body"


def main():
    cases = Cases()
    _, path = start_redis(tmpdir(), "--appendfsync", "no")
    r = Redis(path)
    seeds = [int(sys.argv[1])] if len(sys.argv) > 1 else range(HISTORIES)
    for first in list(seeds)[::20]:
        with cases(f"histories from seed {first}"):
            for seed in seeds if len(sys.argv) > 1 else range(first, min(first + 20, HISTORIES)):
                try:
                    History(r, seed).run()
                except Exception as e:
                    raise AssertionError(f"seed {seed}: {e}") from e
    cases.end()


main()
