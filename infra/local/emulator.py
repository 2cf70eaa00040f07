"""Starts and stops MiniStack: one process that emulates AWS on one port and runs the functions' executables as child processes.

The functions inherit the emulator's environment, so it is minimal. `AUTH` enables signature and IAM policy checks: every
function runs with its own role, and a missing permission fails as on AWS. The emulator does not mount layers. Instead, the
Bento4 layer's folder is first on PATH, in place of `/opt/bin`, and `CONSOLE_FOLDER` replaces `/opt/console`.

The endpoint uses 127.0.0.1 instead of localhost: the AWS SDK then uses path-style S3 URLs, which do not require the resolution
of `bucket.localhost`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from http.client import HTTPConnection, HTTPException

from . import processes
from .artifacts import BENTO4_LAYER, CONSOLE
from .instance import ACCOUNT_KEY, DEMO, Instance
from .processes import Identity
from .terminal import CommandError, log, step
from .tools import LOCAL, exclusive, program

DEFAULT_PORT = 4566
START_SECONDS = 60


def up(
    instance: Instance, port: int | None = None, functions_endpoint: str | None = None, persistent: bool = False
) -> None:
    """Starts the instance's emulator, unless it runs, and waits until it responds.

    The default port is used if it is free, otherwise any free port. `functions_endpoint` overrides the AWS endpoint of the
    functions. A persistent emulator can be restarted.
    """
    with exclusive(f"instance-{instance.name}"):
        if is_running(instance):
            return
        if port and not _free(port):
            raise CommandError(f"port {port} is in use; choose another with PORT=..., or omit it")
        chosen = port or _default_or_free(instance)
        with step(f"starting the local AWS on port {chosen}"):
            _start(instance, chosen, functions_endpoint, persistent)


def restart(instance: Instance) -> None:
    """Stops a persistent emulator with its functions, and starts it again with the same port and state."""
    with exclusive(f"instance-{instance.name}"):
        process, identity = instance.read("process.json"), _identity(instance)
        if identity:
            processes.stop(identity, START_SECONDS)
        _start(instance, process["port"], process["functions_endpoint"], persistent=True)


def down(instance: Instance) -> bool:
    """Stops the process that `up` started, with its children. Returns whether it was running."""
    with exclusive(f"instance-{instance.name}"):
        identity = _identity(instance)
        was_running = identity is not None and identity.alive()
        if identity:
            processes.stop(identity)
        for folder in ("scratch", "state"):
            shutil.rmtree(instance.folder / folder, ignore_errors=True)
        for file in ("process.json", "deployment.json"):
            (instance.folder / file).unlink(missing_ok=True)
        return was_running


def unheld() -> list[str]:
    """The names of the instances that were started and not stopped, except those that a running process holds."""
    names = sorted(file.parent.name for file in (LOCAL / "instances").glob("*/process.json"))
    return [name for name in names if not _is_held(Instance(name))]


def hold(instance: Instance) -> None:
    """Records that this process holds the instance."""
    identity = Identity.of(os.getpid())
    if identity:
        instance.write("holder.json", {"pid": identity.pid, "started": identity.started})


def _is_held(instance: Instance) -> bool:
    holder = instance.read("holder.json")
    return bool(holder) and Identity(**holder).alive()


def is_running(instance: Instance) -> bool:
    """Whether the process that `up` started is alive and responds."""
    identity = _identity(instance)
    return identity is not None and identity.alive() and _healthy(instance.read("process.json")["port"])


def boot_id(instance: Instance) -> str:
    """The identity of this start of the emulator. Its deployments end with it."""
    process = instance.read("process.json")
    return instance.external_endpoint or f"{process.get('pid')}@{process.get('started')}"


def _start(instance: Instance, port: int, functions_endpoint: str | None, persistent: bool) -> None:
    home, scratch = instance.folder / "home", instance.folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in (home, scratch):
        folder.mkdir(exist_ok=True)
    log_file = instance.folder / "emulator.log"
    environment = {
        "PATH": f"{BENTO4_LAYER / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "CONSOLE_FOLDER": str(CONSOLE),
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AWS_ENDPOINT_URL": functions_endpoint or f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    if persistent:
        state = instance.folder / "state"
        environment |= {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state / "s3"),
        }
    with log_file.open("ab" if persistent else "wb") as output:
        process = subprocess.Popen(
            [program("emulator", "ministack")],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    identity = Identity.of(process.pid)
    if identity:
        record = {
            "pid": identity.pid,
            "started": identity.started,
            "port": port,
            "functions_endpoint": functions_endpoint,
        }
        instance.write("process.json", record)
    deadline = time.monotonic() + START_SECONDS
    while not _healthy(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandError(f"the emulator did not start; the end of its log:\n{log_tail(instance)}")
        time.sleep(0.05)


def _identity(instance: Instance) -> Identity | None:
    process = instance.read("process.json")
    return Identity(process["pid"], process["started"]) if process else None


def _healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _default_or_free(instance: Instance) -> int:
    if instance.name == DEMO:
        if _free(DEFAULT_PORT):
            return DEFAULT_PORT
        log(f"  port {DEFAULT_PORT} is in use; using another")
    return free_port()


def leader(instance: Instance) -> Identity | None:
    """The process that `up` started, whether it is alive or not."""
    return _identity(instance)


def free_port() -> int:
    """A free TCP port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def log_tail(instance: Instance, lines: int = 20) -> str:
    """The end of the emulator's log."""
    log_file = instance.folder / "emulator.log"
    return "\n".join(log_file.read_text(errors="replace").splitlines()[-lines:]) if log_file.exists() else ""
