#!/usr/bin/env python3
"""What stands beside the conversations at the desk: roster with swaps, reminders and attendance, suggestions, dossiers that were
named, canned replies, entries of the FAQ written by officers; in two loa processes, with Redis killed in between."""
import json
import time

from desk_client import Citizen, Officer, fresh_id
from harness import Cases, equal, http, wait_for
from rig import Rig, event, post_events
from staff_client import add_staff

cases = Cases()
HOUR, DAY = 3600_000, 86400_000


def always_open(templates):
    (templates / "policy/hours.ini").write_text("[rules]\nintake_until = 15:00\n[default]\nmon-sun = 00:00-24:00\n")
    (templates / "policy/calendar.tsv").write_text("2020-01-01\trest\tTết\tthử\n")


rig = Rig(processes=2, edit=always_open)
rig.start_loa(0)
key = rig.key()
rig.start_loa(1)
store = rig.store()
config = rig.config(0)
for login, name, roles, desks in (("an", "Trần An", "officer", "mot-cua"), ("binh", "Lê Bình", "officer", "mot-cua"),
                                  ("lan", "Nguyễn Lan", "officer,lead", "truong-ca"), ("em", "Bùi Em", "editor", "")):
    add_staff(config, login, name, roles, desks)
an, binh, lan, em = Officer(rig, "an", 0), Officer(rig, "binh", 1), Officer(rig, "lan", 1), Officer(rig, "em", 0)

now = int(time.time() * 1000)
local_day = (now + 7 * HOUR) // DAY
monday = local_day - (local_day + 3) % 7  # 1970-01-01 was a Thursday


def week(n=0):
    return time.strftime("%Y-%m-%d", time.gmtime((monday + 7 * n) * 86400))


def at(day, hour, n=0):
    """ms of a local hour of a weekday, 0 Monday, n weeks from now."""
    return (monday + 7 * n + day) * DAY - 7 * HOUR + int(hour * HOUR)


def shifts(officer=None, n=0, desk="mot-cua"):
    return (officer or an).ok("roster_get", desk=desk, week=week(n))["shifts"]


def put(login, name, day, frm, to, n=1, desk="mot-cua", **more):
    return lan.ok("shift_put", desk=desk, week=week(n), shift="", login=login, name=name, **{"from": at(day, frm, n), "to": at(day, to, n)},
                  **more)["shift"]


# ---- roster ----

with cases("a lead writes shifts, everybody sees them, officers write none"):
    equal(an.refused("shift_put", desk="mot-cua", week=week(1), shift="", login="an", name="An", **{"from": 1, "to": 2}), "forbidden")
    mid = fresh_id()
    first = put("an", "Trần An", 0, 7.5, 11.5, mid=mid)
    equal(put("an", "Trần An", 0, 7.5, 11.5, mid=mid), first)
    second = put("binh", "Lê Bình", 0, 13.5, 17)
    third = put("binh", "Lê Bình", 2, 7.5, 11.5)
    got = shifts(n=1)
    equal([(s["login"], s["name"], s["from"], s["to"]) for s in got],
          [("an", "Trần An", at(0, 7.5, 1), at(0, 11.5, 1)), ("binh", "Lê Bình", at(0, 13.5, 1), at(0, 17, 1)),
           ("binh", "Lê Bình", at(2, 7.5, 1), at(2, 11.5, 1))])
    equal([m for m in an.heard if m["type"] == "roster"][-1]["week"], week(1))

with cases("nobody is on duty twice, at no desk; a shift lies in its week and is no longer than a day"):
    for desk, day, frm, to, n, code in (("mot-cua", 0, 11, 12, 1, "conflict"), ("truong-ca", 0, 8, 9, 1, "conflict"),
                                        ("mot-cua", 7, 8, 9, 1, "bad_message"), ("mot-cua", 1, 9, 8, 1, "bad_message"),
                                        ("mot-cua", 1, 0, 30, 1, "bad_message"), ("nowhere", 1, 8, 9, 1, "bad_message")):
        equal(lan.refused("shift_put", desk=desk, week=week(n), shift="", login="an", name="Trần An",
                          **{"from": at(day, frm, n), "to": at(day, to, n)}), code, f"{desk} {day} {frm}")
    equal(lan.refused("roster_get", desk="mot-cua", week="2026-11-24"), "bad_message")

with cases("a shift is moved and dropped"):
    lan.ok("shift_put", desk="mot-cua", week=week(1), shift=third, login="binh", name="Lê Bình", **{"from": at(3, 7.5, 1), "to": at(3, 11.5, 1)})
    equal(shifts(n=1)[2]["from"], at(3, 7.5, 1))
    extra = put("binh", "Lê Bình", 4, 7.5, 11.5)
    lan.ok("shift_drop", desk="mot-cua", week=week(1), shift=extra)
    lan.ok("shift_drop", desk="mot-cua", week=week(1), shift=extra)
    equal(len(shifts(n=1)), 3)

with cases("the week before is copied into an empty one"):
    equal(lan.ok("roster_copy", desk="mot-cua", week=week(2))["shifts"], 3)
    equal([s["from"] for s in shifts(n=2)], [at(0, 7.5, 2), at(0, 13.5, 2), at(3, 7.5, 2)])
    equal(lan.refused("roster_copy", desk="mot-cua", week=week(2)), "not_empty")

with cases("a swap of two shifts: asked, accepted, both are told, the board shows it"):
    equal(an.refused("swap_ask", desk="mot-cua", week=week(1), shift=second, **{"with": "lan", "for": ""}), "not_yours")
    swap = an.ok("swap_ask", desk="mot-cua", week=week(1), shift=first, **{"with": "binh", "for": second})["swap"]
    equal(an.refused("swap_ask", desk="mot-cua", week=week(1), shift=first, **{"with": "lan", "for": ""}), "exists")
    note = binh.until("notice")
    equal(note["kind"], "swap_asked")
    assert "Bộ phận Một cửa" in note["text_vi"], note
    shown = shifts(binh, 1)[0]["swap"]
    equal((shown["swap"], shown["by"], shown["with"], shown["for"]), (swap, "an", "binh", second))
    equal(an.refused("swap_answer", desk="mot-cua", week=week(1), swap=swap, yes=True), "forbidden")
    binh.ok("swap_answer", desk="mot-cua", week=week(1), swap=swap, yes=True)
    for o in (an, binh):
        equal(o.until("notice", 10, lambda m: m["kind"] != "swap_asked")["kind"], "swap_yes")
    equal([(s["login"], s["name"], s.get("swap")) for s in shifts(n=1)],
          [("binh", "Lê Bình", None), ("an", "Trần An", None), ("binh", "Lê Bình", None)])
    equal(binh.refused("swap_answer", desk="mot-cua", week=week(1), swap=swap, yes=True), "not_found")

with cases("a swap refused, one withdrawn, one that would put somebody on duty twice"):
    s1 = an.ok("swap_ask", desk="mot-cua", week=week(1), shift=second, **{"with": "binh", "for": ""})["swap"]
    binh.ok("swap_answer", desk="mot-cua", week=week(1), swap=s1, yes=False)
    equal(an.until("notice", 10, lambda m: m["kind"] != "swap_yes")["kind"], "swap_no")
    s2 = an.ok("swap_ask", desk="mot-cua", week=week(1), shift=second, **{"with": "binh", "for": ""})["swap"]
    equal(binh.refused("swap_withdraw", desk="mot-cua", week=week(1), swap=s2), "forbidden")
    an.ok("swap_withdraw", desk="mot-cua", week=week(1), swap=s2)
    put("binh", "Lê Bình", 0, 14, 16, desk="truong-ca")
    s3 = an.ok("swap_ask", desk="mot-cua", week=week(1), shift=second, **{"with": "binh", "for": ""})["swap"]
    equal(binh.refused("swap_answer", desk="mot-cua", week=week(1), swap=s3, yes=True), "conflict")
    an.ok("swap_withdraw", desk="mot-cua", week=week(1), swap=s3)
    equal([s["login"] for s in shifts(n=1)], ["binh", "an", "binh"])

with cases("who is on duty now is seen, present, and reminded before a shift"):
    minute = (now // 60000) * 60000
    frm = minute - HOUR
    this = week(0) if frm >= at(0, 0) else week(-1)
    lan.ok("shift_put", desk="mot-cua", week=this, shift="", login="an", name="=Trần An", **{"from": frm, "to": frm + 3 * HOUR})
    soon = minute + 10 * 60000
    soon_week = week(0) if soon < at(0, 0, 1) else week(1)
    lan.ok("shift_put", desk="mot-cua", week=soon_week, shift="", login="binh", name="Lê Bình", **{"from": soon, "to": soon + HOUR})
    if this == week(0):
        mine = wait_for("attendance", lambda: [s for s in shifts() if s["login"] == "an" and s["present"] > 0], 20)[0]
        assert mine["first"] >= now - 5000, mine
        an.until("people", 10, lambda m: any(p["login"] == "an" and p["on_duty"] for p in m["items"]))
    if soon_week == week(0):
        equal(binh.until("notice", 20, lambda m: m["kind"] == "shift_soon")["kind"], "shift_soon")

with cases("the week as a table"):
    status, text = an.desk.call("GET", f"/desk/roster.csv?desk=mot-cua&week={this}")
    equal(status, 200)
    rows = text.lstrip("\ufeff").splitlines()
    assert rows[0].startswith("Tên đăng nhập;") and any("\"'=Trần An\"" in r for r in rows[1:]), text
    equal(an.desk.call("GET", "/desk/roster.csv?desk=mot-cua&week=2026-01-01")[0], 400)
    equal(http("GET", rig.url[0] + f"/desk/roster.csv?desk=mot-cua&week={this}")[0], 401)

# ---- beside a conversation ----

code = "H27.18.01-" + time.strftime("%y%m%d", time.gmtime(now / 1000 - 86400)) + "-4321"
status, answer = post_events(rig.url[0], key, [event(code, 2, now - 60_000, SoDienThoai="0912345671", TenTTHC="Chứng thực", ChuHoSo="Lê Na")])
equal(status, 202, str(answer))
citizen = Citizen(rig, 0)
citizen.say("gặp cán bộ")
citizen.line("chuyển câu hỏi")
items = an.queue("mot-cua", lambda items: len(items) == 1)
cid = items[0]["cid"]
an.open(cid)
an.ok("take", cid=cid)

with cases("approved answers are suggested for the citizen's last question, and for any other"):
    citizen.say("đăng nhập cổng dịch vụ công bằng gì vậy")
    an.line(cid, lambda line: line["from"] == "c" and "đăng nhập" in line["say"]["text"])
    got = an.ok("suggest", cid=cid)
    equal((got["question"], got["items"][0]["faq"]), ("đăng nhập cổng dịch vụ công bằng gì vậy", "dang-nhap-vneid"))
    assert 0 < got["items"][0]["sure"] <= 1 and got["items"][0]["source"] and len(got["items"]) <= 3, got
    assert an.ok("suggest", text="mất giấy khai sinh thì xin lại ở đâu")["items"]
    equal(em.refused("suggest", cid=cid), "gone")
    equal(em.ok("suggest", text="đăng nhập bằng gì")["items"][0]["faq"], "dang-nhap-vneid")

with cases("dossiers that were named stand beside the conversation"):
    citizen.say(f"hồ sơ {code.lower()} của tôi sao rồi")
    an.line(cid, lambda line: line["from"] == "c" and "sao rồi" in line["say"]["text"])
    card = wait_for("the dossier", lambda: [i for i in an.ok("dossiers", cid=cid)["items"] if i["card"]], 10)[0]
    equal((card["code"], card["card"]["MaHoSo"], card["card"]["TenTTHC"]), (code, code, "Chứng thực"))
    equal(an.ok("dossiers", cid=cid)["proven"], False)
    equal(an.ok("dossier", code=code)["card"]["MaHoSo"], code)
    equal(an.refused("dossier", code="x"), "bad_code")
    equal(an.refused("dossier", code="H27.18.01-200101-0001"), "not_found")
    equal(em.refused("dossiers", cid=cid), "forbidden")

with cases("canned replies: those of the file, and what a lead adds, in both processes"):
    base = an.ok("canned_list")["items"]
    assert any(i["key"] == "chao" and not i["own"] for i in base) and not any(i["desk"] == "ky-thuat" for i in base), base
    equal(an.refused("canned_put", key="", title="x", text="y", desk=""), "forbidden")
    own = lan.ok("canned_put", key="", title="Giờ làm việc", text="Chúng tôi làm việc từ 7 giờ 30.\nMời anh/chị.", desk="mot-cua")["key"]
    an.until("canned")
    added = next(i for i in an.ok("canned_list")["items"] if i["key"] == own)
    equal((added["own"], added["text"]), (True, "Chúng tôi làm việc từ 7 giờ 30.\nMời anh/chị."))
    lan.ok("canned_put", key=own, title="Giờ làm", text="Từ 7 giờ 30.", desk="")
    wait_for("changed", lambda: any(i["title"] == "Giờ làm" for i in an.ok("canned_list")["items"]))
    lan.ok("canned_drop", key=own)
    wait_for("dropped", lambda: an.ok("canned_list")["items"] == base)
    equal(lan.refused("canned_put", key="", title="x", text="y", desk="nowhere"), "bad_message")
    equal(lan.refused("canned_put", key="", title="x" * 81, text="y", desk=""), "too_big")

# ---- entries of the FAQ ----

QUESTION = "Trung tâm có cho mượn xe lăn không?"
stranger = Citizen(rig, 1)

with cases("an answer becomes a draft, which nobody is told yet"):
    draft = an.ok("draft_put", draft="", topic="Tiện ích", question=QUESTION, variants=["Có xe lăn cho người già mượn không", "mượn xe lăn"],
                  answer="Có. Anh/chị hỏi quầy hướng dẫn ở tầng 1 để mượn xe lăn miễn phí.")["draft"]
    em.until("drafts")
    listed = next(d for d in em.ok("draft_list")["items"] if d["draft"] == draft)
    equal((listed["state"], listed["by"], listed["by_name"], listed["question"], len(listed["variants"])), ("draft", "an", "Trần An", QUESTION, 2))
    raw = store("HGET", "loa:{p00}:fd", draft)
    assert "xe lăn" not in raw
    stranger.say(QUESTION)
    stranger.line("")
    equal(stranger.count("quầy hướng dẫn"), 0)

with cases("only leads and editors let it go live; it works in the other process at once"):
    equal(an.refused("draft_publish", draft=draft, at=listed["at"]), "forbidden")
    equal(binh.refused("draft_put", draft=draft, topic="", question="khác", variants=[], answer="khác"), "forbidden")
    began = time.monotonic()
    equal(em.refused("draft_publish", draft=draft), "changed", "nobody publishes what he has not read")
    equal(em.refused("draft_publish", draft=draft, at=listed["at"] - 1), "changed")
    em.ok("draft_publish", draft=draft, at=listed["at"])

    def answered():
        c = Citizen(rig, 1)
        c.say("mượn xe lăn")
        c.line("")
        c.settle(0.2)
        return c.count("quầy hướng dẫn")
    wait_for("live in the other process", answered, 30)
    print(f"      live in the other process after {time.monotonic() - began:.2f} s, asking included", flush=True)
    equal(an.refused("draft_put", draft=draft, topic="", question="khác", variants=[], answer="khác"), "forbidden")
    live = json.loads((rig.dir / "var1/faq/desk.json").read_text())
    equal((live[0]["id"], live[0]["question"]), ("own-" + draft, QUESTION))

with cases("an entry that the FAQ would refuse does not become live"):
    bad = an.ok("draft_put", draft="", topic="", question="Hỏi gì đó?", variants=[], answer="Xem {{khong_co_bien_nay}}")["draft"]
    bad_at = next(d["at"] for d in em.ok("draft_list")["items"] if d["draft"] == bad)
    refused = em.ask("draft_publish", draft=bad, at=bad_at)
    equal((refused["type"], refused["code"]), ("refused", "conflict"))
    assert "khong_co_bien_nay" in refused["detail_vi"], refused
    an.ok("draft_drop", draft=bad)
    equal(em.refused("draft_publish", draft=bad), "not_found")

with cases("Redis is killed and comes back: pages say so, nothing is lost, entries stay"):
    rig.kill_redis()
    equal(an.ask("draft_list", limit_s=15)["type"], "refused")
    rig.restart_redis()
    store = rig.store()
    wait_for("the desk works again", lambda: an.ask("draft_list", limit_s=15)["type"] == "ok", 30)
    mid = fresh_id()
    wait_for("a reply goes out", lambda: an.ask("reply", cid=cid, text="Tôi vẫn ở đây", mid=mid, limit_s=15)["type"] == "ok", 30)
    back = Citizen(rig, 0, citizen.token)
    back.line("Tôi vẫn ở đây", "o", 15)
    back.settle()
    equal(back.count("Tôi vẫn ở đây"), 1)

with cases("after a restart the entry is still there; dropped, it leaves the FAQ everywhere"):
    rig.kill_loa(1)
    (rig.dir / "var1/faq/desk.json").unlink()
    rig.start_loa(1)
    wait_for("live again", answered, 30)
    em.ok("draft_drop", draft=draft)
    wait_for("gone", lambda: not answered(), 30)

with cases("five hundred wait at every desk: a lead's page gets the first forty of each, the number of all, and stays open"):
    since = now - HOUR
    names = ("mot-cua", "dat-dai", "ky-thuat", "truong-ca")
    for i in range(2000):
        cid_, desk, p = f"{i:040x}", names[i % 4], i % 16
        base = f"loa:{{p{p:02d}}}:"
        store("HSET", f"{base}cv:{cid_}", "md", "wait", "dk", desk, "hq", since + i, "hp", now + DAY, "hw", now + DAY, "ch", "web", "hr", "no_answer")
        store("ZADD", f"{base}hq:{desk}", since + i, cid_)
    for p in range(16):
        store("PUBLISH", "loa:desk", f"{p:02d}")
    lan.connect()
    for desk in names:
        q = lan.until("queue", 20, lambda m: m["desk"] == desk and m["waiting"] >= 500)
        equal(len(q["items"]), 40)
        first = [i for i in q["items"] if i["since"] < now - HOUR + 2000]
        equal([i["since"] for i in first], sorted(i["since"] for i in first))
    equal(lan.ok("canned_list")["type"], "ok")
    status, page = http("GET", rig.url[0] + "/v1/desk/queue", key=key)
    equal({d["desk"]: d["waiting"] >= 500 for d in page["items"]}, dict.fromkeys(names, True))

cases.end()
