#!/usr/bin/env python3
"""Dossiers in the chat: to anybody how far they are, everything to the owner; followed and no longer followed; wishes about
messages; being forgotten. On Zalo (the simulator's phones) and on the web. And the tricks of people who are not the owner."""
import os
import re
import time

from chat_phones import Page, Phone, payloads, session
from harness import Cases, equal, http, wait_for
from rig import Rig, event, post_events

PAUSE_S = 6
os.environ["LOA_CHAT_LOOKUP_VIEWS"] = "3"
os.environ["LOA_CHAT_GUESS_PAUSE_S"] = str(PAUSE_S)
os.environ["LOA_LOA_PUBLIC_URL"] = "https://loa.example.vn"  # the form that asks for the number wants a picture by https
cases = Cases()
rig = Rig()
rig.start_loa()
key = rig.key()
loa = rig.url[0]
store = rig.store()
now = int(time.time() * 1000)
day = time.strftime("%y%m%d", time.localtime(now / 1000 - 86400))
clock = [now - 3_600_000]

NAME, PAPER, NUMBER = "Nguyễn Thị Hoàng Lan", "042199001234", "0912345678"
PERSONAL = (NAME, "Hoàng Lan", PAPER, NUMBER, "84912345678", "912345678", "lan@example.vn")


def code(n):
    return f"H27.18.01-{day}-{n:04d}"


def tell(c, status, **data):
    """The province's system says what happened to a dossier; done when it is recorded."""
    clock[0] += 60_000
    fields = {"ChuHoSo": NAME, "SoDienThoai": NUMBER, "DinhDanhCHS": {"LoaiDinhDanh": "1", "SoDinhDanh": PAPER}, "LoaiDoiTuong": "1",
              "TenTTHC": "Đăng ký khai sinh", "Email": "lan@example.vn", **data}
    status_code, answer = post_events(loa, key, [event(c, status, clock[0], **fields)])
    equal((status_code, answer.get("rejected")), (202, []), str(answer))
    wait_for("recorded", lambda: http("GET", f"{loa}/v1/dossiers/{c}", key=key)[1].get("TrangThai") == status)


def silent_about_people(text):
    for word in PERSONAL + ("4321", "84987654321"):
        assert word not in text, (word, text)


def everything():
    """Every key of the store with its value, as text."""
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


def keys_with(word):
    return sorted({text.split(" ")[0] for text in everything() if word in text})


def records(ckey):
    """Which kinds of records there are under this key."""
    return sorted(k.split(":")[2] for k in store("KEYS", f"*:{ckey}") if ":t:" not in k)


def metric(name, **labels):
    text = http("GET", loa + "/metrics", key=key)[1]
    want = "".join(f'.*{k}="{v}"' for k, v in labels.items())
    return sum(float(line.split()[-1]) for line in text.splitlines() if re.match(re.escape(name) + r"\{" + want, line))


lan = Phone(rig, NUMBER, NAME)
stranger = Phone(rig, "0987654321", "Người lạ")
A, B, C = code(1), code(2), code(3)
tell(A, 2, NgayHenTra=time.strftime("%Y%m%d170000", time.localtime(now / 1000 + 5 * 86400)), DonViXuLy="H27.18.01")

with cases("a code alone: how far, since when, where; no name, no number, no date of appointment"):
    got = stranger.say(f"Cho hỏi {A.lower().replace('-', ' ')} tới đâu rồi ạ")
    assert A in got["text"] and "Được tiếp nhận" in got["text"], got["text"]
    assert "Hẹn trả" not in got["text"] and "khai sinh" not in got["text"], got["text"]
    silent_about_people(got["text"])
    assert f"#chu:{A}" in payloads(got), got["detail"]

with cases("dictated, in a link, over two lines"):
    for text in (f"h 27 chấm 18 chấm 01 gạch {day} gạch 0001", f"https://a.gov.vn/tra-cuu?ma={A.replace('-', '%2D')}",
                 A[:12] + "\n" + A[12:]):
        assert "Được tiếp nhận" in stranger.say(text)["text"], text

with cases("nearly a code gets a hint, an unknown one a kind word; too many are slowed and counted"):
    assert "4 đến 7 số" in stranger.say(f"H27.18.01-{day}-07")["text"]
    for n in range(5):
        got = stranger.say(code(900 + n))["text"]
        assert "chưa thấy" in got, got
    got = stranger.say(code(905))["text"]
    assert "xin nghỉ" in got, got
    assert "xin nghỉ" in stranger.say(A)["text"], "a right one waits too"
    equal([metric("loa_chat_lookups_total", result=r) for r in ("unknown", "slowed", "code_fault")], [5, 2, 1])

with cases("who looks at one dossier after the other that is not his is slowed too; the same one again costs nothing"):
    page = Page(rig)
    tell(B, 2)
    for n in (A, A, A, A, B, A):
        assert "Được tiếp nhận" in page.say(n)["text"]
    assert "xin nghỉ" in page.say(B)["text"]

with cases("a button typed by hand for somebody else's dossier opens nothing and follows nothing"):
    other = Phone(rig, "0977000111", "Kẻ tò mò")
    for payload in (f"#theo-doi:{A}", f"#chu:{A}"):
        got = other.say(payload)
        silent_about_people(got["text"])
    d = next(k for k in store("KEYS", f"*:d:{A}"))
    equal(store("HGET", d, "fw"), None)
    got = other.say("#hs:" + A)
    assert "Hẹn trả" not in got["text"], got["text"]
    for payload in ("#theo-doi:", "#hs:xyz", f"#chu:{A}:1", "#theo-doi:" + "9" * 3000, "#thoi-theo-doi:" + A):
        other.event("user_send_text", message={"text": payload, "msg_id": "h" + payload[:20]})
    equal(store("HGET", d, "fw"), None)

with cases("wrong digits are counted per conversation and then wait, right ones open the dossier for a while"):
    eve = Phone(rig, "0977000222", "Eve")
    eve.say(f"#chu:{A}")
    for digits in ("0000", "1111"):
        got = eve.say(digits)["text"]
        assert "chưa khớp" in got, got
    got = eve.say("2222")["text"]
    assert "chưa khớp" in got, got
    got = eve.say("3333")["text"]
    assert "tạm dừng" in got, got
    silent_about_people(got)
    waits = time.monotonic() + PAUSE_S
    wait_for("the pause is over", lambda: time.monotonic() > waits)
    eve.say(f"#chu:{A}")
    got = eve.say("bốn số cuối là 5678 ạ")["text"]
    assert "Hẹn trả kết quả" in got and "khai sinh" in got, got
    assert NAME not in got and NUMBER not in got, got

with cases("the dossier itself locks when many conversations guess"):
    locked = False
    for n in range(4):
        guesser = Page(rig)
        guesser.say(f"#chu:{A}")
        for digits in ("0001", "0002"):
            text = guesser.say(digits)["text"]
            locked = locked or "tạm dừng" in text
    assert locked
    equal(metric("loa_chat_lookups_total", result="digits_right"), 1)
    assert metric("loa_chat_lookups_total", result="locked") >= 2

with cases("the owner shares the number: everything, although digits are locked; and again without asking"):
    assert "gửi mã hồ sơ" in lan.say("hồ sơ của tôi đến đâu rồi")["text"]
    assert f"#hs:{A}" in payloads(lan.share_phone())
    got = lan.say("#hs:" + A)
    assert "Hẹn trả kết quả" in got["text"], got["text"]
    assert f"#theo-doi:{A}" in payloads(got), payloads(got)
    got = lan.say("bao giờ xong")
    assert f"#hs:{A}" in payloads(got), got["detail"]

with cases("a shared number of somebody else proves nothing"):
    other.say(f"#chu:{A}")
    got = other.share_phone()
    assert "không phải là người nộp" in got["text"], got["text"]

with cases("on the web: a portal session is proof, a stranger's is none"):
    page = Page(rig, session=session(rig, "cccd:" + PAPER))
    got = page.say(A)
    assert "Hẹn trả kết quả" in got["text"], got
    got = page.say("hồ sơ của tôi đến đâu rồi")
    assert any(b.get("payload") == f"#hs:{A}" for b in got["buttons"]), got
    got = Page(rig, session=session(rig, "cccd:042199009999")).say(A)
    assert "Hẹn trả" not in got["text"], got

with cases("the authorised person counts as owner, an organisation only by its contact"):
    tell(B, 2, UyQuyen="true", NguoiUyQuyen={"HoTen": "Trần B", "SoDienThoai": "0987654321"})
    stranger.share_phone()
    got = stranger.say("#hs:" + B)
    assert "Bước hiện nay" in got["text"], got["text"]
    tell(C, 2, LoaiDoiTuong="3", ChuHoSo="Sở A", DinhDanhCHS={}, SoGiayToChuHoSo="042199001234", SoDienThoai="0911222333")
    anon = Page(rig)
    got = anon.say(f"#chu:{C}")
    assert "cơ quan, tổ chức" in got["text"], got
    assert "Bước hiện nay" not in anon.say("1234")["text"]
    assert "Bước hiện nay" in anon.say("2333")["text"]

with cases("followed on the web: the next event is a line there; unfollowed: no more"):
    anon.say(f"#theo-doi:{C}")
    tell(C, 5, LoaiDoiTuong="3", NoiDungXuLy="Thiếu bản sao", SoDienThoai="0911222333")
    line = anon.until("line", **{"from": "b"})
    assert C in line["text"] and "bổ sung" in line["text"].lower(), line
    assert "không báo tin" in anon.say(f"bỏ theo dõi {C} giúp tôi")["text"]
    anon.say(f"theo dõi hồ sơ {C}")
    got = anon.say("bỏ theo dõi")
    equal([b["payload"] for b in got["buttons"]], [f"#thoi-theo-doi:{C}"])
    anon.say(f"#thoi-theo-doi:{C}")
    equal(store("HGET", next(iter(store("KEYS", f"*:d:{C}"))), "fw"), None)

with cases("followed on Zalo by the authorised person's account: news come to the follower, the owner gets his own once"):
    stranger.say(f"#theo-doi:{B}")
    lan.say(f"#theo-doi:{A}")
    assert "báo anh/chị ngay" in eve.say(f"#theo-doi:{A}")["text"], "proven by digits a while ago"
    before_lan, before, before_eve = len(lan.messages()), len(stranger.messages()), len(eve.messages())
    tell(A, 9)
    wait_for("the owner's news on Zalo", lambda: len(lan.messages()) > before_lan)
    wait_for("the follower's", lambda: len(eve.messages()) > before_eve)
    text = eve.messages()[-1]["text"]
    assert A in text and NAME not in text and "Nguyễn T. H. L***" in text, text
    eve.say(f"#thoi-theo-doi:{A}")
    tell(B, 9)
    wait_for("the follower's news", lambda: len(stranger.messages()) > before)
    equal([len([m for m in lan.messages()[before_lan:] if A in m["text"]]), len(stranger.messages()[before:])], [1, 1])


def optional(c, **data):
    """News that no law demands: the dossier goes to another unit."""
    tell(c, 4, DonViXuLy=data.pop("unit"), **data)


def told_by(c, kind, nth=-1):
    """channel -> (state, code) of the last notification of this kind."""
    line = [t for t in http("GET", f"{loa}/v1/dossiers/{c}", key=key)[1]["timeline"] if t.get("kind") == kind][nth]
    return {m["channel"]: m["state"] for m in line["notification"]["messages"]}


D = code(4)
tell(D, 2, DonViXuLy="H27.18.01")
optional(D, unit="H27.18.02")
wait_for("the first optional news", lambda: told_by(D, "processing").get("zalo") in ("sent", "delivered", "seen"))

with cases("HUY: confirmed at once, the next optional news stays away, what the law demands still comes"):
    got = lan.say("HUY")["text"]
    assert "Đã ghi nhận" in got and "bắt buộc" in got and "NHAN LAI" in got, got
    optional(D, unit="H27.18.03")
    wait_for("suppressed", lambda: told_by(D, "processing").get("zalo") == "suppressed")
    tell(D, 5, NoiDungXuLy="Thiếu giấy tờ")
    wait_for("the demand arrives", lambda: told_by(D, "supplement").get("zalo") in ("delivered", "seen"))

with cases("a record of it stands in the ledger: source, time, version; no text, no number"):
    items = [i for i in http("GET", loa + "/v1/feed?limit=1000", key=key)[1]["items"] if i.get("kind") == "consent"]
    equal([(i["wants"], i["source"], i["words"]) for i in items], [(False, "zalo", "t_dossier t_campaign t_survey")])
    assert len(items[0]["version"]) == 12 and items[0]["time"], items

with cases("DUNG ZALO: nothing leaves by Zalo but answers; in one's own words, per topic; NHAN LAI brings all back"):
    got = lan.say("DUNG ZALO")["text"]
    assert "qua Zalo" in got and "Cổng dịch vụ công" in got and "SMS" in got, got
    tell(D, 9)
    wait_for("not by Zalo", lambda: told_by(D, "ready").get("zalo") == "suppressed")
    wait_for("but by SMS", lambda: told_by(D, "ready").get("sms") in ("sent", "delivered"))
    got = lan.say("đừng nhắn tin quảng cáo cho tôi nữa")["text"]
    assert "tuyên truyền" in got, got
    got = lan.say("nhận lại zalo")["text"]
    assert "vẫn đang tắt" in got and "tuyên truyền" in got, got
    got = lan.say("NHAN LAI")["text"]
    assert "vẫn đang tắt" not in got, got
    ckey = http("POST", loa + "/v1/citizens/find", {"identity": "phone:" + NUMBER}, key)[1]["key"]
    equal(store("HGET", next(iter(store("KEYS", f"*:c:{ckey}"))), "no"), "")

with cases("a small unmarked word is asked back; a question about messages is none"):
    got = lan.say("dung")
    assert "#dung-nhan-tin" in payloads(got), got["detail"]
    assert "như cũ" in lan.say("#khong")["text"]
    assert "Đã ghi nhận" not in lan.say("tôi không nhận được tin nhắn")["text"]

with cases("refused before the number was shared: refused by the number's record afterwards"):
    binh = Phone(rig, "0933444555", "Bình")
    binh.say("DUNG SMS")
    binh.share_phone()
    E = code(5)
    tell(E, 2, SoDienThoai="0933444555", ChuHoSo="Bình", DinhDanhCHS={}, Email="")
    ckey = wait_for("a record", lambda: http("POST", loa + "/v1/citizens/find", {"identity": "phone:0933444555"}, key)[1].get("key"))
    assert "o_sms=-1;" in store("HGET", next(iter(store("KEYS", f"*:c:{ckey}"))), "no")

with cases("a visitor of the web who is nobody cannot refuse for anybody"):
    assert "chưa biết anh/chị là ai" in Page(rig).say("HUY")["text"]

with cases("being forgotten is explained, asked once more, and can be refused; an old button does nothing"):
    got = lan.say("#xoa-that")
    assert "quá 10 phút" in got["text"], got["text"]
    got = lan.say("xoá dữ liệu của tôi")
    assert "Còn được giữ theo quy định" in got["text"] and "#xoa-that" in payloads(got), got
    assert "không xóa gì" in lan.say("#khong")["text"]
    lan.say("xoá dữ liệu của tôi")
    assert "không xóa gì" in lan.say("thôi không xoá nữa")["text"]
    assert keys_with("cv:") and f"#hs:{D}" in payloads(lan.say("hồ sơ của tôi đến đâu rồi"))

with cases("being forgotten: nothing of the person is left, under no identity; the conversation neither"):
    lan.say(f"#theo-doi:{A}")
    phone_key = http("POST", loa + "/v1/citizens/find", {"identity": "phone:" + NUMBER}, key)[1]["key"]
    cid = next(k.split(":")[-1] for k in store("KEYS", "*:c:*") if store("HGET", k, "as") == phone_key)
    assert len(records(phone_key)) >= 2 and len(records(cid)) >= 4, (records(phone_key), records(cid))
    lan.say("xóa hết thông tin của tôi đi")
    got = lan.say("#xoa-that")["text"]
    assert "Đã xóa" in got, got
    wait_for("the last answer has left", lambda: not store("KEYS", f"*:open:{cid}"))
    equal((records(phone_key), records(cid)), ([], ["cl", "cv"]))
    conversation = store.hgetall(next(iter(store("KEYS", f"*:cv:{cid}"))))
    equal(sorted(set(conversation) - {"n", "seq", "la", "wt", "ch", "ep", "tf"}), [])
    equal(len(store("LRANGE", next(iter(store("KEYS", f"*:cl:{cid}"))), 0, -1)), 1, "lines of the log")
    equal([k for k in store("KEYS", "*:n:*") if store("HGET", k, "co") in (A, D) and store("HEXISTS", k, "b")], [])
    equal([w for w in PERSONAL if keys_with(w)], [])
    equal(http("POST", loa + "/v1/citizens/find", {"identity": "phone:" + NUMBER}, key)[0], 404)
    for c in (A, D):
        d = next(iter(store("KEYS", f"*:d:{c}")))
        equal((store("HGET", d, "sum"), store("HGET", d, "fw")), (None, None))
    got = lan.say("hồ sơ của tôi đến đâu rồi")["text"]
    assert "gửi mã hồ sơ" in got, got
    got = lan.say("#chu:" + A)["text"]
    assert "không còn lưu" in got, got

with cases("being forgotten by a portal session: inbox and list under the paper number go too"):
    page = Page(rig, session=session(rig, "cccd:" + PAPER))
    inbox = [k.split(":")[-1] for k in store("KEYS", "*:ib:*")]
    page.say("xoá dữ liệu của tôi")
    assert "Đã xóa" in page.say("#xoa-that")["text"]
    left = [k.split(":")[-1] for k in store("KEYS", "*:ib:*")]
    equal(len(inbox) - len(left), 1)
    equal(records((set(inbox) - set(left)).pop()), ["cl", "cv"])

with cases("the platform says the account wants to be forgotten: it is"):
    assert keys_with("933444555") == [] and store("KEYS", f"*:c:{ckey}")
    equal(binh.event("user_withdraw"), 200)
    wait_for("gone", lambda: not store("KEYS", f"*:c:{ckey}"))

equal(rig.kill_loa(0, 15), 0)
cases.end()
