#!/usr/bin/env python3
"""People of the office who reach for what is not theirs, and messages nobody's page would send."""
from desk_client import Citizen, Officer, fresh_id
from harness import Cases, equal, http, wait_for
from rig import Rig
from staff_client import add_staff, staff_command
from websocket import Closed, WebSocket

cases = Cases()


def always_open(templates):
    (templates / "policy/hours.ini").write_text("[rules]\nintake_until = 15:00\n[default]\nmon-sun = 00:00-24:00\n")
    (templates / "policy/calendar.tsv").write_text("2020-01-01\trest\tTết\tthử\n")


rig = Rig(edit=always_open)
rig.start_loa(0)
store = rig.store()
config = rig.config(0)
for login, name, roles, desks in (("an", "Trần An", "officer", "mot-cua"), ("chi", "Võ Chi", "officer", "ky-thuat"),
                                  ("lan", "Nguyễn Lan", "officer,lead", "truong-ca"), ("em", "Bùi Em", "editor", "")):
    add_staff(config, login, name, roles, desks)
an, chi, lan, em = (Officer(rig, login) for login in ("an", "chi", "lan", "em"))
citizen = Citizen(rig)
citizen.say("gặp cán bộ")
cid = an.queue("mot-cua", lambda items: len(items) == 1)[0]["cid"]


def record(cid):
    for p in range(16):
        key = f"loa:{{p{p:02d}}}:cv:{cid}"
        if store("EXISTS", key):
            return key
    return None


def at_once(officer, kind, **more):
    """Opens a conversation and acts before the answer: what was not looked at yet must not be allowed yet."""
    first, second = fresh_id(), fresh_id()
    frames, raw = [], officer.ws.raw
    officer.ws.raw = frames.append
    officer.ws.send({"type": "open", "id": first, "cid": cid})
    officer.ws.send({"type": kind, "id": second, "cid": cid, **more})
    officer.ws.raw = raw
    raw(b"".join(frames))
    answers = {}
    while len(answers) < 2:
        m = officer.next()
        if m.get("id") in (first, second):
            answers[m["id"]] = m
    return answers[second]


with cases("who does not work at the desk neither writes notes in its conversations, nor passes them on, nor takes them"):
    equal(chi.refused("open", cid=cid), "gone")
    for kind, more in (("note", {"text": "chen vào"}), ("transfer", {"desk": "ky-thuat"}), ("back", {}), ("take", {})):
        assert at_once(chi, kind, **more).get("code") in ("gone", "not_found"), kind
    equal((store("HGET", record(cid), "md"), store("HGET", record(cid), "dk")), ("wait", "mot-cua"))
    an.open(cid)
    an.ok("note", cid=cid, text="người của quầy")
    an.line(cid, lambda line: line["from"] == "n" and "của quầy" in line["say"]["text"])
    equal([line["say"]["text"] for m in an.heard if m["type"] == "conversation" for line in m["lines"] if line["from"] == "n"],
          ["người của quầy"])

with cases("a conversation is not passed to somebody who may not answer it"):
    equal(an.refused("transfer", cid=cid, to="em"), "not_here")
    equal(store("HGET", record(cid), "md"), "wait")

with cases("what the bot and a citizen say is nobody's, a lead's neither"):
    alone = Citizen(rig)
    alone.say("H27.18.01-260101-0001 đăng nhập cổng dịch vụ công bằng gì vậy")
    keys = lambda: [k for p in range(16) for k in store("KEYS", f"loa:{{p{p:02d}}}:cv:*") if not k.endswith(cid)]
    bot_cid = wait_for("the record", keys)[0].rsplit(":", 1)[1]
    for kind in ("open", "suggest"):
        equal(lan.refused(kind, cid=bot_cid), "gone", kind)
    equal(lan.ok("dossiers", cid=bot_cid)["items"], [])

with cases("roles and desks taken away are gone from open pages too"):
    equal(staff_command(config, "roles", "lan", "--role", "officer", "--desk", "ky-thuat")[0], 0)
    equal(lan.ws.closed(), 1012)
    lan.connect()
    equal(lan.hello["you"]["roles"], ["officer"])
    equal(lan.refused("canned_drop", key="ab"), "forbidden")

KINDS = ("open leave earlier take steal reply note back close transfer typing suggest dossier dossiers canned_list canned_put canned_drop "
         "draft_put draft_list draft_publish draft_drop roster_get shift_put shift_drop roster_copy swap_ask swap_answer swap_withdraw "
         "notice_read").split()
NAMES = ("cid text after before epoch to desk code key title draft topic question variants answer week shift login name from with for swap "
         "yes n paid").split()
WRONG = (None, True, -1, 1e300, 2**63, -2**63, 0.5, "", "x" * 3000, "\u202e\u0000<b>", [], [1, None, {}], {"a": 1}, cid, "2026-11-23", "ab")

with cases("messages of the wrong shape change nothing and harm nobody"):
    equal(staff_command(config, "roles", "lan", "--role", "officer,lead,editor", "--desk", "truong-ca")[0], 0)
    lan = Officer(rig, "lan", desk=lan.desk)
    for i, value in enumerate(WRONG):
        for kind in KINDS:
            try:
                lan.ws.send({"type": kind, "id": fresh_id(), **{name: value for name in NAMES}})
                if KINDS.index(kind) % 6 == 5:
                    lan.ask("draft_list")
            except (Closed, OSError):
                lan.connect()
        lan.connect()
    citizen.connect()
    for value in WRONG:
        for kind in ("say", "tap", "rate", "typing", "hello"):
            try:
                citizen.ws.send({"type": kind, "id": fresh_id(), **{name: value for name in
                                ("text", "payload", "title", "value", "token", "session", "epoch", "offset", "unit")}})
            except (Closed, OSError):
                citizen.connect()
    for payload in ("#rate:", "#rate::", "#rate:x:5", "#faq:", "#faq:../..", "#faq:9999999999999999999", "#theo-doi:", "#news:x 1 1", "#taken",
                    "#closed", "#due", "#note:x y", "#moved", "#back", "feedback:answer:PA-26-1", "#phan-anh:gui", "#xoa-that", "flood",
                    "#kiot:", "#hs:" + "9" * 90):
        for kind, field in (("say", "text"), ("tap", "payload")):
            citizen.ws.send({"type": kind, "id": fresh_id(), field: payload})
    equal(http("GET", rig.url[0] + "/readyz")[0], 200)
    equal(rig.loa[0].poll(), None)
    fresh = Citizen(rig)
    fresh.say("xin chào")
    fresh.line("")

cases.end()
