"""Many small files at once: whether all become Ready, how deep the queues get, how long each takes, what memory it costs.

The files are put into the uploads bucket of a stack of its own as fast as a few dozen connections allow. While they are
worked on, the depth of every queue and the memory of every function's processes are looked at twice a second. Times
are the platform's own: of each package from when its file was whole to when it was Queued, Fragmented, Encrypted and Ready.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from . import processes, web
from .console import Stop, live, say
from .instance import Instance
from .tools import ROOT, program

FILES = 500
CONNECTIONS = 32
PATIENCE_SECONDS = 300
"""How long nothing may become Ready before it is given up."""

MOVIE = ROOT / "tests" / "media" / "sample.mp4"
STAGES = ("queued", "fragmented", "encrypted", "ready")
QUEUES = ("Fragment", "Encrypt", "Dash", "IngestDead", "FragmentDead", "EncryptDead", "DashDead")
_LOOK_SECONDS = 0.5
_PAUSE_SECONDS = 3


def run(instance: Instance, files: int = FILES) -> int:
    """Answers 0 when every file became Ready and nothing was given up on."""
    watcher = _Watcher(instance)
    watcher.start()
    try:
        whole = _put(instance, watcher.begun, files)
        packages = _wait(instance, files)
    finally:
        watcher.stop()
    latencies = _latencies(watcher.begun, whole, packages)
    failed = [own for own in packages.values() if own["status"] != "Ready"]
    dead = max(max(depths[name] for name in QUEUES if name.endswith("Dead")) for _, depths in watcher.depths)
    measured = {
        "files": files,
        "bytes": files * MOVIE.stat().st_size,
        "all_whole_after": max(whole.values()),
        "all_ready_after": max(latencies["from the first"]),
        "failed": len(failed),
        "dead_letters": dead,
        "latencies": latencies,
        "depths": watcher.depths,
        "memory": watcher.memory,
    }
    _report(measured)
    for own in failed[:5]:
        say(f"  {own['packaged_content_id']}: {own.get('failure')}")
    return 1 if failed or dead else 0


def _put(instance: Instance, begun: float, files: int) -> dict[str, float]:
    """Puts the files, each a movie of its own to the platform. Answers when each was whole, in seconds from the beginning."""
    bucket, body = instance.outputs()["UploadsBucket"], MOVIE.read_bytes()
    local = threading.local()

    def put(key: str) -> tuple[str, float]:
        if not hasattr(local, "s3"):
            local.s3 = instance.client("s3")
        local.s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}", time.time() - begun

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return dict(pool.map(put, (f"rush/{number:05}.mp4" for number in range(files))))


def _wait(instance: Instance, files: int) -> dict[str, dict[str, Any]]:
    """The packages by the ids of their contents, when all have ended."""
    changed, before = time.monotonic(), -1
    while True:
        packages = {own["input_content_id"]: own for own in _listed(instance, "packaged_content")}
        ended = sum(own["status"] in ("Ready", "Failed") for own in packages.values())
        live(f"  {ended} of {files} have ended")
        if ended == files:
            origins = {
                own["input_content_id"]: own["input_content_origin"] for own in _listed(instance, "input_content")
            }
            return {origins[content]: package for content, package in packages.items()}
        if ended != before:
            changed, before = time.monotonic(), ended
        if time.monotonic() - changed > PATIENCE_SECONDS:
            raise Stop(f"{ended} of {files} have ended, and none more for {PATIENCE_SECONDS} s")
        # Times are the platform's own, so that looking seldom costs no exactness, and little of the machine.
        time.sleep(_PAUSE_SECONDS)


def _listed(instance: Instance, kind: str) -> list[dict[str, Any]]:
    api, found, cursor = instance.outputs()["ApiUrl"].rstrip("/"), [], ""
    while True:
        page = web.get(instance, f"{api}/{kind}?limit=100{cursor}").json()
        found += page[kind]
        if not page["next_cursor"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def _latencies(begun: float, whole: dict[str, float], packages: dict[str, dict[str, Any]]) -> dict[str, list[float]]:
    """Seconds from when a file was whole to each of its states, sorted; and from the beginning to Ready."""
    found: dict[str, list[float]] = defaultdict(list)
    for origin, package in packages.items():
        for stage in STAGES:
            if stage in package["times"]:
                at = datetime.fromisoformat(package["times"][stage].replace("Z", "+00:00")).timestamp() - begun
                # The notification is sent before the upload is answered.
                found[stage].append(max(0.0, at - whole[origin]))
                if stage == "ready":
                    found["from the first"].append(at)
    return {name: sorted(values) for name, values in found.items()}


class _Watcher(threading.Thread):
    """Looks at queues and processes until it is stopped."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(daemon=True)
        self.begun = time.time()
        self.depths: list[tuple[float, dict[str, int]]] = []
        self.memory: dict[str, dict[str, int]] = {}
        self._sqs, self._outputs = instance.client("sqs"), instance.outputs()
        self._emulator = instance.read("process.json").get("pid")
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.depths.append((time.time() - self.begun, {name: self._depth(name) for name in QUEUES}))
            self._look_at_processes()

    def stop(self) -> None:
        """Ends after one more look at the queues."""
        self._over.set()
        self.join()
        self.depths.append((time.time() - self.begun, {name: self._depth(name) for name in QUEUES}))

    def _depth(self, name: str) -> int:
        """Messages that wait, and those that are being worked on."""
        asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self._outputs[f"{name}QueueUrl"]
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=asked)["Attributes"]
        return sum(int(found[own]) for own in asked)

    def _look_at_processes(self) -> None:
        """The most that one process of each function has held, and the most processes at once."""
        now: dict[str, int] = defaultdict(int)
        for pid in processes.descendants(self._emulator) if self._emulator else []:
            name, peak = _function(pid), _peak_memory(pid)
            if name and peak:
                now[name] += 1
                own = self.memory.setdefault(name, {"peak_bytes": 0, "processes": 0})
                own["peak_bytes"] = max(own["peak_bytes"], peak)
        for name, count in now.items():
            self.memory[name]["processes"] = max(self.memory[name]["processes"], count)


def _function(pid: int) -> str:
    """Which function a process is of, or that it is the probe."""
    try:
        proc = Path(f"/proc/{pid}")
        if (proc / "comm").read_text().strip() == "mp4probe":
            return "mp4probe"
        for variable in (proc / "environ").read_bytes().split(b"\0"):
            if variable.startswith(b"AWS_LAMBDA_FUNCTION_NAME="):
                return variable.partition(b"=")[2].decode().removeprefix("vpp-")
    except OSError:
        pass
    return ""


def _peak_memory(pid: int) -> int:
    """The most memory that a process has held so far; 0 where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    peak = next((line for line in lines if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(peak.split()[1]) * 1024


def _report(measured: dict[str, Any]) -> None:
    folder = ROOT / "target" / "rush"
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "rush.json"
    data.write_text(json.dumps(measured) + "\n")
    say(
        f"  {measured['files']} files of {MOVIE.stat().st_size / 1e6:.1f} MB: all whole after {measured['all_whole_after']:.1f} s,"
    )
    say(
        f"  all Ready after {measured['all_ready_after']:.1f} s; {measured['failed']} failed, {measured['dead_letters']} dead letters"
    )
    print(table(measured))
    drawn = subprocess.run(
        [program("bench", "python"), "-m", "infra.local.curves", data, folder / "rush.svg"], cwd=ROOT, check=False
    )
    if drawn.returncode != 0:
        raise Stop("the curves could not be drawn")
    say(f"written to {folder.relative_to(ROOT)}/: rush.json, rush.svg")


def table(measured: dict[str, Any]) -> str:
    """Percentiles and memory, in Markdown."""
    lines = ["| seconds to | p50 | p90 | p99 | longest |", "|---|---|---|---|---|"]
    for stage in STAGES:
        values = measured["latencies"].get(stage) or [float("nan")]
        shares = " | ".join(f"{percentile(values, share):.1f}" for share in (0.5, 0.9, 0.99, 1.0))
        lines.append(f"| {stage} | {shares} |")
    deepest = {name: max(depths[name] for _, depths in measured["depths"]) for name in QUEUES}
    lines += ["", "| queue | deepest |", "|---|---|"]
    lines += [f"| {name} | {depth} |" for name, depth in deepest.items()]
    lines += ["", "| function | processes at once | most memory of one, MB |", "|---|---|---|"]
    for name, own in sorted(measured["memory"].items()):
        lines.append(f"| {name} | {own['processes']} | {own['peak_bytes'] / 1e6:.0f} |")
    return "\n".join(lines)


def percentile(values: list[float], share: float) -> float:
    """Of sorted values, the least that so many are no more than."""
    return values[min(int(share * len(values)), len(values) - 1)]
