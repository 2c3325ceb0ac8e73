#!/usr/bin/env python3
"""Consent, lists of codes, followers and counted guesses, script by script against a real Redis."""
import json

from harness import Cases, Redis, equal, start_redis, tmpdir

T = "loa:{p00}:"
NOW = 1_790_000_000_000
A, B = "a" * 40, "b" * 40
cases = Cases()
server, path = start_redis(tmpdir(), "--appendfsync", "no")
r = Redis(path)


def consent(wants, words, source="zalo"):
    return r.script("consent", [T + "c:" + A], A, wants, words, NOW, source, "0123456789ab")


def codes(name, code, add=1, most=3):
    return r.script("codes", [T + "led"], most, 1000, T + name, code, add)[0]


def follow(cid, on=1, channel="zalo", most=2):
    return r.script("follow", [T + "d:H27-1"], cid, channel, on, most)


def guess(now=NOW, who="g1", kind="guess"):
    return r.script("tries", [T + "t:x"], now, who, 3, 1000, 60_000, kind)


with cases("what is refused adds up, twice is once, and a record of it has neither text nor number"):
    equal(consent(0, "o_sms"), "o_sms=-1;")
    equal(consent(0, "t_campaign t_survey"), "o_sms=-1;t_campaign=-1;t_survey=-1;")
    equal(consent(0, "o_sms"), "t_campaign=-1;t_survey=-1;o_sms=-1;")
    equal(r("HGET", T + "c:" + A, "no"), "t_campaign=-1;t_survey=-1;o_sms=-1;")
    entries = [dict(zip(f[::2], f[1::2])) for _, f in r("XRANGE", T + "led", "-", "+")]
    equal(len(entries), 3)
    equal(json.loads(entries[1]["h"]), {"kind": "consent", "ckey": A, "wants": False, "words": "t_campaign t_survey",
                                        "source": "zalo", "version": "0123456789ab"})
    equal(entries[1]["t"], str(NOW))

with cases("wanting a topic again takes its channels back too, and touches nothing else"):
    r("HSET", T + "c:" + A, "no", "sms=77;t_campaign=-1;t_campaign_sms=-1;t_campaigns=-1;o_zalo=-1;")
    equal(consent(1, "t_campaign"), "sms=77;t_campaigns=-1;o_zalo=-1;")
    equal(consent(1, "o_zalo o_sms"), "sms=77;t_campaigns=-1;")

with cases("a second identity keeps what its address suffers from and hands over what was wanted"):
    r("HSET", T + "c:" + B, "no", "zalo_cs=99;o_sms=-1;t_survey=-1;", "z", "sealed")
    equal(r.script("alias", [T + "c:" + B], A), 1)
    equal(r.hgetall(T + "c:" + B), {"no": "zalo_cs=99;", "z": "sealed", "as": A})

with cases("a list keeps the newest codes, each once, and goes when it is empty"):
    equal([codes("ds:" + A, c) for c in ("H1", "H2", "H3", "H1", "H4")], [1, 2, 3, 3, 3])
    equal(r("GET", T + "ds:" + A), "H3 H1 H4")
    assert 0 < r("TTL", T + "ds:" + A) <= 1000
    equal([codes("ds:" + A, c, 0) for c in ("H9", "H1", "H3", "H4")], [3, 2, 1, 0])
    equal(r("EXISTS", T + "ds:" + A), 0)

with cases("whose dossiers: those listed, then those of the notices, the newest last"):
    r("SET", T + "ds:" + A, "H1 H2")
    for n, code in (("n1", "H3"), ("n2", "-"), ("n3", "H1")):
        r("HSET", T + "n:" + n, "co", code)
        r("RPUSH", T + "ib:" + A, f"{n} 1 sealed text with blanks")
    equal(r.script("dossiers_of", [T + "led"], A, 40), ["H1", "H2", "H3", "H1"])
    equal(r.script("dossiers_of", [T + "led"], A, 1), ["H1", "H2", "H1"])
    equal(r.script("dossiers_of", [T + "led"], B, 40), [])

with cases("followers: each once, as many as may be, of dossiers that exist"):
    equal(follow(A), -1)
    r("HSET", T + "d:H27-1", "st", "2")
    equal([follow(A), follow(A), follow(B, channel="web"), follow("c" * 40)], [1, 1, 1, -2])
    equal(r("HGET", T + "d:H27-1", "fw"), f"{A}:zalo;{B}:web;")
    equal([follow(A, 0), follow(A, 0), follow(B, 0)], [0, 0, 0])
    equal(r("HEXISTS", T + "d:H27-1", "fw"), 0)

with cases("guesses: some are free, then each costs twice the time, up to a limit"):
    equal([guess(who="g1"), guess(who="g2")], [[1, 0, 1], [1, 0, 2]])
    equal(guess(who="g3"), [1, NOW + 1000, 3])
    equal(guess(NOW + 999, "g4"), [0, NOW + 1000, 3])
    equal(guess(NOW + 1000, "g4"), [1, NOW + 3000, 4])
    equal(guess(NOW + 3000, "g5"), [1, NOW + 7000, 5])
    for i in range(20):
        guess(NOW + 10_000_000 * (i + 1), f"h{i}")
    equal(guess(NOW + 900_000_000, "last"), [1, NOW + 900_060_000, 26])

with cases("the same guess asked again after a crash counts once, even while others must wait"):
    r("DEL", T + "t:x")
    [guess(who=w) for w in ("a", "b", "c")]
    equal((guess(who="c"), guess(who="d")), ([1, NOW + 1000, 3], [0, NOW + 1000, 3]))

with cases("a right answer gives its guess back, not those of others"):
    equal(guess(kind="right")[2], 2)
    equal(guess(NOW, "e"), [1, NOW + 1000, 3])
    assert r("PTTL", T + "t:x") > 3_600_000

cases.end()
