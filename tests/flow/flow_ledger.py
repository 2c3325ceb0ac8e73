#!/usr/bin/env python3
"""The ledger's archive: every final result once on the disk, whatever is killed at whatever step; then out of Redis."""
import base64
import gzip
import hashlib
import json
import random
import subprocess
import time

from harness import LOA, ROOT, Cases, equal, http, wait_for
from rig import Rig, event, post_events

cases = Cases()
rig = Rig(processes=2, limits={"wait": "3s", "wait_same_ref": "1s"},
          extra="[ledger]\narchive_every_s = 1\nredis_days = 0\n")
now = int(time.time() * 1000)
day = time.strftime("%y%m%d", time.gmtime(now / 1000 - 86400))
serial = 1000


def batch(count):
    global serial
    out = []
    for _ in range(count):
        serial += 1
        out.append(event(f"H27.18.01-{day}-{serial}", 2, now - 60_000, SoDienThoai=f"0912{serial:05d}1", ChuHoSo="Lê Thị B",
                         TenTTHC="B", DonViXuLy="18073"))
    return out


def archived():
    """Every entry on the disk of both servers, in lines; torn ends are what a kill may leave."""
    out = []
    for path in sorted(rig.dir.glob("var*/ledger/*/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as f:
            out += [json.loads(line) for line in f]
    return out


def in_stream():
    store = rig.store()
    return {f"p{p:02}-{e[0]}" for p in range(16) for e in store("XRANGE", f"loa:{{p{p:02}}}:led", "-", "+")}


def settled():
    """Nothing is left to send, and nothing is left to archive."""
    store = rig.store()
    queues = sum(store("ZCARD", f"loa:{{p{p:02}}}:q:{w}:{lane}") for p in range(16)
                 for w in ("zalo_cs", "zalo_uid", "zalo_zbs", "sms", "email") for lane in ("urgent", "normal", "bulk"))
    queues += sum(store("XLEN", f"loa:{{p{p:02}}}:in") + store("ZCARD", f"loa:{{p{p:02}}}:snd") + store("ZCARD", f"loa:{{p{p:02}}}:w")
                  for p in range(16))
    return queues == 0 and not in_stream()


def verify(i=0):
    r = subprocess.run([LOA, "ledger", "verify", "--lang=en", "-c", str(rig.config(i))], cwd=ROOT, capture_output=True, text=True,
                       timeout=60)
    return r.returncode, r.stdout + r.stderr


def gather():
    """Both servers' folders in one, as an auditor would copy them."""
    for path in rig.dir.glob("var1/ledger/*/*.jsonl.gz*"):
        to = rig.dir / "var0/ledger" / path.parent.name / "b"
        to.mkdir(parents=True, exist_ok=True)
        (to / path.name).write_bytes(path.read_bytes())


rig.start_loa(0)
rig.start_loa(1)
key = rig.key()
cursor = base64.urlsafe_b64encode(",".join(["1-1"] * 16).encode()).decode().rstrip("=")
rng = random.Random(7)

with cases("two servers archive while they are killed in turn: every result is on the disk once, and left the stream"):
    for round_ in range(6):
        equal(post_events(rig.url[0], key, batch(60))[0], 202)
        wait_for("some of it is archived", lambda: len(archived()) > 40 * round_ or settled(), 60, 0.1)
        victim = rng.randrange(2)
        rig.kill_loa(victim)
        rig.start_loa(victim)
    wait_for("all is archived", settled, 90, 0.5)

with cases("the archive is sound, and has every result exactly once"):
    gather()
    status, said = verify()
    print("     ", said.strip().split("\n")[-1])
    equal(status, 0, said)
    lines, ids = archived(), set()
    n = sum(1 for line in lines if "id" in line)
    ends = sum(int(rig.store()("HGET", f"loa:{{p{p:02}}}:la", "n") or 0) for p in range(16))
    ids = {line["id"] for line in lines if "id" in line}
    equal(len(ids), ends, "entries that the store counts")
    told = {line["notification"] for line in lines if line.get("state") in ("delivered", "seen", "uncertain", "failed")}
    assert len(told) == 360, len(told)
    print(f"      archive: entries={len(ids)} notifications={len(told)} lost=0 doubled=0")

with cases("reach: the store and the files agree to the last person, and both with a count by hand"):
    r = subprocess.run([LOA, "reach", "verify", "--lang=en", "-c", str(rig.config(0))], cwd=ROOT, capture_output=True, text=True,
                       timeout=60)
    print("     ", r.stdout.strip().split("\n")[-1])
    equal(r.returncode, 0, r.stdout + r.stderr)
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 3600))
    told = {(x["id"][:3], x["person"]) for x in lines if x.get("state") in ("delivered", "seen") and
            (x["channel"] != "portal" or x["state"] == "seen")}
    for period in (f"period={today[:7]}", f"period={today[:4]}", f"from={today[:4]}-01-01&to={today}"):
        status, body = http("GET", f"{rig.url[0]}/v1/reports/reach?{period}&by=unit", key=key)
        equal(status, 200, body)
        equal(body["persons"]["reached"], len(told), period)
        equal(body["persons"]["accepted"], 360)
        equal({row["key"]: row["accepted"] for row in body["rows"]}, {"H27": 360, "xa-18073": 360})
    status, body = http("GET", f"{rig.url[0]}/v1/reports/reach?period={today[:7]}&by=channel&unit=18073", key=key)
    rows = {row["key"]: row for row in body["rows"]}
    equal(rows["portal"]["reached"], 0, "a notice in the box has reached nobody yet")
    assert sum(row["reached"] for row in rows.values()) >= len(told)
    status, body = http("GET", f"{rig.url[0]}/v1/reports/reach?period=2026-Q5&by=color&unit=nowhere", key=key)
    equal((status, [e["code"] for e in body["errors"]]), (400, ["bad_period", "unknown_word", "unknown_unit"]))

with cases("a line says nothing about the person but a number"):
    text = json.dumps(lines, ensure_ascii=False)
    for secret in ("Lê Thị", "84912", "H27.18.01", "ckey"):
        assert secret not in text, secret
    assert all(isinstance(line["person"], int) for line in lines if "id" in line)
    assert len({(line["id"][:3], line["person"]) for line in lines if "id" in line}) == 360

with cases("zcat and sha256 see what loa wrote: the chain can be recounted by anybody"):
    path = max((rig.dir / "var0/ledger").glob("*/*.jsonl.gz"), key=lambda p: p.stat().st_size)
    text = subprocess.run(["zcat", path], capture_output=True, text=True, check=True).stdout
    x = None
    for line in text.splitlines():
        if line.startswith('{"ledger"'):
            x = json.loads(line)["prev"]
        else:
            body, end = line.rsplit(',"x":"', 1)
            x = hashlib.sha256((x + body).encode()).hexdigest()
            equal(end, x + '"}')

with cases("who is erased stays one number in the counts, and no key leads to it any more"):
    posted = batch(1)
    person = {"identities": [f"phone:{posted[0]['data']['SoDienThoai']}"], "name": "Lê Thị B"}
    key_of = http("PUT", rig.url[0] + "/v1/citizens", person, key)[1]["key"]
    code = posted[0]["subject"]
    equal(post_events(rig.url[0], key, posted)[0], 202)
    wait_for("told and archived", lambda: settled() and len({x["id"] for x in archived() if "id" in x}) > len(ids), 30)
    before = {x["person"] for x in archived() if "id" in x and x["id"] not in ids and x.get("person")}
    equal(len(before), 1)
    posted[0]["id"] += "/2"
    posted[0]["data"].update(TrangThaiHoSo="9", ThoiDiemXuLy=time.strftime("%Y%m%d%H%M%S", time.gmtime(now / 1000 + 7 * 3600)))
    equal(post_events(rig.url[0], key, posted)[0], 202)
    wait_for("the second news is on its way", lambda: len(http("GET", f"{rig.url[0]}/v1/dossiers/{code}", key=key)[1]["timeline"]) == 2)
    equal(http("DELETE", f"{rig.url[0]}/v1/citizens/{key_of}", key=key)[0], 200)
    wait_for("all is archived", settled, 30)
    after = {x["person"] for x in archived() if "id" in x and x["id"] not in ids and x.get("person")}
    equal(after, before)
    store = rig.store()
    left = [k for p in range(16) for k in store("KEYS", f"loa:{{p{p:02}}}:*") if key_of in k]
    equal(left, [], "records of the citizen")
    told = [store("HGET", k, "h") or "" for p in range(16) for k in store("KEYS", f"loa:{{p{p:02}}}:n:*")]
    assert not any(key_of in h for h in told)

with cases("the feed says so when what it is asked for has left Redis"):
    status, body = http("GET", rig.url[0] + "/v1/feed?after=0", key=key)
    equal((status, body["items"]), (200, []))
    status, body = http("GET", rig.url[0] + "/v1/feed?after=" + cursor, key=key)
    equal((status, body["code"]), (410, "cursor_too_old"))

with cases("a changed line is found and named"):
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if '"person":' in line)
    lines[at] = lines[at].replace('"person":', '"person":9')
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    status, said = verify()
    equal(status, 1)
    assert f"{path}:{at + 1}:" in said, said

with cases("a file that was cut stops the archive of its partition, loudly, and nothing leaves Redis"):
    child = path.name.split(".")[1]
    for p in rig.dir.glob(f"var*/ledger/*/*.{child}.jsonl.gz"):
        p.write_bytes(b"")
    equal(post_events(rig.url[0], key, batch(120))[0], 202)
    wait_for("a person is called", lambda: f"ledger_archive:{child}" in json.dumps(http("GET", rig.url[0] + "/v1/alerts", key=key)[1]),
             60, 0.2)
    assert any(i.startswith(child) for i in in_stream())

cases.end()
