#!/usr/bin/env python3
"""What citizens say, on the web and on Zalo: a report gets its number at once, finds the right office, its sender hears where
and gets the answer in the same conversation; an invitation counts once however it is answered; what is made public holds
nobody's data; what nobody could answer comes together."""
import time

from harness import Cases, equal, http, wait_for
from rig import Rig, event, post_events
from staff_client import Desk, add_staff
from websocket import WebSocket

cases = Cases()
rig = Rig(private=False)
rig.start_loa()
key = rig.key()
loa = rig.url[0]
config = rig.config(0)
store = rig.store()
serial = 0
for login, name, roles, units in (("lan", "Võ Thị Lan", "officer", "ttpvhcc-ha-tinh"), ("binh", "Trần Văn Bình", "officer", "xa-18073"),
                                  ("chi", "Lê Chi", "officer,lead,editor", "H27"), ("dung", "Phan Dung", "editor", "H27")):
    add_staff(config, login, name, roles, "", units)


def desk(login):
    d = Desk(loa)
    equal(d.login(login)[0], 200, login)
    return d


lan, binh, chi, dung = (desk(n) for n in ("lan", "binh", "chi", "dung"))


class Page:
    """A citizen on a web page."""

    def __init__(self, token=None):
        self.ws = WebSocket(rig.ports[0], "/chat")
        hello = {"type": "hello", "epoch": "", "offset": 0}
        self.ws.send({**hello, "token": token} if token else hello)
        self.ready = self.until("ready")
        self.token = token or self.ready["token"]

    def until(self, kind, limit_s=15, **want):
        end = time.monotonic() + limit_s
        while True:
            m = self.ws.receive(max(0.05, end - time.monotonic()))
            if m["type"] == kind and all(m.get(k) == v for k, v in want.items()):
                return m

    def send(self, frame):
        """Sends it, again whenever that was too soon, until it is acknowledged."""
        global serial
        serial += 1
        frame = {**frame, "id": f"v-{serial}"}
        while True:
            self.ws.send(frame)
            m = self.ws.receive()
            while m["type"] not in ("ack", "slow") or m["id"] != frame["id"]:
                m = self.ws.receive()
            if m["type"] == "ack":
                return
            time.sleep(m["wait_ms"] / 1000)

    def say(self, text):
        self.send({"type": "say", "text": text})
        return self.hear()

    def tap(self, payload):
        self.send({"type": "tap", "payload": payload, "title": "x"})
        return self.hear()

    def hear(self):
        return self.until("line", **{"from": "b"})


def payloads(line):
    return [b["payload"] for b in line.get("buttons", []) if "payload" in b]


def number_in(line):
    found = [w.strip(".,") for w in line["text"].split() if w.startswith(("PA-", "HD-"))]
    assert found, line
    return found[0]


def case(d, number):
    return d.call("GET", f"/desk/feedback/{number}")


def told(kind):
    return sorted({a["code"] for a in http("GET", loa + "/v1/alerts", key=key)[1]["items"] if a["code"].startswith(kind)})


# ---- feedback ----

with cases("a report step by step: where, what, yes; its number at once"):
    anh = Page()
    line = anh.tap("#phan-anh")
    assert "#phan-anh:bo-qua" in payloads(line), line
    line = anh.say("UBND phường Thành Sen")
    assert "Sự việc" in line["text"], line
    line = anh.say("Cán bộ quát mắng người già, điện thoại của tôi 0912345678")
    assert "UBND phường Thành Sen" in line["text"] and "#phan-anh:gui" in payloads(line), line
    line = anh.tap("#phan-anh:gui")
    number = number_in(line)
    assert "UBND phường Thành Sen" in line["text"] and number.startswith("PA-"), line

with cases("a second tap on Gửi makes no second report"):
    line = anh.tap("#phan-anh:gui")
    assert number in line["text"], line
    equal(len(chi.call("GET", "/desk/feedback?state=open")[1]["items"]), 1)

with cases("everything in one sentence: nothing is asked that was said; words are as good as buttons"):
    chi2 = Page()
    line = chi2.say("toi muon phan anh can bo phuong Thanh Sen hach dich, bat di lai nhieu lan khong noi ro thieu giay to gi")
    assert "#phan-anh:gui" in payloads(line), line
    line = chi2.say("và còn bắt chờ cả buổi sáng")
    assert "cả buổi sáng" in line["text"], line
    second = number_in(chi2.say("gửi đi"))
    assert second != number
    line = Page().say("phản ánh")
    assert "#phan-anh:bo-qua" in payloads(line), line

with cases("stopping leaves nothing behind"):
    page = Page()
    page.say("tôi muốn phản ánh")
    line = page.say("thôi")
    assert "không gửi" in line["text"], line
    page.tap("#phan-anh:gui")
    equal(len(chi.call("GET", "/desk/feedback")[1]["items"]), 2)

with cases("an officer sees the cases of his units; the text is sealed in the store"):
    equal(binh.call("GET", "/desk/feedback")[1]["items"][0]["unit"], "xa-18073")
    equal(lan.call("GET", "/desk/feedback")[1]["items"], [])
    equal((case(lan, number)[0], case(Desk(loa), number)[0]), (404, 401))
    status, one = case(binh, number)
    equal((status, one["state"], one["kind"], one["unit_name"]), (200, "received", "attitude", "UBND phường Thành Sen"))
    assert "quát mắng" in one["text"] and one["forward_by"] < one["answer_by"], one
    raw = str([store("HGETALL", k) for k in store("KEYS", "*:fb:PA-*")])
    assert "quát" not in raw and "0912345678" not in raw

with cases("misdirected: forwarded, and the sender is told where, in the conversation"):
    bad = binh.call("POST", f"/desk/feedback/{number}/forward", {"unit": "nowhere"})
    equal((bad[0], bad[1]["errors"][0]["pointer"]), (400, "/unit"))
    status, answer = binh.call("POST", f"/desk/feedback/{number}/forward", {"unit": "ha-tinh-so-noi-vu", "text": "Việc này do Sở Nội vụ xem xét."})
    equal((status, answer["again"]), (200, False))
    line = anh.hear()
    assert number in line["text"] and "Sở Nội vụ tỉnh Hà Tĩnh" in line["text"] and "do Sở Nội vụ xem xét" in line["text"], line
    equal(case(binh, number)[0], 404, "it is another unit's now")
    status, one = case(chi, number)
    equal((one["unit"], one["state"], [h["event"] for h in one["history"]]), ("ha-tinh-so-noi-vu", "received", ["taken", "forward"]))

with cases("taken, answered once however often it is sent; the answer arrives, also to a page opened later"):
    equal(chi.call("POST", f"/desk/feedback/{number}/take")[1]["state"], "working")
    equal(chi.call("POST", f"/desk/feedback/{number}/take")[1]["again"], True)
    empty = chi.call("POST", f"/desk/feedback/{number}/answer", {"text": " "})
    equal(empty[0], 400)
    reply = {"text": "Chúng tôi đã nhắc nhở cán bộ và xin lỗi anh/chị."}
    equal(chi.call("POST", f"/desk/feedback/{number}/answer", reply)[1], {"state": "answered", "state_vi": "Đã trả lời", "again": False})
    equal(chi.call("POST", f"/desk/feedback/{number}/answer", reply)[1]["again"], True)
    line = anh.hear()
    assert "xin lỗi anh/chị" in line["text"] and number in line["text"], line
    assert anh.ws.quiet(1.5), "once"
    later = Page(anh.token)
    line = later.say(f"cho hỏi {number.lower()} tới đâu rồi")
    assert "xin lỗi anh/chị" in line["text"], line

with cases("somebody else who has the number hears how far it is, never the answer"):
    line = Page().say(number)
    assert number in line["text"] and "xin lỗi" not in line["text"] and "quát" not in line["text"], line
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    line = Page().say(wrong)
    assert wrong in line["text"] and "Không tìm thấy" in line["text"], line

with cases("closed; after that nothing changes any more; an act that does not fit says so"):
    equal(chi.call("POST", f"/desk/feedback/{number}/close")[1]["state"], "closed")
    status, answer = chi.call("POST", f"/desk/feedback/{number}/forward", {"unit": "H27"})
    equal((status, answer["code"]), (409, "state"))
    equal(chi.call("POST", f"/desk/feedback/{number}/burn")[0], 404)
    equal(chi.call("POST", "/desk/feedback/PA-26-9999-9/take")[0], 404)
    equal(chi.call("POST", f"/desk/feedback/{second}/take", None, X_CSRF_Token=None)[0], 403)

with cases("counts per unit, kind and state"):
    rows = http("GET", loa + "/v1/feedback", key=key)[1]["items"]
    row = next(r for r in rows if r["unit"] == "ha-tinh-so-noi-vu")
    equal((row["taken"], row["closed"], row["on_time"], row["late"], row["received"]), (1, 1, 1, 0, 0))
    left = [r for r in rows if r["unit"] == "xa-18073" and r["forwarded"]]
    equal((len(left), left[0]["taken"], left[0]["received"]), (1, 1, 1))
    equal(http("GET", loa + "/v1/feedback?from=2020-01&to=2020-12", key=key)[1]["items"], [])
    equal(http("GET", loa + "/v1/feedback?from=x", key=key)[0], 400)

with cases("limits are watched: a person is warned before and at them"):
    equal(told("feedback_"), [])
    k = next(k for k in store("KEYS", "*:fb:w") if any(second_id in m for m in store("ZRANGE", k, 0, -1)
             for second_id in [f"PA-{second.split('-')[1]}-{int(second.split('-')[2])}|"]))
    for m in store("ZRANGE", k, 0, -1):
        store("ZADD", k, 1000, m)
    want = sorted(f"feedback_{w}:{second}" for w in ("forward_soon", "forward_late", "answer_soon", "answer_late"))
    wait_for("four alerts", lambda: told("feedback_") == want)
    wait_for("each once", lambda: store("ZCARD", k) == 0)

with cases("killed between the answer and telling it: told once after the restart"):
    page = Page()
    page.say("tôi muốn phản ánh cổng dịch vụ công bị lỗi không nộp được hồ sơ suốt hai ngày nay")
    third = number_in((page.tap("#phan-anh:bo-qua"), page.tap("#phan-anh:gui"))[1])
    chi.call("POST", f"/desk/feedback/{third}/answer", {"text": "Cổng đã sửa xong."})
    rig.kill_loa()
    rig.start_loa()
    page = Page(page.token)
    wait_for("told", lambda: any("Cổng đã sửa xong" in page.hear()["text"] for _ in range(1)))
    assert page.ws.quiet(1.5)

with cases("forgotten: an open case goes on as nobody's, its text goes when it ends"):
    page = Page()
    page.say("tôi muốn phản ánh phần mềm lỗi đăng nhập mãi không được từ hôm qua tới giờ chưa xong")
    gone = number_in((page.tap("#phan-anh:bo-qua"), page.tap("#phan-anh:gui"))[1])
    page.say("xóa dữ liệu của tôi")
    page.tap("#xoa-that")
    status, one = case(chi, gone)
    wait_for("nobody's", lambda: case(chi, gone)[1]["conversation"] == "")
    assert "đăng nhập" in case(chi, gone)[1]["text"]
    equal(chi.call("POST", f"/desk/feedback/{gone}/answer", {"text": "Đã sửa."})[0], 200)
    equal((case(chi, gone)[1]["text"], case(chi, gone)[1]["answer"]), ("", ""))
    wait_for("nobody is to be told", lambda: sum(store("ZCARD", k) for k in store("KEYS", "*:fb:t")) == 0)

# ---- on Zalo ----


def chat_lines():
    got = http("GET", f"{rig.sim}/sim/messages?limit=1000")[1]["messages"]
    return [m["text"] for m in got if m["provider"] == "zalo" and m.get("way") == "cs" and "text" in m]


def write(phone, text):
    """Writes as this phone's owner; the texts that come back."""
    before = len(chat_lines())
    status, answer = http("POST", rig.sim + "/sim/act", {"act": "text", "phone": phone, "text": text})
    equal(status, 200, str(answer))
    return wait_for(f"an answer to {text}", lambda: chat_lines()[before:])


with cases("on Zalo the same way: the number at once, the answer on the same phone"):
    phone = "0912345678"
    http("POST", rig.sim + "/sim/act", {"act": "follow", "phone": phone})
    wait_for("the greeting", chat_lines)
    write(phone, "tôi muốn phản ánh cán bộ UBND phường Thành Sen quát mắng người dân sáng nay")
    number = number_in({"text": write(phone, "gửi đi")[-1]})
    before = len(chat_lines())
    equal(binh.call("POST", f"/desk/feedback/{number}/answer", {"text": "UBND phường đã xin lỗi trực tiếp."})[0], 200)
    wait_for("the answer on the phone", lambda: any("xin lỗi trực tiếp" in t for t in chat_lines()[before:]))

with cases("on Zalo after 48 hours: a template says that there is news, the number brings it"):
    number = number_in({"text": (write(phone, "phản ánh cán bộ UBND phường Thành Sen hách dịch với người già chiều qua"), write(phone, "gửi đi")[-1])[1]})
    talk = case(binh, number)[1]["conversation"]
    record = next(k for k in store("KEYS", f"*:cv:{talk}"))
    wait_for("the turn is over", lambda: store("XLEN", record.split(":cv:")[0] + ":ct") == 0)
    rig.kill_loa(0, 15)
    store("HSET", record, "la", int(time.time() * 1000) - 3 * 86400_000)
    rig.start_loa()
    equal(binh.call("POST", f"/desk/feedback/{number}/answer", {"text": "Phường đã nhắc nhở cán bộ."})[0], 200)
    def templates():
        got = http("GET", f"{rig.sim}/sim/messages?limit=1000")[1]["messages"]
        return [m for m in got if m["provider"] == "zalo" and m.get("way") == "uid" and number in str(m)]
    wait_for("the template", templates)
    assert "nhắc nhở" not in str(templates()), "the answer itself stays in the conversation"
    assert any("nhắc nhở cán bộ" in t for t in write(phone, number))

# ---- public questions and answers ----

with cases("a question gets a number, its answer comes back, and it can be made public"):
    asker = Page()
    asker.tap("#gui-cau-hoi")
    asker.say("Đăng ký nuôi chim yến trong khu dân cư có được không? Tôi là Hà, 0912345678")
    line = asker.tap("#phan-anh:gui")
    question = number_in(line)
    assert question.startswith("HD-"), line
    reply = {"text": "Không được nuôi mới trong khu dân cư (Luật Chăn nuôi 2018)."}
    equal(lan.call("POST", f"/desk/feedback/{question}/answer", reply)[0], 200)
    assert "Luật Chăn nuôi" in asker.hear()["text"]

with cases("personal data is refused, and told where"):
    draft = {"question": "Nuôi chim yến trong khu dân cư? Gọi 0912 345 678", "answer": "Hỏi hồ sơ H27.18.01-251120-0102, thư lan@example.vn",
             "unit": "ttpvhcc-ha-tinh", "case": question}
    status, answer = lan.call("POST", "/desk/qa", draft)
    equal((status, sorted((e["pointer"], e["code"]) for e in answer["errors"])),
          (400, [("/answer", "personal_data"), ("/answer", "personal_data"), ("/question", "personal_data")]))
    assert all("0912 345 678" not in e["detail_vi"] for e in answer["errors"])
    equal(lan.call("GET", "/desk/qa")[1]["items"], [])

with cases("draft, published by somebody else, found with and without diacritics, taken back"):
    draft = {"question": "Nuôi chim yến trong khu dân cư có được không?", "answer": "Không được nuôi mới (Luật Chăn nuôi 2018).",
             "unit": "ttpvhcc-ha-tinh", "case": question}
    status, answer = chi.call("POST", "/desk/qa", draft)
    item = answer["id"]
    equal((status, chi.call("POST", "/desk/qa", draft)[1]["id"]), (200, item), "sent twice")
    equal(http("GET", loa + "/v1/qa")[1]["items"], [])
    equal(lan.call("POST", f"/desk/qa/{item}/publish")[0], 403, "no officer")
    status, answer = chi.call("POST", f"/desk/qa/{item}/publish")
    equal((status, answer["code"]), (403, "same_person"))
    equal(dung.call("POST", f"/desk/qa/{item}/publish")[1]["state"], "published")
    equal(dung.call("POST", f"/desk/qa/{item}/publish")[0], 200, "again is harmless")
    for search in ("", "q=chim+yen", "q=Y%E1%BA%BEN", "unit=H27&q=luat"):
        got = http("GET", f"{loa}/v1/qa?{search}")[1]["items"]
        equal([i["id"] for i in got], [item], search)
    equal(set(got[0]), {"id", "question", "answer", "unit", "unit_name", "published"})
    for search in ("q=khai+sinh", "unit=xa-18073"):
        equal(http("GET", f"{loa}/v1/qa?{search}")[1]["items"], [], search)
    equal(chi.call("POST", f"/desk/qa/{item}", draft)[1]["code"], "state", "what is public is not changed in place")
    equal(chi.call("POST", f"/desk/qa/{item}/withdraw")[1]["state"], "withdrawn")
    equal(http("GET", loa + "/v1/qa")[1]["items"], [])
    equal(chi.call("POST", "/desk/qa/qa-999/publish")[0], 404)
    equal(chi.call("POST", "/desk/qa/n/publish")[0], 404)

with cases("the public list by pages"):
    for n in range(5):
        one = chi.call("POST", "/desk/qa", {"question": f"Câu {n}?", "answer": f"Trả lời {n}."})[1]["id"]
        equal(dung.call("POST", f"/desk/qa/{one}/publish")[0], 200)
    seen, after = [], ""
    while after is not None:
        page = http("GET", f"{loa}/v1/qa?limit=2&after={after}")[1]
        seen += [i["question"] for i in page["items"]]
        after = page.get("after")
    equal(seen, [f"Câu {n}?" for n in (4, 3, 2, 1, 0)])

# ---- satisfaction ----

now = int(time.time() * 1000)
day = time.strftime("%y%m%d", time.localtime(now / 1000 - 86400))


def invitation(n, status=10, **data):
    """A dossier event that invites; its link, as the mail shows it."""
    address = f"dan{n}@example.vn"
    post_events(loa, key, [event(f"H27.18.01-{day}-{n:04d}", status, now - 60_000 + n, Email=address, ChuHoSo="Lê Thị Lan", MaTTHC="2.000815",
                                 TenTTHC="Chứng thực bản sao", **data)])
    def mail():
        got = http("GET", f"{rig.sim}/sim/messages?limit=1000")[1]["messages"]
        return [m for m in got if m["provider"] == "smtp" and m["address"] == address and "text" in m]
    text = wait_for("the mail", mail)[0]["text"]
    links = [w.strip("()<>.") for w in text.split() if "/s/" in w]
    return links[0] if links else None


def form(link, **fields):
    import urllib.parse
    return http("POST", link, urllib.parse.urlencode(fields).encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})


def survey(query=""):
    return http("GET", f"{loa}/v1/survey?{query}", key=key)[1]


with cases("an invitation is a link without a name in it; GET counts nothing; POST counts once"):
    link = invitation(1)
    assert link.startswith(loa + "/s/") and len(link.rsplit("/", 1)[1]) <= 28, link
    status, page = http("GET", link)
    equal((status, page.count('type="radio"'), "piece" in page, "Lê Thị Lan" in page), (200, 5, False, False))
    equal(survey()["total"]["n"], 0)
    status, page = form(link, comment="chưa chọn")
    equal(status, 400)
    status, page = form(link, score="5", comment="Cán bộ nhiệt tình, gọi lại 0912345678 nhé")
    equal(status, 200)
    equal((form(link, score="1")[0], http("GET", link)[0]), (410, 410), "single use")
    total = survey()["total"]
    equal((total["invited"], total["n"], total["distribution"]["5"], total["satisfied"]["share"]), (1, 1, 1, 1.0))
    assert 0 < total["satisfied"]["low"] < total["satisfied"]["high"] <= 1, total

with cases("forged, cut and foreign tokens are unknown"):
    token = link.rsplit("/", 1)[1]
    for bad in ("x", token[:-2], token[:5] + ("A" if token[5] != "A" else "B") + token[6:], "A" * 26, "A" * 3000):
        equal(http("GET", f"{loa}/s/{bad}")[0] in (404, 414), True, bad[:40])
    equal(form(f"{loa}/s/{'A' * 26}", score="5")[0], 404)

with cases("the answer lies apart from the citizen: no key, no code, no number beside it"):
    comments = chi.call("GET", "/desk/survey/comments")[1]["items"]
    equal([(c["kind"], c["channel"], c["score"], c["procedure"], c["text"]) for c in comments],
          [("returned", "link", "5", "2.000815", "Cán bộ nhiệt tình, gọi lại [số điện thoại] nhé")])
    kept = {k: store("HGETALL", k) for k in store("KEYS", "*:sv:*")}
    ckeys = [k.rsplit(":", 1)[1] for k in store("KEYS", "*:c:*") if ":sv:c:" not in k]
    text = str(kept)
    assert ckeys and not any(c in text for c in ckeys) and f"-{day}-" not in text and "nhiệt tình" not in text, text

with cases("one event, one invitation: the same event again invites nobody twice"):
    post_events(loa, key, [event(f"H27.18.01-{day}-0001", 10, now - 60_000 + 1, event_id="again", Email="dan1@example.vn", ChuHoSo="Lê Thị Lan",
                                 MaTTHC="2.000815", TenTTHC="Chứng thực bản sao")])
    invitation(2, 2)
    equal(survey()["total"]["invited"], 2)

with cases("in the chat: five choices, a tap, a second tap, a comment"):
    token = invitation(3).rsplit("/", 1)[1]
    page = Page()
    line = page.tap(f"#rate:{token}")
    equal(payloads(line), [f"#rate:{token}:{n}" for n in (5, 4, 3, 2, 1)])
    line = page.tap(f"#rate:{token}:2")
    assert "góp ý" in line["text"], line
    line = page.tap(f"#rate:{token}:5")
    assert "đã được trả lời" in line["text"], line
    token = invitation(4).rsplit("/", 1)[1]
    page.tap(f"#rate:{token}")
    page.say("3")
    line = page.say("phải chờ hơi lâu ạ")
    assert "ghi nhận" in line["text"], line
    channels = {c["channel"]: c["distribution"] for c in survey()["channels"]}
    equal((channels["chat"]["2"], channels["chat"]["3"], channels["chat"]["5"]), (1, 1, 0))
    for forged in (f"#rate:{token[:-3]}AAA:5", "#rate:x:5", "#rate::5", f"#rate:{token}:9", "#rate:" + "A" * 400):
        line = page.tap(forged)
        assert "không nhận ra" in line["text"] or "đã được trả lời" in line["text"], (forged, line)

with cases("whoever said no to surveys is not invited"):
    http("PUT", loa + "/v1/citizens", {"identity": "email:dan5@example.vn", "email": "dan5@example.vn"}, key)
    ckey = http("POST", loa + "/v1/citizens/find", {"identity": "email:dan5@example.vn"}, key)[1]["key"]
    record = next(k for k in store("KEYS", f"*:c:{ckey}"))
    store("HSET", record, "no", "t_survey=-1;")
    equal(invitation(5), None)

with cases("the rating of a Zalo template joins, once"):
    before = survey()["total"]["n"]
    post_events(loa, key, [event(f"H27.18.01-{day}-0006", 10, now, SoDienThoai="0983000106", ChuHoSo="Bình", MaTTHC="2.000815", TenTTHC="Chứng thực")])
    def zbs():
        got = http("GET", f"{rig.sim}/sim/messages?limit=1000")[1]["messages"]
        return [m for m in got if m["provider"] == "zalo" and m["address"].endswith("983000106")]
    message = wait_for("the template", zbs)[0]
    for note in ("Tốt", "Tốt lắm"):
        rated = http("POST", rig.sim + "/sim/act", {"act": "rate", "phone": "0983000106", "message": message["seq"], "rate": 4, "note": note})
        equal(rated[0], 200, str(rated))
    wait_for("counted", lambda: survey()["total"]["n"] == before + 1)
    zbs_counts = next(c for c in survey()["channels"] if c["channel"] == "zbs")
    equal(zbs_counts["distribution"]["4"], 1)

with cases("a conversation is rated once a day"):
    page = Page()
    for value in (5, 1):
        page.send({"type": "rate", "value": value})
        assert "ghi nhận" in page.hear()["text"]
    kinds = {k["kind"]: k["distribution"] for k in survey()["kinds"]}
    equal((kinds["chat"]["5"], kinds["chat"]["1"]), (1, 0))

with cases("small groups are hidden in public figures; a unit's figures are its own"):
    equal(survey("public=1")["channels"], [])
    equal(survey("unit=xa-18073")["total"]["n"], 0)
    equal(survey("from=2020-01&to=2020-02")["total"]["n"], 0)
    equal(http("GET", loa + "/v1/survey?from=nonsense", key=key)[0], 400)
    equal(http("GET", loa + "/v1/survey")[0], 401)

# ---- what nobody could answer ----

with cases("questions nobody could answer come together, masked, with the nearest entry"):
    for text in ("đăng ký nuôi kỳ đà cảnh ở đâu, số tôi 0912345678", "muốn nuôi kỳ đà cảnh phải đăng ký ở đâu",
                 "wifi ở trung tâm mật khẩu là gì"):
        Page().say(text)
    def week():
        return chi.call("GET", "/desk/unanswered")[1]
    got = wait_for("kept", lambda: week() if week().get("questions", 0) >= 3 else None)
    text = str(got)
    assert "0912345678" not in text and "[số điện thoại]" in text, got
    top = got["groups"][0]
    assert top["count"] >= 2 and any("kỳ đà" in e for e in top["examples"]), got
    equal(chi.call("GET", "/desk/unanswered?week=2020-01-01")[1]["questions"], 0)
    equal(chi.call("GET", "/desk/unanswered?week=x")[0], 400)
    status, table = chi.call("GET", "/desk/unanswered.csv")
    assert status == 200 and table.startswith("\ufeff") and "kỳ đà" in table, table
    raw = str([store("HGETALL", k) for k in store("KEYS", "*:uq:*")])
    assert "kỳ đà" not in raw

equal(rig.kill_loa(0, 15), 0)
cases.end()
