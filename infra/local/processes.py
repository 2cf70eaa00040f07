"""Process identities: a stored PID may have been reused by another process.

An identity is a PID together with the start time of the process. A process is signalled only if both match.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Identity:
    """A process, distinguished from any later process with the same PID."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of a running process; None if there is no such process."""
        started = _started(pid)
        return cls(pid, started) if started else None

    def alive(self) -> bool:
        """Whether this process still runs."""
        return _started(self.pid) == self.started


def stop(leader: Identity, timeout: float = 5.0) -> None:
    """Stops a process and its family: sends SIGTERM to the leader, waits for its end, then sends SIGKILL to the others.

    The leader must have been started in its own process group. The family is that group and the leader's descendants, even if
    the leader has already ended: the system does not reuse a group's id while the group has members.
    """
    members = family(leader)
    _signal(leader, signal.SIGTERM)
    _wait([leader], timeout)
    for member in members:
        _signal(member, signal.SIGKILL)
    _wait(members, timeout)


def descendants(pid: int) -> list[int]:
    """The PIDs of a process's children, their children, and so on."""
    table, found = _table(), {pid}
    while more := {child for child, (parent, _) in table.items() if parent in found} - found:
        found |= more
    return sorted(found - {pid})


def _signal(process: Identity, number: signal.Signals) -> None:
    if process.alive():
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            pass


def _wait(family: list[Identity], timeout: float) -> None:
    """Waits until all processes have ended, or the timeout expires."""
    deadline = time.monotonic() + timeout
    while any(member.alive() for member in family) and time.monotonic() < deadline:
        for member in family:
            _reap(member)
        time.sleep(0.02)


def _reap(process: Identity) -> None:
    """Reaps an ended child of this process, which would otherwise remain as a zombie."""
    try:
        os.waitpid(process.pid, os.WNOHANG)
    except ChildProcessError:
        pass


def family(leader: Identity) -> list[Identity]:
    """The leader, its process group and its descendants."""
    if Identity.of(leader.pid) not in (leader, None):
        return []  # Another process has this PID now.
    table = _table()
    found = {leader.pid} if leader.alive() else set()
    found |= {pid for pid, (_, group) in table.items() if group == leader.pid}
    while more := {pid for pid, (parent, _) in table.items() if parent in found} - found:
        found |= more
    return [identity for identity in map(Identity.of, sorted(found)) if identity]


def _table() -> dict[int, tuple[int, int]]:
    """All processes, each with its parent and its process group."""
    if Path("/proc/self/stat").exists():
        numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        stats = ((number, _stat(number)) for number in numbers)
        return {number: (int(fields[1]), int(fields[2])) for number, fields in stats if fields}
    rows = subprocess.run(["ps", "-axo", "pid=,ppid=,pgid="], capture_output=True, text=True, check=True).stdout
    return {pid: (parent, group) for pid, parent, group in (map(int, row.split()) for row in rows.splitlines())}


def _started(pid: int) -> str:
    """The start time of a process, in the system's format; empty if it does not run."""
    if Path("/proc/self/stat").exists():
        fields = _stat(pid)
        return "" if not fields or fields[0] == "Z" else fields[19]
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which can contain spaces: state, parent, ..., start time (20th)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
