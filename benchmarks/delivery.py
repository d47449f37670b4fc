"""What a durable queue costs per finding, and whether findings arrive though leaktap is killed at 50 random moments."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._measure import table
from benchmarks._options import Benchmark, Options
from leaktap.spool import Store

_ROOT = Path(__file__).parents[1]
_ROWS = 20_000
_KILLS = "50"
_BODY = bytes(2000)


def _queue() -> list[float]:
    """Returns the seconds that each of many rows took, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), "bench", "bench")
        taken = []
        for number in range(_ROWS):
            began = time.perf_counter()
            store.put(f"f{number}", _BODY)
            taken.append(time.perf_counter() - began)
        store.close()
    return sorted(taken)


def _measure(options: Options) -> bool:
    taken = _queue()
    rows = [(name, f"{taken[int(len(taken) * share)] * 1e6:.0f}") for name, share in (("median", 0.5), ("p99", 0.99))]
    print(table(("a record into its queue", "µs"), rows))
    print(f"  killing leaktap at {_KILLS} random moments ...", flush=True)
    test = "tests/cli/test_deliver.py::test_what_was_printed_before_a_kill_arrives"
    command = [sys.executable, "-m", "pytest", "-q", test]
    done = subprocess.run(command, cwd=_ROOT, env={**os.environ, "LEAKTAP_KILLS": _KILLS}, check=False)
    return done.returncode == 0


BENCHMARK = Benchmark("delivery", "durable queues, and 50 kills", _measure)
