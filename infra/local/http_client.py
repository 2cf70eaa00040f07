"""HTTP requests to the stack's URLs: its API and its CDN.

An emulator listens on one port and distinguishes services by host name, such as `ID.execute-api.localhost`. curl and browsers
resolve every such name to this machine, but Python uses the system resolver, which may not. So the client connects to the
instance's endpoint and sends the name in the Host header.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from .instance import Instance
from .terminal import CommandError


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. An error response ends the command with the API's code and message."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise CommandError(f"the API returned {self.status}: {self.body[:300].decode(errors='replace')}") from None
        if self.status >= 400:
            raise CommandError(f"the API returned {self.status} {value.get('code', '')}: {value.get('detail', value)}")
        return value


def get(instance: Instance, url: str) -> Response:
    """Sends a GET request, with the operator's token if the URL is the API's."""
    return call(instance, "GET", url)


def call(instance: Instance, method: str, url: str, body: Any = None, token: str | None = None) -> Response:
    """Sends a request, with a JSON body if there is one, and with `token`. Without one, API requests carry the operator's."""
    endpoint, target = urlsplit(instance.endpoint), urlsplit(url)
    connection = HTTPConnection(endpoint.hostname or "", endpoint.port or 80, timeout=30)
    path = target.path + (f"?{target.query}" if target.query else "")
    try:
        headers = {"Host": target.netloc, "Content-Type": "application/json", **_authorization(instance, url, token)}
        connection.request(method, path or "/", body=None if body is None else json.dumps(body), headers=headers)
        response = connection.getresponse()
        return Response(response.status, response.read())
    except (OSError, HTTPException) as failure:
        raise CommandError(f"{url} does not respond: {failure}") from failure
    finally:
        connection.close()


def _authorization(instance: Instance, url: str, token: str | None) -> dict[str, str]:
    """The Authorization header. The operator's token is sent to the API only."""
    if token is None and url.startswith(instance.outputs()["ApiUrl"]):
        token = instance.token()
    return {"Authorization": f"Bearer {token}"} if token else {}
