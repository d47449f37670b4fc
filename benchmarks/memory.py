"""Peak memory of a scan of a capture, and of one four times as long: it must not grow with the file."""

import tempfile
from pathlib import Path

from benchmarks._contestants import contestants
from benchmarks._measure import run, table
from benchmarks._options import Benchmark, Options
from benchmarks._traffic import forget, traffic


def _grow(options: Options) -> bool:
    rows, peaks = [], []
    leaktap = contestants()[0]
    with tempfile.TemporaryDirectory() as folder:
        for factor in (1, 4):
            made = traffic(options.size * factor)
            result = run(leaktap.command(made), Path(folder) / "output")
            peaks.append(result.memory)
            size = made.capture.stat().st_size / 1e6
            rows.append((f"{size:.0f} MB", f"{result.wall:.2f}", f"{result.memory / 1e6:.0f}"))
            if factor > 1 or not options.keep:
                forget(made)
    print(table(("capture", "s", "peak MB"), rows))
    print(f"four times the capture takes {peaks[1] / peaks[0]:.2f} times the memory")
    return True


BENCHMARK = Benchmark("memory", "peak memory of a scan, and of one four times as long", _grow)
