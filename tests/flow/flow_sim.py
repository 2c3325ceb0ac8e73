#!/usr/bin/env python3
"""Drives the real `loa sim`: is it as strict as the providers' documents, and does it tell the truth?"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import smtplib
import socket
import sys
import tempfile
import time
import traceback
import unicodedata
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs, urlencode, urlsplit

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sim_rig import Receiver, Sim, call, wait_for  # noqa: E402

TEMPLATES = {
    "accepted": {
        "template_id": "512345", "title": "Hồ sơ đã được tiếp nhận", "tag": "TRANSACTION",
        "price_sdt": 300, "price_uid": 200,
        "params": [
            {"name": "ho_ten", "type": "customer_name", "max_length": 30, "require": True},
            {"name": "ma_ho_so", "type": "code", "max_length": 30, "require": True},
            {"name": "ngay_tra", "type": "date", "max_length": 20, "require": False},
            {"name": "le_phi", "type": "currency", "max_length": 12, "require": False},
        ],
        "paragraphs": ["Kính gửi ông/bà <ho_ten>, hồ sơ đã được tiếp nhận."],
        "rows": [{"label": "Mã hồ sơ", "value": "<ma_ho_so>"}, {"label": "Ngày trả", "value": "<ngay_tra>"}],
        "buttons": [{"title": "Xem hồ sơ", "type": "url", "content": "https://example.gov.vn/<ma_ho_so>"}],
    },
    "phone_only": {"template_id": "512346", "title": "Chỉ gửi theo số điện thoại", "tag": "TRANSACTION",
                   "price_sdt": 300, "params": []},
}
TOKEN = {"access_token": "sim-access-token"}
UID = "1849125070114567882"  # of 84912345678
DAY_S = 86400

passed = failed = 0


def check(label, got, want):
    global passed, failed
    if got == want:
        passed += 1
        return
    failed += 1
    print(f"FAILED {label}\n      got: {got!r}\n     want: {want!r}")


def check_true(label, got):
    check(label, bool(got), True)


def write_templates(directory):
    for kind, template in TEMPLATES.items():
        os.makedirs(os.path.join(directory, kind))
        with open(os.path.join(directory, kind, "zalo_template.json"), "w", encoding="utf-8") as f:
            json.dump(template, f, ensure_ascii=False)


def zbs_body(**changes):
    body = {"phone": "84912345678", "template_id": "512345",
            "template_data": {"ho_ten": "Trần Thị B", "ma_ho_so": "H29.15-251122-0007", "ngay_tra": "25/11/2026"},
            "tracking_id": "hs7-a1-01"}
    body.update(changes)
    return {k: v for k, v in body.items() if v is not None}


def data(**changes):
    d = dict(zbs_body()["template_data"])
    d.update(changes)
    return {k: v for k, v in d.items() if v is not None}


def cs_body(message, user_id=UID):
    return {"recipient": {"user_id": user_id}, "message": message}


def esms_body(**changes):
    body = {"ApiKey": "sim-sms-key", "SecretKey": "sim-sms-secret", "Phone": "0912345678", "Content": "Ho so da duyet",
            "Brandname": "TTHCC", "SmsType": "2", "IsUnicode": "0", "RequestId": "r-1"}
    body.update(changes)
    return {k: v for k, v in body.items() if v is not None}


def errors_of(sim, path, cases):
    for label, body, headers, want in cases:
        reply = sim.post(path, body, headers)
        check(f"{path}: {label}", (reply.status, reply.json["error"]), (200, want))
        check_true(f"{path}: {label}: no data on error", want == 0 or "data" not in reply.json)


# ---- Zalo: strictness ----

def test_zbs_is_strict(sim):
    nfd_30 = unicodedata.normalize("NFD", "Nguyễn Thị Hoàng Anh Phương Vy"[:30])
    sim.post("/sim/users", [{"phone": "0912345601", "optouts": ["type"]}, {"phone": "0912345602", "optouts": ["oa"]},
                            {"phone": "0912345603", "zalo": "inactive"}, {"phone": "0912345604", "zalo": "old_app"},
                            {"phone": "0912345605", "zalo": "banned"}])
    errors_of(sim, "/message/template", [
        ("no token", zbs_body(), {}, -124),
        ("wrong token", zbs_body(), {"access_token": "x"}, -124),
        ("Bearer is no token", zbs_body(), {"Authorization": "Bearer sim-access-token"}, -124),
        ("Bearer inside the header", zbs_body(), {"access_token": "Bearer sim-access-token"}, -124),
        ("empty body", b"", TOKEN, -121),
        ("not JSON", b"phone=84912345678", TOKEN, -122),
        ("a list", [], TOKEN, -122),
        ("no phone", zbs_body(phone=None), TOKEN, -108),
        ("phone as a number", zbs_body(phone=84912345678), TOKEN, -108),
        ("national phone", zbs_body(phone="0912345678"), TOKEN, -108),
        ("landline", zbs_body(phone="842438123456"), TOKEN, -108),
        ("phone with blanks", zbs_body(phone="84 912345678"), TOKEN, -108),
        ("template as a number", zbs_body(template_id=512345), TOKEN, -109),
        ("unknown template", zbs_body(template_id="1"), TOKEN, -109),
        ("no data", zbs_body(template_data=None), TOKEN, -111),
        ("empty data", zbs_body(template_data={}), TOKEN, -111),
        ("data as text", zbs_body(template_data="x"), TOKEN, -112),
        ("number instead of text", zbs_body(template_data=data(ma_ho_so=7)), TOKEN, -112),
        ("a required parameter is missing", zbs_body(template_data=data(ho_ten=None)), TOKEN, -1122),
        ("a required parameter is empty", zbs_body(template_data=data(ho_ten="")), TOKEN, -1122),
        ("31 characters for 30", zbs_body(template_data=data(ho_ten="ê" * 31)), TOKEN, -1121),
        ("not a date", zbs_body(template_data=data(ngay_tra="2026-11-25")), TOKEN, -1124),
        ("money with dots", zbs_body(template_data=data(le_phi="100.000")), TOKEN, -1124),
        ("a parameter nobody asked for", zbs_body(template_data=data(khac="x")), TOKEN, -132),
        ("no tracking_id", zbs_body(tracking_id=None), TOKEN, -132),
        ("tracking_id with a blank", zbs_body(tracking_id="a b"), TOKEN, -132),
        ("tracking_id of 49", zbs_body(tracking_id="a" * 49), TOKEN, -132),
        ("development mode", zbs_body(mode="development"), TOKEN, -127),
        ("sending_mode 3 with tag 1", zbs_body(sending_mode="3"), TOKEN, -162),
        ("sending_mode as a number", zbs_body(sending_mode=1), TOKEN, -132),
        ("no Zalo: the last digit is 9", zbs_body(phone="84912345679"), TOKEN, -118),
        ("refuses this type", zbs_body(phone="84912345601"), TOKEN, -139),
        ("refuses the account", zbs_body(phone="84912345602"), TOKEN, -141),
        ("inactive", zbs_body(phone="84912345603"), TOKEN, -114),
        ("old app", zbs_body(phone="84912345604"), TOKEN, -110),
        ("banned", zbs_body(phone="84912345605"), TOKEN, -119),
        ("all is well", zbs_body(), TOKEN, 0),
        ("+84", zbs_body(phone="+84912345678"), TOKEN, 0),
        ("30 characters decomposed", zbs_body(template_data=data(ho_ten=nfd_30)), TOKEN, 0),
    ])
    hashed = hashlib.sha256(b"84912345678").hexdigest()
    errors_of(sim, "/message/template/hashphone", [
        ("hash of the 84 form", zbs_body(phone=None, hash_phone=hashed), TOKEN, 0),
        ("hash of +84", zbs_body(phone=None, hash_phone=hashlib.sha256(b"+84912345678").hexdigest()), TOKEN, -118),
        ("no hash", zbs_body(phone=None, hash_phone="x"), TOKEN, -108),
    ])


def test_zbs_reply_and_lookups(sim):
    reply = sim.post("/message/template", zbs_body(tracking_id="look-1"), TOKEN).json["data"]
    check("quotas are strings", [type(v) for v in reply["quota"].values()], [str, str])
    check("sending_mode", reply["sending_mode"], "1")
    wait_for("delivery", lambda: sim.get("/message/status?message_id=" + reply["msg_id"],
                                         access_token="sim-access-token").json["data"]["status"] == 1)
    status = sim.get("/message/status?message_id=0000000000000000000f", access_token="sim-access-token").json
    check("unknown message", status["data"]["status"], -1)
    check("no message id", sim.get("/message/status", access_token="sim-access-token").json["error"], -107)
    info = sim.get("/template/info/v2?template_id=512345", access_token="sim-access-token").json["data"]
    check("template prices are strings", (info["price_sdt"], info["price_uid"]), ("300", "200"))
    check("listParams", [p["name"] for p in info["listParams"]], ["ho_ten", "ma_ho_so", "ngay_tra", "le_phi"])
    listed = sim.get("/template/all?offset=0&limit=100", access_token="sim-access-token").json["data"]
    check("list has numbers", sorted(t["templateId"] for t in listed), [512345, 512346])
    check("limit over 100", sim.get("/template/all?limit=101", access_token="sim-access-token").json["error"], -132)
    quota = sim.get("/message/quota", access_token="sim-access-token").json["data"]
    check_true("quota goes down", quota["remainingQuota"] < quota["dailyQuota"])
    check("quality", sim.get("/quality", access_token="sim-access-token").json["data"]["oaCurrentQuality"], "HIGH")


def test_oa_is_strict(sim):
    sim.post("/sim/users", [{"phone": "0912345678", "last_interaction_ago_s": 60},
                            {"phone": "0912345611", "last_interaction_ago_s": 7 * DAY_S + 1},
                            {"phone": "0912345612", "last_interaction_ago_s": 3 * DAY_S},
                            {"phone": "0912345613", "optouts": ["oa"], "last_interaction_ago_s": 60},
                            {"uid": "u-9", "zalo": "banned"}])
    uid = {u["phone"]: u["uid"] for u in sim.get("/sim/users").json["users"] if "phone" in u}
    button = {"title": "Xem", "type": "oa.query.hide", "payload": "#hs:1"}

    def buttons(*list_of, **payload):
        return {"text": "Chọn", "attachment": {"type": "template", "payload": {"buttons": list(list_of), **payload}}}

    def media(**element):
        return {"attachment": {"type": "template", "payload": {"template_type": "media", "elements": [element]}}}

    errors_of(sim, "/v3.0/oa/message/cs", [
        ("no token", cs_body({"text": "a"}), {}, -216),
        ("wrong token", cs_body({"text": "a"}), {"access_token": "x"}, -216),
        ("not JSON", b"x", TOKEN, -201),
        ("user_id as a number", cs_body({"text": "a"}, 1849125070114567882), TOKEN, -201),
        ("unknown user", cs_body({"text": "a"}, "123"), TOKEN, -201),
        ("no message", {"recipient": {"user_id": UID}}, TOKEN, -201),
        ("empty text", cs_body({"text": ""}), TOKEN, -201),
        ("text as a number", cs_body({"text": 5}), TOKEN, -201),
        ("2,000 characters", cs_body({"text": "ệ" * 2000}), TOKEN, 0),
        ("2,001 characters", cs_body({"text": "ệ" * 2001}), TOKEN, -210),
        ("five buttons", cs_body(buttons(*[button] * 5)), TOKEN, 0),
        ("six buttons", cs_body(buttons(*[button] * 6)), TOKEN, -210),
        ("buttons with a template_type", cs_body(buttons(button, template_type="button")), TOKEN, -201),
        ("button without type", cs_body(buttons({"title": "a", "payload": "x"})), TOKEN, -201),
        ("button of an unknown type", cs_body(buttons(dict(button, type="oa.tap"))), TOKEN, -201),
        ("title over 100", cs_body(buttons(dict(button, title="a" * 101))), TOKEN, -210),
        ("payload over 1,000", cs_body(buttons(dict(button, payload="a" * 1001))), TOKEN, -210),
        ("url button with a text payload", cs_body(buttons(dict(button, type="oa.open.url"))), TOKEN, -201),
        ("url button", cs_body(buttons(dict(button, type="oa.open.url", payload={"url": "https://a.vn"}))), TOKEN, 0),
        ("image by url", cs_body(media(media_type="image", url="https://a.vn/x.png")), TOKEN, 0),
        ("image with url and id", cs_body(media(media_type="image", url="https://a.vn", attachment_id="1")), TOKEN,
         -201),
        ("gif without size", cs_body(media(media_type="gif", url="https://a.vn/x.gif")), TOKEN, -201),
        ("last interaction 7 days and a second ago", cs_body({"text": "a"}, uid["84912345611"]), TOKEN, -230),
        ("never interacted", cs_body({"text": "a"}, "1849125069114565982"), TOKEN, -213),
        ("refuses the account", cs_body({"text": "a"}, uid["84912345613"]), TOKEN, -244),
        ("banned", cs_body({"text": "a"}, "u-9"), TOKEN, -227),
        ("between 48 h and 7 days: taken, and billed", cs_body({"text": "a"}, uid["84912345612"]), TOKEN, 0),
    ])
    check("price of a late reply", sim.messages("cs")[-1]["price_vnd"], 55)
    reply = sim.post("/v3.0/oa/message/cs", cs_body({"text": "a"}), TOKEN)
    check("free within 48 h", reply.json["data"]["quota"]["quota_type"], "reply")
    check("rate limit header", reply.headers["X-RateLimit-Limit"], "4000")
    check_true("remaining calls", int(reply.headers["X-RateLimit-Remain"]) < 4000)
    for dead in ("transaction", "promotion"):
        check(f"{dead} is gone", sim.post(f"/v3.0/oa/message/{dead}", {}, TOKEN).json["error"], -240)
    wrong = sim.post("/v3.0/oa/message/cs", cs_body({"text": "a"}, "123"), TOKEN).json
    check("-201 names the field", wrong["message"], "user_id is invalid")


def test_uid_template(sim):
    good = {"user_id": UID, "template_id": "512345", "template_data": data()}
    errors_of(sim, "/v3.0/oa/message/template", [
        ("all is well", good, TOKEN, 0),
        ("wrapped in recipient", {"recipient": {"user_id": UID}, **{k: good[k] for k in ("template_id", "template_data")}},
         TOKEN, -201),
        ("unknown template", dict(good, template_id="1"), TOKEN, -201),
        ("too long", dict(good, template_data=data(ho_ten="a" * 31)), TOKEN, -210),
        ("template for phones only", dict(good, template_id="512346", template_data={}), TOKEN, -249),
    ])
    check_true("message_id", sim.post("/v3.0/oa/message/template", good, TOKEN).json["data"]["message_id"])


def test_oa_lookups(sim):
    account = sim.get("/v2.0/oa/getoa", access_token="sim-access-token").json["data"]
    check("government account", account["oa_type"], 4)
    query = urlencode({"data": json.dumps({"user_id": UID})})
    user = sim.get("/v3.0/oa/user/detail?" + query, access_token="sim-access-token").json["data"]
    check("user detail", user["user_id"], UID)
    quota = sim.post("/v3.0/oa/quota/message", {"user_id": UID}, TOKEN).json["data"]
    check_true("last interaction is a string of ms", int(quota["last_interaction"]) > 0)


def test_night_quota_money(sim):
    hour = 3600 * 1000
    now = time.time() * 1000
    local_hour = int(now / hour + 7) % 24
    to_midnight = (24 - local_hour) % 24 * hour
    to_noon = (36 - local_hour) % 24 * hour
    sim.post("/sim/settings", {"clock_offset_ms": to_midnight})
    check("at night, rule off", sim.post("/message/template", zbs_body(), TOKEN).json["error"], 0)
    sim.post("/sim/settings", {"night_rule": 1})
    check("at night", sim.post("/message/template", zbs_body(), TOKEN).json["error"], -133)
    sim.post("/sim/settings", {"clock_offset_ms": to_noon})
    check("at noon", sim.post("/message/template", zbs_body(), TOKEN).json["error"], 0)
    sim.post("/sim/settings", {"clock_offset_ms": 0, "night_rule": 0, "daily_quota": 1})
    sim.post("/sim/reset")
    check("first of one", sim.post("/message/template", zbs_body(), TOKEN).json["error"], 0)
    check("second of one", sim.post("/message/template", zbs_body(), TOKEN).json["error"], -144)
    sim.post("/sim/settings", {"daily_quota": 20000, "balance_vnd": 599})
    check("enough money", sim.post("/message/template", zbs_body(), TOKEN).json["error"], 0)
    check("not enough money", sim.post("/message/template", zbs_body(), TOKEN).json["error"], -115)
    sim.post("/sim/settings", {"balance_vnd": -1, "oa_per_minute": 0})
    check("calls per minute", sim.get("/v2.0/oa/getoa", access_token="sim-access-token").json["error"], -32)
    sim.post("/sim/settings", {"oa_per_minute": 4000, "require_proof": 1})
    check("proof demanded", sim.post("/message/template", zbs_body(), TOKEN).json["error"], -1241)
    proof = hmac.new(b"sim-app-secret", b"sim-access-token", hashlib.sha256).hexdigest()
    with_proof = dict(TOKEN, appsecret_proof=proof)
    check("proof given", sim.post("/message/template", zbs_body(), with_proof).json["error"], 0)
    sim.post("/sim/settings", {"require_proof": 0})
    check("a setting out of range", sim.post("/sim/settings", {"daily_quota": -1}).status, 422)
    check("an unknown setting", sim.post("/sim/settings", {"nonsense": 1}).status, 422)


# ---- tokens ----

def refresh(sim, token, headers=None, **changes):
    form = {"refresh_token": token, "app_id": "1234567890123456789", "grant_type": "refresh_token", **changes}
    head = {"Content-Type": "application/x-www-form-urlencoded", "secret_key": "sim-app-secret", **(headers or {})}
    return sim.post("/v4/oa/access_token", urlencode(form), head)


def test_token_rotation(templates):
    with tempfile.TemporaryDirectory() as d, Sim(templates=templates, state=d + "/state.json") as sim:
        shapes = [refresh(sim, "wrong") for _ in range(2)]
        check("two shapes of errors", [(r.status, "error" in r.json) for r in shapes], [(400, True), (200, False)])
        check_true("both have error_name", all("error_name" in r.json for r in shapes))
        for label, reply in [("wrong secret", refresh(sim, "sim-refresh-token", {"secret_key": "x"})),
                             ("wrong app", refresh(sim, "sim-refresh-token", app_id="1")),
                             ("wrong grant", refresh(sim, "sim-refresh-token", grant_type="password")),
                             ("JSON", refresh(sim, "sim-refresh-token", {"Content-Type": "application/json"}))]:
            check_true(f"{label}: no tokens", "access_token" not in reply.json)
        first = refresh(sim, "sim-refresh-token").json
        check("expires_in is a string", first["expires_in"], "90000")
        check_true("the old refresh token is dead", "access_token" not in refresh(sim, "sim-refresh-token").json)
        check("the old access token is dead (ZBS)", sim.post("/message/template", zbs_body(), TOKEN).json["error"], -124)
        check("the old access token is dead (OA)", sim.get("/v2.0/oa/getoa", access_token="sim-access-token").json["error"],
              -220)
        check("the new one lives", sim.post("/message/template", zbs_body(),
                                            {"access_token": first["access_token"]}).json["error"], 0)
        sim.post("/sim/settings", {"clock_offset_ms": 90001 * 1000})
        check("after 25 hours", sim.get("/v2.0/oa/getoa", access_token=first["access_token"]).json["error"], -220)
        sim.post("/sim/settings", {"clock_offset_ms": 0})
        sim.post("/sim/faults", {"provider": "oauth", "fault": "token_revoked"})
        check("revoked", sim.get("/v2.0/oa/getoa", access_token=first["access_token"]).json["error"], -220)
        second = refresh(sim, first["refresh_token"]).json
        check("after the refresh", sim.get("/v2.0/oa/getoa", access_token=second["access_token"]).json["error"], 0)
        sim.post("/sim/users", {"phone": "0912345678", "name": "Trần Thị B"})
        check("stops in peace", sim.stop(), 0)
        with Sim(templates=templates, state=d + "/state.json") as again:
            check("tokens outlive a restart",
                  again.get("/v2.0/oa/getoa", access_token=second["access_token"]).json["error"], 0)
            check("people outlive a restart", again.get("/sim/users").json["users"][0]["name"], "Trần Thị B")


# ---- webhooks ----

def signature(body, timestamp):
    text = b"1234567890123456789" + body + timestamp.encode() + b"sim-oa-secret-key"
    return "mac=" + hashlib.sha256(text).hexdigest()


def test_webhooks(templates):
    with Receiver() as hooks, Sim("--set", "delivery_max_ms=300", webhook=hooks.url, templates=templates) as sim:
        sim.post("/message/template", zbs_body(tracking_id="hook-1"), TOKEN)
        event = wait_for("a receipt", lambda: hooks.events("user_received_message"))[0]
        raw = [r for r in hooks.got if b"user_received_message" in r["body"]][0]
        check("signed", raw["headers"]["X-ZEvent-Signature"], signature(raw["body"], event["timestamp"]))
        check("server header", raw["headers"]["x-zevent-server"], "ZNS")
        check("user agent", raw["headers"]["User-Agent"], "ZaloWebhook")
        check("receipt by phone", (event["sender"]["id"], event["recipient"]["id"], event["message"]["tracking_id"]),
              ("2222222222222222222", "84912345678", "hook-1"))
        check_true("ids and times are strings", isinstance(event["message"]["delivery_time"], str))

        sim.post("/sim/act", {"act": "text", "phone": "0912345678", "text": "Tra cứu H29"})
        said = wait_for("the citizen's text", lambda: hooks.events("user_send_text"))[0]
        check("text", (said["sender"]["id"], said["message"]["text"]), (UID, "Tra cứu H29"))
        message = sim.post("/v3.0/oa/message/cs", cs_body({"text": "Chào ông/bà"}), TOKEN).json["data"]["message_id"]
        echo = wait_for("the echo", lambda: hooks.events("oa_send_text"))[0]
        check("echo", echo["message"]["msg_id"], message)
        wait_for("the reply's receipt", lambda: len(hooks.events("user_received_message")) == 2)
        sim.post("/sim/act", {"act": "seen", "phone": "0912345678"})
        seen = wait_for("seen", lambda: hooks.events("user_seen_message"))
        check("seen once, by user id only", [e["message"]["msg_ids"] for e in seen], [[message]])

        for act, name in [("follow", "follow"), ("unfollow", "unfollow"), ("share_info", "user_submit_info"),
                          ("chatnow", "user_click_chatnow"), ("withdraw", "user_withdraw")]:
            sim.post("/sim/act", {"act": act, "phone": "0912345678"})
            wait_for(name, lambda: hooks.events(name))
        sim.post("/sim/act", {"act": "unfollow", "phone": "0912345678"})
        check("no reply after unfollow", sim.post("/v3.0/oa/message/cs", cs_body({"text": "a"}), TOKEN).json["error"],
              -213)
        sim.post("/sim/act", {"act": "rate", "phone": "0912345678", "message": 1, "rate": 5, "note": "Tốt"})
        check("rating", wait_for("rating", lambda: hooks.events("user_feedback"))[0]["message"]["rate"], 5)
        sim.post("/sim/templates", {"template_id": "512345", "status": "REJECT", "quality": "LOW"})
        status = wait_for("template status", lambda: hooks.events("change_template_status"))[0]["status"]
        check("template status", status, {"prev_status": "ENABLE", "new_status": "REJECT"})
        check("rejected template", sim.post("/message/template", zbs_body(), TOKEN).json["error"], -131)
        sim.post("/sim/settings", {"daily_quota": 10000})
        quota = wait_for("quota event", lambda: hooks.events("change_oa_daily_quota"))[0]
        check("quota event spells oaId", (quota["oaId"], quota["quota"]),
              ("2222222222222222222", {"prev_value": 20000, "new_value": 10000}))
        check("an act of nobody", sim.post("/sim/act", {"act": "text", "uid": "1", "text": "a"}).status, 422)


def test_webhook_retries(templates):
    refuse = {"left": 2}

    def answer(r):
        if refuse["left"] > 0:
            refuse["left"] -= 1
            return 500
        return 200

    with Receiver(answer) as hooks, Sim("--set=retry_factor=1000", webhook=hooks.url, templates=templates) as sim:
        sim.post("/sim/act", {"act": "text", "phone": "0912345678", "text": "a"})
        wait_for("three tries", lambda: sim.stats()["callbacks"]["heard"] == 1)
        check("num_retry", [r["headers"].get("num_retry") for r in hooks.got], [None, "1", "2"])
        check("the same body each time", len({r["body"] for r in hooks.got}), 1)
    slow = Receiver(lambda r: wait_for("a while", lambda: time.monotonic() > r["at"] + 0.5) and 200)
    with slow as hooks, Sim("--set=retry_factor=30000", "--set=webhook_timeout_ms=100", webhook=hooks.url,
                            templates=templates) as sim:
        sim.post("/sim/act", {"act": "text", "phone": "0912345678", "text": "a"})
        wait_for("giving up", lambda: sim.stats()["callbacks"]["given_up"] == 1)
        check("a slow receiver is tried six times", len(hooks.got), 6)


# ---- SMS ----

def test_esms(templates):
    with Receiver() as hooks, Sim("--set=delivery_max_ms=300", webhook=hooks.url, templates=templates) as sim:
        path = "/MainService.svc/json/SendMultipleMessage_V4_post_json/"
        for label, body, want in [
            ("wrong key", esms_body(ApiKey="x"), "101"),
            ("phone of 9 digits", esms_body(Phone="091234567"), "108"),
            ("landline", esms_body(Phone="02438123456"), "108"),
            ("old 11-digit number", esms_body(Phone="01681234567"), "108"),
            ("no type", esms_body(SmsType=None), "300"),
            ("unsupported type", esms_body(SmsType="99"), "118"),
            ("no brandname", esms_body(Brandname=None), "104"),
            ("brandname of 12", esms_body(Brandname="ABCDEFGHIJKL"), "104"),
            ("diacritics with IsUnicode 0", esms_body(Content="Hồ sơ đã duyệt"), "146"),
            ("diacritics without IsUnicode", esms_body(Content="Hồ sơ đã duyệt", IsUnicode=None), "146"),
            ("backtick is not GSM-7", esms_body(Content="a`b"), "146"),
            ("empty content", esms_body(Content=""), "146"),
            ("all is well", esms_body(RequestId="ok-1", CallbackUrl=hooks.url + "/webhooks/sms/esms/t?x=1"), "100"),
            ("the same RequestId", esms_body(RequestId="ok-1"), "124"),
            ("84 form", esms_body(RequestId="ok-2", Phone="84912345678"), "100"),
            ("diacritics with IsUnicode 1", esms_body(RequestId="ok-3", Content="Hồ sơ đã duyệt", IsUnicode="1"), "100"),
            ("sandbox", esms_body(RequestId="ok-4", Sandbox="1"), "100"),
        ]:
            check(f"eSMS: {label}", sim.post(path, body).json["CodeResult"], want)
        check_true("numbers are refused", "error" in sim.post(path, esms_body(IsUnicode=0)).json)
        check_true("a long RequestId is refused", "error" in sim.post(path, esms_body(RequestId="r" * 51)).json)
        check_true("not JSON", "error" in sim.post(path, "ApiKey=1").json)
        check("three were taken, none from the sandbox", len(sim.messages("esms")), 3)
        first = sim.messages("esms")[0]
        check("124 tells the first id", sim.post(path, esms_body(RequestId="ok-1")).json["SMSID"], first["id"])

        got = wait_for("the callback", lambda: [r for r in hooks.got if r["path"].startswith("/webhooks/sms")])[0]
        query = {k: v[0] for k, v in parse_qs(urlsplit(got["path"]).query, keep_blank_values=True).items()}
        check("callback", (got["method"], query["SendStatus"], query["SendSuccess"], query["SendFailed"],
                           query["RequestId"], query["SMSID"], query["x"]),
              ("GET", "5", "1", "0", "ok-1", first["id"], "1"))
        auth = "&ApiKey=sim-sms-key&SecretKey=sim-sms-secret"
        poll = wait_for("finished", lambda: (lambda j: j if j["SendStatus"] == 5 else None)(
            sim.get(f"/MainService.svc/json/GetSendStatus?RefId={first['id']}{auth}").json))
        check("poll has numbers", (poll["SendSuccess"], poll["TotalPrice"]), (1, 800))
        check("poll of nothing", sim.get(f"/MainService.svc/json/GetSendStatus?RefId=x{auth}").json["CodeResponse"], "105")
        keys = {"ApiKey": "sim-sms-key", "SecretKey": "sim-sms-secret"}
        check_true("balance", sim.post("/MainService.svc/json/GetBalance_json", keys).json["Balance"] > 0)
        sim.post("/sim/faults", {"provider": "esms", "fault": "balance_empty"})
        check("no money", sim.post(path, esms_body(RequestId="ok-5")).json["CodeResult"], "103")
        sim.delete("/sim/faults")
        sim.post("/sim/settings", {"clock_offset_ms": DAY_S * 1000 + 1})
        check("a RequestId is free again after 24 h", sim.post(path, esms_body(RequestId="ok-1")).json["CodeResult"], "100")
        long_text = "a" * 161
        sim.post(path, esms_body(RequestId="ok-6", Content=long_text))
        check("161 characters are two parts", sim.messages("esms")[-1]["parts"], 2)
        sim.post("/sim/users", {"phone": "0912345614", "sms": "lost"})
        sim.post(path, esms_body(RequestId="lost-1", Phone="0912345614", CallbackUrl=hooks.url + "/webhooks/sms/esms/t"))
        lost = wait_for("the failure", lambda: [r for r in hooks.got if "lost-1" in r["path"]])[0]
        check_true("a lost one: finished, failed", "SendStatus=5&SendSuccess=0&SendFailed=1" in lost["path"])


def test_speedsms(templates):
    basic = {"Authorization": "Basic " + base64.b64encode(b"sim-sms-key:x").decode()}
    good = {"to": ["84912345678"], "content": "Ho so da duyet", "sms_type": 3, "sender": "TTHCC"}
    with Receiver() as hooks, Sim("--set=delivery_max_ms=300", "--set=speedsms_per_minute=6", webhook=hooks.url,
                                  templates=templates) as sim:
        path = "/index.php/sms/send"
        check("wrong token", sim.post(path, good, {"Authorization": "Basic eDp4"}).status, 404)
        reply = sim.post(path, good, basic).json
        check("taken", (reply["status"], reply["code"], reply["data"]["totalSMS"]), ("success", "00", 1))
        report = json.loads(wait_for("the report", lambda: hooks.got)[0]["body"])
        check("report", report, {"type": "report", "tranId": reply["data"]["tranId"], "phone": "84912345678", "status": 0})
        check("report's address", hooks.got[0]["path"], "/webhooks/sms/speedsms/sim-sms-token")
        check("no receivers", sim.post(path, dict(good, to=[]), basic).json["code"], "101")
        check("receiver as text", sim.post(path, dict(good, to="84912345678"), basic).json["code"], "101")
        invalid = sim.post(path, dict(good, to=["123"]), basic).json
        check("invalid phone within success", (invalid["status"], invalid["data"]["invalidPhone"]), ("success", ["123"]))
        status = sim.get(f"/index.php/sms/status/{reply['data']['tranId']}", **basic).json
        check("status", status["data"], [{"phone": "84912345678", "status": 0}])
        sim.get("/index.php/user/info", **basic)
        limited = sim.post(path, good, basic)
        check("over the limit", limited.status, 429)
        check_true("reset in seconds", 0 < int(limited.headers["X-Rate-Limit-Reset"]) <= 60)


# ---- mail ----

def mail(to="dan@example.vn", subject="Hồ sơ đã được tiếp nhận", **headers):
    m = EmailMessage(policy=policy.SMTP)
    m["From"] = "Trung tâm Phục vụ hành chính công <no-reply@example.gov.vn>"
    m["To"] = to
    m["Subject"] = subject
    m["Date"] = "Mon, 23 Nov 2026 08:00:00 +0700"
    m["Message-ID"] = headers.pop("message_id", "<m1@example.gov.vn>")
    for name, value in headers.items():
        m[name.replace("_", "-")] = value
    m.set_content("Kính gửi ông/bà,\n.một dòng bắt đầu bằng dấu chấm\n")
    m.add_alternative("<html><head></head><body><p>Kính gửi <b>ông/bà</b></p></body></html>", subtype="html")
    return m


def smtp_talk(port, lines):
    """Sends raw lines one after the other and returns the last reply of each."""
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        f = s.makefile("rb")

        def reply():
            while True:
                line = f.readline().decode()
                if line[3:4] != "-":
                    return line.strip()

        got = [reply()]
        for line in lines:
            s.sendall(line)
            got.append(reply())
        return got[1:]


def test_smtp(templates):
    with Receiver() as hooks, Sim("--set=delivery_max_ms=300", webhook=hooks.url, templates=templates) as sim:
        with smtplib.SMTP("127.0.0.1", sim.smtp_port, timeout=10) as s:
            s.ehlo()
            check("extensions", sorted(s.esmtp_features), ["8bitmime", "enhancedstatuscodes", "pipelining", "size",
                                                           "smtputf8"])
            s.send_message(mail(List_Unsubscribe=f"<{hooks.url}/u/abc>",
                                List_Unsubscribe_Post="List-Unsubscribe=One-Click"), "b+tok@bounce.example.gov.vn")
            s.send_message(mail("nobody@example.vn", message_id="<m2@x>"), "b+tok2@bounce.example.gov.vn")
            s.send_message(mail("full@example.vn", message_id="<m3@x>"), "b+tok3@bounce.example.gov.vn")
        got = wait_for("the mail", lambda: [m for m in sim.messages("smtp") if m["delivered_at"]])[0]
        check("mail", (got["address"], got["ref"], got["title"]), ("dan@example.vn", "m1@example.gov.vn",
                                                                 "Hồ sơ đã được tiếp nhận"))
        check_true("dot unstuffed, text decoded", "\n.một dòng" in got["text"].replace("\r", ""))
        check_true("html", "<b>ông/bà</b>" in got["html"])
        check("sandboxed", "sandbox" in sim.get("/sim/mail/1").headers["Content-Security-Policy"], True)
        pressed = sim.post("/sim/act", {"act": "unsubscribe", "message": got["seq"]}).json
        check("one click", (pressed["status"], [r["body"] for r in hooks.got if r["path"] == "/u/abc"]),
              (200, [b"List-Unsubscribe=One-Click"]))

        bounces = wait_for("two bounces", lambda: (lambda b: b if len(b) == 2 else None)(
            [r for r in hooks.got if r["path"] == "/webhooks/email/sim-email-token"]))
        found = {}
        for b in bounces:
            m = message_from_bytes(b["body"], policy=policy.default)
            check("bounce is a report", (m.get_content_type(), m.get_param("report-type")),
                  ("multipart/report", "delivery-status"))
            status = m.get_payload()[1].get_payload()[1]
            found[m["To"]] = (status["Action"], status["Status"], status["Final-Recipient"])
        check("bounces", found, {
            "b+tok2@bounce.example.gov.vn": ("failed", "5.1.1", "rfc822; nobody@example.vn"),
            "b+tok3@bounce.example.gov.vn": ("failed", "5.2.2", "rfc822; full@example.vn")})


def test_smtp_is_strict(sim):
    start = [b"EHLO x\r\n", b"MAIL FROM:<a@example.vn>\r\n", b"RCPT TO:<b@example.vn>\r\n", b"DATA\r\n"]
    head = b"From: a@example.vn\r\nDate: Mon, 23 Nov 2026 08:00:00 +0700\r\nMessage-ID: <a@b>\r\n"
    for label, lines, want in [
        ("unknown command", [b"HELLO\r\n"], "500 5.5.1"),
        ("MAIL before EHLO", [b"MAIL FROM:<a@example.vn>\r\n"], "503 5.5.1"),
        ("RCPT before MAIL", [b"EHLO x\r\n", b"RCPT TO:<a@example.vn>\r\n"], "503 5.5.1"),
        ("DATA before RCPT", start[:2] + [b"DATA\r\n"], "554 5.5.1"),
        ("no angle brackets", [b"EHLO x\r\n", b"MAIL FROM:a@example.vn\r\n"], "501 5.5.4"),
        ("not an address", start[:2] + [b"RCPT TO:<a b@example.vn>\r\n"], "501 5.1.3"),
        ("NOTIFY is not offered", start[:2] + [b"RCPT TO:<a@example.vn> NOTIFY=FAILURE\r\n"], "555 5.5.4"),
        ("too big by SIZE", [b"EHLO x\r\n", b"MAIL FROM:<a@example.vn> SIZE=99999999\r\n"], "552 5.3.4"),
        ("bare LF in a command", [b"EHLO x\n"], "521 5.5.2"),
        ("bare LF in the mail", start + [head + b"\r\nx\ny\r\n.\r\n"], "521 5.5.2"),
        ("bare CR in the mail", start + [head + b"\r\nx\ry\r\n.\r\n"], "521 5.5.2"),
        ("a line of 999", start + [head + b"\r\n" + b"x" * 999 + b"\r\n.\r\n"], "554 5.6.0"),
        ("no Message-ID", start + [b"From: a@example.vn\r\nDate: x\r\n\r\nx\r\n.\r\n"], "550 5.7.1"),
        ("two Subjects", start + [head + b"Subject: a\r\nSubject: b\r\n\r\nx\r\n.\r\n"], "550 5.7.1"),
        ("raw letters in a header", start + [head + "Subject: Hồ sơ\r\n\r\nx\r\n.\r\n".encode()], "550 5.6.7"),
        ("null sender", [b"EHLO x\r\n", b"MAIL FROM:<>\r\n"], "250 2.1.0"),
        ("all is well", start + [head + b"\r\nx\r\n.\r\n"], "250 2.0.0"),
        ("RSET forgets", start[:3] + [b"RSET\r\n", b"DATA\r\n"], "503 5.5.1"),
    ]:
        check(f"SMTP: {label}", smtp_talk(sim.smtp_port, lines)[-1][:9], want)
    whole = b"".join(start) + head + b"\r\npipelined\r\n.\r\nNOOP\r\n"
    with socket.create_connection(("127.0.0.1", sim.smtp_port), 10) as s:
        s.sendall(whole + b"QUIT\r\n")
        text = b""
        while chunk := s.recv(4096):
            text += chunk
    check_true("pipelining", b"queued as" in text and text.endswith(b"221 2.0.0 Bye\r\n"))


# ---- faults ----

def fault(sim, **f):
    reply = sim.post("/sim/faults", f)
    check(f"fault {f}", reply.status, 201)


def lost_connection(sim, path, body, headers=None):
    try:
        sim.post(path, body, headers, timeout=2)
        return False
    except (OSError, http.client.HTTPException):
        return True


def test_request_faults(templates):
    with Sim("--set=delivery_max_ms=300", templates=templates) as sim:
        taken = lambda: sim.stats()["zbs"]["messages"]  # noqa: E731
        send = lambda n: sim.post("/message/template", zbs_body(tracking_id=f"f-{n}"), TOKEN)  # noqa: E731
        fault(sim, provider="zbs", fault="error", code="-118", count=2)
        check("error twice, then none", [send(i).json["error"] for i in range(3)], [-118, -118, 0])
        sim.delete("/sim/faults")
        fault(sim, provider="zbs", fault="http500")
        reply = send(4)
        check("500 without JSON", (reply.status, reply.headers["Content-Type"]), (500, "text/html"))
        sim.delete("/sim/faults?provider=zbs")
        fault(sim, provider="zalo", fault="throttle", count=1)
        check("throttled", send(5).json["error"], -32)
        before = taken()
        fault(sim, provider="zbs", fault="drop", count=1)
        check("dropped before", (lost_connection(sim, "/message/template", zbs_body(), TOKEN), taken() - before), (True, 0))
        fault(sim, provider="zbs", fault="drop_after", count=1)
        check("dropped after", (lost_connection(sim, "/message/template", zbs_body(), TOKEN), taken() - before), (True, 1))
        fault(sim, provider="zbs", fault="silent", count=1)
        check("silent, but taken", (lost_connection(sim, "/message/template", zbs_body(), TOKEN), taken() - before), (True, 2))
        fault(sim, provider="zbs", fault="slow", ms=700, count=1)
        start = time.monotonic()
        check("slow", (send(6).json["error"], time.monotonic() - start >= 0.7), (0, True))
        fault(sim, provider="zbs", fault="template_disabled")
        check("disabled", send(7).json["error"], -146)
        check("other templates too", sim.get("/template/info/v2?template_id=512346",
                                             access_token="sim-access-token").json["data"]["status"], "DISABLE")
        sim.delete("/sim/faults")
        check("enabled again", send(8).json["error"], 0)
        fault(sim, provider="all", fault="balance_empty")
        check("no money", send(9).json["error"], -115)
        for label, bad in [("unknown fault", {"provider": "zbs", "fault": "x"}),
                           ("unknown provider", {"provider": "x", "fault": "slow"}),
                           ("error without code", {"provider": "zbs", "fault": "error"}),
                           ("rate over 1", {"provider": "zbs", "fault": "slow", "rate": 2})]:
            check(label, sim.post("/sim/faults", bad).status, 422)

    def course():
        with Sim(templates=templates) as sim:
            fault(sim, provider="zbs", fault="error", code="-100", rate=0.3, seed=7)
            return [sim.post("/message/template", zbs_body(), TOKEN).json["error"] for _ in range(60)]

    one, two = course(), course()
    check("the same seed, the same course", one, two)
    check_true("about a third fails", 8 <= one.count(-100) <= 28)


def test_smtp_faults(templates):
    with Sim("--set=delivery_max_ms=300", templates=templates) as sim:
        def send(n):
            try:
                with smtplib.SMTP("127.0.0.1", sim.smtp_port, timeout=2) as s:
                    s.send_message(mail(message_id=f"<f{n}@x>"), "b@example.vn")
                return "ok"
            except smtplib.SMTPRecipientsRefused as e:
                return list(e.recipients.values())[0][0]
            except smtplib.SMTPResponseException as e:
                return e.smtp_code
            except (smtplib.SMTPException, OSError):
                return "lost"

        for n, (f, want, more) in enumerate([
            ({"fault": "error", "code": "550 5.1.1 User unknown", "stage": "rcpt"}, 550, 0),
            ({"fault": "error", "code": "452 4.3.1 Full", "stage": "end"}, 452, 0),
            ({"fault": "throttle"}, 451, 0),
            ({"fault": "drop"}, "lost", 0),
            ({"fault": "drop_after"}, "lost", 1),
            ({"fault": "silent"}, "lost", 1),
            ({"fault": "slow", "ms": 300}, "ok", 1),
        ]):
            before = len(sim.messages("smtp"))
            fault(sim, provider="smtp", count=1, **f)
            check(f"SMTP {f}", (send(n), len(sim.messages("smtp")) - before), (want, more))
            sim.delete("/sim/faults")


def test_receipt_faults(templates):
    with Receiver() as hooks, Sim("--set=delivery_max_ms=300", webhook=hooks.url, templates=templates) as sim:
        received = lambda ref: [e for e in hooks.events("user_received_message")  # noqa: E731
                                if e["message"].get("tracking_id") == ref]
        send = lambda ref: sim.post("/message/template", zbs_body(tracking_id=ref), TOKEN)  # noqa: E731
        fault(sim, provider="zbs", fault="receipts_duplicate", count=1)
        send("twice")
        wait_for("two receipts", lambda: len(received("twice")) == 2)
        fault(sim, provider="zbs", fault="receipts_early", count=1)
        send("early")
        check("early: the receipt was there before the answer", len(received("early")), 1)
        fault(sim, provider="zbs", fault="receipts_never", count=1)
        send("never")
        send("after")
        wait_for("the next one", lambda: received("after"))
        wait_for("all delivered", lambda: all(m["delivered_at"] for m in sim.messages("zbs")))
        check("never: delivered, not told", len(received("never")), 0)
        fault(sim, provider="zbs", fault="undelivered", count=1)
        send("lost")
        wait_for("lost", lambda: [m for m in sim.messages("zbs") if m["ref"] == "lost" and m["failed"]])
        fault(sim, provider="zbs", fault="receipts_late", ms=600, count=1)
        send("late")
        late = wait_for("the late one", lambda: received("late"))[0]
        delivered = [m for m in sim.messages("zbs") if m["ref"] == "late"][0]["delivered_at"]
        check_true("late: told long after", int(late["timestamp"]) - delivered >= 600)

        sim.post("/sim/act", {"act": "text", "phone": "0912345678", "text": "a"})
        hooks.got.clear()
        fault(sim, provider="cs", fault="receipts_reversed", count=1)
        sim.post("/v3.0/oa/message/cs", cs_body({"text": "b"}), TOKEN)
        wait_for("both", lambda: hooks.events("user_received_message"))
        order = [e["event_name"] for e in hooks.events() if e["event_name"].startswith(("user_seen", "user_rec"))]
        check("reversed: seen before received", order, ["user_seen_message", "user_received_message"])


# ---- truth ----

def test_stats_and_truth(templates):
    with Sim("--set=delivery_max_ms=200", templates=templates) as sim:
        for ref in ("a", "b", "b"):
            sim.post("/message/template", zbs_body(tracking_id=ref), TOKEN)
        sim.post("/message/template", zbs_body(phone="84912345679", tracking_id="c"), TOKEN)
        zbs = wait_for("delivery", lambda: (lambda z: z if z["delivered"] == 3 else None)(sim.stats()["zbs"]))
        check("counts", {k: zbs[k] for k in ("requests", "accepted", "refused", "messages", "distinct_refs",
                                             "repeated_refs", "repeated_content", "cost_vnd", "codes")},
              {"requests": 4, "accepted": 3, "refused": 1, "messages": 3, "distinct_refs": 2, "repeated_refs": 1,
               "repeated_content": 2, "cost_vnd": 900, "codes": {"-118": 1}})
        got = sim.messages()
        check("order", [m["ref"] for m in got], ["a", "b", "b"])
        check_true("text as a person reads it", "Mã hồ sơ: H29.15-251122-0007" in got[0]["text"])
        check_true("optional row left out", "\nNgày trả: 25/11/2026" in got[0]["text"])
        page = sim.get("/sim/messages?after=1&limit=1").json
        check("paging", ([m["seq"] for m in page["messages"]], page["next"], page["total"]), ([2], 2, 3))
        check("reset", sim.post("/sim/reset").json, {"ok": True})
        check("nothing is left", (sim.stats()["messages"], sim.stats()["zbs"]["requests"]), (0, 0))
        check("a page of another site", call("POST", sim.url + "/sim/reset", b"{}", {"Origin": "http://evil.vn"}).status, 403)
        check("the page is there", sim.get("/").status, 200)
        view = sim.get("/sim/view").json
        check("unchanged view is small", list(sim.get(f"/sim/view?since={view['changes']}").json), ["changes"])


def test_command_line(templates):
    import subprocess
    from sim_rig import BINARY
    for label, args, want in [("help", ["--help"], 0), ("unknown option", ["--nonsense=1"], 2),
                              ("bad setting", ["--set=daily_quota=-1"], 2),
                              ("an address others can reach", ["--listen=0.0.0.0:0"], 2),
                              ("an address without a port", ["--listen=127.0.0.1:0", "--smtp=127.0.0.1"], 1)]:
        run = subprocess.run([BINARY, "sim", *args, f"--templates={templates}"], capture_output=True, text=True, timeout=20)
        check(f"exit status: {label}", run.returncode, want)


def main():
    with tempfile.TemporaryDirectory() as templates:
        write_templates(templates)
        alone = [test_token_rotation, test_webhooks, test_webhook_retries, test_esms, test_speedsms, test_smtp,
                 test_request_faults, test_smtp_faults, test_receipt_faults, test_stats_and_truth, test_command_line]
        shared = [test_zbs_is_strict, test_zbs_reply_and_lookups, test_oa_is_strict, test_uid_template, test_oa_lookups,
                  test_night_quota_money, test_smtp_is_strict]
        global failed
        for test in alone:
            try:
                test(templates)
            except Exception:
                failed += 1
                print(f"FAILED {test.__name__}")
                traceback.print_exc(file=sys.stdout)
        with Sim(templates=templates) as sim:
            for test in shared:
                try:
                    test(sim)
                except Exception:
                    failed += 1
                    print(f"FAILED {test.__name__}\n{sim.error_text()}")
                    traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
