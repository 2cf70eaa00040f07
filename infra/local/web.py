"""HTTP to the addresses that the stack gave out: its API and its CDN.

An emulator answers on one port and tells services apart by the host's name, such as `ID.execute-api.localhost`. curl
and browsers know that every such name is this machine; Python asks the system, which may not. So the connection goes
to the instance's endpoint and the name goes into the Host header.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from .console import Stop
from .instance import Instance


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an error is the end of the command, in the API's own words."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise Stop(f"the API answered {self.status}: {self.body[:300].decode(errors='replace')}") from None
        if self.status >= 400:
            raise Stop(f"the API answered {self.status} {value.get('code', '')}: {value.get('detail', value)}")
        return value


def get(instance: Instance, url: str) -> Answer:
    """Reads an address of the stack, with an operator's credential where it is the API's."""
    return call(instance, "GET", url)


def call(instance: Instance, method: str, url: str, body: Any = None, token: str | None = None) -> Answer:
    """Asks an address of the stack, perhaps with a JSON body, with this token, or an operator's where it is the API's."""
    endpoint, asked = urlsplit(instance.endpoint), urlsplit(url)
    connection = HTTPConnection(endpoint.hostname or "", endpoint.port or 80, timeout=30)
    path = asked.path + (f"?{asked.query}" if asked.query else "")
    try:
        headers = {"Host": asked.netloc, "Content-Type": "application/json", **_credential(instance, url, token)}
        connection.request(method, path or "/", body=None if body is None else json.dumps(body), headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, HTTPException) as failure:
        raise Stop(f"{url} does not answer: {failure}") from failure
    finally:
        connection.close()


def _credential(instance: Instance, url: str, token: str | None) -> dict[str, str]:
    """Only the API is shown a token."""
    if not url.startswith(instance.outputs()["ApiUrl"]):
        return {}
    return {"Authorization": f"Bearer {token or instance.token()}"}
