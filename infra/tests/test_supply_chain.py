"""Supply chain rules: which crates may depend on GPL code, and the permissions of CI jobs."""

import json
import re
import subprocess
import unittest
from collections import defaultdict

import yaml

from infra.local import hashes
from infra.local.tools import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


class SupplyChain(unittest.TestCase):
    """Rules in addition to those of `deny.toml`."""

    def test_only_the_probe_executable_links_gpl_code(self) -> None:
        command = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
        metadata = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
        names = {package["id"]: package["name"] for package in metadata["packages"]}
        dependents = defaultdict(set)
        for node in metadata["resolve"]["nodes"]:
            for dependency in node["deps"]:
                dependents[names[dependency["pkg"]]].add(names[node["id"]])
        self.assertEqual(dependents["bento4-src"], {"mp4probe", "mp4decrypt"})
        self.assertEqual(dependents["mp4decrypt"], {"vpp-tests"})
        self.assertEqual(dependents["mp4probe"], set())
        gpl = {
            package["name"] for package in metadata["packages"] if re.search(r"\bA?GPL", package["license"] or "GPL")
        }
        self.assertEqual(gpl, {"mp4probe"})

    def test_every_python_package_is_pinned_and_verified_by_its_hash(self) -> None:
        files = hashes.requirements()
        listed = [*ROOT.glob("infra/**/requirements*"), *ROOT.glob("tests/**/requirements*")]
        self.assertEqual(files, sorted(file for file in listed if "node_modules" not in file.parts))
        for file in files:
            text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE)
            self.assertNotIn("://", text, f"{file}: an index is the user's choice")
            for requirement in re.split(r"\n(?=\S)", text.strip()):
                self.assertRegex(requirement, r"^[\w.-]+==[^ ;]+( ?; [^\\]+?)?( \\\n +--hash=sha256:[0-9a-f]{64})+$")
        for installer in ("infra/local/tools.py", "tests/media/make.py"):
            installs = re.findall(r"\[\*pip, .*|hashed = .*", (ROOT / installer).read_text())
            self.assertTrue(any("--require-hashes" in line for line in installs), installer)

    def test_ci_jobs_have_read_permissions_and_use_pinned_actions(self) -> None:
        self.assertTrue(WORKFLOWS)
        for path in WORKFLOWS:
            workflow = yaml.safe_load(path.read_text())
            self.assertEqual(workflow["permissions"], {}, path.name)
            for name, job in workflow["jobs"].items():
                self.assertEqual(job["permissions"], {"contents": "read"}, name)
                for step in job["steps"]:
                    self.assertRegex(step.get("uses", f"x@{'0' * 40}"), r"@[0-9a-f]{40}$", name)
                    # Titles and branch names are untrusted input and must not become part of a command.
                    self.assertNotRegex(step.get("run", ""), r"\$\{\{\s*(github\.(event|head)|inputs)", name)

    def test_ci_runs_the_same_targets_as_the_local_script(self) -> None:
        run = "\n".join(path.read_text() for path in WORKFLOWS)
        self.assertIn("target: [check, test]", run)
        self.assertIn("make ${{ matrix.target }}", run)
        local = (ROOT / ".ci" / "run").read_text()
        self.assertIn("make check", local)
        self.assertIn("make test", local)


if __name__ == "__main__":
    unittest.main()
