"""Only what was started here is ever ended."""

import os
import subprocess
import sys
import unittest

from infra.local import processes
from infra.local.processes import Identity

_FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


class Stop(unittest.TestCase):
    """`processes.stop`."""

    def _start(self) -> tuple[subprocess.Popen[str], Identity, Identity]:
        leader = subprocess.Popen(
            [sys.executable, "-c", _FAMILY], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.addCleanup(leader.wait)
        self.addCleanup(leader.kill)
        assert leader.stdout
        self.addCleanup(leader.stdout.close)
        child = Identity.of(int(leader.stdout.readline()))
        identity = Identity.of(leader.pid)
        assert child and identity
        return leader, identity, child

    def test_a_process_ends_with_its_children(self) -> None:
        _, leader, child = self._start()
        processes.stop(leader)
        self.assertFalse(leader.alive())
        self.assertFalse(child.alive())

    def test_children_end_when_their_leader_was_killed_before(self) -> None:
        process, leader, child = self._start()
        process.kill()
        process.wait()
        self.assertTrue(child.alive())
        processes.stop(leader)
        self.assertFalse(child.alive())

    def test_a_number_that_passed_to_another_process_is_left_alone(self) -> None:
        _, leader, child = self._start()
        processes.stop(Identity(leader.pid, "long ago"))
        self.assertTrue(leader.alive())
        self.assertTrue(child.alive())

    def test_a_process_that_never_was_is_no_identity(self) -> None:
        self.assertIsNone(Identity.of(2**22 + os.getpid()))


if __name__ == "__main__":
    unittest.main()
