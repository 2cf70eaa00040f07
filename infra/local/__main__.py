"""Command line of the local stack: `python3 -m infra.local COMMAND`, run from the root of the checkout."""

from __future__ import annotations

import argparse
import json
import os
import sys

from . import tools
from .terminal import CommandError, clear_status, log

_HELD_PREFIX = "held-"
"""Prefix of the names of temporary stacks, which end with the process that holds them."""


def main(arguments: list[str]) -> int:
    """Runs a command and returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        tools.check_prerequisites()
        tools.run_inside("emulator", __package__, arguments)
        return _COMMANDS[options.command](options)
    except CommandError as error:
        clear_status()
        log(str(error))
        return 1
    except KeyboardInterrupt:
        clear_status()
        return 130


def _setup(options: argparse.Namespace) -> int:
    tools.program("sam", "sam")
    if options.test:
        tools.program("moto", "moto_server")
        tools.program("policies", "python")
    if options.supply:
        tools.program("supply", "checkov")
        tools.cargo_program("cargo-modules")
        tools.rust_target("wasm32-unknown-unknown")
    if options.cross:
        tools.program("cross", "cargo-lambda")
        tools.rust_target("wasm32-unknown-unknown")
    return 0


def _console(_options: argparse.Namespace) -> int:
    from . import artifacts

    with tools.exclusive("build"):
        print(artifacts.console())
    return 0


def _up(options: argparse.Namespace) -> int:
    from . import deploy, emulator

    instance = _instance(options)
    if not instance.external_endpoint:
        functions_endpoint = getattr(options, "functions_endpoint", None)
        emulator.up(instance, options.port, functions_endpoint, getattr(options, "persistent", False))
    deploy.deploy(instance, dict(pair.split("=", 1) for pair in options.parameter))
    if options.json:
        _env(options)
    return 0


def _hold(options: argparse.Namespace) -> int:
    """Holds a temporary stack for a test process. It ends when that process ends, because this closes standard input."""

    def until_end_of_input(instance) -> int:
        print(json.dumps(instance.describe()), flush=True)
        sys.stdin.read()
        return 0

    return _on_temporary_stack(options, until_end_of_input)


def _on_temporary_stack(options: argparse.Namespace, work) -> int:
    """Starts a stack, runs `work` with it, and stops it in every case."""
    import shutil
    import signal

    from . import emulator

    for orphan in emulator.unheld():
        if orphan.startswith(_HELD_PREFIX):
            emulator.down(_instance(options, orphan))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.instance = options.instance or f"{_HELD_PREFIX}{os.getpid()}"
    instance = _instance(options)
    emulator.hold(instance)
    try:
        _up(options)
        return work(instance)
    finally:
        emulator.down(instance)
        shutil.rmtree(instance.folder)


def _browser(options: argparse.Namespace) -> int:
    """Uses the named stack, or a temporary one."""
    from . import browser

    chromium = browser.chromium()
    if not chromium:
        return browser.skipped()
    if options.instance or options.endpoint:
        return browser.run(_instance(options), chromium, options.test)
    # Private playback covers more: it differs from public playback only in the signed part of the URLs.
    options.parameter.append("PrivatePlayback=true")
    return _on_temporary_stack(options, lambda instance: browser.run(instance, chromium, options.test))


def _fuzz(options: argparse.Namespace) -> int:
    from . import fuzz

    return _on_temporary_stack(options, fuzz.run)


def _iam(options: argparse.Namespace) -> int:
    """Uses a temporary stack, because the test disables the event sources."""
    from . import iam

    return _on_temporary_stack(options, lambda instance: iam.run(instance, options.every))


def _chaos(options: argparse.Namespace) -> int:
    """Uses a temporary stack whose functions reach AWS through the fault proxy."""
    from . import chaos, emulator

    options.port = emulator.free_port()
    with chaos.Chaos(f"http://127.0.0.1:{options.port}", options.seed) as test:
        options.functions_endpoint, options.persistent = test.endpoint, True
        return _on_temporary_stack(options, lambda instance: test.run(instance, options.packages))


def _load(options: argparse.Namespace) -> int:
    from . import api_load

    _up(options)
    return api_load.run(_instance(options))


def _large(options: argparse.Namespace) -> int:
    from . import large_file

    _up(options)
    return large_file.run(_instance(options))


def _instant(options: argparse.Namespace) -> int:
    """Uses a temporary stack, so that there is no other load."""
    from . import browser, instant

    chromium = browser.chromium()
    if not chromium:
        return browser.skipped()
    return _on_temporary_stack(options, lambda instance: instant.run(instance, chromium))


def _burst(options: argparse.Namespace) -> int:
    """Uses a temporary stack, so that there is no other load."""
    from . import burst

    return _on_temporary_stack(options, lambda instance: burst.run(instance, options.files))


def _redrive(options: argparse.Namespace) -> int:
    from . import redrive

    return redrive.run(_stack(options), options.yes)


def _restore(options: argparse.Namespace) -> int:
    from . import restore

    return restore.run(_stack(options), options.table)


def _adopt(options: argparse.Namespace) -> int:
    import boto3

    from . import adopt
    from .instance import STACK

    client = boto3.client if options.stack else _instance(options).client
    return adopt.run(client, options.stack or STACK, options.table)


def _stack(options: argparse.Namespace):
    """The named stack in an AWS account, or the local stack."""
    from .stack import Stack

    return Stack.in_account(options.stack) if options.stack else Stack.local(_instance(options))


def _hashes(_options: argparse.Namespace) -> int:
    from . import hashes

    return hashes.run()


def _env(options: argparse.Namespace) -> int:
    from . import shell

    instance = _instance(options)
    if getattr(options, "shell", False):
        print("\n".join(shell.exports(instance)))
    else:
        print(json.dumps(instance.describe(), indent=2))
    return 0


def _images(options: argparse.Namespace) -> int:
    """On a temporary stack, so that the console lists only these videos."""
    from . import browser, images

    chromium = browser.chromium()
    if not chromium:
        return browser.skipped()
    return _on_temporary_stack(options, lambda instance: images.run(instance, chromium))


def _logs(options: argparse.Namespace) -> int:
    from . import logs

    return logs.show(_instance(options), options.function)


def _demo(options: argparse.Namespace) -> int:
    from . import demo

    _up(options)
    return demo.run(_instance(options), options.file)


def _down(options: argparse.Namespace) -> int:
    from . import emulator

    named = options.instance or os.environ.get("VPP_INSTANCE")
    for name in [named] if named else emulator.unheld():
        stopped = emulator.down(_instance(options, name))
        if stopped:
            log(f"  stopped the local stack {name!r}")
    return 0


def _instance(options: argparse.Namespace, name: str | None = None):
    from .instance import Instance, default_name

    if options.endpoint:
        return Instance.at(options.endpoint)
    return Instance(name or options.instance or default_name())


_COMMANDS = {
    "setup": _setup, "console": _console, "up": _up, "hold": _hold, "env": _env, "logs": _logs, "demo": _demo,
    "down": _down, "fuzz": _fuzz, "iam": _iam, "chaos": _chaos, "load": _load, "browser": _browser,
    "large": _large, "instant": _instant, "burst": _burst, "redrive": _redrive, "restore": _restore, "images": _images,
    "hashes": _hashes, "adopt": _adopt,
}  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m infra.local", description="Runs the platform on one machine.")
    parser.add_argument("--instance", help="name of the stack; several can run in parallel (default: demo)")
    parser.add_argument("--endpoint", help="use this AWS endpoint, such as LocalStack's, instead of starting one")
    commands = parser.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", help="install the pinned tools")
    setup.add_argument("--test", action="store_true", help="include the tools of the tests")
    setup.add_argument("--supply", action="store_true", help="include the tools that check dependencies and template")
    setup.add_argument("--cross", action="store_true", help="include the tools that build for AWS")
    commands.add_parser("console", help="build the web console, and print its folder")
    env = commands.add_parser("env", help="print the stack's endpoint, names and URLs as JSON")
    env.add_argument("--shell", action="store_true", help="print them as shell variables, for eval")
    commands.add_parser("hashes", help="write the hashes of the pinned Python packages into the requirements files")
    commands.add_parser("down", help="stop the named stack, or every stack that no test holds")
    logs = commands.add_parser("logs", help="print the functions' logs")
    logs.add_argument("function", nargs="?", help="only this function's log")
    redrive = commands.add_parser("redrive", help="list dead-lettered work, or redrive it")
    redrive.add_argument("--yes", action="store_true", help="redrive the work")
    restore = commands.add_parser("restore", help="copy the missing items of a restored table into the stack's table")
    restore.add_argument("table", help="name of the restored table")
    adopt = commands.add_parser("adopt", help="import the data of a deleted stack into a new one")
    adopt.add_argument("table", help="name of the deleted stack's table")
    for command in (redrive, restore, adopt):
        command.add_argument("--stack", help="name of a stack in the current AWS account, instead of the local stack")
    for name, text in (
        ("up", "start the emulator, build and deploy"),
        ("hold", "start a temporary stack, print its description, and stop it when standard input ends"),
        ("demo", "start the stack, package a movie and show its progress"),
        ("browser", "test the players and the web console in a browser, on a temporary stack"),
        ("images", "create the images of README.md, on a temporary stack"),
        ("fuzz", "fuzz the API with schemathesis, on a temporary stack"),
        ("large", "package 2 GiB and 10 MB, and check the bounds of memory and bytes moved"),
        (
            "instant",
            "play movies in a browser as soon as they are uploaded, on a temporary stack, and measure how soon",
        ),
        ("burst", "upload many files in parallel to a temporary stack, and plot queues, latencies and memory"),
        ("chaos", "package while faults are injected, and compare the output, on a temporary stack"),
        ("iam", "remove each permission of each role in turn, on a temporary stack"),
        ("load", "call the API with concurrent clients, and print latency percentiles"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--port", type=int, help="port of the emulator")
        command.add_argument(
            "--parameter", action="append", default=[], metavar="NAME=VALUE", help="parameter of the template"
        )
        command.add_argument("--json", action="store_true", help="print the output of `env`")
        if name == "hold":
            command.add_argument("--functions-endpoint", help="AWS endpoint of the functions, such as a proxy")
        if name == "browser":
            command.add_argument("test", nargs="*", help="only tests whose names match")
        if name == "burst":
            command.add_argument("--files", type=int, default=500, help="number of files")
        if name == "chaos":
            command.add_argument("--packages", type=int, default=200, help="number of packages")
            command.add_argument("--seed", type=int, default=1, help="seed of the injected faults")
        if name == "iam":
            command.add_argument("--every", type=int, default=1, metavar="N", help="test every n-th permission only")
        if name == "demo":
            command.add_argument("file", nargs="?", help="movie to package instead of the sample")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
