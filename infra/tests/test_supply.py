"""Where dependencies may go, and what the public host may do."""

import json
import re
import subprocess
import unittest
from collections import defaultdict

import yaml

from infra.local.tools import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


class Supply(unittest.TestCase):
    """`deny.toml` has the rules; these hold where no tool runs."""

    def test_gpl_stays_in_the_probes_process(self) -> None:
        command = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
        metadata = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
        names = {package["id"]: package["name"] for package in metadata["packages"]}
        used_by = defaultdict(set)
        for node in metadata["resolve"]["nodes"]:
            for dependency in node["deps"]:
                used_by[names[dependency["pkg"]]].add(names[node["id"]])
        self.assertEqual(used_by["bento4-src"], {"mp4probe", "mp4decrypt"})
        self.assertEqual(used_by["mp4decrypt"], {"vpp-tests"})
        self.assertEqual(used_by["mp4probe"], set())
        gpl = {
            package["name"] for package in metadata["packages"] if re.search(r"\bA?GPL", package["license"] or "GPL")
        }
        self.assertEqual(gpl, {"mp4probe"})

    def test_jobs_of_the_public_host_may_only_read_and_run_what_is_pinned(self) -> None:
        self.assertTrue(WORKFLOWS)
        for path in WORKFLOWS:
            workflow = yaml.safe_load(path.read_text())
            self.assertEqual(workflow["permissions"], {}, path.name)
            for name, job in workflow["jobs"].items():
                self.assertEqual(job["permissions"], {"contents": "read"}, name)
                for step in job["steps"]:
                    self.assertRegex(step.get("uses", f"x@{'0' * 40}"), r"@[0-9a-f]{40}$", name)
                    # A title or a branch's name is a stranger's text: it must not become a command.
                    self.assertNotRegex(step.get("run", ""), r"\$\{\{\s*(github\.(event|head)|inputs)", name)

    def test_the_public_host_runs_the_same_targets(self) -> None:
        run = "\n".join(path.read_text() for path in WORKFLOWS)
        self.assertIn("target: [check, test]", run)
        self.assertIn("make ${{ matrix.target }}", run)
        local = (ROOT / ".ci" / "run").read_text()
        self.assertIn("make check", local)
        self.assertIn("make test", local)


if __name__ == "__main__":
    unittest.main()
