#!/usr/bin/env python3
"""The benchmarks: loa beside its peers in one run, in turns, medians. Prints a table, writes build/bench.json.

  bench.py [name…]     only these: end_to_end handover memory flat email sockets chat

No figure here means anything by itself: the machine, its disk and its neighbours decide. The ratios do."""
import base64
import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import time

from rig import TOOLS, Bench, cpu_s, rss_bytes  # first: it finds the harness
from harness import ROOT, free_port, http, start, stop, wait_for

ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
MESSAGES = int(os.environ.get("BENCH_MESSAGES", 4000))
FINISHED = int(os.environ.get("BENCH_FINISHED", 1_000_000))
QUEUED = FINISHED // 10
SOCKETS = int(os.environ.get("BENCH_SOCKETS", 10_000))
TURNS = int(os.environ.get("BENCH_TURNS", 10_000))
VISITORS = 256
MAILS = int(os.environ.get("BENCH_MAILS", 1500))
CONNECTIONS_SMTP = 8
rows = []
next_number = 1


def row(name, value, unit, peer="", peer_value=None, goal="", met=None, ratio=None):
    if ratio is None and peer_value:
        ratio = value / peer_value
    rows.append({"name": name, "value": round(value, 3), "unit": unit, "peer": peer,
                 "peer_value": None if peer_value is None else round(peer_value, 3),
                 "ratio": None if ratio is None else round(ratio, 3), "goal": goal, "met": met})
    r = rows[-1]
    print(f"  {name:<44} {r['value']:>12g} {unit:<10} {peer:<22} "
          f"{'' if peer_value is None else format(r['peer_value'], 'g'):>10} {'' if ratio is None else format(r['ratio'], 'g'):>8}  "
          f"{goal} {'' if met is None else 'met' if met else 'NOT MET'}", flush=True)


def title(text):
    print(f"\n{text}", flush=True)


def numbers(count):
    global next_number
    first, next_number = next_number, next_number + count
    return first


def median_of(rounds, what):
    return statistics.median(r[what] for r in rounds)


# ---- 1. end to end ----

def end_to_end():
    title(f"End to end: {ROUNDS} rounds of {MESSAGES} events of 700 bytes, 64 connections, fsync always, in turns")
    bench = Bench()
    done = {"loa": [], "floor": [], "bullmq": []}
    for _ in range(ROUNDS):
        for name, begin in (("loa", bench.start_loa), ("floor", bench.start_floor), ("bullmq", bench.start_bullmq)):
            child = begin()
            bench.round(child, numbers(500), 500)  # warm: connections, caches, compiled code
            done[name].append(bench.round(child, numbers(MESSAGES), MESSAGES))
            stop(child)
    bench.close()
    if any(r["twice"] for r in done["loa"]):
        raise AssertionError("loa sent a message twice")
    rate = {name: median_of(r, "rate") for name, r in done.items()}
    for peer, least in (("floor", 0.5), ("bullmq", 3)):
        pairs = [a["rate"] / b["rate"] for a, b in zip(done["loa"], done[peer])]
        ratio = statistics.median(pairs)
        label = {"floor": "bare program", "bullmq": "BullMQ 5, Node, undici"}[peer]
        row(f"end to end, against the {label.split(',')[0]}", rate["loa"], "msg/s", label, rate[peer],
            f"at least {least} times", ratio >= least, ratio)
    for what, text in (("cpu_us", "CPU of the program per message"), ("redis_us", "CPU of Redis per message")):
        for peer in ("floor", "bullmq"):
            row(text, median_of(done["loa"], what), "us", peer, median_of(done[peer], what))
    row("202 after, median", median_of(done["loa"], "intake_p50_us") / 1000, "ms", "floor",
        median_of(done["floor"], "intake_p50_us") / 1000)
    row("202 after, p99", median_of(done["loa"], "intake_p99_us") / 1000, "ms", "floor",
        median_of(done["floor"], "intake_p99_us") / 1000)
    row("memory under load", max(r["rss"] for r in done["loa"]) / 2**20, "MB", "BullMQ process",
        max(r["rss"] for r in done["bullmq"]) / 2**20, "under 64 MB", max(r["rss"] for r in done["loa"]) < 64 * 2**20)
    return rate["loa"]


# ---- 2. hand-over ----

def fsync_ms(directory, count=150):
    """What one append of 4 kB with fsync takes here and now."""
    took = []
    with open(directory / "fsync", "ab") as f:
        for _ in range(count):
            begun = time.perf_counter()
            f.write(b"x" * 4096)
            f.flush()
            os.fsync(f.fileno())
            took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def read_times(path):
    return {int(a): int(b) for a, b in (line.split() for line in path.read_text().splitlines())}


def histogram(values):
    edges = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    counts = [0] * (len(edges) + 1)
    for v in values:
        counts[sum(v > e for e in edges)] += 1
    for i, n in enumerate(counts):
        label = f"<= {edges[i]} ms" if i < len(edges) else f"> {edges[-1]} ms"
        if n:
            print(f"    {label:>12} {n:>7} {'#' * round(60 * n / len(values))}")


def handover(rate):
    rate = max(20, rate / 10)
    count = int(rate * 10)
    title(f"Hand-over at a tenth of the load: {count} events at {rate:.0f}/s, from the 202 to the provider's hands")
    bench = Bench()
    loa = bench.start_loa()
    bench.round(loa, numbers(300), 300)
    answered = bench.dir / "answered"
    before = fsync_ms(bench.dir)
    bench.round(loa, numbers(count), count, rate=rate, times=answered)
    sync = statistics.median([before, fsync_ms(bench.dir)])
    bench.ask_sink("/reset")  # writes the arrival times
    at202, arrived = read_times(answered), read_times(bench.times)
    took = sorted(max(0, arrived[n] - at202[n]) / 1000 for n in at202)
    stop(loa)
    bench.close()
    histogram(took)
    p99 = took[len(took) * 99 // 100]
    row("hand-over, median", statistics.median(took), "ms", "one fsync of 4 kB", sync)
    row("hand-over, p99", p99, "ms", "one fsync of 4 kB", sync, "within 5 fsync", p99 <= 5 * sync)


# ---- 3. memory ----

def used_memory(bench):
    return int(next(line.split(":")[1] for line in bench.store("INFO", "memory").splitlines()
                    if line.startswith("used_memory:")))


def count_of(bench, name):
    return sum(bench.store("ZCARD", f"loa:{{p{p:02d}}}:{name}") for p in range(16))


def memory():
    title("Memory: of the program, and of Redis per notification (its dossier and journal entry included)")
    bench = Bench()
    loa = bench.start_loa()
    row("idle", rss_bytes(loa) / 2**20, "MB", goal="under 32 MB", met=rss_bytes(loa) < 32 * 2**20)
    bench.round(loa, numbers(500), 500)
    count, before = 3000, used_memory(bench)
    bench.ask_sink("/reset")
    bench.ask_sink("/hook?port=0")
    bench.load(loa.bench_port, numbers(count), count)
    wait_for("all are sent", lambda: bench.ask_sink("/stats")["sent"] == count and count_of(bench, "snd") == 0)
    in_flight = (used_memory(bench) - before) / count
    bench.ask_sink(f"/hook?port={loa.bench_port}")
    wait_for("all are delivered", lambda: bench.ask_sink("/stats")["acked"] >= count)
    finished = (used_memory(bench) - before) / count
    row("Redis, per notification in flight", in_flight, "bytes")
    row("Redis, per finished notification", finished, "bytes")
    stop(loa)
    bench.close()


# ---- 4. a full store ----

# Copies one real record of each kind under new ids: the same fields, the same sizes.
COPY = """
local P, n, first, now, kind = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local nid = ARGV[5]
local record, dossier = redis.call('HGETALL', P .. 'n:' .. nid), redis.call('HGETALL', KEYS[2])
local place = {}
for i = 1, #record, 2 do place[record[i]] = i + 1 end
for i = 1, n do
  local id = string.format('%s%020x', string.sub(nid, 1, 2), first + i)
  local its = string.format('%s%07d', kind, first + i)
  record[place.ck] = string.format('%s%038d', string.sub(record[place.ck], 1, 2), first + i)
  record[place.co] = its
  redis.call('HSET', P .. 'n:' .. id, unpack(record))
  redis.call('HSET', P .. 'd:' .. its, unpack(dossier))
  if kind == 'done-' then
    redis.call('XADD', P .. 'led', '*', 'n', id, 'k', 0, 'w', 'zalo_zbs', 's', 'delivered', 't', now, 'v', '300',
      'c', '0', 'a', '1', 'h', record[place.h])
  else
    redis.call('HSET', P .. 'n:' .. id, 's0', 'deferred')
    redis.call('ZADD', P .. 'q:zalo_zbs:normal', now + 86400000, id .. ':0')
    redis.call('RPUSH', P .. 'open:' .. record[place.ck], id .. ' ' .. its)
  end
end
return n
"""


def sample_records(bench, state):
    """One notification per partition in this state of its first message: {partition: (nid, key of its dossier)}."""
    found = {}
    for key in bench.store("KEYS", "loa:{p*}:n:*"):
        part, nid = key.split(":")[1], key.split(":")[3]
        s, code, st = bench.store("HMGET", key, "s0", "co", "st")
        if s == state and part not in found:
            found[part] = (nid, bench.store("KEYS", f"loa:{{p*}}:d:{code}")[0])
    return found


def fill(bench, samples, kind, total):
    sha = bench.store("SCRIPT", "LOAD", COPY)
    share, chunk = total // len(samples), 2000
    for part, (nid, dossier) in samples.items():
        for first in range(0, share, chunk):
            bench.store("EVALSHA", sha, 2, f"loa:{part}:", dossier, min(chunk, share - first), first, int(time.time() * 1000),
                        kind, nid)
    return share * len(samples)


def prepare(bench):
    loa = bench.start_loa()
    bench.round(loa, numbers(1500), 1500)
    return loa


def flat():
    title(f"Cost stays flat: a store with {FINISHED} finished and {QUEUED} queued notifications beside an empty one, in turns")
    empty, full = Bench(), Bench()
    loa = [prepare(empty), prepare(full)]
    done = sample_records(full, "delivered")
    full.ask_sink("/hook?port=0")
    full.load(loa[1].bench_port, numbers(400), 400)
    wait_for("sent", lambda: full.ask_sink("/stats")["sent"] >= 1900 and count_of(full, "snd") == 0)
    sent = sample_records(full, "sent")
    full.store("CONFIG", "SET", "appendonly", "no")
    before = used_memory(full)
    finished = fill(full, done, "done-", FINISHED)
    queued = fill(full, sent, "wait-", QUEUED)
    grown = used_memory(full) - before
    full.store("CONFIG", "SET", "appendonly", "yes")
    wait_for("the store is on disk", lambda: "aof_rewrite_in_progress:0" in full.store("INFO", "persistence"), limit_s=300)
    # The rewrite's fork protects every page once: both stores are used for a while before anything is measured.
    for store, child in ((full, loa[1]), (empty, loa[0])):
        store.round(child, numbers(MESSAGES), MESSAGES)
    ratios, rates = [], []
    for _ in range(ROUNDS):
        a = full.round(loa[1], numbers(MESSAGES), MESSAGES)
        b = empty.round(loa[0], numbers(MESSAGES), MESSAGES)
        ratios.append(a["rate"] / b["rate"])
        rates.append((a["rate"], b["rate"]))
    ratio = statistics.median(ratios)
    row(f"rate with {finished} finished, {queued} queued", statistics.median(r[0] for r in rates), "msg/s", "empty store",
        statistics.median(r[1] for r in rates), "at least 0.9", ratio >= 0.9, ratio)
    row("Redis, filled store", grown / (finished + queued), "bytes/notification")
    for child in loa:
        stop(child)
    empty.close()
    full.close()


# ---- 5. e-mail ----

def start_smtp_sink(bench):
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    child = start(["smtp-sink", *user, f"127.0.0.1:{port}", 1000], bench.dir / "smtp-sink.log")

    def up():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    wait_for("smtp-sink answers", up)
    return child, port


def mails_accepted(loa, bench):
    text = http("GET", f"http://127.0.0.1:{loa.bench_port}/metrics", key=bench.key)[1]
    for line in text.splitlines():
        if line.startswith("loa_send_outcomes_total{") and 'channel="email"' in line and "accepted" in line:
            return int(float(line.rsplit(" ", 1)[1]))
    return 0


def mails_by_loa(loa, bench):
    before = mails_accepted(loa, bench)
    load = bench.load(loa.bench_port, numbers(MAILS), MAILS, whom="email")
    wait_for("all mails are out", lambda: mails_accepted(loa, bench) - before >= MAILS, limit_s=120, every_s=0.01)
    return MAILS / (time.monotonic() - load["begun_us"] / 1e6)


def email():
    title(f"E-mail: {ROUNDS} rounds of {MAILS} mails to smtp-sink over {CONNECTIONS_SMTP} connections; loa from the event on, its peer the mail alone")
    bench = Bench()
    sink, port = start_smtp_sink(bench)
    loa = bench.start_loa(email_port=port)
    script = TOOLS / "mail.js"
    script.write_bytes((ROOT / "tests/bench/peers/mail.js").read_bytes())
    mails_by_loa(loa, bench)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(mails_by_loa(loa, bench))
        out = subprocess.run(["node", script, str(port), str(MAILS), str(CONNECTIONS_SMTP)], capture_output=True, text=True,
                             timeout=300)
        theirs.append(MAILS / json.loads(out.stdout)["seconds"])
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    row("e-mail", statistics.median(ours), "mail/s", "nodemailer pool", statistics.median(theirs), "at least 5 times",
        ratio >= 5, ratio)
    stop(loa)
    stop(sink)
    bench.close()


# ---- 6. sockets ----

def token(number):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")
    body = b".".join(part(json.dumps(j).encode()) for j in (
        {"alg": "HS256", "typ": "JWT"}, {"sub": f"phone:8498{number:07d}", "exp": int(time.time()) + 1800}))
    return (body + b"." + part(hmac.new(b"0123456789abcdef0123456789abcdef", body, hashlib.sha256).digest())).decode()


def bytes_per_socket(bench, child, path):
    before = rss_bytes(child)
    clients = subprocess.Popen([TOOLS / "sockets", str(child.bench_port), path, str(SOCKETS), bench.dir / "tokens"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    opened = int(clients.stdout.readline().decode().split("=")[1])
    grown = rss_bytes(child) - before
    clients.stdin.close()
    clients.wait(30)
    stop(child)
    if opened < SOCKETS * 0.99:
        raise AssertionError(f"only {opened} of {SOCKETS} sockets opened at {path}")
    return grown / opened


def sockets():
    title(f"{SOCKETS} idle portal sockets, each greeted")
    bench = Bench()
    (bench.dir / "tokens").write_text("".join(token(i) + "\n" for i in range(SOCKETS)))
    ours = bytes_per_socket(bench, bench.start_loa(portal=True, connections=SOCKETS + 1000), "/inbox")
    theirs = bytes_per_socket(bench, bench.start_node("ws.js"), "/")
    row("memory per idle socket", ours, "bytes", "npm ws", theirs, "4096 or less", ours <= 4096)
    bench.close()


# ---- 7. chat ----

ENTRIES = ROOT / "templates/faq/entries.json"
LABELLED = ROOT / "tests/data/faq-heldout.tsv"


BEGIN_A_CASE = ("phan-anh-kien-nghi", "khieu-nai-to-cao")  # what follows them is part of a complaint, no question


def write_questions(path):
    """Every phrasing of the entries: questions both sides have an answer for."""
    with open(path, "w") as f:
        for entry in json.loads(ENTRIES.read_text()):
            if entry["id"] in BEGIN_A_CASE:
                continue
            for phrase in [entry["question"], *entry.get("variants", [])]:
                f.write(json.dumps(phrase, ensure_ascii=False)[1:-1] + "\n")


def run_json(*args):
    out = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=600)
    if out.returncode != 0:
        raise AssertionError(out.stderr[-500:] + out.stdout[-500:])
    return json.loads(out.stdout.splitlines()[-1])


def converse(port, path, turns, questions):
    r = run_json(TOOLS / "chat", port, path, turns, VISITORS, questions)
    return {**r, "rate": r["turns"] / (r["ended_us"] - r["begun_us"]) * 1e6}


def chat_turns(bench):
    """nlp.js as its manual sets it up looks for entities in every question (`entities`); a team in need of speed turns that
    off (`lean`). Neither keeps anything; loa has every question and answer on disk before it shows."""
    questions = bench.dir / "questions"
    write_questions(questions)
    begin = {"loa": lambda: bench.start_loa(extra="[chat]\nrate = 100000/s\nwaiting_max = 100000\n"),
             "lean": lambda: bench.start_node("nlp.js", "serve", "lean", ENTRIES),
             "entities": lambda: bench.start_node("nlp.js", "serve", "entities", ENTRIES)}
    done = {name: [] for name in begin}
    for _ in range(ROUNDS):
        for name in begin:
            child, path = begin[name](), "/chat" if name == "loa" else "/"
            turns = TURNS if name != "entities" else TURNS // 20
            converse(child.bench_port, path, max(VISITORS, turns // 10), questions)
            before, redis_before = cpu_s(child), cpu_s(bench.redis_child)
            r = converse(child.bench_port, path, turns, questions)
            done[name].append({**r, "cpu_us": (cpu_s(child) - before) / turns * 1e6,
                               "redis_us": (cpu_s(bench.redis_child) - redis_before) / turns * 1e6})
            stop(child)
    for peer, label in (("entities", "nlp.js + ws, by its manual"), ("lean", "nlp.js + ws, no entities")):
        ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(done["loa"], done[peer]))
        row(f"chat turns, {VISITORS} visitors", median_of(done["loa"], "rate"), "turn/s", label, median_of(done[peer], "rate"),
            "at least 5 times", ratio >= 5, ratio)
        row("question to answer, p99", median_of(done["loa"], "p99_us") / 1000, "ms", label, median_of(done[peer], "p99_us") / 1000)
    row("CPU of the program per turn", median_of(done["loa"], "cpu_us"), "us", "nlp.js + ws, no entities",
        median_of(done["lean"], "cpu_us"))
    row("CPU of Redis per turn", median_of(done["loa"], "redis_us"), "us")


def faq_queries(bench):
    def nlp(mode):
        script = TOOLS / "nlp.js"
        script.write_bytes((ROOT / "tests/bench/peers/nlp.js").read_bytes())
        return run_json("node", script, "ask", mode, ENTRIES, LABELLED, 1 if mode == "entities" else 5)

    rounds = [(run_json(TOOLS / "faq", ROOT / "templates/faq", LABELLED, 20), nlp("entities"), nlp("lean")) for _ in range(ROUNDS)]
    for i, label in ((1, "nlp.js, by its manual"), (2, "nlp.js, no entities")):
        ratio = statistics.median(r[0]["per_s"] / r[i]["per_s"] for r in rounds)
        row("FAQ queries, in process", statistics.median(r[0]["per_s"] for r in rounds), "1/s", label,
            statistics.median(r[i]["per_s"] for r in rounds), "at least 20 times", ratio >= 20, ratio)
    row("one FAQ query, p99", statistics.median(r[0]["p99_us"] for r in rounds), "us", "nlp.js, no entities",
        statistics.median(r[2]["p99_us"] for r in rounds), "100 or less", statistics.median(r[0]["p99_us"] for r in rounds) <= 100)


def chat_sockets(bench):
    (bench.dir / "tokens").write_text("\n" * SOCKETS)  # each a new visitor
    ours = bytes_per_socket(bench, bench.start_loa(connections=SOCKETS + 1000), "/chat")
    theirs = bytes_per_socket(bench, bench.start_node("ws.js"), "/")
    row("memory per idle chat socket", ours, "bytes", "npm ws", theirs, "4096 or less", ours <= 4096)


def chat():
    title(f"Chat: {ROUNDS} rounds of {TURNS} questions by {VISITORS} visitors over WebSocket, each waiting for its answer, in turns; "
          f"the same questions in process; {SOCKETS} idle sockets")
    bench = Bench()
    chat_turns(bench)
    faq_queries(bench)
    chat_sockets(bench)
    bench.close()


def main():
    wanted = sys.argv[1:] or ["end_to_end", "handover", "memory", "flat", "email", "sockets", "chat"]
    rate = 1000.0
    for name in wanted:
        try:
            if name == "end_to_end":
                rate = end_to_end()
            elif name == "handover":
                handover(rate)
            else:
                {"memory": memory, "flat": flat, "email": email, "sockets": sockets, "chat": chat}[name]()
        except Exception as fault:  # the others still have something to say
            row(f"{name}: could not be measured: {fault}"[:200], 0, "", goal="measured", met=False)
    out = TOOLS.parent / "bench.json"
    out.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    print(f"\n{out.relative_to(ROOT)}: {len(rows)} rows, goals met {sum(r['met'] is True for r in rows)}, "
          f"not met {sum(r['met'] is False for r in rows)}")


main()
