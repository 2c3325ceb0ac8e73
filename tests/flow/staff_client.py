"""A member of staff at the desk, as a browser would be: keeps the cookie and the CSRF token."""
import http.client
import json
import subprocess
from urllib.parse import urlsplit

from harness import LOA, ROOT

PASSWORD = "con cò bay lả bay la"


def staff_command(config, *args, password=None):
    """Runs `loa staff …`; returns (exit status, stdout, stderr)."""
    done = subprocess.run([LOA, "staff", *args, "-c", str(config), "--lang=en"], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, input=None if password is None else password + "\n")
    return done.returncode, done.stdout, done.stderr


def add_staff(config, login, name, roles="officer", desks="", units="", password=PASSWORD):
    args = ["add", login, "--name", name, "--role", roles]
    args += ["--desk", desks] if desks else []
    args += ["--unit", units] if units else []
    status, _, err = staff_command(config, *args, password=password)
    if status != 0:
        raise AssertionError(err)


class Desk:
    def __init__(self, url):
        self.url = url
        self.cookie = self.csrf = ""

    def call(self, method, path, body=None, **headers):
        """Returns (status, JSON or text); the last answer's headers stay in self.headers."""
        where = urlsplit(self.url)
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        head = {"Content-Type": "application/json"} if method != "GET" else {}
        if self.cookie:
            head["Cookie"] = self.cookie
        if self.csrf and method != "GET":
            head["X-CSRF-Token"] = self.csrf
        head.update({name.replace("_", "-"): value for name, value in headers.items()})
        link = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
        try:
            link.request(method, path, body=data if method != "POST" else data or b"",
                         headers={name: value for name, value in head.items() if value is not None})
            answer = link.getresponse()
            raw = answer.read()
        finally:
            link.close()
        self.headers = answer.headers
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        try:
            return answer.status, json.loads(raw)
        except ValueError:
            return answer.status, raw.decode(errors="replace")

    def login(self, login, password=PASSWORD, **headers):
        status, answer = self.call("POST", "/desk/login", {"login": login, "password": password}, **headers)
        if status == 200:
            self.csrf = answer["csrf"]
        return status, answer

    def me(self):
        return self.call("GET", "/desk/me")
