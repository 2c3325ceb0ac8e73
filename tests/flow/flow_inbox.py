#!/usr/bin/env python3
"""The portal inbox from outside: live, resumed without a gap or told to reload, closed to everybody else, the same from every
process; and the page that shows it."""
import base64
import hashlib
import hmac
import json
import re
import signal
import time
import urllib.request

from harness import Cases, equal, http, wait_for
from rig import Rig, event, post_events
from websocket import BINARY, TEXT, Closed, Refused, WebSocket

PORTAL = "https://dichvucong.example.vn"
cases = Cases()
rig = Rig(processes=2, extra=f"allowed_origins = {PORTAL}, https://khac.example.vn\n")
rig.start_loa(0)
key = rig.key()
rig.start_loa(1)
now = int(time.time() * 1000)
day = time.strftime("%y%m%d", time.gmtime(now / 1000 - 86400))
serial = 2000


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(subject, life_s=600, alg="HS256", secret=None, **claims):
    claims = {"sub": subject, "exp": int(time.time()) + life_s, **claims}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": alg, "typ": "JWT"}, claims))
    mac = hmac.new((secret or rig.secret["jwt"] * 3).encode(), signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64url(mac)


def tell(phone, url=0, n=1):
    """News of n new dossiers of one citizen; their codes."""
    global serial
    codes = []
    for _ in range(n):
        serial += 1
        codes.append(f"H27.18.01-{day}-{serial:04d}")
    batch = [event(c, 2, now - 60_000, SoDienThoai=phone, TenTTHC="Chứng thực", ChuHoSo="Lê Na") for c in codes]
    code, answer = post_events(rig.url[url], key, batch)
    equal((code, answer.get("accepted")), (202, n), f"accepted: {answer}")
    return codes


def connect(process=0, **headers):
    return WebSocket(rig.ports[process], "/inbox", {k.replace("_", "-"): v for k, v in headers.items()})


def hello(subject, epoch="", offset=0, process=0, tok=None):
    """An open socket, and the first answer."""
    ws = connect(process)
    ws.send({"type": "hello", "token": tok or token(subject), "epoch": epoch, "offset": offset})
    return ws, ws.receive()


def notices(ws, n):
    got = [ws.receive() for _ in range(n)]
    equal([m["type"] for m in got], ["notice"] * n, f"{got}")
    return got


def listing(subject, query="", process=0):
    return http("GET", rig.url[process] + "/inbox/notices" + query, key=token(subject))


def refused_hello(tok):
    with connect() as ws:
        ws.send({"type": "hello", "token": tok, "epoch": "", "offset": 0})
        m = ws.receive()
        equal((m["type"], m["code"]), ("error", "bad_session"))
        equal(ws.closed(), 1008)


store = rig.store()
ANH, BINH = "phone:84912345671", "phone:84912345672"

with cases("a fresh page of somebody never told anything: ready, and nothing"):
    ws, first = hello(ANH)
    equal((first["type"], first["offset"]), ("ready", 0))
    assert first["epoch"], first
    assert ws.quiet()

with cases("news arrives within a second of the event"):
    began = time.monotonic()
    code = tell("0912345671")[0]
    m = notices(ws, 1)[0]
    took = time.monotonic() - began
    equal((m["offset"], m["code"], m["read"]), (1, code, False))
    assert m["title"] and m["body"] and m["at"], m
    assert all(b["title"] and b["url"] for b in m.get("buttons", [])), m
    assert took < 1, f"{took:.2f} s"

with cases("a fresh page gets what there is; the list says the same"):
    two, again = hello(ANH)
    equal((again["epoch"], again["offset"]), (first["epoch"], 1))
    equal(notices(two, 1)[0]["id"], m["id"])
    status, page = listing(ANH)
    equal((status, page["epoch"], page["offset"], [i["id"] for i in page["items"]]), (200, first["epoch"], 1, [m["id"]]))

with cases("two windows of one citizen get each notice once; another citizen gets nothing"):
    other, _ = hello(BINH)
    tell("0912 345 671", n=3)
    equal([x["offset"] for x in notices(ws, 3)], [2, 3, 4])
    equal([x["offset"] for x in notices(two, 3)], [2, 3, 4])
    assert other.quiet() and ws.quiet(0.1) and two.quiet(0.1)

with cases("back after a break: exactly what was missed, in order"):
    ws.drop()
    codes = tell("0912345671", n=4)
    equal([x["offset"] for x in notices(two, 4)], [5, 6, 7, 8])
    ws, back = hello(ANH, first["epoch"], 4)
    equal((back["type"], back["offset"]), ("ready", 8))
    got = notices(ws, 4)
    equal([x["offset"] for x in got], [5, 6, 7, 8])
    equal(sorted(x["code"] for x in got), sorted(codes))
    assert ws.quiet(0.2)

with cases("more was missed than fits into one answer"):
    tell("0912345672", n=130)
    equal([x["offset"] for x in notices(other, 130)], list(range(1, 131)), "live")
    late, ready = hello(BINH, listing(BINH)[1]["epoch"], 3)
    equal([x["offset"] for x in notices(late, 127)], list(range(4, 131)), "resumed")
    assert late.quiet(0.2)
    late.drop()

with cases("the list pages forward and back"):
    page = listing(BINH)[1]
    equal([i["offset"] for i in page["items"]], list(range(81, 131)), "the newest, oldest of them first")
    page = listing(BINH, "?before=81&limit=30")[1]
    equal([i["offset"] for i in page["items"]], list(range(51, 81)), "before")
    page = listing(BINH, "?after=100&limit=20")[1]
    equal([i["offset"] for i in page["items"]], list(range(101, 121)), "after")
    page = http("GET", rig.url[0] + page["links"]["next"], key=token(BINH))[1]
    equal([i["offset"] for i in page["items"]], list(range(121, 131)), "next")
    equal(listing(BINH, "?after=-5&limit=99999999999999999999&before=x")[0], 200, "nonsense")

with cases("another epoch, an offset from the future: an explicit reload, then live again"):
    last = 8
    for label, epoch, offset in (("epoch", "0" * 16, 3), ("future", first["epoch"], 99), ("huge", first["epoch"], 2**53 - 1),
                                 ("negative", first["epoch"], -1)):
        lost, answer = hello(ANH, epoch, offset)
        equal((answer["type"], answer["epoch"], answer["offset"]), ("reload", first["epoch"], last), label)
        code = tell("0912345671")[0]
        last += 1
        for w in (lost, ws, two):
            equal([(x["offset"], x["code"]) for x in notices(w, 1)], [(last, code)], label)
        lost.drop()

with cases("what was missed is trimmed away: an explicit reload; not so far: what was missed"):
    box = min(store("KEYS", "loa:*:ib:*"), key=lambda k: store("LLEN", k))
    store("LTRIM", box, -2, -1)
    lost, answer = hello(ANH, first["epoch"], 3)
    equal(answer["type"], "reload", "trimmed")
    lost.drop()
    fine, answer = hello(ANH, first["epoch"], last - 2)
    equal(answer["type"], "ready", "not trimmed so far")
    equal([x["offset"] for x in notices(fine, 2)], [last - 1, last])
    fine.drop()

with cases("opened: the message is seen, the notification reached, the other window told"):
    code = tell("0912345671")[0]
    m = notices(ws, 1)[0]
    notices(two, 1)
    ws.send({"type": "read", "id": m["id"]})
    equal(two.receive(), {"type": "read", "id": m["id"]})
    equal(ws.receive(), {"type": "read", "id": m["id"]})
    notification = http("GET", f"{rig.url[0]}/v1/dossiers/{code}", key=key)[1]["timeline"][-1]["notification"]
    equal(notification["state"], "reached")
    equal([x["state"] for x in notification["messages"] if x["channel"] == "portal"], ["seen"])
    equal([i["read"] for i in listing(ANH)[1]["items"]][-1], True)
    ws.send({"type": "read", "id": m["id"]}), ws.receive(), two.receive()

with cases("nobody marks what is not his, or not the portal's"):
    before = listing(ANH)[1]["items"]
    unread = next(i for i in before if not i["read"])
    other.send({"type": "read", "id": unread["id"]})
    nid, step = re.match(r"(.+)s(\d)t\d+$", unread["id"]).groups()
    for bad in (f"{nid}s{(int(step) + 1) % 10}t01", f"{nid}s9t01", "x", "", "0" * 500, None, 7, {"a": 1}):
        ws.send({"type": "read", "id": bad})
    assert ws.quiet() and other.quiet()
    equal(listing(ANH)[1]["items"], before)

with cases("forged, expired, unsigned, too long, of another kind, too far ahead: refused with a sentence, and closed"):
    signed = token(ANH)
    head, claims, mac = signed.split(".")
    for bad in ("", "x", "a.b.c", token(ANH, secret="0" * 32), token(ANH, life_s=-60), token(ANH, life_s=7200), token(ANH, alg="none"),
                token(ANH, alg="RS256"), f"{base64url(json.dumps({'alg': 'none'}).encode())}.{claims}.", f"{head}.{claims}.",
                token(ANH, pad="a" * 2100), token("email:a@example.vn"), token("admin"), signed[:-2], signed + "A"):
        refused_hello(bad)
        equal(http("GET", rig.url[0] + "/inbox/notices", key=bad or "x")[0], 401)
    equal(http("GET", rig.url[0] + "/inbox/notices")[0], 401)

with cases("a socket lives no longer than its token"):
    ending, answer = hello(ANH, tok=token(ANH, life_s=-28))  # the clock may be half a minute off
    equal(answer["type"], "ready")
    try:
        while True:
            answer = ending.receive()
            if answer["type"] == "error":
                equal(answer["code"], "session_expired")
    except Closed as e:
        equal(e.code, 1008)
    equal(answer["type"], "error")

with cases("nothing said for ten seconds, or something before hello: closed"):
    with connect() as silent, connect() as early:
        began = time.monotonic()
        early.send({"type": "read", "id": "x"})
        equal(silent.receive(15)["code"], "no_hello")
        equal(silent.closed(), 1008)
        equal(early.closed(), 1008, "a read before hello is no hello")
        assert 9 < time.monotonic() - began < 14

with cases("garbage is answered or cut, and disturbs nobody"):
    for send in (lambda w: w.send("not json"), lambda w: w.send("[]"), lambda w: w.send("{}"), lambda w: w.frame(BINARY, b"\0" * 20),
                 lambda w: w.send({"type": "hello"}), lambda w: w.send({"type": "hello", "token": 5, "offset": "x", "epoch": []}),
                 lambda w: w.send({"type": "hello", "token": "a" * 3000}), lambda w: w.frame(TEXT, b"{" * 4000),
                 lambda w: w.frame(TEXT, b"a" * 5000), lambda w: w.frame(TEXT, b"\xff\xfe{}"), lambda w: w.frame(3, b"x"),
                 lambda w: w.raw(b"\xff" * 50), lambda w: w.frame(TEXT, b"{}", mask=False)):
        with connect() as bad:
            send(bad)
            try:
                while True:
                    equal(bad.receive()["type"], "error")
            except Closed:
                pass
    twice, _ = hello(ANH)
    twice.send({"type": "hello", "token": token(ANH), "epoch": "", "offset": 0})
    equal(twice.closed(), 1008)
    flood = connect()
    for _ in range(3):  # two hellos before the first was answered
        flood.send({"type": "hello", "token": token(ANH), "epoch": "", "offset": 0})
    flood.closed()
    code = tell("0912345671")[0]
    equal(notices(ws, 1)[0]["code"], code)
    notices(two, 1)

with cases("pages of other origins are refused; ours, the portal's and programs are not"):
    for origin in ("https://evil.example", PORTAL + ".evil.example", "https://dichvucong.example", "null", ""):
        try:
            connect(Origin=origin).drop()
            raise AssertionError(f"let in: {origin!r}")
        except Refused as e:
            equal(e.status, 403, origin)
    for origin in (PORTAL, "https://khac.example.vn", rig.url[0]):
        connect(Origin=origin).drop()

with cases("news planned by one process arrives on the socket of the other"):
    far, answer = hello(ANH, process=1)
    while not far.quiet(0.3):
        pass
    for process in (0, 1, 0, 1):
        code = tell("0912345671", url=process)[0]
        for w in (far, ws, two):
            equal(notices(w, 1)[0]["code"], code)

with cases("Redis dies and comes back: nothing is lost, sockets that stayed open go on"):
    place = listing(ANH)[1]
    rig.kill_redis()
    rig.restart_redis()
    wait_for("ready again", lambda: all(http("GET", u + "/readyz")[0] == 200 for u in rig.url))
    code = tell("0912345671")[0]
    for w, process in ((ws, 0), (two, 0), (far, 1)):
        try:
            equal(notices(w, 1)[0]["code"], code)
        except Closed as e:
            equal(e.code, 1013, "a socket that is given up is told to come again")
            w = hello(ANH, place["epoch"], place["offset"], process)[0]
            equal(notices(w, 1)[0]["code"], code)
    ws.drop(), two.drop(), far.drop()
    store = rig.store()

with cases("a killed process: the other one goes on, with epoch and offset"):
    ws, answer = hello(ANH, place["epoch"], place["offset"])
    offset = notices(ws, 1)[0]["offset"]
    rig.kill_loa(0, signal.SIGKILL)
    equal(ws.closed(), 0)
    code = tell("0912345671", url=1)[0]
    far, answer = hello(ANH, place["epoch"], offset, process=1)
    equal(answer["type"], "ready")
    equal(notices(far, 1)[0]["code"], code)
    far.drop()
    rig.start_loa(0)

with cases("one inbox for all identities of a citizen"):
    equal(http("PUT", rig.url[0] + "/v1/citizens", {"identities": ["cccd:042085000777", "phone:0912345677"], "name": "Hà",
                                                    "phone": "0912345677"}, key)[0], 201)
    a, b = hello("cccd:042085000777")[0], hello("phone:0912345677", process=1)[0]
    code = tell("0912345677")[0]
    equal([notices(w, 1)[0]["code"] for w in (a, b)], [code, code])
    b.drop()

with cases("erasure empties the box, also on the open page"):
    ckey = http("POST", rig.url[0] + "/v1/citizens/find", {"identity": "cccd:042085000777"}, key)[1]["key"]
    assert http("DELETE", rig.url[0] + "/v1/citizens/" + ckey, key=key)[0] in (200, 202, 204)
    m = a.receive()
    equal((m["type"], m["offset"]), ("reload", 0))
    equal(listing("cccd:042085000777")[1]["items"], [])
    equal(http("PUT", rig.url[0] + "/v1/citizens", {"identities": ["cccd:042085000777", "phone:0912345677"], "name": "Hà",
                                                    "phone": "0912345677"}, key)[0], 201)
    code = tell("0912345677")[0]
    m = notices(a, 1)[0]
    equal((m["offset"], m["code"]), (1, code), "and goes on from there")
    a.drop()

with cases("the page: complete, strict about what it may load, framed by the portal only, read again on SIGHUP"):
    with urllib.request.urlopen(rig.url[0] + "/portal/inbox") as answer:
        text, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert '<html lang="vi">' in text and "<script>" not in text and "<style" not in text
    for name in re.findall(r'(?:src|href)="(inbox/[^"]+)"', text):
        equal(http("GET", rig.url[0] + "/portal/" + name)[0], 200, name)
    for part in ("default-src 'none'", "script-src 'self'", "base-uri 'none'",
                 f"frame-ancestors 'self' {PORTAL} https://khac.example.vn",
                 f"connect-src 'self' ws://127.0.0.1:{rig.ports[0]};"):
        assert part in policy, f"{part} in {policy}"
    assert "unsafe" not in policy
    equal(http("GET", rig.url[0] + "/portal/inbox/..%2fsim%2findex.html")[0], 404)
    rig.loa[0].send_signal(signal.SIGHUP)
    equal(http("GET", rig.url[0] + "/portal/inbox/inbox.js")[0], 200)

with cases("everything ends cleanly"):
    equal([rig.kill_loa(i, signal.SIGTERM) for i in (0, 1)], [0, 0])

cases.end()
