#!/usr/bin/env python3
"""People in the conversation: waiting, taking, talking, passing on, handing back, what time brings, officers and owners lost;
two loa processes, six officers, citizens on the web and on Zalo."""
import random
import re
import threading
import time

from desk_client import Citizen, Officer, fresh_id
from harness import Cases, equal, http, wait_for
from rig import Rig
from staff_client import add_staff
from websocket import Closed, Refused, WebSocket

QUESTION = "Tôi đăng nhập Cổng Dịch vụ công bằng tài khoản nào?"
cases = Cases()


def always_open(templates):
    """Desks that never close, and limits a test can wait for; dat-dai opens only tomorrow."""
    tomorrow = "mon tue wed thu fri sat sun".split()[(time.gmtime(time.time() + 7 * 3600 + 86400)).tm_wday]
    (templates / "policy/hours.ini").write_text(
        "[rules]\nintake_until = 15:00\n[default]\nmon-sun = 00:00-24:00\n"
        f"[later]\nmon-fri = 07:30-07:31\n{tomorrow} = 07:30-11:30\n[units]\nxa-18073 = later\n")
    (templates / "policy/calendar.tsv").write_text("2020-01-01\trest\tTết\tthử\n")
    path = templates / "policy/desks.ini"
    text = path.read_text()
    text = re.sub(r"(?m)^gone = .*$", "gone = 3s", text)
    desk = text.index("[dat-dai]")
    text = text[:desk] + text[desk:].replace("unit = ttpvhcc-ha-tinh", "unit = xa-18073", 1)
    desk = text.index("[ky-thuat]")
    text = text[:desk] + text[desk:].replace("answer_within = 10m", "answer_within = 3s", 1).replace(
        "silence = 30m", "silence = 3s", 1).replace("gone = 3s", "gone = 2m", 1)
    desk = text.index("[truong-ca]")
    text = text[:desk] + text[desk:].replace("answer_within = 15m", "answer_within = 3s", 1)
    path.write_text(text)


rig = Rig(processes=2, edit=always_open)
rig.start_loa(0)
key = rig.key()
rig.start_loa(1)
store = rig.store()
config = rig.config(0)
for login, name, roles, desks in (("an", "Trần An", "officer", "mot-cua"), ("binh", "Lê Bình", "officer", "mot-cua"),
                                  ("chi", "Võ Chi", "officer", "mot-cua,ky-thuat"), ("dung", "Hồ Dung", "officer", "mot-cua"),
                                  ("lan", "Nguyễn Lan", "officer,lead", "truong-ca"), ("em", "Bùi Em", "editor", "")):
    add_staff(config, login, name, roles, desks)


def key_of(field, value):
    """The conversation whose field has this value."""
    for p in range(16):
        for k in store("KEYS", f"loa:{{p{p:02d}}}:cv:*"):
            if store("HGET", k, field) == value:
                return k
    return None


def conversations():
    return {k.split(":cv:")[1]: k for p in range(16) for k in store("KEYS", f"loa:{{p{p:02d}}}:cv:*")}


def waiting_citizen(process=0, words="gặp cán bộ", answer="chuyển câu hỏi"):
    """A new visitor who has asked for a person; (citizen, cid)."""
    before = set(conversations())
    c = Citizen(rig, process)
    c.say(words)
    c.line(answer)
    cid = (set(conversations()) - before).pop()
    return c, cid


an, binh = Officer(rig, "an", 0), Officer(rig, "binh", 1)

with cases("the page begins with who one is, the desks and the queues"):
    equal((an.hello["you"]["login"], an.hello["you"]["roles"], an.hello["you"]["desks"]), ("an", ["officer"], ["mot-cua"]))
    equal({d["id"]: (d["open"], d["yours"]) for d in an.hello["desks"]},
          {"mot-cua": (True, True), "dat-dai": (False, False), "ky-thuat": (True, False), "truong-ca": (True, False)})
    an.queue("mot-cua", lambda items: items == [])
    people = an.until("people", 10, lambda m: len(m["items"]) == 2)
    equal([p["login"] for p in people["items"]], ["an", "binh"])

with cases("without a session, from a foreign page, without a role: closed"):
    for headers, code in (({}, 4401), ({"Cookie": an.desk.cookie, "Origin": "https://evil.example"}, 4401)):
        try:
            equal(WebSocket(rig.ports[0], "/desk/live", headers).closed(), code)
        except Refused as e:
            equal(e.status in (401, 403), True)
    add_staff(config, "xem", "Người Xem", "viewer")
    try:
        Officer(rig, "xem")
        raise AssertionError("a viewer of campaigns came in")
    except Closed as e:
        equal(e.code, 4403)

with cases("a citizen asks for a person: told the truth, shown in the queue of both processes within a second"):
    began = time.monotonic()
    citizen, cid = waiting_citizen()
    item = an.waiting("mot-cua", cid, 3)
    other = binh.waiting("mot-cua", cid, 3)
    assert time.monotonic() - began < 2, time.monotonic() - began
    equal((item["channel"], item["reason"], item["first"], item["escalated"]), ("web", "asked", "gặp cán bộ", 0))
    equal(item["since"], other["since"])
    assert item["reason_vi"] == "Người dân muốn gặp cán bộ", item

with cases("who asks again keeps the place"):
    citizen.say("gặp cán bộ")
    citizen.line("giữ nguyên chỗ")
    equal(an.waiting("mot-cua", cid)["since"], item["since"])

with cases("who waits may think better of it, and ask again"):
    other_citizen, gone = waiting_citizen(1)
    an.waiting("mot-cua", gone)
    other_citizen.ws.send({"type": "tap", "id": fresh_id(), "payload": "#thoi-cho", "title": "Thôi, không chờ nữa"})
    other_citizen.line("rút khỏi hàng chờ")
    an.queue("mot-cua", lambda items: all(i["cid"] != gone for i in items))
    equal(store("HGET", conversations()[gone], "md"), "bot")

with cases("life and limb goes before everybody, with the number to call as the last thing they read"):
    frightened, first = waiting_citizen(1, "tôi muốn tự tử", "115")
    an.queue("mot-cua", lambda items: [i["cid"] for i in items[:2]] == [first, cid] and items[0]["reason"] == "urgent")
    equal(frightened.count("vị trí"), 0)
    frightened.ws.send({"type": "tap", "id": fresh_id(), "payload": "#thoi-cho", "title": "Thôi, không chờ nữa"})
    an.queue("mot-cua", lambda items: all(i["cid"] != first for i in items))

with cases("while one waits the bot still answers"):
    citizen.say(QUESTION)
    citizen.line("VNeID")

with cases("a conversation is read only when it is open, and opened only by those of the desk"):
    equal(an.refused("take", cid=cid), "not_found")
    equal(an.refused("open", cid="0" * 40), "not_found")
    editor = Officer(rig, "em", 0)
    equal(editor.refused("open", cid=cid), "forbidden")
    editor.drop()
    talk = an.open(cid)
    equal((talk["state"]["mode"], talk["state"]["desk"], talk["lines"][0]["say"]["text"]), ("wait", "mot-cua", "gặp cán bộ"))
    assert "free_until" not in talk["state"], talk["state"]

with cases("many take at once: exactly one wins, the others are told who"):
    crowd = [an, binh] + [Officer(rig, login, i % 2) for i, login in enumerate(("chi", "dung"))]
    for o in crowd[1:]:
        o.open(cid)
    start, answers = threading.Barrier(len(crowd)), {}

    def grab(o):
        start.wait()
        answers[o.login] = o.ask("take", cid=cid)
    threads = [threading.Thread(target=grab, args=(o,)) for o in crowd]
    [t.start() for t in threads]
    [t.join() for t in threads]
    winners = [login for login, a in answers.items() if a["type"] == "ok"]
    equal(len(winners), 1, str(answers))
    holder = next(o for o in crowd if o.login == winners[0])
    name = {"an": "Trần An", "binh": "Lê Bình", "chi": "Võ Chi", "dung": "Hồ Dung"}[holder.login]
    for login, a in answers.items():
        assert a["type"] == "ok" or (a["code"] == "taken" and name in a["detail_vi"]), a
    citizen.line(name)
    for o in crowd:
        if o not in (an, binh, holder):
            o.drop()
    rest = next(o for o in (an, binh) if o is not holder)

with cases("taking it again is fine; the answer reaches the citizen with the officer's name, once for a repeated click"):
    holder.ok("take", cid=cid)
    mid = fresh_id()
    for _ in range(3):
        holder.ok("reply", cid=cid, text="Chào anh/chị, tôi xem ngay.\nHai phút nữa tôi trả lời.", mid=mid)
    line = citizen.line("tôi xem ngay", "o")
    equal(line.get("officer"), name)
    own = holder.line(cid, lambda x: x["from"] == "o")
    equal((own["say"]["client"], own["say"]["officer"]), (mid, name))
    citizen.settle()
    equal((citizen.count("tôi xem ngay"), citizen.count(name, "b")), (1, 1))

with cases("the bot is silent while a person talks"):
    citizen.say(QUESTION + " Nhắc lại")
    holder.line(cid, lambda x: x["from"] == "c" and "Nhắc lại" in x["say"]["text"])
    before = citizen.count("VNeID", "b")
    citizen.settle(0.6)
    equal(citizen.count("VNeID", "b"), before)

with cases("what a citizen may always say still works: no more messages"):
    citizen.lines.clear()
    citizen.say("HUY")
    citizen.line("")

with cases("who does not hold it cannot answer"):
    equal(rest.refused("reply", cid=cid, text="Tôi trả lời chen"), "not_yours")
    equal(rest.refused("back", cid=cid), "taken")

with cases("notes are for colleagues"):
    rest.ok("note", cid=cid, text="Hồ sơ này tôi biết, hỏi tôi nhé.")
    note = holder.line(cid, lambda x: x["from"] == "n")
    equal((note["say"]["text"], note["say"]["officer"]), ("Hồ sơ này tôi biết, hỏi tôi nhé.",
                                                          "Trần An" if rest is an else "Lê Bình"))
    citizen.settle()
    equal(citizen.count("tôi biết"), 0)

with cases("typing goes both ways"):
    citizen.ws.send({"type": "typing"})
    equal(holder.until("typing")["who"], "citizen")
    holder.ws.send({"type": "typing", "cid": cid})
    citizen._until("typing", 10)

with cases("urgent words are answered by the bot even now, and alert staff"):
    citizen.say("cháy nhà rồi cứu với")
    citizen.line("114")
    wait_for("alert", lambda: any(a.get("code", "").startswith("chat_urgent") for a in
                                  http("GET", rig.url[0] + "/v1/alerts", key=key)[1]["items"]))

    equal(rest.until("alarm", 10, lambda m: m["cid"] == cid)["text_vi"][:2], "Có")

with cases("passed on by name: the colleague gets it and a notice, which comes again until it was read"):
    holder.ok("transfer", cid=cid, to=rest.login)
    notice = rest.until("notice")
    equal((notice["kind"], notice["cid"]), ("passed", cid))
    equal(rest.open(cid)["state"]["officer"], rest.login)
    equal(holder.refused("reply", cid=cid, text="còn tôi"), "not_yours")
    rest.drop()
    rest.connect()
    equal(rest.until("notice")["n"], notice["n"])
    rest.ok("notice_read", n=notice["n"])

with cases("a lead takes it away, and the officer is told"):
    lan = Officer(rig, "lan", 1)
    rest.open(cid)
    equal(rest.refused("steal", cid=cid), "forbidden")
    lan.open(cid)
    equal(lan.refused("take", cid=cid), "taken")
    lan.ok("steal", cid=cid)
    equal(rest.until("notice")["kind"], "stolen")
    citizen.line("Nguyễn Lan")

with cases("back in a desk's queue it has its old place"):
    lan.ok("transfer", cid=cid, desk="mot-cua")
    equal(an.waiting("mot-cua", cid)["since"], item["since"])
    citizen.line("Bộ phận Một cửa để trả lời")
    equal(lan.refused("transfer", cid=cid, to="nobody"), "not_here")

with cases("handed back, the bot answers again"):
    an.open(cid)
    an.ok("take", cid=cid)
    an.ok("back", cid=cid)
    citizen.line("tiếp tục hỗ trợ")
    citizen.lines.clear()
    citizen.say("menu")
    citizen.line("")
    an.queue("mot-cua", lambda items: all(i["cid"] != cid for i in items))
    equal(an.refused("open", cid=cid), "gone")

with cases("closed, the bot thanks"):
    citizen.say("gặp cán bộ")
    an.waiting("mot-cua", cid)
    an.open(cid)
    an.ok("take", cid=cid)
    an.ok("close", cid=cid)
    citizen.line("Cảm ơn anh/chị")

with cases("a page that was away gets exactly what it missed"):
    two, cid2 = waiting_citizen(1)
    an.waiting("mot-cua", cid2)
    talk = an.open(cid2)
    an.ok("take", cid=cid2)
    line = an.line(cid2, lambda x: "đang trò chuyện" in x["say"]["text"])
    an.drop()
    for i in range(3):
        two.say(f"còn điều {i}")
    an.connect(1)
    again = an.open(cid2, talk["epoch"], line["seq"])
    equal((again["reload"], [x["say"]["text"] for x in again["lines"]]), (False, [f"còn điều {i}" for i in range(3)]))
    equal(an.open(cid2, "another-epoch", 3)["reload"], True)

with cases("the owner is killed right after the answer was taken: it arrives once"):
    mid = fresh_id()
    an.ws.send({"type": "reply", "id": mid, "cid": cid2, "text": "Câu trả lời trước khi mất điện"})
    rig.kill_loa(0)
    equal(an.answer(mid)["type"], "ok")
    two.line("trước khi mất điện", "o", 15)
    an.ok("reply", cid=cid2, text="Câu trả lời trước khi mất điện", mid=mid)
    two.settle(0.6)
    equal(two.count("trước khi mất điện"), 1)
    rig.start_loa(0)

with cases("the process with the officer's page is killed: the page comes back elsewhere and goes on"):
    binh.connect(0)
    three, cid3 = waiting_citizen(1)
    binh.waiting("mot-cua", cid3)
    binh.open(cid3)
    binh.ok("take", cid=cid3)
    rig.kill_loa(0)
    binh.connect(1)
    binh.open(cid3)
    binh.ok("reply", cid=cid3, text="Tôi đã trở lại")
    three.line("đã trở lại", "o")
    rig.start_loa(0)

with cases("the officer's connection is lost for good: back in the queue at the old place, the citizen is told"):
    since = store("HGET", conversations()[cid3], "hq")
    binh.drop()
    item = an.waiting("mot-cua", cid3, 20)
    equal(str(item["since"]), since)
    three.line("trở lại đúng chỗ cũ")
    an.open(cid3)
    an.ok("take", cid=cid3)
    an.ok("close", cid=cid3)
    an.ok("close", cid=cid2)

with cases("nobody answers: the next desk and the lead, the citizen is told once; then the people in charge"):
    four, cid4 = waiting_citizen()
    an.waiting("mot-cua", cid4)
    an.open(cid4)
    an.ok("transfer", cid=cid4, desk="ky-thuat")
    began = time.monotonic()
    item = lan.waiting("truong-ca", cid4, 20)
    assert 2 < time.monotonic() - began < 12, time.monotonic() - began
    equal(item["escalated"], 1)
    four.line("Trưởng ca trực")
    wait_for("the desk that nobody can follow", lambda: store("HGET", conversations()[cid4], "he") == "2", 20)
    four.settle()
    equal((four.count("phải chờ lâu"), four.count("báo người phụ trách")), (1, 0))
    codes = [a["code"] for a in http("GET", rig.url[0] + "/v1/alerts", key=key)[1]["items"]]
    equal({"desk_late:ky-thuat", "desk_unanswered:truong-ca"} <= set(codes), True, str(codes))

with cases("both silent: the bot comes back with a kind line"):
    chi = Officer(rig, "chi", 0)
    lan.open(cid4)
    lan.ok("transfer", cid=cid4, desk="ky-thuat")
    chi.waiting("ky-thuat", cid4)
    chi.open(cid4)
    chi.ok("take", cid=cid4)
    chi.ok("reply", cid=cid4, text="Anh/chị thử lại giúp tôi")
    four.line("tạm dừng", limit_s=20)
    equal(store("HGET", conversations()[cid4], "md"), "bot")

with cases("a desk that is closed says when it opens, and day"):
    five, cid5 = waiting_citizen()
    an.waiting("mot-cua", cid5)
    an.open(cid5)
    an.ok("transfer", cid=cid5, desk="dat-dai")
    five.line("Bàn tư vấn đất đai")
    five.say("gặp cán bộ")
    text = five.line("vị trí thứ 1; cán bộ sẽ trả lời từ 07:30")["text"]
    assert "ngày mai" in text or "hôm nay" not in text, text
    equal(store("HGET", conversations()[cid5], "he"), None)

with cases("on Zalo: the answer reaches the phone once, with its place in the free window told to the officer"):
    http("POST", rig.sim + "/sim/users", {"users": [{"phone": "0912000001", "name": "Lê Na", "follows": True}]})

    def act(text):
        status, answer = http("POST", rig.sim + "/sim/act", {"act": "text", "phone": "0912000001", "text": text})
        equal(status, 200, str(answer))

    def phone():
        return [m for m in http("GET", rig.sim + "/sim/messages?limit=200")[1]["messages"] if m["way"] == "cs"]
    act("gặp cán bộ")
    cid6 = wait_for("zalo conversation waits", lambda: key_of("ch", "zalo")).split(":cv:")[1]
    equal(an.waiting("mot-cua", cid6)["channel"], "zalo")
    talk = an.open(cid6)
    assert 47 * 3600_000 < talk["state"]["free_until"] - time.time() * 1000 <= 48 * 3600_000, talk["state"]
    an.ok("take", cid=cid6)
    told = wait_for("told", lambda: len(phone()) >= 2 and len(phone()))
    mid = fresh_id()
    for _ in range(3):
        an.ok("reply", cid=cid6, text="Hồ sơ của chị đã xong", mid=mid)
    wait_for("answer on the phone", lambda: len(phone()) > told)
    an.ok("reply", cid=cid6, text="Hồ sơ của chị đã xong", mid=mid)
    an.line(cid6, lambda x: x["from"] == "o")
    equal(len(phone()), told + 1)

with cases("after Zalo's free time the officer is told, and nothing leaves in silence"):
    k = conversations()[cid6]
    time_ok = store("HGET", k, "la")
    store("HSET", k, "la", int(time_ok) - 49 * 3600_000)
    store("PUBLISH", "loa:chat", cid6 + " 0")
    an.until("conversation", 10, lambda m: m["cid"] == cid6 and m["state"]["free_until"] < time.time() * 1000)
    equal(an.refused("reply", cid=cid6, text="muộn"), "window_closed")
    equal(an.refused("reply", cid=cid6, text="muộn", paid=True), "window_closed")
    equal(len(phone()), told + 1)
    store("HSET", k, "la", time_ok)
    an.ok("close", cid=cid6)

with cases("the queue for screens and monitoring"):
    status, page = http("GET", rig.url[1] + "/v1/desk/queue", key=key)
    desks = {d["desk"]: d for d in page["items"]}
    equal((status, desks["dat-dai"]["waiting"], desks["dat-dai"]["open"], desks["mot-cua"]["open"]), (200, 1, False, True))
    assert desks["dat-dai"]["opens_at"] and desks["mot-cua"]["officers"] >= 1, desks
    equal(http("GET", rig.url[1] + "/v1/desk/queue")[0], 401)
    metrics = http("GET", rig.url[0] + "/metrics")[1]
    for name in ('loa_desk_waiting{desk="dat-dai"} 1', "loa_desk_first_word_seconds_count"):
        wait_for(name, lambda: name in http("GET", rig.url[0] + "/metrics")[1], 15)
    ledger = [dict(zip(e[1][::2], e[1][1::2])) for p in range(16) for e in store("XRANGE", f"loa:{{p{p:02d}}}:led", "-", "+")]
    events = [e["e"] for e in ledger if "e" in e]
    equal({"handed_over", "human_first_reply", "escalated", "officer_left"} <= set(events), True, str(set(events)))

with cases("nonsense and haste"):
    equal(an.refused("dance"), "bad_message")
    equal(an.refused("open", cid="x"), "bad_message")
    six, cid7 = waiting_citizen()
    an.waiting("mot-cua", cid7)
    an.open(cid7)
    equal(an.refused("reply", cid=cid7, text="   "), "bad_message")
    equal(an.refused("reply", cid=cid7, text="ố" * 2001), "too_big")
    equal(an.refused("reply", cid=cid7, text="chưa nhận mà trả lời"), "gone")
    for i in range(60):
        an.ws.send({"type": "leave", "id": f"h{i}", "cid": cid5})
    codes = [an.answer(f"h{i}").get("code") for i in range(60)]
    assert None in codes and "busy" in codes, codes
    for bad in ("{", "[]", "7", '{"type":"open"}'):
        try:
            o = Officer(rig, "an", 0, an.desk)
            o.ws.send(bad)
            equal(o.ws.closed(), 1007)
        except Closed as e:
            equal(e.code, 1007)

with cases("officers who take, answer and pass on in a muddle while an owner dies: every answer once, or told as not sent"):
    talks = [waiting_citizen(1) for _ in range(3)]
    said, wrong = {c: [] for _, c in talks}, []

    def muddle(login, seed):
        chance = random.Random(seed)
        o = Officer(rig, login, 1)
        try:
            for n in range(30):
                _, c = chance.choice(talks)
                o.ok("open", cid=c)
                o.ask("take", cid=c)
                text = f"lời {n} của {login}."
                for _ in range(chance.randint(1, 2)):
                    a = o.ask("reply", cid=c, text=text, mid=f"{login}-{n}")
                if a["type"] == "ok":
                    said[c].append(text)
                if chance.random() < 0.5:
                    o.ask("transfer", cid=c, **chance.choice(({"desk": "mot-cua"}, {"to": chance.choice(("an", "binh", "chi"))})))
                time.sleep(0.06)  # an officer's own pace: a page that acts faster is told to wait
        except Exception as e:  # told below: a thread's own traceback would be lost
            wrong.append(repr(e))
        finally:
            o.drop()
    threads = [threading.Thread(target=muddle, args=(login, i)) for i, login in enumerate(("an", "binh", "chi"))]
    [t.start() for t in threads]
    wait_for("they are in the middle of it", lambda: sum(map(len, said.values())) > 5)
    rig.kill_loa(0)
    [t.join() for t in threads]
    rig.start_loa(0)
    equal(wrong, [])
    assert sum(map(len, said.values())) > 5, said
    lan.connect(1)
    for page, c in talks:
        notes = [line["say"]["text"] for line in lan.open(c)["lines"] if line["from"] == "n"]
        for text in said[c]:
            if not any(text in note for note in notes):
                page.line(text, "o", 20)
        page.settle()
        equal([t for t in said[c] if page.count(t, "o") + sum(t in note for note in notes) != 1], [], f"{notes}")
        lan.ok("steal", cid=c)
        lan.ok("close", cid=c)
    equal([p for p, _ in talks if p.count("lời", "o") != len({x["text"] for x in p.lines if x["from"] == "o"})], [])

with cases("nobody waits for ever and nothing is left over"):
    for k in conversations().values():
        f = store.hgetall(k)
        base, cid_ = k.split("cv:")
        places = [z for z in store("KEYS", base + "h[qt]:*") if store("ZSCORE", z, cid_) is not None]
        want = {"wait": [f"{base}hq:{f.get('dk')}"], "talk": [f"{base}ht:{f.get('dk')}"]}.get(f.get("md", "bot"), [])
        equal(places, want, k)
        equal(store("ZSCORE", base + "hw", cid_) is not None, bool(want), k)

cases.end()
