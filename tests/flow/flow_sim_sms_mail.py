#!/usr/bin/env python3
"""The simulated SMS aggregators and mail server: as strict as their documents?"""
import base64
import json
import os
import smtplib
import socket
import sys
import tempfile
from email import message_from_bytes, policy
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sim_cases import DAY_S, check, check_true, esms_body, mail, run  # noqa: E402
from sim_rig import Receiver, Sim, wait_for  # noqa: E402


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


def test_registered_texts(templates):
    with tempfile.NamedTemporaryFile("w") as f:
        f.write("# registered\nHo so {P1,30} da duyet\n")
        f.flush()
        with Sim(templates=templates, sms_templates=f.name) as sim:
            path = "/MainService.svc/json/SendMultipleMessage_V4_post_json/"
            for content, want in [("Ho so H29-0007 da duyet", "100"), ("Ho so H29-0007 bi tu choi", "146")]:
                check(content, sim.post(path, esms_body(Content=content, RequestId=content)).json["CodeResult"], want)


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


if __name__ == "__main__":
    run([test_esms, test_registered_texts, test_speedsms, test_smtp], [test_smtp_is_strict])
