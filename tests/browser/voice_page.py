#!/usr/bin/env python3
"""Starts loa with an invitation and some public questions for voice_page.js, which drives the browser."""
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from harness import ROOT, http, wait_for  # noqa: E402
from rig import Rig, event, post_events  # noqa: E402
from staff_client import Desk, add_staff  # noqa: E402

QUESTIONS = [("Nuôi chim yến trong khu dân cư có được không?", "Không được nuôi mới trong khu dân cư.\nĐiều 25 Nghị định 13/2020/NĐ-CP."),
             ("Mất giấy hẹn thì lấy kết quả thế nào?", "Anh/chị mang giấy tờ tùy thân đến bộ phận một cửa, cán bộ tra theo tên."),
             ("Chợ đêm đăng ký gian hàng ở đâu?", "Liên hệ Ban quản lý chợ của phường trong giờ hành chính.")]


def publish(rig):
    for login in ("tho", "uyen"):
        add_staff(rig.config(0), login, login, "editor", "", "H27")
    writer, reader = Desk(rig.url[0]), Desk(rig.url[0])
    writer.login("tho")
    reader.login("uyen")
    for n, (question, answer) in enumerate(QUESTIONS * 8):
        item = writer.call("POST", "/desk/qa", {"question": f"{question} ({n // 3 + 1})", "answer": answer, "unit": "ttpvhcc-ha-tinh"})[1]["id"]
        reader.call("POST", f"/desk/qa/{item}/publish")


def invitations(rig, key):
    now = int(time.time() * 1000)
    day = time.strftime("%y%m%d", time.localtime(now / 1000 - 86400))
    post_events(rig.url[0], key, [event(f"H27.18.01-{day}-{n:04d}", 10, now - 60_000, Email=f"dan{n}@example.vn", ChuHoSo="Lê Thị Lan",
                                        TenTTHC="Chứng thực bản sao", DonViXuLy="18073") for n in (1, 2)])
    def mails():
        got = http("GET", f"{rig.sim}/sim/messages?limit=1000")[1]["messages"]
        return [m["text"] for m in got if m["provider"] == "smtp" and "text" in m]
    texts = wait_for("the mails", lambda: mails() if len(mails()) == 2 else None)
    return [next(w.strip("()<>.") for w in t.split() if "/s/" in w) for t in texts]


def main():
    rig = Rig()
    rig.start_loa()
    key = rig.key()
    publish(rig)
    pictures = ROOT / "build/screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    world = {"loa": rig.url[0], "links": invitations(rig, key), "pictures": str(pictures), "chromium": shutil.which("chromium")}
    status = subprocess.call(["node", str(ROOT / "tests/browser/voice_page.js"), json.dumps(world)])
    counted = http("GET", rig.url[0] + "/v1/survey", key=key)[1]["total"]
    good = counted["distribution"]["4"] == 1 and counted["n"] == 1
    print(f"{'ok   ' if good else 'FAILED'} one answer was counted: {counted}")
    return status if good else 1


if __name__ == "__main__":
    sys.exit(main())
