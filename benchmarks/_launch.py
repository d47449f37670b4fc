"""`python -IS _launch.py COMMAND...`: runs a command and reports on stderr's last line what it took, as JSON.

A process inherits the peak memory of the one that forked it: so this is a program of its own and imports little.
"""

import os
import sys
from time import perf_counter

began = perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
wall = perf_counter() - began
memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
cpu = usage.ru_utime + usage.ru_stime
code = os.waitstatus_to_exitcode(status)
print(f'\n{{"wall": {wall}, "cpu": {cpu}, "memory": {memory}, "code": {code}}}', file=sys.stderr)
