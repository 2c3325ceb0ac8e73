#!/usr/bin/env python3
"""A spreadsheet of citizens: every fault is told with row and column before anything is stored; then all are stored, and a
repeat changes nothing."""
import threading
import time

from harness import Cases, equal, http, wait_for
from rig import Rig

cases = Cases()
rig = Rig()
rig.start_loa()
key = rig.key()
loa = rig.url[0]


def post(text, query="", timeout=60):
    body = text if isinstance(text, bytes) else text.encode()
    return http("POST", loa + "/v1/citizens/import" + query, body, key, {"Content-Type": "text/csv"}, timeout=timeout)


def find(identity):
    return http("POST", loa + "/v1/citizens/find", {"identity": identity}, key)


def faults(answer):
    return [(e["row"], e["column"], e["code"]) for e in answer["errors"]]


GOOD = "\ufeffCCCD;Họ tên;Điện thoại;Email;Đơn vị;Nhận SMS;Nhận email;Nhận Zalo\r\n" \
       "042199000001;Nguyễn Văn An;0912 345 601;an@example.vn;H27.18;có;không;\r\n" \
       "042199000002;\"Trần; Thị Bình\";+84 912 345 602;;H27.18;0;;1\r\n"

with cases("faults are told with row and column, and nothing is stored"):
    status, answer = post("cccd,ho_ten,phone,email,nhan_sms\n"
                          "42199000001,An,0912345601,an@example.vn,1\n"
                          "042199000002,Bình,123,x@@y,maybe\n"
                          ",Chi,,,\n"
                          "042199000004,Dung,0912345604,d@example.vn,1,extra\n"
                          "042199000005,Em,0912345605,,0\n")
    equal((status, answer["total"]), (422, 6), str(answer))
    equal(faults(answer), [(2, "cccd", "bad_cccd"), (3, "phone", "bad_phone"), (3, "email", "bad_email"), (3, "nhan_sms", "bad_consent"),
                           (4, "", "no_identity"), (5, "", "too_many_cells")])
    assert all(e["detail"] and e["detail_vi"] for e in answer["errors"])
    assert "0912345601" not in str(answer), "no personal data in the answer"
    equal(find("cccd:042199000005")[0], 404)

for label, text, want in [
    ("an unknown column and none that says who", "ten_la,ho_ten\n1,2\n", [(1, "ten_la", "unknown_column"), (1, "", "no_identity_column")]),
    ("a column twice", "phone,dien_thoai\n0912345601,0912345601\n", [(1, "dien_thoai", "column_twice")]),
    ("a quote without partner", "phone,name\n0912345601,\"An\n", [(2, "", "bad_quotes")]),
    ("no rows", "phone\n", [(1, "", "empty")]),
    ("nothing at all", "", [(1, "", "empty")]),
]:
    with cases(label):
        status, answer = post(text)
        equal((status, faults(answer)), (422, want))

with cases("not UTF-8; no key"):
    equal((post(b"phone,name\n0912345601,Nguy\xea\n")[0], http("POST", loa + "/v1/citizens/import", b"phone\n1")[0]), (400, 401))

with cases("a dry run stores nothing"):
    status, answer = post(GOOD, "?dry_run=1")
    equal((status, answer["rows"], answer["stored"], find("phone:0912345601")[0]), (200, 2, 0, 404), str(answer))

with cases("semicolons, byte order mark, quotes: stored with aliases and consents; again: updated"):
    status, answer = post(GOOD)
    equal((status, answer["stored"], answer["created"], answer["updated"]), (200, 2, 2, 0), str(answer))
    a, b = find("phone:0912345601")[1], find("cccd:042199000002")[1]
    equal((a["name"], a["email"], a["phone"], a["unit"]), ("Nguyễn Văn An", "an@example.vn", "84912345601", "H27.18"))
    equal((a["consents"]["sms"], a["consents"]["email"], b["name"], b["consents"]["sms"], b["consents"]["email"]),
          (True, False, "Trần; Thị Bình", False, True))
    equal(a["key"], find("email:an@example.vn")[1]["key"])
    status, answer = post(GOOD)
    equal((answer["stored"], answer["created"], answer["updated"]), (2, 0, 2))

with cases("a hundred faults are told, all are counted"):
    status, answer = post("phone\n" + "12\n" * 1000)
    equal((status, len(answer["errors"]), answer["total"]), (422, 100, 1000))

with cases("tens of thousands of rows, while the service goes on"):
    rows = "".join(f"0421{n:08d},Công dân {n},0912{n:06d},{n % 2}\n" for n in range(30000, 60000))
    started = time.monotonic()
    status, answer = post("cccd,ho_ten,dien_thoai,nhan_sms\n" + rows, timeout=120)
    print(f"      {answer.get('stored')} citizens in {time.monotonic() - started:.1f} s", flush=True)
    equal((status, answer["stored"], answer["created"]), (200, 30000, 30000), str(answer)[:300])
    equal(find("phone:0912059999")[1]["name"], "Công dân 59999")

with cases("over 16 MB is refused"):
    equal(post(b"phone\n" + b"0912345601\n" * 1_600_000)[0], 413)

with cases("Redis dies in between: 503, and the same file again stores the rest"):

    got = []
    t = threading.Thread(target=lambda: got.append(post("cccd,ho_ten\n" + "".join(f"0422{n:08d},Người {n}\n" for n in range(20000)))[0]))
    t.start()
    wait_for("some are stored", lambda: find("cccd:042200000500")[0] == 200)
    rig.kill_redis()
    rig.restart_redis()
    t.join(60)
    equal(got[0] in (503, 200), True, str(got))
    wait_for("it heals", lambda: http("GET", loa + "/readyz")[0] == 200)
    status, answer = post("cccd,ho_ten\n" + "".join(f"0422{n:08d},Người {n}\n" for n in range(20000)))
    equal((status, answer["stored"]), (200, 20000))
    equal(find("cccd:042200019999")[0], 200)

equal(rig.kill_loa(0, 15), 0)
cases.end()
