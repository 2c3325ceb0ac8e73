"""What the flows of the simulator share: templates, bodies that are right, and the counting of cases."""
import json
import os
import sys
import tempfile
import traceback
from email import policy
from email.message import EmailMessage

from sim_rig import Sim

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


def run(alone, shared=()):
    """Runs the tests: `alone` get the template directory and start what they need, `shared` get one simulator."""
    with tempfile.TemporaryDirectory() as templates:
        write_templates(templates)
        for test in alone:
            survives(test, templates)
        if shared:
            with Sim(templates=templates) as sim:
                for test in shared:
                    survives(test, sim)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def survives(test, argument):
    global failed
    try:
        test(argument)
    except Exception:
        failed += 1
        print(f"FAILED {test.__name__}")
        traceback.print_exc(file=sys.stdout)
