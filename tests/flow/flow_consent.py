#!/usr/bin/env python3
"""What the citizen wants counts: the one-click link stops later and already queued mails, notices the law asks for still reach
the portal, erasure leaves nothing of the person in the store."""
import os
import time

from harness import Cases, equal, http, wait_for
from rig import Rig, event, post_events

cases = Cases()
os.environ["LOA_EMAIL_RATE"] = "4/s"  # so that mails wait in their queue
rig = Rig()
rig.start_loa()
key = rig.key()
loa = rig.url[0]
now = int(time.time() * 1000)
day = time.strftime("%y%m%d", time.localtime(now / 1000 - 86400))


def mails(address):
    return [m for m in http("GET", f"{rig.sim}/sim/messages?limit=1000")[1]["messages"]
            if m["provider"] == "smtp" and m["address"] == address]


def arrived(address):
    return [m for m in mails(address) if "text" in m]


def send(address, note, channels=("email",)):
    status, answer = http("POST", loa + "/v1/messages", {"to": "email:" + address, "template": "test", "params": {"note": note},
                                                        "channels": list(channels)}, key)
    equal(status, 202, str(answer))
    return answer["id"]


def states(nid):
    return {m["channel"]: m["state"] for m in http("GET", f"{loa}/v1/messages/{nid}", key=key)[1].get("messages", [])}


def reason(nid):
    return rig.store()("HGET", f"loa:{{p{nid[:2]}}}:n:{nid}", "c0")


def forget_cap(address):
    """So many messages a day would be too many for one citizen: not what is tested here."""
    store = rig.store()
    ckey = http("POST", loa + "/v1/citizens/find", {"identity": "email:" + address}, key)[1].get("key")
    for k in store("KEYS", f"*:c:{ckey or '*'}"):
        store("HDEL", k, "capday", "capn")


def everything(store):
    """Every key with its value, as text."""
    cursor = "0"
    while True:
        cursor, keys = store("SCAN", cursor, "COUNT", 1000)
        for k in keys:
            kind = store("TYPE", k)
            read = {"string": ("GET", k), "hash": ("HGETALL", k), "list": ("LRANGE", k, 0, -1), "set": ("SMEMBERS", k),
                    "zset": ("ZRANGE", k, 0, -1, "WITHSCORES"), "stream": ("XRANGE", k, "-", "+")}.get(kind)
            yield k + " " + (str(store(*read)) if read else "")
        if cursor == "0":
            return


def remains(store, *words):
    return sorted({(w, text.split(" ")[0]) for text in everything(store) for w in words if w in text})


with cases("an optional mail carries the one-click link, and the link opens a page that changes nothing"):
    send("lan@example.vn", "một")
    mail = wait_for("the mail", lambda: arrived("lan@example.vn"))[0]
    link = mail["detail"]["unsubscribe"]
    assert link.startswith(loa + "/u/") and link in mail["text"] and len(link) <= 100, link
    status, page = http("GET", link)
    equal(status, 200)
    assert 'lang="vi"' in page and "<button" in page and 'method="post"' in page and "piece" not in page, page
    assert "set-cookie" not in page.lower()
    send("lan@example.vn", "hai")
    wait_for("mail still comes", lambda: len(mails("lan@example.vn")) == 2)

with cases("a wrong token is 404, a POST that does not say what it wants changes nothing"):
    for token in ("abc", "A" * 44, link.rsplit("/", 1)[1][:-1] + "!", "A" * 5000):
        equal(http("GET", f"{loa}/u/{token}")[0] in (404, 414), True, token[:60])
    bad = link[:-20] + ("A" if link[-20] != "A" else "B") + link[-19:]
    equal((http("GET", bad)[0], http("POST", bad, b"List-Unsubscribe=One-Click")[0]), (404, 404))
    equal(http("POST", link, b"x=1")[0], 400)

with cases("one click: what is queued already is not sent, nor what comes later"):
    queued = []
    for n in range(24):
        forget_cap("lan@example.vn")
        queued.append(send("lan@example.vn", f"hàng đợi {n}"))
    count = len(mails("lan@example.vn"))
    pressed = http("POST", rig.sim + "/sim/act", {"act": "unsubscribe", "message": mail["seq"]})[1]
    equal(pressed["status"], 200, str(pressed))
    wait_for("all are decided", lambda: all(states(n).get("email") in ("sent", "delivered", "suppressed") for n in queued))
    stopped = sum(states(n)["email"] == "suppressed" and reason(n) == "opted_out" for n in queued)
    print(f"      of {len(queued)} queued mails {stopped} were stopped by the click", flush=True)
    assert stopped > 0
    equal(len(mails("lan@example.vn")), 2 + len(queued) - stopped)
    later = send("lan@example.vn", "ba")
    wait_for("suppressed", lambda: states(later).get("email") == "suppressed")
    equal((len(mails("lan@example.vn")), reason(later)), (2 + len(queued) - stopped, "opted_out"))
    equal(http("POST", link, b"List-Unsubscribe=One-Click")[0], 200, "again is harmless")

with cases("what the law asks for still lies in the portal; its mail to others offers no link"):
    code, other = f"H27.18.01-{day}-1001", f"H27.18.01-{day}-1002"
    post_events(loa, key, [event(code, 2, now - 60_000, Email="lan@example.vn", ChuHoSo="Lê Thị Lan", TenTTHC="Chứng thực"),
                           event(other, 2, now - 60_000, Email="binh@example.vn", ChuHoSo="Bình", TenTTHC="Chứng thực")])
    def told(c):
        timeline = http("GET", f"{loa}/v1/dossiers/{c}", key=key)[1].get("timeline", [])
        return {m["channel"]: m["state"] for t in timeline for m in t.get("notification", {}).get("messages", [])}
    wait_for("decided", lambda: told(code).get("email") == "suppressed")
    equal(told(code)["portal"], "delivered")
    got = wait_for("the other's mail", lambda: arrived("binh@example.vn"))[0]
    equal(got["detail"].get("unsubscribe"), None)
    assert "/u/" not in got["text"], got["text"]

with cases("consent comes back through the office"):
    equal(http("PUT", loa + "/v1/citizens", {"identity": "email:lan@example.vn", "email": "lan@example.vn",
                                             "consents": {"email": True}}, key)[0] in (200, 201), True)
    count = len(mails("lan@example.vn"))
    forget_cap("lan@example.vn")
    send("lan@example.vn", "bốn")
    wait_for("mail comes again", lambda: len(mails("lan@example.vn")) == count + 1)

with cases("erasure: queues and contacts are cleared, nothing of the person is left in the store"):
    person = {"identities": ["cccd:042199001234", "phone:0912345678"], "name": "Nguyễn Thị Cẩm Tú", "phone": "0912345678",
              "email": "camtu@example.vn"}
    status, answer = http("PUT", loa + "/v1/citizens", person, key)
    equal(status, 201)
    code = f"H27.18.01-{day}-1003"
    equal(post_events(loa, key, [event(code, 2, now - 60_000, SoDienThoai="0912345678", ChuHoSo="Nguyễn Thị Cẩm Tú",
                                       DinhDanhCHS={"LoaiDinhDanh": "1", "SoDinhDanh": "042199001234"}, Email="camtu@example.vn",
                                       TenTTHC="Chứng thực bản sao")])[1]["rejected"], [])
    wait_for("told", lambda: told(code))
    ids = []
    for n in range(16):
        forget_cap("camtu@example.vn")
        ids.append(http("POST", loa + "/v1/messages", {"to": "phone:0912345678", "template": "test", "params": {"note": f"riêng {n}"},
                                                       "channels": ["email"]}, key)[1]["id"])
    equal(http("DELETE", f"{loa}/v1/citizens/{answer['key']}", key=key)[0], 200)
    wait_for("nothing of theirs is queued", lambda: all(states(n).get("email") in ("sent", "delivered", "suppressed") for n in ids))
    assert any(reason(n) == "erased" for n in ids), [reason(n) for n in ids]
    equal(http("POST", loa + "/v1/citizens/find", {"identity": "phone:0912345678"}, key)[0], 404)
    store = rig.store()
    equal(remains(store, "0912345678", "84912345678", "912345678", "042199001234", "Cẩm Tú", "camtu@example.vn"), [])
    for n in ids:
        record = store.hgetall(f"loa:{{p{n[:2]}}}:n:{n}")
        assert "b" not in record, record
    equal(store("HEXISTS", f"loa:{{p{ids[0][:2]}}}:c:{answer['key']}", "s"), 0)

equal(rig.kill_loa(0, 15), 0)
cases.end()
