"""Runs the commands that README.md and the getting-started page show, and checks the links of all pages."""

import os
import re
import subprocess
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.local.tools import ROOT, program

_EXECUTED = ("README.md", "docs/getting-started.md")
_NEEDS_AN_ACCOUNT = "aws"
"""The info string of blocks that deploy to AWS: ```sh aws."""
_NOT_INSIDE_ITSELF = "make test"
"""The only other command that is not executed: it runs this test."""


@dataclass(frozen=True)
class Block:
    """A fenced shell block."""

    line: int
    kind: str
    text: str


def _blocks(page: str) -> list[Block]:
    blocks, open_block = [], None
    for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
        if open_block is None and (fence := re.fullmatch(r"```sh ?(\w*)", line)):
            open_block = (number, fence[1], [])
        elif open_block is not None and line == "```":
            blocks.append(Block(open_block[0], open_block[1], "\n".join(open_block[2])))
            open_block = None
        elif open_block is not None:
            open_block[2].append(line)
    return blocks


class Commands(unittest.TestCase):
    """Runs the shell blocks of a page in one shell, on a stack of its own."""

    def _run_commands(self, page: str) -> None:
        blocks = _blocks(page)
        self.assertTrue(blocks, "the page shows commands")
        script = ["set -euo pipefail"]
        for block in blocks:
            if block.kind != _NEEDS_AN_ACCOUNT:
                lines = [line for line in block.text.splitlines() if line.split("#")[0].strip() != _NOT_INSIDE_ITSELF]
                script += [f"echo '--- {page}:{block.line}' >&2", *lines]
        environment = self._environment()
        self.addCleanup(subprocess.run, ["make", "down"], cwd=ROOT, env=environment, capture_output=True, check=False)
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")

    def _environment(self) -> dict[str, str]:
        """Returns the environment of a new user: an empty home directory and a separate stack."""
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("VPP_", "AWS_", "CARGO_PKG_"))
        }
        person = Path.home()
        return {
            **kept,
            "HOME": home.name,
            "CARGO_HOME": os.environ.get("CARGO_HOME", str(person / ".cargo")),
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(person / ".rustup")),
            "VPP_INSTANCE": f"docs-{os.getpid()}",
            "PATH": f"{os.environ['PATH']}{os.pathsep}{program('docs', 'aws').parent}",
        }

    def test_every_command_of_the_readme_runs(self) -> None:
        self._run_commands("README.md")

    def test_every_command_of_getting_started_runs(self) -> None:
        self._run_commands("docs/getting-started.md")

    def test_commands_that_need_an_account_are_valid_and_name_targets_that_exist(self) -> None:
        listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        targets = set(re.findall(r"^ +make (\w+)", listed, re.MULTILINE))
        for page in _EXECUTED:
            for block in _blocks(page):
                checked = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
                self.assertEqual(checked.returncode, 0, f"{page}:{block.line}: {checked.stderr}")
                for target in re.findall(r"\bmake (?:-\w )*(\w+)", block.text):
                    self.assertIn(target, targets, f"{page}:{block.line}")


class Links(unittest.TestCase):
    """Checks the links of all pages."""

    def test_every_link_leads_to_a_page_and_a_heading(self) -> None:
        listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
        pages = [ROOT / name for name in listed.stdout.splitlines()]
        headings = {page.resolve(): _anchors(page) for page in pages}
        broken, followed = [], 0
        for page in pages:
            for target in _targets(page):
                followed += 1
                parts = urlsplit(target)
                if parts.scheme:
                    if parts.scheme != "https" or not parts.netloc:
                        broken.append(f"{page.relative_to(ROOT)}: {target} is no https address")
                    continue
                path = (page.parent / parts.path).resolve() if parts.path else page.resolve()
                if not path.exists():
                    broken.append(f"{page.relative_to(ROOT)}: {target} does not exist")
                elif parts.fragment and parts.fragment not in headings.get(path, set()):
                    broken.append(f"{page.relative_to(ROOT)}: {target} names no heading")
        self.assertEqual(broken, [])
        self.assertGreater(followed, 50)


def _without_code_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def _targets(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", _without_code_blocks(page))


def _anchors(page: Path) -> set[str]:
    """Returns the anchors that GitHub creates for the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", _without_code_blocks(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    unittest.main()
