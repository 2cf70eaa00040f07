"""Proxies between the functions and their AWS endpoint: a plain one, and one that injects faults.

For every request the fault proxy selects a fault, or none: a throttling error, a server error, a delay, a connection reset before or
after the request takes effect, a duplicated message, or SIGKILL of the calling function before or after. The selection is a
hash of the seed, the request, and the number of identical requests before it, so a seed reproduces its faults in any order of
requests.

Requests are forwarded byte for byte, with the `Host` that they were signed for.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from .processes import Identity, family
from .service_models import Request

DELAY_SECONDS = 3.0

FAULTS = (
    ("throttled", 30),
    ("server error", 20),
    ("reset before", 15),
    ("reset after", 15),
    ("delayed", 6),
    ("killed before", 8),
    ("killed after", 8),
    ("duplicated", 120),
)
"""The faults, each with its probability per thousand requests."""

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


Response = tuple[int, bytes, list[tuple[str, str]]]
"""Status, body and headers."""


class Proxy:
    """Forwards requests to `upstream` until it is closed."""

    def __init__(self, upstream: str) -> None:
        self._host, _, port = upstream.removeprefix("http://").partition(":")
        self._port = int(port)
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
                """Ignores connection errors, which this proxy causes."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """The URL of the proxy."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stops the proxy."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, request: Request) -> Response | None:
        """The response to a request; None closes the connection."""
        return self._forward(handler, request.body)

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = _body(handler)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        response = self.answer(handler, Request(_service(handler), handler.command, handler.path, headers, body))
        if response is None:
            return _reset(handler)
        return _respond(handler, *response)

    def _forward(self, handler: BaseHTTPRequestHandler, body: bytes) -> Response | None:
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


class FaultProxy(Proxy):
    """A proxy that injects faults while `enabled` is true."""

    def __init__(self, upstream: str, seed: int, leader: Callable[[], Identity | None]) -> None:
        self.enabled = True
        self.injected: Counter[str] = Counter()
        self._seed, self._leader = seed, leader
        self._seen: Counter[bytes] = Counter()
        self._lock = threading.Lock()
        super().__init__(upstream)

    def answer(self, handler: BaseHTTPRequestHandler, request: Request) -> Response | None:
        """The response to a request, with its fault."""
        fault = self._select_fault(request)
        with self._lock:
            self.injected[fault] += 1
        if fault == "killed before":
            return self._kill(handler)
        if fault == "reset before":
            return None
        if fault in ("throttled", "server error"):
            internal = (500, b"<Error><Code>InternalError</Code></Error>")
            status, body = _THROTTLED.get(request.service, internal) if fault == "throttled" else internal
            return status, body, []
        if fault == "delayed":
            time.sleep(DELAY_SECONDS)
        if fault == "duplicated":
            super().answer(handler, request)
        response = super().answer(handler, request)
        if fault == "killed after":
            return self._kill(handler)
        return None if fault == "reset after" else response

    def _select_fault(self, request: Request) -> str:
        if not self.enabled:
            return "none"
        # The key excludes the headers: signatures, times and request ids differ between identical requests.
        text = f"{request.service} {request.method} {request.target}"
        key = hashlib.sha256(text.encode() + request.body[:4096]).digest()
        with self._lock:
            self._seen[key] += 1
            occurrence = self._seen[key]
        digest = hashlib.sha256(f"{self._seed} {occurrence}".encode() + key).digest()
        number = int.from_bytes(digest[:8], "big") % 1000
        for fault, probability in FAULTS:
            if number < probability:
                return fault if fault != "duplicated" or _sends_messages(request) else "none"
            number -= probability
        return "none"

    def _kill(self, handler: BaseHTTPRequestHandler) -> None:
        """Kills the calling process, if it is a function of this emulator. Its connection is closed either way."""
        leader = self._leader()
        candidates = [process for process in family(leader) if process != leader] if leader else []
        caller = _socket_owner(handler.client_address[1], candidates)
        if caller and caller.alive():
            os.kill(caller.pid, signal.SIGKILL)
        else:
            with self._lock:
                self.injected["not killed"] += 1


def _sends_messages(request: Request) -> bool:
    """Whether a request sends SQS messages."""
    return request.service == "sqs" and b"MessageBody" in request.body


def _service(handler: BaseHTTPRequestHandler) -> str:
    """The service in the scope of the signature, which is in a header or, of a presigned URL, in the query."""
    signature = handler.headers.get("Authorization") or unquote(handler.path)
    scope = signature.split("Credential=", 1)[-1].split("/")
    return scope[3] if len(scope) > 3 and "Credential=" in signature else ""


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


def _respond(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
    handler.send_response_only(status)
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    for name, value in headers:
        if name.lower() not in _HOP_BY_HOP | {"content-length"}:
            handler.send_header(name, value)
    if status not in (204, 304):
        handler.send_header("Content-Length", lengths[0] if handler.command == "HEAD" and lengths else str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


def _socket_owner(port: int, processes: list[Identity]) -> Identity | None:
    """The process that owns the socket with a local port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if int(row[1].split(":")[1], 16) == port}
    for process in processes:
        try:
            open_files = {os.readlink(entry) for entry in Path(f"/proc/{process.pid}/fd").iterdir()}
        except OSError:
            continue
        if open_files & sockets:
            return process
    return None
