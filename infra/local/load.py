"""Many callers at once: how long the API takes to answer, and whether it always does.

Each caller has a connection of its own and asks again as soon as it is answered: for lists, for one package, for a
package that is there already. The percentiles are of all answers.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from . import demo, web
from .console import Stop, say
from .instance import Instance

CALLERS = 50
SECONDS = 60


def run(instance: Instance, callers: int = CALLERS, seconds: int = SECONDS) -> int:
    """Prints what was measured, and answers 0 when no request failed."""
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
    answers: Counter[str] = Counter()
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(
            target=_call, args=(instance, calls[number % len(calls) :] + calls, headers, end, times, answers)
        )
        for number in range(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    failed = sum(count for answer, count in answers.items() if not answer.startswith("2"))
    say(f"  {callers} callers, {seconds} s: {len(times)} answers, {len(times) / seconds:.0f} a second, {failed} failed")
    say(f"  {dict(answers)}")
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("longest", 1.0)):
        say(f"  {name:<8} {1000 * times[min(int(share * len(times)), len(times) - 1)]:.0f} ms")
    return 1 if failed else 0


def _content(instance: Instance, api: str) -> dict:
    """A content with a package: the newest there is, or else the demo's."""
    for _ in range(2):
        listed = web.get(instance, f"{api}/input_content?limit=100&status=Ingested").json()["input_content"]
        found = next((content for content in listed if "packaged_content_id" in content), None)
        if found:
            return found
        demo.run(instance, None)
    raise Stop("there is no package to ask for: PackageOnUpload is none")


def _call(
    instance: Instance,
    calls: list[tuple[str, str, str | None]],
    headers: dict[str, str],
    end: float,
    times: list[float],
    answers: Counter[str],
) -> None:
    endpoint = urlsplit(instance.endpoint)
    connection = HTTPConnection(endpoint.hostname or "", endpoint.port or 80, timeout=60)
    number = 0
    while time.monotonic() < end:
        method, path, body = calls[number % len(calls)]
        number += 1
        begun = time.monotonic()
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            response.read()
            answers[str(response.status)] += 1
        except (OSError, HTTPException) as failure:
            answers[type(failure).__name__] += 1
            connection.close()
        times.append(time.monotonic() - begun)
    connection.close()
