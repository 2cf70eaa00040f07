"""Records the requests of the functions, and holds each against the model of its service."""

import itertools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from infra.local.fault_proxy import Proxy, Response
from infra.local.service_models import Request, examine

EXPECTED_OPERATIONS = {
    "cloudfront:CreateInvalidation",
    "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
    "dynamodb:TransactWriteItems", "dynamodb:UpdateItem",
    "events:PutEvents",
    "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateMac", "kms:VerifyMac",
    "s3:CompleteMultipartUpload", "s3:CreateMultipartUpload", "s3:DeleteObjects", "s3:GetObject", "s3:HeadObject",
    "s3:ListObjectsV2", "s3:ListParts", "s3:PutObject",
    "secretsmanager:GetSecretValue",
    "sqs:ChangeMessageVisibility", "sqs:SendMessage", "sqs:SendMessageBatch",
}  # fmt: skip
"""The operations that the recording must contain, so that it does not pass because it is empty."""


class Recording(Proxy):
    """A proxy that keeps the operations of all requests so far, and what their service does not know."""

    def __init__(self, upstream: str) -> None:
        self.operations: set[str] = set()
        self.faults: dict[str, str] = {}
        """An example of a request for each fault."""
        self._lock = threading.Lock()
        super().__init__(upstream)

    def answer(self, handler: BaseHTTPRequestHandler, request: Request) -> Response | None:
        """The response to a request, which is recorded."""
        operation, found = examine(request)
        with self._lock:
            self.operations.add(operation)
            for fault in found:
                self.faults.setdefault(fault, f"{request.method} {request.target} {request.body[:500]!r}")
        return super().answer(handler, request)


class WebhookReceiver:
    """Accepts events, except the first, so that the webhook delays its message."""

    def __init__(self) -> None:
        attempts = itertools.count()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(503 if next(attempts) == 0 else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stops the receiver."""
        self._server.shutdown()
        self._server.server_close()
