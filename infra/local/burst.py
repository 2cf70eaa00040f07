"""Burst test: uploads many small files in parallel, and measures queue depth, latency and memory until all packages are Ready.

The files are uploaded to a temporary stack over a few dozen connections. Meanwhile the depth of every queue and the memory of
every function process are sampled twice a second. The latencies are calculated from the times that the platform records: from
the end of an upload to the package's Queued, Fragmented, Encrypted and Ready.
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

from . import http_client, processes
from .instance import Instance
from .terminal import CommandError, log, show_status
from .tools import ROOT, program

FILES = 500
CONNECTIONS = 32
STALL_SECONDS = 300
"""Time without progress after which the test fails."""

MOVIE = ROOT / "tests" / "media" / "sample.mp4"
STAGES = ("queued", "fragmented", "encrypted", "ready")
QUEUES = ("Ingest", "Fragment", "Encrypt", "Dash", "IngestDead", "FragmentDead", "EncryptDead", "DashDead")
_SAMPLE_SECONDS = 0.5
_POLL_SECONDS = 3


def run(instance: Instance, files: int = FILES) -> int:
    """Returns 0 if every package is Ready and there are no dead letters."""
    sampler = _Sampler(instance)
    sampler.start()
    try:
        uploaded = _upload(instance, sampler.started_at, files)
        packages = _wait(instance, files)
    finally:
        sampler.stop()
    latencies = _latencies(sampler.started_at, uploaded, packages)
    failed = [package for package in packages.values() if package["status"] != "Ready"]
    dead_letters = max(max(depths[name] for name in QUEUES if name.endswith("Dead")) for _, depths in sampler.depths)
    measurements = {
        "files": files,
        "bytes": files * MOVIE.stat().st_size,
        "all_uploaded_after": max(uploaded.values()),
        "all_ready_after": max(latencies["since start"]),
        "failed": len(failed),
        "dead_letters": dead_letters,
        "latencies": latencies,
        "depths": sampler.depths,
        "memory": sampler.memory,
    }
    _report(measurements)
    for package in failed[:5]:
        log(f"  {package['packaged_content_id']}: {package.get('failure')}")
    return 1 if failed or dead_letters else 0


def _upload(instance: Instance, started_at: float, files: int) -> dict[str, float]:
    """Uploads the files under different keys. Returns the end of each upload, in seconds since the start."""
    bucket, body = instance.outputs()["UploadsBucket"], MOVIE.read_bytes()
    local = threading.local()

    def put(key: str) -> tuple[str, float]:
        if not hasattr(local, "s3"):
            local.s3 = instance.client("s3")
        local.s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}", time.time() - started_at

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return dict(pool.map(put, (f"burst/{number:05}.mp4" for number in range(files))))


def _wait(instance: Instance, files: int) -> dict[str, dict[str, Any]]:
    """Waits until all packages have ended. Returns them by the origin of their input content."""
    changed, previous = time.monotonic(), -1
    while True:
        packages = {package["input_content_id"]: package for package in _list(instance, "packaged_content")}
        ended = sum(package["status"] in ("Ready", "Failed") for package in packages.values())
        show_status(f"  {ended} of {files} packages ended")
        if ended == files:
            origins = {
                content["input_content_id"]: content["input_content_origin"]
                for content in _list(instance, "input_content")
            }
            return {origins[content]: package for content, package in packages.items()}
        if ended != previous:
            changed, previous = time.monotonic(), ended
        if time.monotonic() - changed > STALL_SECONDS:
            raise CommandError(f"{ended} of {files} packages ended, and no more for {STALL_SECONDS} s")
        # A long interval keeps the load low. It does not affect the latencies, which the platform records.
        time.sleep(_POLL_SECONDS)


def _list(instance: Instance, kind: str) -> list[dict[str, Any]]:
    api, found, cursor = instance.outputs()["ApiUrl"].rstrip("/"), [], ""
    while True:
        page = http_client.get(instance, f"{api}/{kind}?limit=100{cursor}").json()
        found += page[kind]
        if not page["next_cursor"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def _latencies(
    started_at: float, uploaded: dict[str, float], packages: dict[str, dict[str, Any]]
) -> dict[str, list[float]]:
    """Returns the sorted latencies in seconds from upload to each status, and from the start to Ready."""
    found: dict[str, list[float]] = defaultdict(list)
    for origin, package in packages.items():
        for stage in STAGES:
            if stage in package["times"]:
                at = datetime.fromisoformat(package["times"][stage].replace("Z", "+00:00")).timestamp() - started_at
                # S3 can send the notification before it responds to the upload.
                found[stage].append(max(0.0, at - uploaded[origin]))
                if stage == "ready":
                    found["since start"].append(at)
    return {name: sorted(values) for name, values in found.items()}


class _Sampler(threading.Thread):
    """Samples queue depths and process memory until it is stopped."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(daemon=True)
        self.started_at = time.time()
        self.depths: list[tuple[float, dict[str, int]]] = []
        self.memory: dict[str, dict[str, int]] = {}
        self._sqs, self._outputs = instance.client("sqs"), instance.outputs()
        self._emulator = instance.read("process.json").get("pid")
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            self.depths.append((time.time() - self.started_at, {name: self._depth(name) for name in QUEUES}))
            self._sample_memory()

    def stop(self) -> None:
        """Stops after a last sample of the queues."""
        self._stopped.set()
        self.join()
        self.depths.append((time.time() - self.started_at, {name: self._depth(name) for name in QUEUES}))

    def _depth(self, name: str) -> int:
        """The messages in a queue, including those in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self._outputs[f"{name}QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def _sample_memory(self) -> None:
        """Records the peak memory of one process and the peak number of processes, for each function."""
        counts: dict[str, int] = defaultdict(int)
        for pid in processes.descendants(self._emulator) if self._emulator else []:
            name, peak = _function(pid), _peak_memory(pid)
            if name and peak:
                counts[name] += 1
                usage = self.memory.setdefault(name, {"peak_bytes": 0, "processes": 0})
                usage["peak_bytes"] = max(usage["peak_bytes"], peak)
        for name, count in counts.items():
            self.memory[name]["processes"] = max(self.memory[name]["processes"], count)


def _function(pid: int) -> str:
    """The function that a process runs, or `mp4probe`; empty for any other process."""
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
    """The peak resident memory of a process; 0 if the system does not report it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    peak = next((line for line in lines if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(peak.split()[1]) * 1024


def _report(measurements: dict[str, Any]) -> None:
    folder = ROOT / "target" / "burst"
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "burst.json"
    data.write_text(json.dumps(measurements) + "\n")
    log(
        f"  {measurements['files']} files of {MOVIE.stat().st_size / 1e6:.1f} MB: all uploaded after {measurements['all_uploaded_after']:.1f} s,"
    )
    log(
        f"  all Ready after {measurements['all_ready_after']:.1f} s; {measurements['failed']} failed, {measurements['dead_letters']} dead letters"
    )
    print(table(measurements))
    drawn = subprocess.run(
        [program("bench", "python"), "-m", "infra.local.burst_plots", data, folder / "burst.svg"], cwd=ROOT, check=False
    )
    if drawn.returncode != 0:
        raise CommandError("plotting failed")
    log(f"written to {folder.relative_to(ROOT)}/: burst.json, burst.svg")


def table(measurements: dict[str, Any]) -> str:
    """Latency percentiles, queue depths and memory, as Markdown tables."""
    lines = ["| seconds to | p50 | p90 | p99 | max |", "|---|---|---|---|---|"]
    for stage in STAGES:
        values = measurements["latencies"].get(stage) or [float("nan")]
        row = " | ".join(f"{percentile(values, fraction):.1f}" for fraction in (0.5, 0.9, 0.99, 1.0))
        lines.append(f"| {stage} | {row} |")
    maximum_depths = {name: max(depths[name] for _, depths in measurements["depths"]) for name in QUEUES}
    lines += ["", "| queue | maximum depth |", "|---|---|"]
    lines += [f"| {name} | {depth} |" for name, depth in maximum_depths.items()]
    lines += ["", "| function | concurrent processes | peak memory of one, MB |", "|---|---|---|"]
    for name, usage in sorted(measurements["memory"].items()):
        lines.append(f"| {name} | {usage['processes']} | {usage['peak_bytes'] / 1e6:.0f} |")
    return "\n".join(lines)


def percentile(values: list[float], fraction: float) -> float:
    """The value at a fraction of the sorted values."""
    return values[min(int(fraction * len(values)), len(values) - 1)]
