"""What the flow tests share: real servers on loopback with their own directories, a small Redis client, counting of cases."""
import atexit
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

ROOT = pathlib.Path(os.environ.get("LOA_ROOT", pathlib.Path(__file__).resolve().parent.parent.parent))
LOA = str(ROOT / os.environ.get("B", "build") / "loa")

_children = []
_dirs = []


def tmpdir():
    path = pathlib.Path(tempfile.mkdtemp(prefix="loa-flow."))
    _dirs.append(path)
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(args, log, **kw):
    """Starts a child that is stopped at the end whatever happens. `log` is a path for stdout and stderr."""
    out = open(log, "ab")
    child = subprocess.Popen([str(a) for a in args], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=kw.pop("stdout", out),
                             stderr=out, **kw)
    _children.append(child)
    return child


def stop(child, signo=signal.SIGTERM, limit_s=30):
    """Returns the exit status."""
    if child.poll() is None:
        child.send_signal(signo)
    try:
        child.wait(limit_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child in _children:
        _children.remove(child)
    return child.returncode


@atexit.register
def _clean():
    for child in reversed(list(_children)):
        stop(child, limit_s=10)
    for path in _dirs:
        shutil.rmtree(path, ignore_errors=True)


def wait_for(what, test, limit_s=30, every_s=0.05):
    """Asks again until `test` gives a true value; fails loudly after the deadline."""
    end = time.monotonic() + limit_s
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"still waiting after {limit_s} s: {what}")
        time.sleep(every_s)


def http(method, url, body=None, key=None, headers=None, timeout=20):
    """Returns (status, decoded JSON or text). 0 when there was no answer."""
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    req = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    for name, value in (headers or {}).items():
        req.add_header(name, value)
    if key:
        req.add_header("Authorization", "Bearer " + key)
    try:
        with urllib.request.urlopen(req, timeout=timeout) as answer:
            status, raw = answer.status, answer.read()
    except urllib.error.HTTPError as e:
        status, raw = e.code, e.read()
    except OSError:
        return 0, None
    try:
        return status, json.loads(raw)
    except ValueError:
        return status, raw.decode(errors="replace")


class RedisError(Exception):
    pass


class Redis:
    """Enough of RESP2 to look into a server from outside."""

    def __init__(self, path=None, port=None):
        if path:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(str(path))
        else:
            self.sock = socket.create_connection(("127.0.0.1", port))
        self.file = self.sock.makefile("rb")
        self.sha = {}

    def __call__(self, *args):
        out = [b"*%d\r\n" % len(args)]
        for a in args:
            b = a if isinstance(a, bytes) else str(a).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(b), b))
        self.sock.sendall(b"".join(out))
        return self._read()

    def _read(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            data = self.file.read(int(rest) + 2)[:-2]
            return data.decode(errors="replace")
        if rest == b"-1":
            return None
        return [self._read() for _ in range(int(rest))]

    def hgetall(self, key):
        flat = self("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

    def script(self, name, keys, *args):
        """Runs bot/store/<name>.lua as the program does."""
        if name not in self.sha:
            self.sha[name] = self("SCRIPT", "LOAD", script_text(name))
        return self("EVALSHA", self.sha[name], len(keys), *keys, *args)


def script_text(name):
    lines = []
    for line in (ROOT / f"bot/store/{name}.lua").read_text().splitlines():
        if line.startswith("-- include "):
            lines.append((ROOT / f"bot/store/{line.split()[2]}.lua").read_text())
        else:
            lines.append(line)
    return "\n".join(lines)


def start_redis(directory, *options):
    """A server on a unix socket, with the settings loa insists on unless `options` say otherwise. Returns (child, path)."""
    path = pathlib.Path(directory) / "redis.sock"
    child = start(["redis-server", "--port", 0, "--unixsocket", path, "--dir", directory, "--save", "", "--appendonly", "yes",
                   "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--hash-max-listpack-value", 2048, *options],
                  pathlib.Path(directory) / "redis.log")

    def up():
        try:
            return Redis(path)("PING") == "PONG"
        except (OSError, RedisError):
            return False

    wait_for("redis answers", up)
    return child, path


class Cases:
    """Counts cases; `with cases("label"):` is one. Ends the program with the line the runner reads."""

    def __init__(self):
        self.passed = self.failed = 0
        self.label = ""

    def __call__(self, label):
        self.label = label
        return self

    def __enter__(self):
        return self

    def __exit__(self, kind, value, tb):
        if kind is None:
            self.passed += 1
            print(f"ok    {self.label}", flush=True)
            return False
        if not issubclass(kind, Exception):
            return False
        self.failed += 1
        print(f"FAILED {self.label}", flush=True)
        traceback.print_exception(kind, value, tb, file=sys.stdout)
        return True

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}\n      got: {got!r}\n     want: {want!r}")
