"""A small WebSocket client (RFC 6455), Python's standard library only: enough to talk to a server and to misbehave."""
import base64
import hashlib
import json
import os
import socket
import struct
import time

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The handshake was answered with something else than 101."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status = status


class Closed(Exception):
    """The server closed; `code` 0: without a word."""

    def __init__(self, code, reason=""):
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class WebSocket:
    def __init__(self, port, path, headers=None, timeout=10):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.data = b""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = self._until(b"\r\n\r\n").decode(errors="replace")
        status = int(head.split()[1])
        if status != 101:
            raise Refused(status, head)
        want = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if f"sec-websocket-accept: {want.lower()}" not in head.lower():
            raise AssertionError("wrong Sec-WebSocket-Accept")

    # ---- out ----
    def frame(self, opcode, payload, fin=True, mask=True):
        head = bytes([(0x80 if fin else 0) | opcode])
        bit = 0x80 if mask else 0
        n = len(payload)
        if n < 126:
            head += bytes([bit | n])
        elif n < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", n)
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", n)
        if mask:
            m = os.urandom(4)
            head += m
            payload = bytes(b ^ m[i % 4] for i, b in enumerate(payload))
        self.raw(head + payload)

    def raw(self, data):
        self.sock.sendall(data)

    def send(self, message):
        self.frame(TEXT, message.encode() if isinstance(message, str) else json.dumps(message).encode())

    # ---- in ----
    def _more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise Closed(0)
        self.data += data

    def _until(self, mark):
        while mark not in self.data:
            self._more()
        head, self.data = self.data.split(mark, 1)
        return head

    def _take(self, n):
        while len(self.data) < n:
            self._more()
        out, self.data = self.data[:n], self.data[n:]
        return out

    def _frame(self):
        b0, b1 = self._take(2)
        n = b1 & 0x7F
        if n == 126:
            n = struct.unpack(">H", self._take(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self._take(8))[0]
        return b0 & 0x0F, bool(b0 & 0x80), self._take(n)

    def receive(self, limit_s=10):
        """The next message as JSON. TimeoutError when none comes, Closed when the server goes."""
        end = time.monotonic() + limit_s
        message = b""
        while True:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            opcode, fin, payload = self._frame()
            if opcode == PING:
                self.frame(PONG, payload)
            elif opcode == CLOSE:
                raise Closed(struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005,
                             payload[2:].decode(errors="replace"))
            elif opcode != PONG:
                message += payload
                if fin:
                    return json.loads(message)

    def quiet(self, for_s=0.3):
        """True when nothing comes for so long."""
        try:
            self.receive(for_s)
        except TimeoutError:
            return True
        return False

    def closed(self, limit_s=10):
        """Reads until the server closes; the code."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            try:
                self.receive(end - time.monotonic())
            except Closed as e:
                return e.code
        raise TimeoutError

    def drop(self):
        """Goes without a word, as a phone in a tunnel does."""
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()
