#!/usr/bin/env python3
"""The life of a notification, driven script by script against a real Redis: every transition, late, twice, out of order."""
from harness import Cases, Redis, equal, start_redis, tmpdir

T = "loa:{p00}:"
NOW = 1_790_000_000_000
HOUR = 3_600_000
cases = Cases()
server, path = start_redis(tmpdir(), "--appendfsync", "no")
r = Redis(path)
NEXT = 0


def reset():
    r("FLUSHALL")
    equal(r.script("lease_take", [T + "lease"], "A", 2000, 0), [1, 1], "lease")


def plan(ckey="c1", code="H27-1", steps="zalo_zbs:60000:0;sms:60000:0;", lane="normal", dues="0,0,0", skips="", cap=0, action=0,
         now=NOW, expires=NOW + HOUR, nid=None, most=1000, offer=""):
    global NEXT
    NEXT += 1
    nid = nid or f"00{NEXT:020x}"
    made = r.script("plan", [T + "led"], now, most, offer, nid, ckey, code, '{"kind":"accepted"}', "sealed", steps, lane, expires, action, dues,
                    skips, cap, "20261123", "portal text")
    return nid, made[0]


def claim(way, now=NOW, limit=10, mode="send", epoch=1):
    return r.script("claim", [T + "lease"], epoch, now, way, limit, now + 5000, mode)


def outcome(nid, k, event, attempt=1, code="0", pid="", cost=0, again=0, wait=NOW + 60000, poll=0, suppress="", now=NOW):
    return r.script("outcome", [T + "led"], now, nid, k, attempt, event, code, pid, cost, again, wait, poll, suppress)[0].rstrip("+")


def receipt(nid, k, event, at=NOW, attempt="", suppress="", now=NOW):
    return r.script("receipt", [T + "led"], now, nid, k, event, "", at, attempt, suppress)[0].rstrip("+")


def due(now, repeat=0, safe="", epoch=1):
    return r.script("due", [T + "lease"], epoch, now, 100, repeat, safe)


def field(nid, name):
    return r("HGET", T + "n:" + nid, name)


def ledger():
    return [(f[f.index("w") + 1], f[f.index("s") + 1]) for _, f in r("XRANGE", T + "led", "-", "+")]


with cases("a message is planned, sent, delivered; the record ends and its body is gone"):
    reset()
    nid, made = plan()
    equal(made, 1)
    got = claim("zalo_zbs")
    equal((got[0][0], got[0][1], got[0][2], got[0][5]), (nid, 0, 1, "sealed"), "claim")
    equal(outcome(nid, 0, "accepted", pid="z1", cost=300), "sent")
    equal(field(nid, "st"), "pending")
    equal(receipt(nid, 0, "delivered"), "delivered")
    equal((field(nid, "st"), field(nid, "b"), field(nid, "v0"), field(nid, "i0")), ("reached", None, "300", "z1"))
    equal(ledger(), [("zalo_zbs", "delivered")])
    equal(r("KEYS", T + "open:*"), [], "nothing is left open")
    equal([k for k in r("KEYS", T + "*") if k.split(":")[2] in ("w", "snd", "q", "pl")], [], "no timers are left")

with cases("planning twice changes nothing"):
    reset()
    nid, _ = plan()
    equal(plan(nid=nid)[1], 0)
    equal(r("ZCARD", T + "q:zalo_zbs:normal"), 1)

with cases("what can leave at once is taken by the plan; the rest, and what others must not take, waits in its lane"):
    reset()
    offer = lambda epoch: f"07 9 A sms:1:1:1;\n00 {epoch} A zalo_zbs:1:{NOW + 5000}:3;sms:2:{NOW + 5000}:4;\n"
    a, made = plan(ckey="c1", offer=offer(1))
    equal((made[0], made[1][:3], made[1][5], made[1][12]), ("zalo_zbs", [a, 0, 1], "sealed", 1), "taken")
    equal((field(a, "s0"), r("ZRANGE", T + "snd", 0, -1), r("KEYS", T + "q:*")), ("sending", [a + ":0"], []))
    equal(plan(ckey="c1", code="H27-2", offer=offer(1))[1], 1, "behind an earlier one")
    equal(plan(ckey="c2", offer=offer(2))[1], 1, "whose lease is another's")
    equal(plan(ckey="c3", offer=offer(1), dues=f"{NOW + 1},0")[1], 1, "not due yet")
    equal(plan(ckey="c4", offer=offer(1), expires=NOW - 1)[1], 1, "too late")
    equal(r("ZCARD", T + "q:zalo_zbs:normal"), 4, "in the lane")
    equal(outcome(a, 0, "accepted"), "sent")
    equal(plan(ckey="c5", offer=offer(1))[1], 1, "others wait before it")

with cases("what a plan took is given back when its answer was lost"):
    reset()
    nid, _ = plan(offer=f"00 1 A zalo_zbs:1:{NOW + 5000}:7;\n")
    equal([r.script("unclaim", [T + "led"], NOW, "zalo_zbs", "A", n) for n in (6, 7, 7)], [0, 1, 0])
    equal((field(nid, "s0"), claim("zalo_zbs")[0][2]), ("deferred", 1))

with cases("one call may work in several partitions"):
    reset()
    U = "loa:{p01}:"
    equal(r.script("lease_take", [U + "lease"], "A", 2000, 0), [1, 1], "lease")
    make = lambda nid: (nid, "c1", "H27-1", "{}", "sealed", "sms:60000:0;", "normal", NOW + HOUR, 0, "0,", "", 0, "20261123", "")
    ids = ["00" + "a" * 20, "01" + "b" * 20]
    made = r.script("plan", [T + "led"], NOW, 9, f"01 1 A sms:1:{NOW + 5000}:3;\n", *make(ids[0]), *make(ids[1]))
    equal((made[0], made[1][0], r("EXISTS", T + "n:" + ids[0], U + "n:" + ids[1])), (1, "sms", 2))
    claim("sms")
    done = [v for nid in ids for v in (nid, 0, 1, "accepted", "0", "", 5, 0, NOW + 9000, 0, "")]
    equal(r.script("outcome", [T + "led"], NOW, *done), ["sent", "sent"])
    got = [v for nid in ids for v in (nid, 0, "delivered", "", NOW, "", "")]
    equal(r.script("receipt", [U + "led"], NOW, *got), ["delivered", "delivered"])
    equal((r("XLEN", T + "led"), r("XLEN", U + "led")), (1, 1))
    stored = r.script("intake", [T + "in"], NOW, 2, T + "in", "H27-1", "", "c1", "x", U + "in", "H27-2", "", "c1", "y")
    equal((len(stored), r("XLEN", T + "in"), r("XLEN", U + "in"), r("EXISTS", U + "d:H27-2")), (2, 1, 1, 1))

with cases("full lanes refuse what is new, and know what is there"):
    reset()
    nid, made = plan(most=1)
    equal((made, plan(most=1)[1], plan(most=1, nid=nid)[1]), (1, -1, 0))

with cases("word of an earlier attempt: what arrived is not sent again"):
    reset()
    a, _ = plan(ckey="c1")
    b, _ = plan(ckey="c2", action=1)
    claim("zalo_zbs")
    outcome(a, 0, "again", again=NOW + 1000)
    outcome(b, 0, "unknown", wait=NOW + 1000)
    due(NOW + 1000, repeat=1)
    equal((receipt(a, 0, "delivered"), receipt(b, 0, "seen")), ("delivered", "seen"))
    equal(claim("zalo_zbs", now=NOW + 2000), [])

with cases("what waits to be repeated does not end as a definite no"):
    reset()
    nid, _ = plan(action=1)
    claim("zalo_zbs")
    outcome(nid, 0, "unknown", wait=NOW + 1000)
    due(NOW + 1000, repeat=1)
    equal(claim("zalo_zbs", now=NOW + 2 * HOUR), [])
    equal((field(nid, "s0"), ledger()), ("uncertain", [("zalo_zbs", "uncertain")]))

with cases("a claim whose answer was lost is given back, once, by who made it"):
    reset()
    nid, _ = plan()
    r.script("claim", [T + "lease"], 1, NOW, "zalo_zbs", 10, NOW + 5000, "send", "A", 7)
    r.script("recover", [T + "lease"], 1, NOW, NOW + 100, 10, 1, "", 0)
    unclaim = lambda who, serial: r.script("unclaim", [T + "led"], NOW, "zalo_zbs", who, serial)
    equal((unclaim("A", 8), unclaim("B", 7), unclaim("A", 7), unclaim("A", 7)), (0, 0, 1, 0))
    equal((field(nid, "s0"), field(nid, "a0")), ("deferred", "0"))
    equal(claim("zalo_zbs")[0][2], 1, "the first attempt still")

with cases("a refusal starts the next step at once, and counts"):
    reset()
    nid, _ = plan()
    claim("zalo_zbs")
    equal(outcome(nid, 0, "refused", code="zbs:-118", suppress="zalo_zbs=99"), "failed")
    equal(claim("sms")[0][0], nid)
    equal(r("HGET", T + "c:c1", "no"), "zalo_zbs=99;")
    equal(outcome(nid, 1, "accepted"), "sent")
    equal(receipt(nid, 1, "delivered"), "delivered")
    equal(ledger(), [("zalo_zbs", "failed"), ("sms", "delivered")])

with cases("who tells of a message hears whether another one may go now"):
    reset()
    a, _ = plan(code="H27-1")
    b, _ = plan(code="H27-2", steps="zalo_zbs:60000:0;")
    told = lambda nid, event: r.script("outcome", [T + "led"], NOW, nid, 0, 1, event, "0", "", 0, 0, NOW + 9, 0, "")[0]
    claim("zalo_zbs")
    equal(told(a, "accepted"), "sent+", "the citizen's next message on this channel")
    claim("zalo_zbs")
    equal(told(b, "accepted"), "sent", "nothing else")
    equal(r.script("receipt", [T + "led"], NOW, a, 0, "lost", "", NOW, "", "")[0], "failed+", "the next step")

with cases("a bounce after the sending leaves the address alone; one of an older attempt does not"):
    reset()
    nid, _ = plan(steps="email:60000:0;")
    claim("email")
    outcome(nid, 0, "accepted")
    equal(receipt(nid, 0, "lost", attempt=7, suppress=-1), "same")
    equal(r("HGET", T + "c:c1", "no"), None)
    equal(receipt(nid, 0, "lost", attempt=1, suppress=NOW + HOUR), "failed")
    equal(r("HGET", T + "c:c1", "no"), f"email={NOW + HOUR};")
    equal(receipt(nid, 0, "lost", attempt=1, suppress=-1), "same", "the bounce again, worse")
    equal(r("HGET", T + "c:c1", "no"), "email=-1;")

with cases("no receipt in time: the next step starts, a late receipt still counts and stops what has not left"):
    reset()
    nid, _ = plan()
    claim("zalo_zbs")
    outcome(nid, 0, "accepted", wait=NOW + 1000)
    equal(due(NOW + 500)[0], 0, "too early")
    equal(due(NOW + 1000)[0], 1)
    equal(field(nid, "s1"), "queued")
    equal(receipt(nid, 0, "delivered", now=NOW + 1500), "delivered")
    equal((field(nid, "s1"), field(nid, "c1"), field(nid, "st")), ("suppressed", "reached", "reached"))
    equal(claim("sms", now=NOW + 2000), [])

with cases("receipts before the answer, twice, and in the wrong order"):
    reset()
    nid, _ = plan()
    claim("zalo_zbs")
    equal(receipt(nid, 0, "seen"), "seen", "before the answer")
    equal(outcome(nid, 0, "accepted", pid="z9", cost=300), "", "the answer no longer moves it")
    equal((field(nid, "i0"), field(nid, "v0")), ("z9", "300"), "but its id and price are kept")
    equal(receipt(nid, 0, "delivered"), "same")
    equal(receipt(nid, 0, "seen"), "same")
    equal(ledger(), [("zalo_zbs", "seen")])

with cases("a failure report after delivery is ignored; delivery after a failure report counts"):
    reset()
    a, _ = plan(ckey="c1")
    b, _ = plan(ckey="c2")
    claim("zalo_zbs")
    outcome(a, 0, "accepted")
    outcome(b, 0, "accepted")
    receipt(a, 0, "delivered")
    equal(receipt(a, 0, "lost"), "same")
    equal(receipt(b, 0, "lost"), "failed")
    equal(field(b, "s1"), "queued", "fallback")
    equal(receipt(b, 0, "delivered"), "delivered")
    equal((field(b, "s1"), field(b, "st")), ("suppressed", "reached"))

with cases("a failure report of an older attempt does not touch the one under way"):
    reset()
    nid, _ = plan()
    claim("zalo_zbs")
    outcome(nid, 0, "again", again=NOW)
    equal(claim("zalo_zbs")[0][2], 2)
    equal(receipt(nid, 0, "lost", attempt=1), "same")
    equal(field(nid, "s0"), "sending")

with cases("a provider that can be asked is asked once before the waiting ends"):
    reset()
    nid, _ = plan()
    claim("zalo_zbs")
    outcome(nid, 0, "accepted", pid="z1", wait=NOW + 9000, poll=NOW + 3000)
    equal(due(NOW + 2999)[:2], [0, []], "too early")
    equal(due(NOW + 3000)[:2], [0, [[nid, "0", "zalo_zbs", "z1", "1"]]], "asked")
    equal(due(NOW + 8999)[:2], [0, []], "only once")
    equal((due(NOW + 9000)[:2], field(nid, "s1")), ([1, []], "queued"))

with cases("unknown, then a late answer"):
    reset()
    nid, _ = plan()
    claim("zalo_zbs")
    equal(outcome(nid, 0, "unknown", code="timeout", wait=NOW + 1000), "uncertain")
    equal(outcome(nid, 0, "accepted"), "sent", "an answer after all")

with cases("unknown: news goes to the next step, is listed"):
    reset()
    nid, _ = plan()
    claim("zalo_zbs")
    outcome(nid, 0, "unknown", wait=NOW + 1000)
    due(NOW + 1000)
    equal((field(nid, "s0"), field(nid, "s1")), ("uncertain", "queued"))
    equal(ledger(), [("zalo_zbs", "uncertain")])

with cases("unknown: an action notice repeats once with the same number, then gives up"):
    reset()
    nid, _ = plan(action=1)
    claim("zalo_zbs")
    outcome(nid, 0, "unknown", wait=NOW + 1000)
    due(NOW + 1000, repeat=1)
    got = claim("zalo_zbs", now=NOW + 1000)
    equal((got[0][2], got[0][3]), (1, 1), "attempt and repeat mark")
    outcome(nid, 0, "unknown", wait=NOW + 2000, now=NOW + 1000)
    due(NOW + 2000, repeat=1)
    equal((field(nid, "s0"), field(nid, "s1")), ("uncertain", "queued"))

with cases("unknown where the provider knows our reference: any message repeats"):
    reset()
    nid, _ = plan(steps="sms:60000:0;")
    claim("sms")
    outcome(nid, 0, "unknown", wait=NOW + 1000)
    due(NOW + 1000, safe="sms;")
    equal(claim("sms", now=NOW + 1000)[0][2], 1)

with cases("a new owner finds the attempts its predecessor left"):
    reset()
    nid, _ = plan()
    claim("zalo_zbs")
    equal(r.script("lease_drop", [T + "lease"], "A", 1), 1)
    equal(r.script("lease_take", [T + "lease"], "B", 2000, 0), [2, 1])
    equal(claim("zalo_zbs", epoch=1), "STALE", "the old owner is refused")
    equal(r.script("recover", [T + "lease"], 1, NOW, NOW + 100, 10, 1, "", NOW + 10), "STALE")
    equal(r.script("recover", [T + "lease"], 2, NOW, NOW + 100, 10, 1, "", NOW + 10), [1, 0])
    equal(field(nid, "s0"), "uncertain")

with cases("an expired message is not sent"):
    reset()
    nid, _ = plan(expires=NOW + 10)
    equal(claim("zalo_zbs", now=NOW + 11), [])
    equal((field(nid, "s0"), field(nid, "st")), ("expired", "unreached"))

with cases("messages of one citizen on one channel leave in order"):
    reset()
    a, _ = plan(code="H27-1")
    b, _ = plan(code="H27-2")
    equal([m[0] for m in claim("zalo_zbs")], [a])
    equal(claim("zalo_zbs"), [])
    outcome(a, 0, "accepted")
    equal([m[0] for m in claim("zalo_zbs")], [b])

with cases("a message does not overtake an earlier one that may still come down to its channel"):
    reset()
    a, _ = plan(code="H27-1")
    b, _ = plan(code="H27-2", steps="sms:60000:0;")
    equal(claim("sms"), [], "the earlier one is still with Zalo")
    claim("zalo_zbs")
    outcome(a, 0, "refused")
    equal([m[0] for m in claim("sms", now=NOW + 60)], [a])
    outcome(a, 1, "accepted")
    equal([m[0] for m in claim("sms", now=NOW + 120)], [b])

with cases("a retry holds back the next message of the same citizen, not of another one"):
    reset()
    a, _ = plan(code="H27-1")
    b, _ = plan(code="H27-2")
    c, _ = plan(ckey="c2", code="H27-3")
    claim("zalo_zbs", limit=1)
    outcome(a, 0, "again", again=NOW + 5000)
    equal([m[0] for m in claim("zalo_zbs")], [c])
    equal([m[0] for m in claim("zalo_zbs", now=NOW + 5000)], [a])
    outcome(a, 0, "accepted", attempt=2, now=NOW + 5000)
    equal([m[0] for m in claim("zalo_zbs", now=NOW + 5000)], [b])

with cases("newer news of the same dossier replaces what the older one still had in reserve"):
    reset()
    a, _ = plan(code="H27-1")
    claim("zalo_zbs")
    outcome(a, 0, "accepted", wait=NOW + 1000)
    b, _ = plan(code="H27-1")
    due(NOW + 1000)
    equal(field(a, "s1"), None, "the old SMS is never started")
    equal(field(b, "s0"), "queued")

with cases("quiet hours: the message is deferred and claimed in the morning"):
    reset()
    nid, _ = plan(steps="sms:60000:0;", dues=f"{NOW + HOUR}", expires=NOW + 2 * HOUR)
    equal(field(nid, "s0"), "deferred")
    equal(claim("sms"), [])
    equal(claim("sms", now=NOW + HOUR)[0][0], nid)

with cases("no consent: suppressed with the reason, the chain goes on beside it"):
    reset()
    nid, _ = plan(skips="0=no_consent;")
    equal((field(nid, "s0"), field(nid, "c0"), field(nid, "s1")), ("suppressed", "no_consent", "queued"))

with cases("the daily cap holds back what costs"):
    reset()
    plan(cap=1)
    nid, _ = plan(cap=1, steps="portal:0:1;sms:60000:0;")
    equal((field(nid, "s0"), field(nid, "s1"), field(nid, "c1")), ("delivered", "suppressed", "cap"))

with cases("the portal notice lies in the box at once; only reading it counts as reached"):
    reset()
    nid, _ = plan(steps="portal:0:1;")
    equal((field(nid, "s0"), field(nid, "st"), r("LLEN", T + "ib:c1")), ("delivered", "unreached", 1))
    equal(receipt(nid, 0, "seen"), "seen")
    equal(field(nid, "st"), "reached")

with cases("a blocked way: urgent messages take the next step, others wait"):
    reset()
    a, _ = plan(lane="urgent", ckey="c1")
    b, _ = plan(lane="normal", ckey="c2")
    equal(claim("zalo_zbs", mode="divert"), 1, "one was urgent")
    equal((field(a, "s0"), field(a, "s1"), field(b, "s0")), ("failed", "queued", "queued"))

with cases("urgent before normal before bulk"):
    reset()
    c, _ = plan(lane="bulk", ckey="c3")
    b, _ = plan(lane="normal", ckey="c2")
    a, _ = plan(lane="urgent", ckey="c1")
    equal([m[0] for m in claim("zalo_zbs")], [a, b, c])

with cases("a dead letter keeps its body, can be sent again, and is forgotten after a week"):
    reset()
    nid, _ = plan(steps="zalo_zbs:60000:0;")
    claim("zalo_zbs")
    outcome(nid, 0, "refused", code="zbs:-137")
    equal((field(nid, "st"), r("ZCARD", T + "dead"), field(nid, "b")), ("unreached", 1, "sealed"))
    equal(r.script("resend", [T + "led"], NOW, nid, NOW + HOUR), 1)
    equal(r("TTL", T + "n:" + nid), -1, "alive again")
    got = claim("zalo_zbs")[0]
    equal((got[2], got[12]), (2, 1), "a new attempt, the first try of a new round")
    outcome(nid, 0, "refused", attempt=2)
    due(NOW + 8 * 24 * HOUR)
    equal((r("ZCARD", T + "dead"), field(nid, "b")), (0, None))
    assert r("TTL", T + "n:" + nid) > 366 * 86400
    equal(r.script("resend", [T + "led"], NOW, nid, NOW + HOUR), 0)

with cases("an event is stored once, by id and by content"):
    reset()
    first = r.script("intake", [T + "in"], NOW, 2, T + "in", "H27-1", "id1", "c1", "sealed", T + "in", "H27-1", "id2", "c2", "sealed")
    again = r.script("intake", [T + "in"], NOW, 2, T + "in", "H27-1", "id1", "c9", "x", T + "in", "H27-1", "id9", "c2", "x")
    equal(again, ["dup:" + first[0], "dup:" + first[1]])
    equal(r("XLEN", T + "in"), 2)
    equal(r.script("intake", [T + "in"], NOW, 2, T + "in", "H27-1", "id3", "c3", "sealed"), ["full"], "the journal has its ceiling")

with cases("journal entries stay until they are committed"):
    taken = r.script("take_events", [T + "lease", T + "in"], 1, "-", 10)
    equal([(t[1], t[2]) for t in taken], [("H27-1", "sealed")] * 2)
    equal(r.script("dossier", [T + "lease", T + "in"], 1, taken[0][0], "H27-1", 2, NOW, "sum", "line", 100), 1)
    equal(r.script("dossier", [T + "lease", T + "in"], 1, taken[0][0], "H27-1", 2, NOW, "sum", "line", 100), 0, "a repeat")
    equal(r("XLEN", T + "in"), 1)
    equal(r.script("dossier", [T + "lease", T + "in"], 7, taken[1][0], "H27-1", 2, NOW, "", "line", 100), "STALE")

with cases("leases: renewed by the owner, refused to others, taken over only from the dead when asked so"):
    r("FLUSHALL")
    key = [T + "lease"]
    equal(r.script("lease_take", key, "A", 2000, 1), [0, 0], "free is not dead")
    equal(r.script("lease_take", key, "A", 2000, 0), [1, 1])
    equal(r.script("lease_take", key, "A", 2000, 0), [1, 0])
    equal(r.script("lease_take", key, "B", 2000, 0)[0], 0)
    r("HSET", key[0], "until", 1)
    equal(r.script("lease_take", key, "B", 2000, 1), [2, 1])

with cases("a server clock that was put back does not lock a partition"):
    r("HSET", key[0], "until", int(r("TIME")[0]) * 1000 + HOUR)
    equal(r.script("lease_take", key, "C", 2000, 1)[0], 0, "its owner has one lease left to speak")
    assert r.script("lease_take", key, "C", 2000, 1)[1] <= 2000

with cases("erasing: what waits is not sent, what is under way ends by itself and is counted, no body stays"):
    reset()
    a, _ = plan(code="H27-1")
    b, _ = plan(code="H27-2", steps="sms:60000:0;")
    claim("zalo_zbs")
    r.script("erase", [T + "c:c1"], "c1", NOW, "end", "")
    equal((field(a, "s0"), field(b, "s0"), field(a, "b"), field(b, "b")), ("sending", "suppressed", None, None))
    equal(outcome(a, 0, "again", again=NOW), "deferred")
    equal(claim("zalo_zbs"), [])
    equal((field(a, "s0"), field(a, "st"), r("ZCARD", T + "dead")), ("suppressed", "unreached", 0))

cases.end()
