"""A running `loa sim` and a receiver for its callbacks, for flow tests. Standard library only.

    with Receiver() as hooks, Sim(webhook=hooks.url, templates=dir) as sim:
        sim.post("/sim/settings", {"delivery_max_ms": 0})
"""
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BINARY = os.path.join(os.environ.get("B", "build"), "loa")
DEADLINE_S = 20


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def call(method, url, body=None, headers=None, timeout=DEADLINE_S):
    """One HTTP call; an error status is a reply too. A lost connection raises OSError."""
    data = body
    if isinstance(body, (dict, list)):
        data = json.dumps(body, ensure_ascii=False).encode()
    elif isinstance(body, str):
        data = body.encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as r:
            return Reply(r.status, r.headers, r.read())
    except urllib.error.HTTPError as e:
        return Reply(e.code, e.headers, e.read())


def wait_for(what, check, deadline_s=DEADLINE_S):
    """Asks `check` until it gives something true, and returns that."""
    end = time.monotonic() + deadline_s
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"still waiting for {what} after {deadline_s} s")
        threading.Event().wait(0.02)


class Receiver:
    """Keeps every callback it gets. `answer` decides the status; it may also take its time."""

    def __init__(self, answer=lambda r: 200):
        self.got, self.answer = [], answer
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                r = {"method": self.command, "path": self.path, "headers": self.headers, "body": body,
                     "at": time.monotonic()}
                receiver.got.append(r)
                status = receiver.answer(r)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass

            do_GET = do_POST = take

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self, name=None):
        all_events = [json.loads(r["body"]) for r in self.got if r["path"] == "/webhooks/zalo"]
        return [e for e in all_events if name is None or e["event_name"] == name]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()


class Sim:
    def __init__(self, *options, **named):
        self.errors = tempfile.TemporaryFile()
        args = [BINARY, "sim", "--listen=127.0.0.1:0", "--smtp=127.0.0.1:0", *options]
        args += [f"--{name.replace('_', '-')}={value}" for name, value in named.items()]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("sim ready "):
            self.process.wait()
            raise AssertionError(f"the simulator did not start: {line}{self.error_text()}")
        ports = dict(p.split("=") for p in line.split()[2:])
        self.url, self.smtp_port = f"http://127.0.0.1:{ports['http']}", int(ports["smtp"])

    def error_text(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def get(self, path, **headers):
        return call("GET", self.url + path, headers=headers)

    def post(self, path, body=None, headers=None, **more):
        return call("POST", self.url + path, body if body is not None else b"", headers, **more)

    def delete(self, path):
        return call("DELETE", self.url + path)

    def stats(self):
        return self.get("/sim/stats").json

    def messages(self, way=None):
        got, after = [], 0
        while True:
            page = self.get(f"/sim/messages?after={after}&limit=5000" + (f"&way={way}" if way else "")).json
            if not page["messages"]:
                return got
            got += page["messages"]
            after = page["next"]

    def stop(self):
        """Asks the simulator to end; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the simulator did not stop on SIGTERM")
        finally:
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *exc):
        status = self.stop()
        text = self.error_text()
        self.errors.close()
        if kind is None and status != 0:
            raise AssertionError(f"the simulator ended with {status}: {text}")
