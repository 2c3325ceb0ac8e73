#!/usr/bin/env python3
"""People who log in: accounts, wrong passwords, lockout, sessions that end, forged calls, a store that is away."""
import signal
import threading
import time

from harness import Cases, equal, stop, wait_for
from rig import Rig
from staff_client import PASSWORD, Desk, add_staff, staff_command
from websocket import Closed, WebSocket

cases = Cases()
rig = Rig(processes=2)
rig.start_loa(0)
rig.start_loa(1)
config = rig.config(0)
redis = rig.store()
ANOTHER = "một câu khác hẳn 2026"


def code(answer):
    return (answer[0], answer[1].get("code") if isinstance(answer[1], dict) else None)


def acts(login):
    return [dict(zip(fields[::2], fields[1::2])) for _, fields in redis("XRANGE", "loa:{p00}:acts", "-", "+")
            if login in fields]


def sessions():
    return set(redis("KEYS", "loa:{p00}:ss:*"))


def log_in(login, password=PASSWORD, process=0):
    desk = Desk(rig.url[process])
    equal(desk.login(login, password)[0], 200, login)
    return desk


with cases("an account is made once"):
    add_staff(config, "lan.vo", "Võ Thị Lan", "officer,lead", "mot-cua,dat-dai", "ttpvhcc-ha-tinh")
    add_staff(config, "binh", "Trần Văn Bình", "officer", "mot-cua")
    add_staff(config, "chi", "Lê Chi", "viewer")
    status, _, err = staff_command(config, "add", "lan.vo", "--name", "x", "--role", "officer", password=ANOTHER)
    equal((status, "already" in err), (1, True))

with cases("a weak password makes none"):
    for weak in ("ngắn quá", "matkhau@123", "ten-dung-roi", "111111111111"):
        status, _, _ = staff_command(config, "add", "dung", "--name", "x", "--role", "officer", password=weak)
        equal(status, 1, weak)
    equal(redis("EXISTS", "loa:{p00}:sf:dung"), 0)

with cases("wrong usage"):
    for args in (["add", "dung", "--role", "king", "--name", "x"], ["add", "1x", "--name", "x", "--role", "officer"],
                 ["add", "dung", "--name", "x"], ["passwd"], ["list", "lan.vo"], ["nothing"], ["off", "lan.vo", "--desk"]):
        equal(staff_command(config, *args, password=PASSWORD)[0], 2, args)
    equal(staff_command(config, "off", "nobody")[0], 1)

with cases("a desk or a unit that does not exist is told at once"):
    for args, word in ((["--desk", "mot-cua,mot-cau"], "mot-cau"), (["--unit", "nowhere"], "nowhere")):
        status, _, err = staff_command(config, "add", "dung", "--name", "x", "--role", "officer", *args, password=PASSWORD)
        equal((status, word in err), (1, True), err)

with cases("the list shows all and no password"):
    status, out, _ = staff_command(config, "list")
    equal((status, "Võ Thị Lan" in out, "mot-cua,dat-dai" in out, "argon2" in out), (0, True, True, False))

with cases("the store keeps only an argon2id hash"):
    record = redis.hgetall("loa:{p00}:sf:lan.vo")
    equal(record["pw"].startswith("$argon2id$"), True)
    equal(PASSWORD in str(record), False)

with cases("who logs in is told who he is"):
    lan = Desk(rig.url[0])
    status, me = lan.login("Lan.Vo")
    equal(status, 200)
    equal({k: me[k] for k in ("login", "name", "roles", "desks", "units", "idle_ms")},
          {"login": "lan.vo", "name": "Võ Thị Lan", "roles": ["officer", "lead"], "desks": ["mot-cua", "dat-dai"],
           "units": ["ttpvhcc-ha-tinh"], "idle_ms": 30 * 60000})
    cookie = lan.headers["Set-Cookie"]
    equal([w in cookie for w in ("HttpOnly", "SameSite=Strict", "Path=/", "Domain", "Secure")], [True] * 3 + [False] * 2, cookie)
    equal(lan.me(), (200, me))

with cases("the units to choose from are those of today"):
    units = lan.call("GET", "/desk/units")[1]["items"]
    equal("ttpvhcc-ha-tinh" in [u["id"] for u in units], True)
    equal(len(units), len({u["id"] for u in units}))

with cases("another process knows the session too"):
    there = Desk(rig.url[1])
    there.cookie = lan.cookie
    equal(there.me()[0], 200)

with cases("unknown login and wrong password: one answer, about one time"):
    took, said = {}, {}
    for who, login in (("wrong", "binh"), ("unknown", "khong-ai"), ("impossible", "*:*")):
        began = time.monotonic()
        status, answer = Desk(rig.url[0]).login(login, "sai mật khẩu rồi")
        took[who] = time.monotonic() - began
        answer.pop("trace_id")
        said[who] = (status, answer)
    equal(said["wrong"][0], 401)
    equal(said["unknown"], said["wrong"])
    equal(said["impossible"], said["wrong"])
    assert min(took.values()) > 0.3 * max(took.values()), took

with cases("what cannot be a login call is refused"):
    fresh = Desk(rig.url[0])
    for label, body, headers, want in [
        ("a form of another page", b"login=binh", {"Content_Type": "application/x-www-form-urlencoded"}, (403, "forged")),
        ("a foreign origin", {"login": "binh", "password": PASSWORD}, {"Origin": "https://evil.example"}, (403, "forged")),
        ("a sandboxed frame", {"login": "binh", "password": PASSWORD}, {"Origin": "null"}, (403, "forged")),
        ("no JSON", b"{", {}, (400, "bad_json")),
        ("no password", {"login": "binh"}, {}, (400, "invalid")),
        ("a number", {"login": "binh", "password": 12}, {}, (400, "invalid")),
        ("a long password", {"login": "binh", "password": "x" * 300}, {}, (400, "invalid")),
        ("too much", {"login": "binh", "password": "x" * 5000}, {}, (413, "body_too_big")),
    ]:
        answer = fresh.call("POST", "/desk/login", body, **headers)
        equal(answer[0], want[0], f"{label}: {answer}")
        if label != "too much":
            equal(code(answer), want, label)
    equal(fresh.cookie, "")

with cases("without a session: 401"):
    for path in ("/desk/me",):
        equal(code(Desk(rig.url[0]).call("GET", path)), (401, "not_logged_in"))
    equal(code(Desk(rig.url[0]).call("POST", "/desk/logout")), (401, "not_logged_in"))

with cases("a forged cookie opens nothing"):
    name, value = lan.cookie.split("=")
    login, token = value.split(":")
    forged = [f"binh:{token}", f"lan.vo:{'0' * 64}", f"lan.vo:{token[:-1]}", f"lan.vo:{token}0", "lan.vo", ":" + token,
              f"lan.vo:{token.upper()}", "lan.vo:" + next(iter(sessions())).split(":")[-1], "x" * 4000]
    for value in forged:
        thief = Desk(rig.url[0])
        thief.cookie = f"{name}={value}"
        equal(code(thief.me()), (401, "not_logged_in"), value[:80])
    equal(lan.me()[0], 200, "the real one still lives")

with cases("acts need the token of this session and our own origin"):
    binh = log_in("binh")
    for label, headers, want in [
        ("no token", {"X_CSRF_Token": None}, 403),
        ("another session's token", {"X_CSRF_Token": lan.csrf}, 403),
        ("half of it", {"X_CSRF_Token": binh.csrf[:10]}, 403),
        ("a foreign origin", {"Origin": "https://evil.example"}, 403),
        ("no origin that can be named", {"Origin": "null"}, 403),
        ("our own", {"Origin": rig.url[0]}, 204),
    ]:
        status, _ = binh.call("POST", "/desk/logout", **headers)
        equal(status, want, label)

with cases("who has logged out is out"):
    equal(code(binh.me()), (401, "not_logged_in"))
    equal([a["act"] for a in acts("binh")][-2:], ["login_ok", "logout"])

with cases("two sessions of one person live apart"):
    one, two = log_in("binh"), log_in("binh", process=1)
    equal(one.csrf == two.csrf, False)
    equal(one.call("POST", "/desk/logout")[0], 204)
    equal((one.me()[0], two.me()[0]), (401, 200))

with cases("a password is changed by who knows the old one; other sessions end"):
    mine, other = log_in("binh"), log_in("binh", process=1)
    equal(code(mine.call("POST", "/desk/password", {"old": "sai mật khẩu", "new": ANOTHER})), (401, "wrong_login"))
    equal(code(mine.call("POST", "/desk/password", {"old": PASSWORD, "new": "ngắn"})), (422, "weak_password"))
    equal(code(mine.call("POST", "/desk/password", {"old": PASSWORD, "new": "toi la binh day"})), (422, "weak_password"))
    equal(code(mine.call("POST", "/desk/password", {"old": PASSWORD})), (400, "invalid"))
    equal(mine.call("POST", "/desk/password", {"old": PASSWORD, "new": ANOTHER})[0], 204)
    equal((mine.me()[0], other.me()[0], two.me()[0]), (200, 401, 401))
    equal(code(Desk(rig.url[0]).login("binh", PASSWORD)), (401, "wrong_login"))
    log_in("binh", ANOTHER)

with cases("switched off: out at once, and not in again"):
    chi = log_in("chi")
    equal(staff_command(config, "off", "chi")[0], 0)
    equal(code(chi.me()), (401, "not_logged_in"))
    equal(code(Desk(rig.url[0]).login("chi")), (401, "wrong_login"))
    equal(staff_command(config, "on", "chi")[0], 0)
    equal(chi.me()[0], 401, "the old session stays over")
    log_in("chi")

with cases("roles change without a new login"):
    chi = log_in("chi")
    equal(staff_command(config, "roles", "chi", "--role", "officer,editor", "--desk", "ky-thuat")[0], 0)
    equal(chi.me()[1]["roles"], ["officer", "editor"])
    equal(chi.me()[1]["desks"], ["ky-thuat"])

with cases("the administrator sets a new password"):
    equal(staff_command(config, "passwd", "chi", password="ngắn")[0], 1)
    equal(staff_command(config, "passwd", "chi", password=ANOTHER)[0], 0)
    equal(chi.me()[0], 401)
    log_in("chi", ANOTHER)

with cases("five wrong ones lock, the right one then waits too"):
    for i in range(5):
        equal(code(Desk(rig.url[i % 2]).login("chi", f"sai lần thứ {i}")), (401, "wrong_login"), i)
    desk = Desk(rig.url[0])
    equal(code(desk.login("chi", ANOTHER)), (429, "locked"))
    assert 50 < int(desk.headers["Retry-After"]) <= 61, desk.headers["Retry-After"]
    equal("locked" in [a["act"] for a in acts("chi")], True)

locks = {k: redis.hgetall(k) for k in redis("KEYS", "loa:{p00}:sl:*")}
lock = next(k for k, v in locks.items() if v.get("failed") == "5")


def lock_over():
    redis("HSET", lock, "until", int(time.time() * 1000) - 1)


with cases("each further one locks for twice as long, an hour at most"):
    for want_s in (120, 240, 480, 960, 1920, 3600, 3600):
        lock_over()
        equal(code(Desk(rig.url[0]).login("chi", "vẫn sai")), (401, "wrong_login"))
        left = int(redis("HGET", lock, "until")) / 1000 - time.time()
        assert want_s - 10 < left <= want_s, (want_s, left)

with cases("a clock put back does not lock for ever"):
    redis("HSET", lock, "until", int(time.time() * 1000) + 86400000, "failed", 0)
    log_in("chi", ANOTHER)
    equal(redis("EXISTS", lock), 0, "a right password takes the count back")

with cases("a login nobody has is locked just the same"):
    for i in range(5):
        equal(code(Desk(rig.url[0]).login("ma-ranh", "sai")), (401, "wrong_login"))
    equal(code(Desk(rig.url[0]).login("ma-ranh", "sai")), (429, "locked"))
    equal(acts("ma-ranh"), [], "what was typed there may be a password: it is not kept")

with cases("tries at the same time do not slip by the count"):
    got = []
    def wrong():
        got.append(Desk(rig.url[0]).login("binh", "cùng một lúc")[0])
    threads = [threading.Thread(target=wrong) for _ in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(sorted(set(got) - {503}), [401, 429])
    assert got.count(401) <= 5, got

with cases("the administrator opens a locked account"):
    equal(code(Desk(rig.url[0]).login("binh", ANOTHER)), (429, "locked"))
    equal(staff_command(config, "on", "binh")[0], 0)
    log_in("binh", ANOTHER)

with cases("a flood is turned away, not queued for ever"):
    got = []
    def knock(i):
        got.append(Desk(rig.url[0]).login(f"flood{i}", "một mật khẩu sai")[0])
    threads = [threading.Thread(target=knock, args=(i,)) for i in range(60)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(set(got), {401, 503}, "some wait, the rest hear that it is too much")
    log_in("lan.vo")

with cases("an idle session is over"):
    idle = log_in("lan.vo")
    key = "loa:{p00}:ss:*"
    before = sessions()
    fresh = log_in("lan.vo")
    key = (sessions() - before).pop()
    assert 29 * 60 < redis("TTL", key) <= 30 * 60
    redis("PEXPIRE", key, 1000)
    redis("HSET", key, "seen", int(time.time() * 1000) - 25000)
    equal(fresh.me()[0], 200)
    assert redis("TTL", key) > 29 * 60, "who does something stays"
    redis("PEXPIRE", key, 1)
    wait_for("it is over", lambda: fresh.me()[0] == 401)

with cases("a session older than twelve hours is over"):
    before = sessions()
    old = log_in("lan.vo")
    key = (sessions() - before).pop()
    redis("HSET", key, "made", int(time.time() * 1000) - 12 * 3600 * 1000 + 60000)
    equal(old.me()[0], 200)
    redis("HSET", key, "made", int(time.time() * 1000) - 12 * 3600 * 1000)
    equal(old.me()[0], 401)

def live(desk, process=0, **headers):
    return WebSocket(rig.ports[process], "/desk/live", {"Cookie": desk.cookie, **headers})


def ended(socket, within_s=15):
    """The code the server closes with, whatever it says before."""
    return socket.closed(within_s)


with cases("a WebSocket opens only with a living session, from our own page"):
    desk = log_in("lan.vo")
    equal(live(desk).receive()["type"], "hello")
    equal(live(desk, Origin=rig.url[0]).receive()["type"], "hello")
    equal(WebSocket(rig.ports[0], "/desk", {"Cookie": desk.cookie}).receive()["type"], "hello")
    equal(ended(live(desk, Origin="https://evil.example")), 4401)
    equal(ended(live(Desk(rig.url[0]), Cookie="loa_staff=lan.vo:" + "0" * 64)), 4401)
    equal(ended(WebSocket(rig.ports[0], "/desk/live")), 4401)

with cases("it ends with the session, in whatever process: logged out, password changed, switched off"):
    desk, other = log_in("lan.vo"), log_in("lan.vo")
    here, there, others = live(desk), live(desk, 1), live(other, 1)
    for socket in (here, there, others):
        equal(socket.receive()["type"], "hello")
    equal(desk.call("POST", "/desk/logout")[0], 204)
    equal((ended(here), ended(there)), (4401, 4401))
    kept = log_in("lan.vo")
    stays = live(kept)
    equal(stays.receive()["type"], "hello")
    equal(kept.call("POST", "/desk/password", {"old": PASSWORD, "new": ANOTHER})[0], 204)
    equal(ended(others), 4401)
    equal(kept.call("POST", "/desk/password", {"old": ANOTHER, "new": PASSWORD})[0], 204)
    try:
        while not stays.quiet(0.5):
            pass
    except Closed as e:
        raise AssertionError(f"the session that changed the password was closed: {e}")
    equal(staff_command(config, "off", "lan.vo")[0], 0)
    equal(ended(stays), 4401)
    equal(staff_command(config, "on", "lan.vo")[0], 0)

with cases("an idle WebSocket ends with its session"):
    before = sessions()
    desk = log_in("lan.vo")
    socket = live(desk)
    equal(socket.receive()["type"], "hello")
    redis("DEL", (sessions() - before).pop())
    redis("PUBLISH", "loa:staff", "lan.vo")
    equal(ended(socket), 4401)

with cases("without the store: try again; with it the session is still there"):
    keep = log_in("lan.vo")
    rig.kill_redis()
    wait_for("503", lambda: keep.me()[0] == 503)
    equal(Desk(rig.url[0]).login("lan.vo")[0], 503)
    rig.restart_redis()
    wait_for("back", lambda: keep.me()[0] == 200)
    redis = rig.store()

with cases("no password and no token in the log"):
    text = "".join((rig.dir / f"loa{i}.log").read_text(errors="replace") for i in range(2))
    for secret in (PASSWORD, ANOTHER, keep.cookie.split(":")[1], keep.csrf, "ma-ranh"):
        equal(secret in text, False)
    equal("staff_login_failed" in text, True)

with cases("it stops cleanly while people log in"):
    threads = [threading.Thread(target=lambda i=i: wait_quietly(i)) for i in range(6)]
    def wait_quietly(i):
        try:
            Desk(rig.url[1]).login("lan.vo")
        except OSError:
            pass
    for t in threads:
        t.start()
    equal(stop(rig.loa[1], signal.SIGTERM), 0)
    for t in threads:
        t.join()

with cases("reached by https, the cookie is __Host- and Secure; reached by http from elsewhere, nobody logs in"):
    text = rig.config(1).read_text().replace(f"public_url = {rig.url[0]}", "public_url = https://loa.example.vn")
    path = rig.dir / "https.conf"
    path.write_text(text)
    rig.config = lambda i: path
    rig.start_loa(1)
    safe = Desk(rig.url[1])
    equal(safe.login("lan.vo", Origin="https://loa.example.vn")[0], 200)
    cookie = safe.headers["Set-Cookie"]
    equal([cookie.startswith("__Host-loa_staff="), "; Secure" in cookie], [True, True], cookie)
    equal(safe.me()[0], 200)
    plain = Desk(rig.url[1])
    plain.cookie = safe.cookie.removeprefix("__Host-")
    equal(plain.me()[0], 401, "under another name it is nothing")

cases.end()
