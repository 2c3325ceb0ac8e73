#!/usr/bin/env python3
"""The simulated Zalo: as strict as its documents? Tokens, sends, look-ups, webhooks."""
import hashlib
import hmac
import json
import os
import sys
import tempfile
import time
import unicodedata
from urllib.parse import urlencode

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sim_cases import DAY_S, TOKEN, UID, check, check_true, cs_body, data, run, zbs_body  # noqa: E402
from sim_rig import Receiver, Sim, wait_for  # noqa: E402


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

        for act, name in [("follow", "follow"), ("unfollow", "unfollow"), ("share_phone", "user_submit_info"),
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
        sim.post("/sim/templates", {"template_id": "512345", "daily_quota": 50})
        quota = wait_for("template quota", lambda: hooks.events("change_template_quota"))[0]
        check("template quota", (quota["template_id"], quota["quota"]), ("512345", {"prev_value": 0, "new_value": 50}))
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


if __name__ == "__main__":
    run([test_token_rotation, test_webhooks, test_webhook_retries],
        [test_zbs_is_strict, test_zbs_reply_and_lookups, test_oa_is_strict, test_uid_template, test_oa_lookups,
         test_night_quota_money])
