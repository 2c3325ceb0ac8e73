#!/usr/bin/env python3
"""Citizens chat on Zalo while processes and Redis die. Their words go in through signed webhooks, to any process, again until
acknowledged and sometimes once more after that; the answers are what the simulator's phones received. Afterwards every
acknowledged word has one line in the log and one answer, in order. The numbers are printed."""
import collections
import hashlib
import json
import os
import random
import socket
import threading
import time

from harness import Cases, equal, http, wait_for
from rig import Rig

CITIZENS = int(os.environ.get("LOA_CHAT_CITIZENS", "24"))
WORDS = int(os.environ.get("LOA_CHAT_WORDS", "24"))
KILLS = int(os.environ.get("LOA_CHAT_KILLS", "5"))
APP = "1234567890123456789"
OA = "2222222222222222222"
cases = Cases()


def signed(rig, name, uid, **members):
    body = {"app_id": APP, "event_name": name, "timestamp": str(int(time.time() * 1000)), "sender": {"id": uid},
            "recipient": {"id": OA}, **members}
    raw = json.dumps(body, ensure_ascii=False).encode()
    return raw, hashlib.sha256(APP.encode() + raw + body["timestamp"].encode() + rig.secret["oa"].encode()).hexdigest()


def write_at_once(rig, i, uid, text, name, count):
    """Words that all lie at loa's door before it can have answered the first."""
    links = [socket.create_connection(("127.0.0.1", rig.ports[i])) for _ in range(count)]
    requests = []
    for n in range(count):
        raw, mac = signed(rig, "user_send_text", uid, message={"text": text, "msg_id": f"{name}-{n}"})
        requests.append(f"POST /webhooks/zalo HTTP/1.1\r\nHost: loa\r\nContent-Type: application/json\r\n"
                        f"X-ZEvent-Signature: mac={mac}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)
    for link, request in zip(links, requests):
        link.sendall(request)
    for link in links:
        link.settimeout(10)
        assert link.recv(64).startswith(b"HTTP/1.1 200"), "each is taken"
        link.close()


def webhook(rig, i, name, uid, **members):
    """Posts what Zalo would; returns the status."""
    raw, mac = signed(rig, name, uid, **members)
    return http("POST", rig.url[i] + "/webhooks/zalo", raw, headers={"X-ZEvent-Signature": "mac=" + mac}, timeout=8)[0]


def write(rig, i, uid, text, msg_id):
    return webhook(rig, i, "user_send_text", uid, message={"text": text, "msg_id": msg_id})


def people(rig, count):
    users = [{"phone": f"0912{n:05d}1", "name": f"Công dân {n}"} for n in range(count)]
    status, made = http("POST", rig.sim + "/sim/users", users)
    equal(status, 200, "people of the simulator")
    uids = [u["uid"] for u in made["users"]]
    for uid in uids:
        http("POST", rig.sim + "/sim/act", {"act": "chatnow", "uid": uid})  # opens the free window
    return uids


def received(rig):
    """What each phone got, in order: uid -> texts."""
    out, after = collections.defaultdict(list), 0
    while True:
        _, page = http("GET", f"{rig.sim}/sim/messages?after={after}&limit=1000")
        if not page["messages"]:
            return out
        for m in page["messages"]:
            if "text" in m:  # it has reached the phone
                out[m["address"]].append(m)
        after = page["messages"][-1]["seq"]


def texts(rig, uid):
    return [m["text"] for m in received(rig)[uid]]


def say(rig, uid, text, answers=1):
    """One word, and the answers to it."""
    before = len(texts(rig, uid))
    equal(write(rig, 0, uid, text, f"m{uid}{before}{text[:20]}{random.random()}"), 200, text)
    return wait_for(f"an answer to {text!r}", lambda: texts(rig, uid)[before:][answers - 1:answers], 10)[0]


def faq_ids():
    from harness import ROOT
    return [e["id"] for e in json.loads((ROOT / "templates/faq/entries.json").read_text())][:WORDS]


class Citizen(threading.Thread):
    """Taps one button after the other, without waiting for answers; each until it is acknowledged."""

    def __init__(self, rig, uid, ids, seed):
        super().__init__(daemon=True)
        self.rig, self.uid, self.ids, self.rng = rig, uid, ids, random.Random(seed)
        self.retries = self.repeats = 0

    def run(self):
        for n, word in enumerate(self.ids):
            msg_id = f"{self.uid}-{n}"
            while write(self.rig, self.rng.randrange(2), self.uid, f"#faq:{word}", msg_id) != 200:
                self.retries += 1
                time.sleep(0.05)  # the platform's own pause before it tries again
            if self.rng.random() < 0.1:
                self.repeats += 1
                write(self.rig, self.rng.randrange(2), self.uid, f"#faq:{word}", msg_id)
            time.sleep(self.rng.uniform(0.05, 0.3))  # a thumb


def conversations(store):
    for p in range(16):
        for key in store("KEYS", f"loa:{{p{p:02d}}}:cl:" + "[0-9a-f]" * 40):
            yield [line.split(" ", 3)[:3] for line in store("LRANGE", key, 0, -1)]


def waiting_turns(store):
    return sum(store("XLEN", f"loa:{{p{p:02d}}}:ct") for p in range(16))


def doubtful(store):
    """Notifications whose fate was unknown at some time: such a one may arrive twice."""
    count = 0
    for p in range(16):
        for key in store("KEYS", f"loa:{{p{p:02d}}}:n:*"):
            count += " unknown " in (store("HGET", key, "lg") or "")
    return count


def run(victim, seed):
    rng = random.Random(seed)
    rig = Rig(processes=2, limits={"wait": "4s"})
    for i in (0, 1):
        rig.start_loa(i)
    ids = faq_ids()
    uids = people(rig, CITIZENS + 1)
    teacher = {}
    for word in ids:  # which text is the answer of which entry
        teacher[say(rig, uids[0], f"#faq:{word}")] = word
    equal(len(teacher), len(ids), "every entry has its own answer")
    started = time.monotonic()
    citizens = [Citizen(rig, uid, rng.sample(ids, len(ids)), seed * 1000 + n) for n, uid in enumerate(uids[1:])]
    for c in citizens:
        c.start()
    for _ in range(KILLS):
        pause = time.monotonic() + rng.uniform(0.3, 1.2)
        wait_for("a random moment", lambda: time.monotonic() > pause, 10, 0.01)
        if victim == "redis":
            rig.kill_redis()
            rig.restart_redis()
        else:
            i = rng.randrange(2)
            rig.kill_loa(i)
            rig.start_loa(i, wait=False)
    wait_for("every word is acknowledged", lambda: not any(c.is_alive() for c in citizens), 120)
    store = rig.store()
    wait_for("every turn is answered", lambda: waiting_turns(store) == 0, 60)

    def all_there():
        got = received(rig)
        return all(len({m["text"] for m in got[c.uid]}) >= len(ids) for c in citizens)
    wait_for("every answer is on its phone", all_there, 60, 0.5)

    got = received(rig)
    missing = wrong = twice = late = 0
    for c in citizens:
        words = [teacher.get(m["text"], "?") for m in got[c.uid]]
        once = list(dict.fromkeys(words))
        twice += len(words) - len(once)
        missing += len(set(c.ids) - set(once))
        wrong += "?" in once
        late += once != c.ids
    lines = list(conversations(store))
    gaps = sum([int(line[0]) for line in log] != list(range(1, len(log) + 1)) for log in lines)
    said = sum(line[2] == "c" for log in lines for line in log)
    answered = sum(line[2] == "b" for log in lines for line in log)
    unknown = doubtful(store)
    words = len(ids) * (CITIZENS + 1)
    print(f"kill {victim}: words={words} retries={sum(c.retries for c in citizens)} repeats={sum(c.repeats for c in citizens)} "
          f"kills={KILLS} lines={said} answers={answered} received={sum(len(v) for v in got.values())} missing={missing} "
          f"twice={twice} unknown={unknown} out_of_order={late} gaps={gaps} seconds={time.monotonic() - started:.0f}", flush=True)
    equal(said, words, "one line for every acknowledged word")
    equal(answered, words, "one answer in the log for every word")
    equal((missing, wrong, late, gaps), (0, 0, 0, 0), "missing, wrong, out of order, gaps in the log")
    if twice > unknown:
        raise AssertionError(f"{twice} answers came twice, but only {unknown} were in doubt")
    for i in (0, 1):
        rig.kill_loa(i, 15)


def talk():
    """What the dialog says to what people do."""
    rig = Rig()
    rig.start_loa()
    uid, other = people(rig, 2)
    with cases("following the account: a greeting with buttons"):
        equal(webhook(rig, 0, "follow", uid, follower={"id": uid}), 200)
        wait_for("the greeting", lambda: texts(rig, uid), 10)
        greeting = received(rig)[uid][0]
        if "trợ lý tự động" not in greeting["text"]:
            raise AssertionError(greeting["text"])
        equal([b["payload"] for b in greeting["detail"]["buttons"]], ["#tra-cuu", "#hoi", "#phan-anh", "#gap-can-bo"])
    with cases("a question has its approved answer, with source and date; asked again it is not repeated"):
        first = say(rig, uid, "làm giấy khai sinh cho con cần giấy tờ gì")
        if "khai sinh" not in first or "Căn cứ:" not in first or "Xác nhận ngày" not in first:
            raise AssertionError(first)
        again = say(rig, uid, "làm giấy khai sinh cho con cần giấy tờ gì")
        if "vừa trả lời" not in again:
            raise AssertionError(again)
    with cases("what is typed like a button answers only what is there"):
        answer = say(rig, uid, "#faq:dang-nhap-vneid")
        if "VNeID" not in answer:
            raise AssertionError(answer)
        for typed in ("#faq:khong-co", "#admin:1"):
            answer = say(rig, uid, typed)
            if "không còn dùng được" not in answer:
                raise AssertionError(answer)
    with cases("a picture, a voice, a sticker get kind words"):
        for kind, part in (("image", "chưa đọc được"), ("audio", "chưa nghe được"), ("sticker", "Cảm ơn")):
            before = len(texts(rig, uid))
            equal(webhook(rig, 0, f"user_send_{kind}", uid, message={"msg_id": f"x{kind}", "attachments": [
                {"type": kind, "payload": {"url": "https://example.vn/a"}}]}), 200)
            answer = wait_for(kind, lambda: texts(rig, uid)[before:], 10)[0]
            if part not in answer:
                raise AssertionError(answer)
    with cases("signs, other scripts, broken letters, 100 kB: an answer, never silence"):
        for n, text in enumerate(("👍🏽👍", "你好,我想问一个问题", "\u202e<script>alert(1)</script>", "a" * 100000, "{{answer}} ../../ ' OR 1=1")):
            before = len(texts(rig, other))
            equal(write(rig, 0, other, text, f"odd{n}"), 200)
            wait_for(f"an answer to {text[:20]!r}", lambda: texts(rig, other)[before:], 10)
    with cases("who writes very much is told that only the beginning was read"):
        if not any("khá dài" in t for t in texts(rig, other)):
            raise AssertionError(texts(rig, other))
    with cases("our own messages coming back are no words of a citizen"):
        before = len(texts(rig, uid))
        for name in ("oa_send_text", "oa_send_image"):
            body = {"sender": {"id": OA}, "recipient": {"id": uid}}
            equal(webhook(rig, 0, name, OA, recipient={"id": uid}, message={"text": "chào", "msg_id": "own" + name}), 200)
        say(rig, uid, "menu")
        equal(len(texts(rig, uid)), before + 1, "only the menu")
    with cases("a thousand messages at once: told once to go slower, others are answered in time"):
        before = len(texts(rig, uid))
        stop = threading.Event()

        def flood(part):
            write_at_once(rig, 0, uid, "abc làm sao", f"flood{part}", 125)
        threads = [threading.Thread(target=flood, args=(k,)) for k in range(8)]
        for t in threads:
            t.start()
        begun = time.monotonic()
        say(rig, other, "menu")
        waited = time.monotonic() - begun
        for t in threads:
            t.join()
        store = rig.store()
        wait_for("all turns are over", lambda: waiting_turns(store) == 0, 30)
        wait_for("being told", lambda: any("nhắn hơi nhanh" in t for t in texts(rig, uid)[before:]), 20)
        slower = sum("nhắn hơi nhanh" in t for t in texts(rig, uid)[before:])
        print(f"flood: answers={len(texts(rig, uid)) - before} told={slower} other_waited_s={waited:.2f}")
        if not 1 <= slower <= 3 or waited > 5:
            raise AssertionError((slower, waited))
    with cases("a shared phone number proves who it is"):
        before = len(texts(rig, other))
        equal(http("POST", rig.sim + "/sim/act", {"act": "share_phone", "uid": other})[0], 200)
        answer = wait_for("thanks", lambda: texts(rig, other)[before:], 10)[0]
        if "chia sẻ số điện thoại" not in answer:
            raise AssertionError(answer)
    with cases("what has left is not kept in the notification, and not for long"):
        for p in range(16):
            for key in store("KEYS", f"loa:{{p{p:02d}}}:n:*"):
                equal(store("HEXISTS", key, "b"), 0, key)
                if not 0 < store("TTL", key) <= 7 * 86400:
                    raise AssertionError((key, store("TTL", key)))
    with cases("nothing a citizen wrote or read lies open in the store"):
        raw = (rig.dir / "appendonlydir").glob("*.aof")
        for path in raw:
            data = path.read_bytes()
            for word in ("khai sinh cho con", "VNeID mức", "nhắn hơi nhanh", "84912000001"):
                if word.encode() in data:
                    raise AssertionError(f"{word} in {path.name}")
    with cases("metrics count the turns"):
        _, text = http("GET", rig.url[0] + "/metrics")
        for name in ('loa_chat_turns_total{channel="zalo",kind="text"}', "loa_chat_answer_seconds_bucket", "faq_answered"):
            if name not in text:
                raise AssertionError(name)
    rig.kill_loa(0, 15)


def reload():
    """Edited texts become live in every process, or in none."""
    rig = Rig(processes=2, limits={"wait": "4s"})
    for i in (0, 1):
        rig.start_loa(i)
    key = rig.key()
    uids = people(rig, 8)
    path = rig.templates / "chat/common.ini"
    good = path.read_text()
    url = rig.url[0] + "/v1/faq/reload"
    with cases("a reload needs the scope admin"):
        equal(http("POST", url, {})[0], 401)
        equal(http("POST", url, {}, rig.key("reports", "reader"))[0], 403)
    with cases("texts with a fault change nothing, and the fault is named"):
        path.write_text(good.replace("[menu]", "[menu]\nsai = x"))
        status, answer = http("POST", url, {}, key)
        equal(status, 422)
        if "common.ini:" not in answer["errors"][0]["pointer"]:
            raise AssertionError(answer)
        if "Chọn bên dưới" not in say(rig, uids[0], "menu"):
            raise AssertionError("the old text is gone")
    with cases("edited texts are live in all processes"):
        path.write_text(good.replace("Chọn bên dưới", "Chọn một việc"))
        begun = time.monotonic()
        status, answer = http("POST", url, {}, key)
        took_ms = (time.monotonic() - begun) * 1000
        equal((status, answer["processes"]), (200, 2))
        print(f"reload: {took_ms:.0f} ms, {answer['faq_entries']} entries")
        for uid in uids:
            wait_for("the new text", lambda: "Chọn một việc" in say(rig, uid, "menu"), 10)
    for i in (0, 1):
        rig.kill_loa(i, 15)


talk()
reload()
with cases("two processes, one killed again and again, in mid-conversation"):
    run("loa", 1)
with cases("Redis killed again and again, in mid-conversation"):
    run("redis", 2)
cases.end()
