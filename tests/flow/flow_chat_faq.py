#!/usr/bin/env python3
"""What the FAQ brings into a conversation: cries for help, insults, answers the office adds while loa runs, faults in them,
answers whose last day is over. A citizen's phone is the simulator's."""
import hashlib
import json
import random
import signal
import time

from harness import Cases, equal, http, wait_for
from rig import Rig

APP = "1234567890123456789"
cases = Cases()
rig = Rig()
rig.start_loa()
key = rig.key()
own = rig.dir / "var0" / "faq"


def person(n):
    _, made = http("POST", rig.sim + "/sim/users", [{"phone": f"0913{n:05d}1", "name": f"Công dân {n}"}])
    uid = made["users"][0]["uid"]
    http("POST", rig.sim + "/sim/act", {"act": "chatnow", "uid": uid})
    return uid


def received(uid):
    _, page = http("GET", f"{rig.sim}/sim/messages?after=0&limit=1000")
    return [m for m in page["messages"] if "text" in m and m["address"] == uid]


def say(uid, text, part=""):
    """An answer to one word, one that has this part: a phone may show two messages in either order."""
    before = len(received(uid))
    body = {"app_id": APP, "event_name": "user_send_text", "timestamp": str(int(time.time() * 1000)), "sender": {"id": uid},
            "recipient": {"id": "2222222222222222222"}, "message": {"text": text, "msg_id": f"{uid}{before}{random.random()}"}}
    raw = json.dumps(body, ensure_ascii=False).encode()
    mac = hashlib.sha256(APP.encode() + raw + body["timestamp"].encode() + rig.secret["oa"].encode()).hexdigest()
    equal(http("POST", rig.url[0] + "/webhooks/zalo", raw, headers={"X-ZEvent-Signature": "mac=" + mac}, timeout=8)[0], 200, text)
    return wait_for(f"an answer to {text!r}", lambda: [m for m in received(uid)[before:] if part in m["text"]], 10)[0]


def alerts():
    return http("GET", rig.url[0] + "/v1/alerts", key=key)[1]["items"]


def reload(name, entry):
    own.mkdir(exist_ok=True)
    (own / name).write_text(entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False))
    rig.loa[0].send_signal(signal.SIGHUP)


def wait_answer(what, uid, question, part):
    wait_for(what, lambda: part in say(uid, question)["text"], 10)


with cases("a cry for help: the number and a button to call it at once, a person told, not what was written"):
    for n, (text, number) in enumerate((("chay nha roi cuu voi", "114"), ("e muon chet", "115"), ("be gai bi xam hai", "111"), ("bo danh me e", "113"),
                                        ("nó cầm dao đuổi tôi", "113"))):
        answer = say(person(n), text, number)
        if number not in answer["text"].split(".")[0]:
            raise AssertionError(answer["text"])
        equal(answer["detail"]["buttons"][0]["payload"], {"phone_code": number}, text)
    wait_for("a person is called", lambda: sum(a["code"].startswith("chat_urgent:") for a in alerts()) == 5, 10)
    if any(word in json.dumps(alerts(), ensure_ascii=False) for word in ("chay nha", "muon chet", "cầm dao")):
        raise AssertionError("a citizen's words in an alert")

with cases("who cried for help and waits is not told what the chat is for, and may stop waiting in words"):
    say(person(1), "em buồn quá", "vẫn đang chờ")
    if any("thủ tục hành chính" in m["text"] for m in received(person(1))):
        raise AssertionError(received(person(1)))
    say(person(1), "thôi không chờ nữa", "rút khỏi hàng chờ")
    say(person(1), "cảm ơn em nhiều nhé", "cứ nhắn")

with cases("an insult: a kind line and a person"):
    uid = person(10)
    say(uid, "đồ ngu", "xin lỗi")
    wait_for("a person", lambda: any("cán bộ" in m["text"] and "chuyển" in m["text"] for m in received(uid)), 10)

entry = {"id": "thi-cay-canh", "question": "Đăng ký dự thi cây cảnh ngày hội xã thế nào?", "variants": ["ghi danh thi cây cảnh"],
         "answer": "Anh/chị ghi danh tại nhà văn hóa xã.", "source": "Thông báo của xã"}
with cases("an answer approved while loa runs is given after the next reload"):
    uid = person(11)
    if "nhà văn hóa" in say(uid, "muốn ghi danh thi cây cảnh ngày hội xã")["text"]:
        raise AssertionError("known before it was written")
    reload("thi-cay-canh.json", entry)
    wait_answer("the new answer", person(12), "muon ghi danh thi cay canh ngay hoi xa", "nhà văn hóa")

with cases("a fault in one of them costs that one: told, the others answer"):
    reload("hong.json", '{"id": "hong", "answer": ')
    wait_for("a person is called", lambda: any(a["code"] == "faq_entry_skipped" for a in alerts()), 10)
    wait_answer("the good one", person(13), "ghi danh thi cây cảnh", "nhà văn hóa")
    wait_answer("the delivered ones", person(14), "làm giấy khai sinh cho con cần giấy tờ gì", "khai sinh")

with cases("an answer whose last day is over is not given any more"):
    reload("thi-cay-canh.json", {**entry, "expires": "2026-01-31"})
    last = person(15)
    wait_for("staff answer", lambda: "nhà văn hóa" not in say(last, "ghi danh thi cây cảnh")["text"], 10)

rig.kill_loa(0, 15)
cases.end()
