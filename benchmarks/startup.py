"""How long a person waits for the command line's help, and for the smallest scan."""

import sys
import tempfile
from pathlib import Path

from benchmarks._measure import run, table
from benchmarks._options import Benchmark, Options

_CASE = Path(__file__).parents[1] / "captures" / "shop"


def _wait(options: Options) -> bool:
    leaktap = Path(sys.executable).with_name("leaktap")
    commands: dict[str, list[str | Path]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "leaktap --help": [leaktap, "--help"],
        "leaktap scan (47 kB)": [leaktap, "scan", _CASE / "capture.pcapng", "--case", _CASE / "case.yaml"],
    }
    rows = []
    right = True
    with tempfile.TemporaryDirectory() as folder:
        for name, command in commands.items():
            results = [run(command, Path(folder) / "output") for _ in range(max(options.runs, 1) + 1)]
            failed = next((result for result in results if result.code), None)
            if failed:
                print(f"  {name} failed with exit code {failed.code}: {failed.errors.strip()[-2000:]}")
                right = False
            best = min(results, key=lambda result: result.wall)
            rows.append((name, f"{best.wall:.2f}", f"{best.cpu:.2f}", f"{best.memory / 1e6:.0f}"))
    print(table(("", "best s", "cpu s", "peak MB"), rows))
    return right


BENCHMARK = Benchmark("startup", "waiting for help and for the smallest scan", _wait)
