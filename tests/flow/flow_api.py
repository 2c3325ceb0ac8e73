#!/usr/bin/env python3
"""The public interface from outside: every kind of bad input gets its own clear answer and disturbs nothing else; repeats are
harmless; the store going away, full or read-only is answered 503 and heals by itself."""
import json
import os
import signal
import socket
import time

from harness import Cases, Redis, equal, http, wait_for
from rig import Rig, event, post_events

cases = Cases()
rig = Rig()
rig.start_loa()
key = rig.key()
loa = rig.url[0]
now = int(time.time() * 1000)
day = time.strftime("%y%m%d", time.gmtime(now / 1000 - 86400))
serial = 1000


def code():
    global serial
    serial += 1
    return f"H27.18.01-{day}-{serial:04d}"


def one(**change):
    """A good event, with changes in its data; a None removes the field."""
    c = change.pop("MaHoSo", code())
    e = event(c, change.pop("TrangThaiHoSo", 2), now - 60_000, SoDienThoai="0912345671", TenTTHC="Chứng thực", ChuHoSo="Lê Na")
    for k, v in change.items():
        if v is None:
            e["data"].pop(k, None)
        else:
            e["data"][k] = v
    return e


def rejected(e):
    status, answer = post_events(loa, key, [e])
    equal(status, 202, f"a batch is answered per item: {answer}")
    equal(len(answer["rejected"]), 1, f"rejected: {answer}")
    return answer["rejected"][0]


def first_error(r):
    return r["errors"][0]


with cases("health, readiness, metrics"):
    equal(http("GET", loa + "/healthz"), (200, {"status": "ok"}))
    equal(http("GET", loa + "/readyz")[1]["status"], "ready")
    status, text = http("GET", loa + "/metrics")
    equal(status, 200)
    assert "loa_" in text, text[:200]

with cases("no key, wrong key, wrong scope"):
    equal(http("POST", loa + "/v1/dossier-events", [])[0], 401)
    equal(http("POST", loa + "/v1/dossier-events", [], "loa_wrong")[0], 401)
    reports = rig.key("reports", "reports-only")
    status, answer = http("POST", loa + "/v1/dossier-events", [], reports)
    equal((status, answer["code"]), (403, "forbidden"))
    assert answer["trace_id"] and answer["detail_vi"], answer

with cases("one structured event"):
    e = one()
    status, answer = http("POST", loa + "/v1/dossier-events", e, key, {"Content-Type": "application/cloudevents+json"})
    equal((status, answer["accepted"], answer["duplicates"], answer["rejected"]), (202, 1, 0, []), str(answer))

with cases("the same event again is a duplicate, also with another id"):
    equal(http("POST", loa + "/v1/dossier-events", e, key, {"Content-Type": "application/cloudevents+json"})[1]["duplicates"], 1)
    e2 = dict(e, id="another")
    equal(post_events(loa, key, [e2])[1]["duplicates"], 1)

with cases("binary mode"):
    d = one()
    status, answer = http("POST", loa + "/v1/dossier-events", d["data"], key,
                          {"Content-Type": "application/json", "ce-specversion": "1.0", "ce-type": "vn.dossier.status",
                           "ce-source": d["source"], "ce-id": d["id"], "ce-subject": d["subject"], "ce-time": d["time"]})
    equal((status, answer["accepted"]), (202, 1), str(answer))

with cases("bad code, wrong status, wrong date, wrong type: each names its field, in two languages"):
    for change, pointer in (({"MaHoSo": "H27-000000-0000"}, "MaHoSo"), ({"TrangThaiHoSo": 77}, "TrangThai"),
                            ({"ThoiDiemXuLy": "20260230120000"}, "ThoiDiemXuLy"), ({"NgayHenTra": "hôm nay"}, "NgayHenTra"),
                            ({"SoDienThoai": {"a": 1}}, "SoDienThoai")):
        err = first_error(rejected(one(**change)))
        assert pointer in err["pointer"] and err["detail"] and err["detail_vi"] and err["code"], (change, err)

with cases("subject and MaHoSo contradict each other"):
    e = one()
    e["subject"] = code()
    assert rejected(e)["errors"], "rejected with a reason"

with cases("10,000 items with 3 bad ones: the neighbours are accepted"):
    batch = []
    for n in range(10_000):
        batch.append(event(f"H27.19.{n // 9000 + 1:02d}-{day}-{n % 9000 + 1000:04d}", 4, now - 60_000, SoDienThoai="0912345671"))
    for n in (17, 5000, 9999):
        batch[n]["data"]["MaHoSo"] = batch[n]["subject"] = "sai-ma"
    started = time.monotonic()
    status, answer = post_events(loa, key, batch, timeout=60)
    equal((status, answer["accepted"], len(answer["rejected"])), (202, 9997, 3), str(answer)[:300])
    print(f"      10,000 events accepted durably in {time.monotonic() - started:.1f} s")

with cases("not JSON, broken UTF-8, too deep, empty, an array of nonsense"):
    for body in (b"{", b'{"a":"\xff\xfe"}', b"[" * 500 + b"]" * 500, b"", b"42", b'"x"'):
        status, answer = http("POST", loa + "/v1/dossier-events", body, key, {"Content-Type": "application/cloudevents-batch+json"})
        assert status == 400 and answer["code"] and answer["detail_vi"], (body[:20], status, answer)
    equal(post_events(loa, key, [1, None, "x", {}])[1]["accepted"], 0)

with cases("a body over the limit of its route is refused as soon as its size is known"):
    equal(http("POST", loa + "/v1/messages", b"x" * 5_000_000, key)[0], 413)

with cases("unknown path and wrong method"):
    equal(http("GET", loa + "/v1/nothing", key=key)[0], 404)
    equal(http("DELETE", loa + "/v1/dossier-events", key=key)[0], 405)

with cases("Idempotency-Key: same body is harmless, another body is 422"):
    body = {"to": "phone:0912345671", "template": "test", "params": {"note": "xin chào"}}
    first = http("POST", loa + "/v1/messages", body, key, {"Idempotency-Key": "k1"})
    again = http("POST", loa + "/v1/messages", body, key, {"Idempotency-Key": "k1"})
    equal((first[0], again[0], first[1]["id"] == again[1]["id"]), (202, 202, True), str(first))
    other = dict(body, to="phone:0912345672")
    equal(http("POST", loa + "/v1/messages", other, key, {"Idempotency-Key": "k1"})[0], 422)
    story = wait_for("the message has a life", lambda: http("GET", f"{loa}/v1/messages/{first[1]['id']}", key=key)[1].get("messages"))
    assert all(m["state_vi"] for m in story), story

with cases("a message with faults lists all of them"):
    status, answer = http("POST", loa + "/v1/messages", {"to": "fax:1", "template": "nope", "channels": ["pigeon"]}, key)
    equal((status, sorted(e["pointer"] for e in answer["errors"])), (400, ["/channels", "/template", "/to"]))

with cases("the sync bodies of the province system, both envelopes, answered in kind"):
    data = one()["data"]
    status, answer = http("POST", loa + "/sync/DongBoHoSoMC", {"session": "x", "madonvi": "H27.18", "service": "DongBoHoSoMC",
                                                              "isUpdating": "False", "data": [data]}, key)
    equal((status, answer["error_code"]), (200, "0"), str(answer))
    step = {"MaHoSo": data["MaHoSo"], "NguoiXuLy": "Lê Văn A", "ThoiDiemXuLy": time.strftime("%Y%m%d%H%M%S", time.gmtime(now / 1000 + 7 * 3600)),
            "PhongBanXuLy": "Tư pháp", "NoiDungXuLy": "Đang thẩm định", "TrangThai": "4"}
    status, answer = http("POST", loa + "/sync/CapNhatTienDoHoSoMC?MaDinhDanhDV=H27.18&isUpdating=True", [step], key)
    equal(status, 200, str(answer))
    seen = wait_for("the step has found its dossier", lambda: [t for t in http("GET", f"{loa}/v1/dossiers/{data['MaHoSo']}", key=key)[1].get("timeline", [])
                                                               if t["TrangThai"] == 4])
    equal(len(seen), 1)

with cases("a dossier's story; an unknown dossier; no dossier at all"):
    c = code()
    post_events(loa, key, [event(c, 2, now - 60_000, SoDienThoai="0912345671", TenTTHC="Chứng thực", ChuHoSo="Lê Na")])
    def told():
        d = http("GET", f"{loa}/v1/dossiers/{c}", key=key)[1]
        ms = [m for t in d.get("timeline", []) for m in t.get("notification", {}).get("messages", [])]
        return ms if any(m["channel"] == "zalo" and m["state"] in ("delivered", "seen") for m in ms) else None
    for m in wait_for("delivered by Zalo", told):
        assert m["state_vi"] and m["story"], m
    equal(http("GET", f"{loa}/v1/dossiers/H27.99-{day}-9999", key=key)[0], 404)
    equal(http("GET", f"{loa}/v1/dossiers/abc", key=key)[0], 400)

with cases("events out of order: the newest stands, the old one is kept and not pushed"):
    c = code()
    post_events(loa, key, [event(c, 9, now - 60_000, SoDienThoai="0912345675", ChuHoSo="A", TenTTHC="B")])
    wait_for("the newer one is in", lambda: http("GET", f"{loa}/v1/dossiers/{c}", key=key)[1].get("TrangThai") == 9)
    post_events(loa, key, [event(c, 2, now - 120_000, SoDienThoai="0912345675", ChuHoSo="A", TenTTHC="B")])
    d = wait_for("both are in the timeline", lambda: (lambda d: d if len(d["timeline"]) == 2 else None)(http("GET", f"{loa}/v1/dossiers/{c}", key=key)[1]))
    equal((d["TrangThai"], d["timeline"][0]["TrangThai"], "notification" in d["timeline"][0]), (9, 2, False))

with cases("webhooks: wrong signature and wrong token are refused, probes are answered"):
    equal(http("POST", loa + "/webhooks/zalo", {"event_name": "follow", "app_id": "1"}, headers={"x-zevent-signature": "mac=" + "0" * 64})[0], 403)
    equal(http("POST", loa + "/webhooks/zalo", b"{}")[0], 200)
    equal(http("GET", loa + "/webhooks/zalo")[0], 200)
    equal(http("GET", loa + "/webhooks/sms/esms/wrong?SMSID=1")[0], 404)
    equal(http("POST", loa + "/webhooks/email/wrong", b"x")[0], 404)

with cases("the feed gives every outcome once, in pages"):
    after, ids = "0", []
    for _ in range(1000):
        page = http("GET", f"{loa}/v1/feed?after={after}&limit=7", key=key)[1]
        ids += [i["id"] for i in page["items"]]
        after = page["seq"]
        if not page["more"]:
            break
    assert len(ids) == len(set(ids)) and ids, len(ids)
    equal(http("GET", f"{loa}/v1/feed?after=garbage", key=key)[0], 400)

with cases("Redis away: 503 with Retry-After, then it heals and nothing acknowledged is lost"):
    rig.kill_redis()
    e = one()
    wait_for("503", lambda: post_events(loa, key, [e])[0] == 503)
    equal(http("GET", loa + "/readyz")[0], 503)
    equal(http("GET", loa + "/healthz")[0], 200)
    rig.restart_redis()
    wait_for("accepted again", lambda: post_events(loa, key, [e])[0] == 202)
    wait_for("and worked on", lambda: http("GET", f"{loa}/v1/dossiers/{e['subject']}", key=key)[0] == 200 and
             http("GET", f"{loa}/v1/dossiers/{e['subject']}", key=key)[1]["timeline"])

with cases("Redis full: 503, heals when there is room"):
    store = rig.store()
    store("CONFIG", "SET", "maxmemory", "1mb")
    wait_for("503", lambda: post_events(loa, key, [one()])[0] == 503)
    store("CONFIG", "SET", "maxmemory", "0")
    wait_for("202", lambda: post_events(loa, key, [one()])[0] == 202)

with cases("Redis read-only: 503, heals"):
    store = rig.store()
    store("CONFIG", "SET", "min-replicas-to-write", "1")
    wait_for("503", lambda: post_events(loa, key, [one()])[0] == 503)
    store("CONFIG", "SET", "min-replicas-to-write", "0")
    wait_for("202", lambda: post_events(loa, key, [one()])[0] == 202)

with cases("half-open and slow clients cost nothing else"):
    idle = [socket.create_connection(("127.0.0.1", rig.ports[0])) for _ in range(200)]
    for s in idle[:100]:
        s.sendall(b"POST /v1/dossier-events HTTP/1.1\r\nHost: x\r\nContent-Le")
    equal(post_events(loa, key, [one()])[0], 202)
    for s in idle:
        s.close()

with cases("no secret, no phone number, no message text in the log"):
    log = (rig.dir / "loa0.log").read_text(errors="replace")
    for what in ("0912345671", "84912345671", "Chứng thực", "Lê Na", key, *rig.secret.values()):
        assert what not in log, what

with cases("SIGTERM: finishes and exits 0"):
    equal(rig.kill_loa(0, signal.SIGTERM), 0)

cases.end()
