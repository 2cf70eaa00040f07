"""MiniStack: one process that answers for AWS on one port and runs the functions' executables as its children.

It is started with an environment of its own, because the functions inherit it. `AUTH` makes it check signatures and
IAM policies: every function runs in its own role, and a missing permission fails here as it would on AWS. The layer's
folder stands first on PATH in place of `/opt/bin`, which the emulator does not mount, and the page's folder is named by
`CONSOLE_FOLDER` in place of `/opt/console`.

The address is 127.0.0.1 and not localhost: the functions' SDK then uses path-style S3 addresses, which need no
resolution of `bucket.localhost`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from http.client import HTTPConnection, HTTPException

from . import processes
from .artifacts import CONSOLE, LAYER
from .console import Stop, say, step
from .instance import ACCOUNT_KEY, DEMO, Instance
from .processes import Identity
from .tools import LOCAL, exclusive, program

DEFAULT_PORT = 4566
START_SECONDS = 60


def up(instance: Instance, port: int | None = None, functions: str | None = None, lasting: bool = False) -> None:
    """Starts the instance's emulator and waits until it answers. One that answers already stays as it is.

    Without a port it takes the default one, or a free one when that is taken. `functions` is the address at which the functions
    find their AWS, if it is another. What is `lasting` can be restarted.
    """
    with exclusive(f"instance-{instance.name}"):
        if running(instance):
            return
        if port and not _free(port):
            raise Stop(f"port {port} is taken; choose another with PORT=... or leave it out")
        chosen = port or _default_or_free(instance)
        with step(f"starting the local AWS on port {chosen}"):
            _start(instance, chosen, functions, lasting)


def restart(instance: Instance) -> None:
    """Stops a lasting emulator, functions and all, and starts it where and as it was."""
    with exclusive(f"instance-{instance.name}"):
        process, identity = instance.read("process.json"), _identity(instance)
        if identity:
            processes.stop(identity, START_SECONDS)
        _start(instance, process["port"], process["functions"], lasting=True)


def down(instance: Instance) -> bool:
    """Stops exactly the process that `up` started, with its children. Answers whether there was one."""
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


def stoppable() -> list[str]:
    """The instances that were started here and not stopped, without those that a living process holds."""
    names = sorted(file.parent.name for file in (LOCAL / "instances").glob("*/process.json"))
    return [name for name in names if not _held(Instance(name))]


def hold(instance: Instance) -> None:
    """Notes that the instance belongs to this process and ends with it."""
    identity = Identity.of(os.getpid())
    if identity:
        instance.write("holder.json", {"pid": identity.pid, "started": identity.started})


def _held(instance: Instance) -> bool:
    holder = instance.read("holder.json")
    return bool(holder) and Identity(**holder).alive()


def running(instance: Instance) -> bool:
    """Whether the process that `up` started lives and answers."""
    identity = _identity(instance)
    return identity is not None and identity.alive() and _healthy(instance.read("process.json")["port"])


def boot(instance: Instance) -> str:
    """A name for this start of the emulator: what is deployed there ends with it."""
    process = instance.read("process.json")
    return instance.foreign or f"{process.get('pid')}@{process.get('started')}"


def _start(instance: Instance, port: int, functions: str | None, lasting: bool) -> None:
    home, scratch = instance.folder / "home", instance.folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in (home, scratch):
        folder.mkdir(exist_ok=True)
    log = instance.folder / "emulator.log"
    environment = {
        "PATH": f"{LAYER / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "CONSOLE_FOLDER": str(CONSOLE),
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AWS_ENDPOINT_URL": functions or f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    if lasting:
        state = instance.folder / "state"
        environment |= {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state / "s3"),
        }
    with log.open("ab" if lasting else "wb") as output:
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
        known = {"pid": identity.pid, "started": identity.started, "port": port, "functions": functions}
        instance.write("process.json", known)
    deadline = time.monotonic() + START_SECONDS
    while not _healthy(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise Stop(f"the emulator did not start; the end of its log:\n{log_tail(instance)}")
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
        say(f"  port {DEFAULT_PORT} is taken, so another one is used")
    return free_port()


def leader(instance: Instance) -> Identity | None:
    """The process that `up` started, whether it lives or not."""
    return _identity(instance)


def free_port() -> int:
    """A port that nobody listens on."""
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
    """The end of the emulator's own log."""
    log = instance.folder / "emulator.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
