"""`processes.stop` ends only the processes that it should."""

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


class StopProcesses(unittest.TestCase):
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

    def test_children_end_if_their_leader_was_killed(self) -> None:
        process, leader, child = self._start()
        process.kill()
        process.wait()
        self.assertTrue(child.alive())
        processes.stop(leader)
        self.assertFalse(child.alive())

    def test_another_process_with_the_same_pid_is_not_stopped(self) -> None:
        _, leader, child = self._start()
        processes.stop(Identity(leader.pid, "long ago"))
        self.assertTrue(leader.alive())
        self.assertTrue(child.alive())

    def test_a_pid_that_does_not_exist_has_no_identity(self) -> None:
        self.assertIsNone(Identity.of(2**22 + os.getpid()))


if __name__ == "__main__":
    unittest.main()
