"""Runs a command and prints what it took: seconds, CPU seconds, peak memory in MB.

A process of its own, and with few imports, because a child starts out with its parent's peak memory: what it reports is
at least what this program itself needs.
"""

import os
import sys
import time

started = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - started
# Linux counts in KiB, macOS in bytes.
peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
print(wall, usage.ru_utime + usage.ru_stime, peak)
sys.exit(os.waitstatus_to_exitcode(status))
