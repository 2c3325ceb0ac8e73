#!/usr/bin/env python3
"""What the simulator's page shows in a real browser: cards, texts, mail; and that no message becomes markup."""
import os
import smtplib
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from sim_cases import TOKEN, UID, check_true, cs_body, data, esms_body, mail, run, zbs_body  # noqa: E402
from sim_rig import Sim, wait_for  # noqa: E402

EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


def dom(url):
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             f"--user-data-dir={profile}", "--window-size=1280,900", "--virtual-time-budget=3000", "--dump-dom", url],
            capture_output=True, text=True, timeout=120)
    return done.stdout


def test_page(templates):
    with Sim("--set=delivery_max_ms=300", templates=templates) as sim:
        empty = dom(sim.url + "/")
        check_true("an empty page says what to do", "Chưa có tin nào" in empty)
        sim.post("/sim/users", {"phone": "0912345678", "name": EVIL, "email": "dan@example.vn", "follows": True})
        sim.post("/message/template", zbs_body(template_data=data(ho_ten="<b>Trần</b> Thị B")), TOKEN)
        sim.post("/v3.0/oa/message/cs", cs_body({"text": EVIL}, UID), TOKEN)
        sim.post("/MainService.svc/json/SendMultipleMessage_V4_post_json/", esms_body(Content="Ho so <b>da duyet</b>"))
        with smtplib.SMTP("127.0.0.1", sim.smtp_port) as s:
            s.send_message(mail(subject="Thư <i>thử</i>"))
        wait_for("delivery", lambda: sum(m["delivered_at"] is not None for m in sim.messages()) == 4)
        page = dom(sim.url + "/")
        for label, words in [
            ("the card's title", "<h4>Hồ sơ đã được tiếp nhận</h4>"),
            ("the card's row", "H29.15-251122-0007</td>"),
            ("the card's paragraph is text", "&lt;b&gt;Trần&lt;/b&gt; Thị B"),
            ("the reply is text", "&lt;img src=x onerror="),
            ("the name is text", "&lt;script&gt;document.title=2&lt;/script&gt;"),
            ("the SMS is text", "Ho so &lt;b&gt;da duyet&lt;/b&gt;"),
            ("its parts and price", "1 phần · 800"),
            ("the mail's subject is text", "Thư &lt;i&gt;thử&lt;/i&gt;"),
            ("the mail is in a frame of its own", 'src="/sim/mail/'),
            ("the frame may run nothing", 'sandbox="allow-popups allow-popups-to-escape-sandbox"'),
            ("the title is still ours", "<title>Người dân nhận được gì?"),
        ]:
            check_true(label, words in page)
        check_true("no message became an element", "<img src=\"x\"" not in page)


if __name__ == "__main__":
    run([test_page])
