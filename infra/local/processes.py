"""Processes by identity: a number alone may have passed to somebody else since it was written down.

An identity is the process number together with the time the process started. Only a process whose both parts still
match is ever signalled.
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
    """One process, and no later one with the same number."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of a running process; None when there is none."""
        started = _started(pid)
        return cls(pid, started) if started else None

    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return _started(self.pid) == self.started


def stop(leader: Identity, patience: float = 5.0) -> None:
    """Ends a process and its family: asks the leader, waits until it is gone, then ends what is left.

    The leader was started in a process group of its own. The family is that group and the leader's descendants, also
    when the leader is gone already: a group's number is not given away while the group has a member.
    """
    members = family(leader)
    _signal(leader, signal.SIGTERM)
    _wait([leader], patience)
    for member in members:
        _signal(member, signal.SIGKILL)
    _wait(members, patience)


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    table, found = _table(), {pid}
    while more := {own for own, (parent, _) in table.items() if parent in found} - found:
        found |= more
    return sorted(found - {pid})


def _signal(who: Identity, number: signal.Signals) -> None:
    if who.alive():
        try:
            os.kill(who.pid, number)
        except ProcessLookupError:
            pass


def _wait(family: list[Identity], patience: float) -> None:
    """Waits until all are gone, or patience ends."""
    deadline = time.monotonic() + patience
    while any(member.alive() for member in family) and time.monotonic() < deadline:
        for member in family:
            _reap(member)
        time.sleep(0.02)


def _reap(who: Identity) -> None:
    """Collects a child of this very process, which would otherwise look alive after its end."""
    try:
        os.waitpid(who.pid, os.WNOHANG)
    except ChildProcessError:
        pass


def family(leader: Identity) -> list[Identity]:
    """The leader, its group and its descendants."""
    if Identity.of(leader.pid) not in (leader, None):
        return []  # The number belongs to somebody else now.
    table = _table()
    found = {leader.pid} if leader.alive() else set()
    found |= {pid for pid, (_, group) in table.items() if group == leader.pid}
    while more := {pid for pid, (parent, _) in table.items() if parent in found} - found:
        found |= more
    return [identity for identity in map(Identity.of, sorted(found)) if identity]


def _table() -> dict[int, tuple[int, int]]:
    """Every process with its parent and its group."""
    if Path("/proc/self/stat").exists():
        numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        stats = ((number, _stat(number)) for number in numbers)
        return {number: (int(fields[1]), int(fields[2])) for number, fields in stats if fields}
    rows = subprocess.run(["ps", "-axo", "pid=,ppid=,pgid="], capture_output=True, text=True, check=True).stdout
    return {pid: (parent, group) for pid, parent, group in (map(int, row.split()) for row in rows.splitlines())}


def _started(pid: int) -> str:
    """When a process started, in whatever words the system has; empty when it does not run."""
    if Path("/proc/self/stat").exists():
        fields = _stat(pid)
        return "" if not fields or fields[0] == "Z" else fields[19]
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may itself hold spaces: state, parent, ... start time (20th)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
