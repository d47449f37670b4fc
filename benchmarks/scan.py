"""A whole scan against `tshark -T fields` on the same capture with the same keys, run in turn, and against the floor.

leaktap reassembles, decrypts, decodes, matches, attributes and writes findings; tshark only prints method, host, URI
and body of the requests. leaktap's findings are counted against what was planted.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks._floor import floor
from benchmarks._measure import Run, run, table
from benchmarks._options import Benchmark, Options
from benchmarks._traffic import Traffic, forget, sample, traffic


def _leaktap(made: Traffic, output: Path) -> Run:
    """Scans; `output` gets the records."""
    leaktap = Path(sys.executable).with_name("leaktap")
    command: list[str | Path] = [leaktap, "scan", made.capture, "--keys", made.keys, "--device", made.device]
    return run([*command, "--format", "jsonl"], output)


def _tshark(made: Traffic, output: Path) -> Run:
    fields = ("http.request.method", "http.host", "http.request.uri", "http.file_data")
    command: list[str | Path] = [
        "tshark",
        "-r",
        made.capture,
        "-o",
        f"tls.keylog_file:{made.keys}",
        "-Y",
        "http.request",
        "-T",
        "fields",
    ]
    return run([*command, *(word for field in fields for word in ("-e", field))], output)


def _compare(options: Options) -> bool:
    made = traffic(options.size)
    size = made.capture.stat().st_size / 1e6
    print(
        f"{made.capture}: {size:.0f} MB, {made.connections} connections, {made.requests} requests, {made.leaks} leaks"
    )
    contestants: dict[str, Callable[[Traffic, Path], Run]] = {"leaktap scan": _leaktap}
    if shutil.which("tshark"):
        contestants["tshark -T fields"] = _tshark
    else:
        print("tshark is not installed: nothing to compare with")
    taken: dict[str, list[Run]] = {name: [] for name in contestants}
    right = True
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(max(options.runs, 1)):
            for name, contestant in contestants.items():
                output = Path(folder) / name.partition(" ")[0]
                result = contestant(made, output)
                taken[name].append(result)
                print(f"  {name}: {result.wall:.2f} s", flush=True)
                right &= _right(name, result, output, made)
    text = sample(1 << 18)
    lowest = min(floor(made.capture, text) for _ in range(max(options.runs, 1)))
    print(_results(taken, lowest, size))
    if not options.keep:
        forget(made)
    return right


def _right(name: str, result: Run, output: Path, made: Traffic) -> bool:
    """Tells whether a run did what it should, and says so where it did not."""
    if result.code:
        print(f"  {name} failed with exit code {result.code}: {result.errors.strip()[-2000:]}")
        return False
    if name.startswith("tshark"):
        with output.open("rb") as lines:
            seen = sum(1 for _ in lines)
        if seen != made.requests:
            print(f"  {name} saw {seen} of {made.requests} requests")
        return True
    with output.open("rb") as lines:
        records = [json.loads(line) for line in lines]
    findings = [record for record in records if record["schema"].startswith("leaktap.finding")]
    known = sum(finding["basis"] == "known" for finding in findings)
    exchanges = sum(record["exchanges"] for record in records if record["schema"].startswith("leaktap.summary"))
    if (known, len(findings), exchanges) == (made.leaks, made.leaks, made.requests):
        return True
    print(
        f"  {name} is wrong: {known} of {made.leaks} leaks, {len(findings) - known} other findings,"
        f" {exchanges} of {made.requests} exchanges"
    )
    return False


def _results(taken: dict[str, list[Run]], lowest: float, size: float) -> str:
    rows: list[Sequence[str]] = []
    ours = min(result.wall for result in taken["leaktap scan"])
    for name, results in taken.items():
        best = min(result.wall for result in results)
        middle = median(result.wall for result in results)
        cpu = min(result.cpu for result in results)
        memory = max(result.memory for result in results) / 1e6
        cells = (
            f"{best:.2f}",
            f"{middle:.2f}",
            f"{cpu:.2f}",
            f"{size / best:.1f}",
            f"{memory:.0f}",
            f"{best / ours:.2f}",
        )
        rows.append((name, *cells))
    rows.append(("floor", f"{lowest:.2f}", "", "", f"{size / lowest:.1f}", "", f"{lowest / ours:.2f}"))
    head = ("", "best s", "median s", "cpu s", "MB/s", "peak MB", "times leaktap")
    return f"{table(head, rows)}\nleaktap takes {ours / lowest:.1f} times the floor"


BENCHMARK = Benchmark("scan", "a whole scan against tshark fields with the same keys", _compare)
