#!/usr/bin/env python3
"""E-mail through the whole service: taken by a mail server, brought back by it, and what the bounce leaves behind."""
from harness import Cases, equal, http, wait_for
from rig import Rig

cases = Cases()
rig = Rig()
rig.start_loa()
key = rig.key()
loa = rig.url[0]
hook = f"{loa}/webhooks/email/{rig.secret['mail']}"
serial = 0


def send(address):
    """Posts one message that may go by e-mail only; its id."""
    global serial
    serial += 1
    body = {"to": f"email:{address}", "template": "test", "params": {"note": "xin chào"}, "channels": ["email"]}
    status, answer = http("POST", loa + "/v1/messages", body, key, {"Idempotency-Key": f"mail-{serial}"})
    equal(status, 202, str(answer))
    return answer["id"]


def ends(nid, state):
    """Waits for the state of its e-mail; the message as the story tells it."""
    def told():
        messages = http("GET", f"{loa}/v1/messages/{nid}", key=key)[1].get("messages")
        return messages and messages[0]["state"] == state and messages[0]
    return wait_for(f"{nid} is {state}", told)


def forged(address):
    return (f"Return-Path: <>\r\nTo: {address}\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.vn\r\n\r\n"
            "Final-Recipient: rfc822; an@example.vn\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n").encode()


with cases("a mail that is taken is sent, with the mail server's own number"):
    good = send("an@example.vn")
    message = ends(good, "sent")
    equal(message["code"].split()[0], "smtp:250")
    assert message["provider_id"], message

with cases("a mailbox that does not exist: the bounce ends it, and the address is left alone"):
    equal(ends(send("nobody@example.vn"), "failed")["code"], "bounce:5.1.1")
    equal(ends(send("nobody@example.vn"), "suppressed")["attempts"], 0)

with cases("a full mailbox: left alone too, for some days"):
    equal(ends(send("full@example.vn"), "failed")["code"], "bounce:5.2.2")
    ends(send("full@example.vn"), "suppressed")

with cases("somebody else's bounce is taken and changes nothing"):
    equal(http("POST", hook, forged(f"b+{good}s0t01{'0' * 16}@bounce.example.vn"))[0], 200)
    equal(http("POST", hook, forged("b@bounce.example.vn"))[0], 200)
    equal(http("POST", hook, b"\x00\xff not a mail")[0] in (200, 400), True)
    equal(ends(good, "sent")["state"], "sent")
    ends(send("an@example.vn"), "sent")

with cases("no address and no text of a mail in the log"):
    log = (rig.dir / "loa0.log").read_text(errors="replace")
    for what in ("an@example.vn", "nobody@example.vn", "xin chào", rig.secret["mail"]):
        assert what not in log, what

cases.end()
