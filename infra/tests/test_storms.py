"""Short runs of `make iam` and `make chaos`, each on a stack of its own."""

import subprocess
import sys
import unittest

from infra.local.tools import ROOT


class OnTheLocalAws(unittest.TestCase):
    """What holds on the local AWS, whatever is taken away or goes wrong."""

    def _succeeds(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "infra.local", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_work_fails_without_any_permission_and_no_role_may_do_anothers(self) -> None:
        self._succeeds("iam", "--every", "12")

    def test_packages_come_out_of_a_storm_byte_for_byte_and_nothing_is_left_over(self) -> None:
        self._succeeds("chaos", "--packages", "15", "--seed", "3")


if __name__ == "__main__":
    unittest.main()
