#!/usr/bin/env python3
"""`loa sim` itself: faults on demand, the truth it tells, its command line."""
import http.client
import os
import smtplib
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sim_cases import TOKEN, check, check_true, cs_body, mail, run, zbs_body  # noqa: E402
from sim_rig import BINARY, Receiver, Sim, call, wait_for  # noqa: E402


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
        check_true("late: told long after", int(late["timestamp"]) - delivered >= 590)

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
        check("nothing is left", (sim.stats()["total"]["messages"], sim.stats()["zbs"]["requests"]), (0, 0))
        check("a page of another site", call("POST", sim.url + "/sim/reset", b"{}", {"Origin": "http://evil.vn"}).status, 403)
        check("the page is there", sim.get("/").status, 200)
        view = sim.get("/sim/view").json
        check("unchanged view is small", list(sim.get(f"/sim/view?since={view['changes']}").json), ["changes"])


def test_command_line(templates):
    for label, args, want in [("help", ["--help"], 0), ("unknown option", ["--nonsense=1"], 2),
                              ("bad setting", ["--set=daily_quota=-1"], 2),
                              ("an address others can reach", ["--listen=0.0.0.0:0"], 2),
                              ("an address without a port", ["--listen=127.0.0.1:0", "--smtp=127.0.0.1"], 1)]:
        run = subprocess.run([BINARY, "sim", *args, f"--templates={templates}"], capture_output=True, text=True, timeout=20)
        check(f"exit status: {label}", run.returncode, want)


if __name__ == "__main__":
    run([test_request_faults, test_smtp_faults, test_receipt_faults, test_stats_and_truth, test_command_line])
