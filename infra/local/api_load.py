"""Load test of the API: latency percentiles and errors with many concurrent clients.

Each client has its own connection and sends its next request as soon as it receives a response: lists, one package, and the
creation of a package that exists. The percentiles are over all responses.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from . import demo, http_client
from .instance import Instance
from .terminal import CommandError, log

CLIENTS = 50
SECONDS = 60


def run(instance: Instance, clients: int = CLIENTS, seconds: int = SECONDS) -> int:
    """Logs the measurements. Returns 0 if no request failed."""
    api = instance.outputs()["ApiUrl"].rstrip("/")
    content = _content(instance, api)
    package = content["packaged_content_id"]
    body = json.dumps({"input_content_id": content["input_content_id"]})
    calls = [
        ("GET", "/packaged_content?limit=20", None),
        ("GET", f"/packaged_content/{package}", None),
        ("GET", "/input_content?limit=20", None),
        ("POST", "/packaged_content", body),
    ]
    headers = {
        "Host": urlsplit(api).netloc,
        "Authorization": f"Bearer {instance.token()}",
        "Content-Type": "application/json",
    }
    times: list[float] = []
    statuses: Counter[str] = Counter()
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(
            target=_client, args=(instance, calls[number % len(calls) :] + calls, headers, end, times, statuses)
        )
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    failed = sum(count for status, count in statuses.items() if not status.startswith("2"))
    log(
        f"  {clients} clients, {seconds} s: {len(times)} responses, {len(times) / seconds:.0f} per second, {failed} failed"
    )
    log(f"  {dict(statuses)}")
    for name, fraction in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)):
        log(f"  {name:<8} {1000 * times[min(int(fraction * len(times)), len(times) - 1)]:.0f} ms")
    return 1 if failed else 0


def _content(instance: Instance, api: str) -> dict:
    """The newest input content with a package. If there is none, the demo creates one."""
    for _ in range(2):
        listed = http_client.get(instance, f"{api}/input_content?limit=100&status=Ingested").json()["input_content"]
        found = next((content for content in listed if "packaged_content_id" in content), None)
        if found:
            return found
        demo.run(instance, None)
    raise CommandError("there is no package to request: PackageOnUpload is none")


def _client(
    instance: Instance,
    calls: list[tuple[str, str, str | None]],
    headers: dict[str, str],
    end: float,
    times: list[float],
    statuses: Counter[str],
) -> None:
    endpoint = urlsplit(instance.endpoint)
    connection = HTTPConnection(endpoint.hostname or "", endpoint.port or 80, timeout=60)
    number = 0
    while time.monotonic() < end:
        method, path, body = calls[number % len(calls)]
        number += 1
        started = time.monotonic()
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            response.read()
            statuses[str(response.status)] += 1
        except (OSError, HTTPException) as failure:
            statuses[type(failure).__name__] += 1
            connection.close()
        times.append(time.monotonic() - started)
    connection.close()
