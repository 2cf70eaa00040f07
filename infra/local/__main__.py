"""The door: `python3 -m infra.local COMMAND`, from the root of the checkout."""

from __future__ import annotations

import argparse
import json
import os
import sys

from . import tools
from .console import Stop, clear, say

_HELD = "held-"
"""How the name of a stack begins that ends with a test's process."""


def main(arguments: list[str]) -> int:
    """Runs one command and answers its exit code."""
    options = _parser().parse_args(arguments)
    try:
        tools.check_prerequisites()
        tools.run_inside("emulator", __package__, arguments)
        return _COMMANDS[options.command](options)
    except Stop as stop:
        clear()
        say(str(stop))
        return 1
    except KeyboardInterrupt:
        clear()
        return 130


def _setup(options: argparse.Namespace) -> int:
    tools.program("sam", "sam")
    if options.supply:
        tools.program("supply", "checkov")
    if options.cross:
        tools.program("cross", "cargo-lambda")
    return 0


def _up(options: argparse.Namespace) -> int:
    from . import deploy, emulator

    instance = _instance(options)
    if not instance.foreign:
        emulator.up(instance, options.port, getattr(options, "functions", None), getattr(options, "lasting", False))
    deploy.deploy(instance, dict(pair.split("=", 1) for pair in options.parameter))
    if options.json:
        _env(options)
    return 0


def _hold(options: argparse.Namespace) -> int:
    """For a test's process: the stack ends with it, however it ends, because its end closes the pipe."""

    def until_the_end(instance) -> int:
        print(json.dumps(instance.describe()), flush=True)
        sys.stdin.read()
        return 0

    return _on_a_stack_of_its_own(options, until_the_end)


def _on_a_stack_of_its_own(options: argparse.Namespace, work) -> int:
    """Starts a stack, does `work` with it, and stops it, whatever happens."""
    import shutil
    import signal

    from . import emulator

    for orphan in emulator.stoppable():
        if orphan.startswith(_HELD):
            emulator.down(_instance(options, orphan))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.instance = options.instance or f"{_HELD}{os.getpid()}"
    instance = _instance(options)
    emulator.hold(instance)
    try:
        _up(options)
        return work(instance)
    finally:
        emulator.down(instance)
        shutil.rmtree(instance.folder)


def _browser(options: argparse.Namespace) -> int:
    """On the stack that is named, or on one of its own."""
    from . import browser

    chromium = browser.chromium()
    if not chromium:
        return browser.skipped()
    if options.instance or options.endpoint:
        return browser.run(_instance(options), chromium, options.test)
    # The harder way to play: with leave from the API. Without, it is the same but for one part of the addresses.
    options.parameter.append("PrivatePlayback=true")
    return _on_a_stack_of_its_own(options, lambda instance: browser.run(instance, chromium, options.test))


def _fuzz(options: argparse.Namespace) -> int:
    """On a stack of its own, which ends with it."""
    from . import fuzz

    return _on_a_stack_of_its_own(options, fuzz.run)


def _iam(options: argparse.Namespace) -> int:
    """On a stack of its own, whose queues lead nowhere."""
    from . import iam

    return _on_a_stack_of_its_own(options, lambda instance: iam.run(instance, options.every))


def _chaos(options: argparse.Namespace) -> int:
    """On a stack of its own, whose functions find their AWS through the proxy."""
    from . import chaos, emulator

    options.port = emulator.free_port()
    with chaos.Chaos(f"http://127.0.0.1:{options.port}", options.seed) as storm:
        options.functions, options.lasting = storm.endpoint, True
        return _on_a_stack_of_its_own(options, lambda instance: storm.run(instance, options.packages))


def _load(options: argparse.Namespace) -> int:
    from . import load

    _up(options)
    return load.run(_instance(options))


def _large(options: argparse.Namespace) -> int:
    from . import large

    _up(options)
    return large.run(_instance(options))


def _rush(options: argparse.Namespace) -> int:
    """On a stack of its own, so that nothing but the files is worked on."""
    from . import rush

    return _on_a_stack_of_its_own(options, lambda instance: rush.run(instance, options.files))


def _redrive(options: argparse.Namespace) -> int:
    from . import redrive

    return redrive.run(_stack(options), options.yes)


def _restore(options: argparse.Namespace) -> int:
    from . import restore

    return restore.run(_stack(options), options.table)


def _stack(options: argparse.Namespace):
    """The one that is named in an account, or the local one."""
    from .redrive import Stack

    return Stack.in_account(options.stack) if options.stack else Stack.local(_instance(options))


def _env(options: argparse.Namespace) -> int:
    print(json.dumps(_instance(options).describe(), indent=2))
    return 0


def _logs(options: argparse.Namespace) -> int:
    from . import logs

    return logs.show(_instance(options), options.function)


def _demo(options: argparse.Namespace) -> int:
    from . import demo

    _up(options)
    return demo.run(_instance(options), options.file)


def _down(options: argparse.Namespace) -> int:
    from . import emulator

    for name in [options.instance] if options.instance else emulator.stoppable():
        stopped = emulator.down(_instance(options, name))
        if stopped:
            say(f"  the local AWS {name!r} is stopped")
    return 0


def _instance(options: argparse.Namespace, name: str | None = None):
    from .instance import DEMO, Instance

    if options.endpoint:
        return Instance.at(options.endpoint)
    return Instance(name or options.instance or DEMO)


_COMMANDS = {
    "setup": _setup, "up": _up, "hold": _hold, "env": _env, "logs": _logs, "demo": _demo,
    "down": _down, "fuzz": _fuzz, "iam": _iam, "chaos": _chaos, "load": _load, "browser": _browser,
    "large": _large, "rush": _rush, "redrive": _redrive, "restore": _restore,
}  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m infra.local", description="The whole platform on one machine.")
    parser.add_argument("--instance", help="the stack's name; several run side by side (default: demo)")
    parser.add_argument("--endpoint", help="use this AWS endpoint, such as LocalStack's, and start nothing")
    commands = parser.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", help="install the pinned tools")
    setup.add_argument("--supply", action="store_true", help="also those that check dependencies and the template")
    setup.add_argument("--cross", action="store_true", help="also those that build for AWS")
    commands.add_parser("env", help="print the stack's endpoint, names and addresses as JSON")
    commands.add_parser("down", help="stop the named stack, or every one that no test holds")
    logs = commands.add_parser("logs", help="print what the functions logged")
    logs.add_argument("function", nargs="?", help="one function's log only")
    redrive = commands.add_parser("redrive", help="list what was given up on, and put it back to work")
    redrive.add_argument("--yes", action="store_true", help="put it back to work")
    restore = commands.add_parser("restore", help="put what a restored table has, and the stack's has not, into that")
    restore.add_argument("table", help="the restored table")
    for command in (redrive, restore):
        command.add_argument("--stack", help="a stack in the account that the environment names, not the local one")
    for name, text in (
        ("up", "start, build and deploy"),
        ("hold", "up, print what `env` prints on one line, and down when standard input ends"),
        ("demo", "up, then package a movie and follow it"),
        ("browser", "hold a stack, and try players and the page in a browser"),
        ("fuzz", "hold a stack, and call its API with what schemathesis makes up of the document"),
        ("large", "up, then package 2 GiB and 10 MB behind it, and hold both to the bounds"),
        ("rush", "hold a stack, put many files into it at once, and draw queues, latencies and memory"),
        ("chaos", "hold a stack, let everything go wrong that can, and compare the packages with undisturbed ones"),
        ("iam", "hold a stack, and take each permission of each role away in turn"),
        ("load", "up, then call the API from many callers at once, and print percentiles"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--port", type=int, help="the emulator's port")
        command.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the template")
        command.add_argument("--json", action="store_true", help="print what `env` prints")
        if name == "browser":
            command.add_argument("test", nargs="*", help="only tests whose names match")
        if name == "rush":
            command.add_argument("--files", type=int, default=500, help="how many")
        if name == "chaos":
            command.add_argument("--packages", type=int, default=200, help="how many")
            command.add_argument("--seed", type=int, default=1, help="of everything that goes wrong")
        if name == "iam":
            command.add_argument(
                "--every", type=int, default=1, metavar="N", help="try only every so-many-th permission"
            )
        if name == "demo":
            command.add_argument("file", nargs="?", help="a movie of your own")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
