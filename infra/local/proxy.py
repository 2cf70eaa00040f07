"""A proxy between the functions and their AWS, through which things go wrong.

Every request meets a fate: it is passed on, refused as a throttled service refuses, answered with a server's error, held back
for a while; its connection breaks before it is passed on, or after, so that it took effect and nobody was told; a message is sent
twice; or the process that asks is killed, before or after. Which, is a function of the seed, of what is asked, and of how
often it was asked before, so that the same seed has the same fates in whatever order requests come.

Requests are passed on byte for byte, with the `Host` they were signed with.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .processes import Identity, family

HELD_SECONDS = 3.0
"""How long a request is held back, if it is."""

FATES = (
    ("throttled", 30),
    ("server error", 20),
    ("broken before", 15),
    ("broken after", 15),
    ("held back", 6),
    ("killed before", 8),
    ("killed after", 8),
    ("sent twice", 120),
)
"""What may happen to a request, each in so many of a thousand."""

_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "proxy-connection",
    "expect",
}

_THROTTLED = {
    "dynamodb": (
        400,
        b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"chaos"}',
    ),
    "sqs": (403, b'{"__type":"com.amazonaws.sqs#RequestThrottled","message":"chaos"}'),
    "kms": (400, b'{"__type":"ThrottlingException","message":"chaos"}'),
    "s3": (503, b"<Error><Code>SlowDown</Code><Message>chaos</Message></Error>"),
}


@dataclass(frozen=True)
class Asked:
    """A request, as far as its fate depends on it."""

    service: str
    method: str
    target: str
    body: bytes

    def sends(self) -> bool:
        """Whether it sends messages."""
        return self.service == "sqs" and b"MessageBody" in self.body


class Proxy:
    """Stands before `upstream` until it is closed. `calm` lets everything pass."""

    def __init__(self, upstream: str, seed: int, leader: Callable[[], Identity | None]) -> None:
        self.calm = False
        self.met: Counter[str] = Counter()
        self._host, _, port = upstream.removeprefix("http://").partition(":")
        self._port = int(port)
        self._seed, self._leader = seed, leader
        self._asked: Counter[bytes] = Counter()
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments: object) -> None:
                pass

            def handle_any(self) -> None:
                proxy._handle(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_arguments: object) -> None:
                """A connection that breaks is nothing to report here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()

    def _fate(self, asked: Asked) -> str:
        if self.calm:
            return "passed"
        # Signatures, times and request ids are no part of what is asked; ranges of the path and the body are.
        what = hashlib.sha256(f"{asked.service} {asked.method} {asked.target}".encode() + asked.body[:4096]).digest()
        with self._lock:
            self._asked[what] += 1
            often = self._asked[what]
        throw = hashlib.sha256(f"{self._seed} {often}".encode() + what).digest()
        number = int.from_bytes(throw[:8], "big") % 1000
        for fate, share in FATES:
            if number < share:
                return fate if fate != "sent twice" or asked.sends() else "passed"
            number -= share
        return "passed"

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = _body(handler)
        scope = handler.headers.get("Authorization", "").split("Credential=", 1)[-1].split("/")
        asked = Asked(scope[3] if len(scope) > 3 else "", handler.command, handler.path, body)
        fate = self._fate(asked)
        with self._lock:
            self.met[fate] += 1
        if fate == "killed before":
            return self._kill(handler)
        if fate == "broken before":
            return _break(handler)
        if fate in ("throttled", "server error"):
            internal = (500, b"<Error><Code>InternalError</Code></Error>")
            return _answer(handler, *(_THROTTLED.get(asked.service, internal) if fate == "throttled" else internal))
        if fate == "held back":
            time.sleep(HELD_SECONDS)
        if fate == "sent twice":
            self._pass_on(handler, body)
        passed = self._pass_on(handler, body)
        if fate == "killed after":
            return self._kill(handler)
        if fate == "broken after" or passed is None:
            return _break(handler)
        return _answer(handler, *passed)

    def _pass_on(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes, list[tuple[str, str]]] | None:
        connection = HTTPConnection(self._host, self._port, timeout=60)
        try:
            connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.read(), response.getheaders()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()

    def _kill(self, handler: BaseHTTPRequestHandler) -> None:
        """Ends the process that asks, if it is a function of this emulator."""
        leader = self._leader()
        asking = _owner(handler.client_address[1], [own for own in family(leader) if own != leader]) if leader else None
        if asking and asking.alive():
            os.kill(asking.pid, signal.SIGKILL)
        else:
            with self._lock:
                self.met["not killed"] += 1
        _break(handler)


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in handler.headers.get("Transfer-Encoding", "").lower():
        return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    chunks = []
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        chunks.append(handler.rfile.read(size))
        handler.rfile.readline()
    while handler.rfile.readline().strip():
        pass
    return b"".join(chunks)


def _answer(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: list[tuple[str, str]] | None = None
) -> None:
    handler.send_response_only(status)
    lengths = [value for name, value in headers or [] if name.lower() == "content-length"]
    for name, value in headers or []:
        if name.lower() not in _HOP_BY_HOP | {"content-length"}:
            handler.send_header(name, value)
    if status not in (204, 304):
        handler.send_header("Content-Length", lengths[0] if handler.command == "HEAD" and lengths else str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def _break(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


def _owner(port: int, processes: list[Identity]) -> Identity | None:
    """The process whose connection has this local port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if int(row[1].split(":")[1], 16) == port}
    for process in processes:
        try:
            held = {os.readlink(entry) for entry in Path(f"/proc/{process.pid}/fd").iterdir()}
        except OSError:
            continue
        if held & sockets:
            return process
    return None
