"""Runs a command and prints its CPU time, wall time and peak memory as JSON.

It runs as a separate small process, because the peak memory of a child process (`ru_maxrss`) includes that of its parent at the
time of the fork.
"""

import json
import os
import sys
import time

started = time.monotonic()
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(process, 0)
wall = time.monotonic() - started
peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"cpu": usage.ru_utime + usage.ru_stime, "wall": wall, "memory": peak}))
sys.exit(os.waitstatus_to_exitcode(status))
