"""Short runs of `make iam` and `make chaos`, each on a temporary stack."""

import subprocess
import sys
import unittest

from infra.local.tools import ROOT


class ChaosAndIam(unittest.TestCase):
    """Short runs of the chaos and the IAM tests."""

    def _assert_succeeds(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "infra.local", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_permission_is_necessary_and_no_role_has_those_of_another(self) -> None:
        self._assert_succeeds("iam", "--every", "12")

    def test_packages_are_byte_identical_after_faults_and_nothing_is_left_behind(self) -> None:
        self._assert_succeeds("chaos", "--packages", "15", "--seed", "3")


if __name__ == "__main__":
    unittest.main()
