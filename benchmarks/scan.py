"""A whole scan against what analysts use today, on the same capture with the same keys, run in turn, and the floor.

leaktap reassembles, decrypts, decodes, matches, attributes and writes findings, which are counted against what was
planted; the others do less.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks._contestants import Contestant, contestants
from benchmarks._floor import floor
from benchmarks._measure import Run, run, table
from benchmarks._options import Benchmark, Options
from benchmarks._traffic import Traffic, forget, sample, traffic


def _compare(options: Options) -> bool:
    made = {share: traffic(options.size * share) for share in {each.share for each in contestants()}}
    whole = made[1.0]
    print(
        f"{whole.capture}: {_size(whole):.0f} MB, {whole.connections} connections,"
        f" {whole.requests} requests, {whole.leaks} leaks"
    )
    taken: dict[str, list[Run]] = {each.name: [] for each in contestants()}
    right = True
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(max(options.runs, 1)):
            for each in contestants():
                output = Path(folder) / "output"
                result = run(each.command(made[each.share]), output)
                taken[each.name].append(result)
                print(f"  {each.name}: {result.wall:.2f} s", flush=True)
                right &= _right(each, result, output, made[each.share])
    text = sample(1 << 18)
    lowest = min(floor(whole.capture, whole.device, text) for _ in range(max(options.runs, 1)))
    print(_results(taken, {each.name: _size(made[each.share]) for each in contestants()}, lowest))
    if not options.keep:
        for capture in made.values():
            forget(capture)
    return right


def _size(made: Traffic) -> float:
    return made.capture.stat().st_size / 1e6


def _right(contestant: Contestant, result: Run, output: Path, made: Traffic) -> bool:
    """Tells whether a run did what it should, and says so where it did not."""
    name = contestant.name
    if result.code:
        print(f"  {name} failed with exit code {result.code}: {result.errors.strip()[-2000:]}")
        return False
    if not name.startswith("leaktap"):
        if name.startswith("tshark"):
            with output.open("rb") as lines:
                seen = sum(1 for _ in lines)
            print(f"  {name} saw {seen} of {made.requests} requests" if seen != made.requests else "", end="")
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


def _results(taken: dict[str, list[Run]], sizes: dict[str, float], lowest: float) -> str:
    """Returns the table; what had less to do is compared by bytes in a second."""
    rows: list[Sequence[str]] = []
    speeds = {name: sizes[name] / min(result.wall for result in results) for name, results in taken.items()}
    ours = [speed for name, speed in speeds.items() if name.startswith("leaktap")]
    floor_speed = sizes["leaktap --jobs 1"] / lowest
    for name, results in taken.items():
        cells = (
            f"{sizes[name]:.0f}",
            f"{min(result.wall for result in results):.2f}",
            f"{median(result.wall for result in results):.2f}",
            f"{min(result.cpu for result in results):.2f}",
            f"{max(result.memory for result in results) / 1e6:.0f}",
            f"{speeds[name]:.1f}",
            *(f"{speed / speeds[name]:.2f}" for speed in ours),
        )
        rows.append((name, *cells))
    cells = (f"{sizes['leaktap --jobs 1']:.0f}", f"{lowest:.2f}", "", "", "", f"{floor_speed:.1f}")
    rows.append(("floor", *cells, *(f"{speed / floor_speed:.2f}" for speed in ours)))
    head = ("", "MB", "best s", "median s", "cpu s", "peak MB", "MB/s", "leaktap is n times, 1 job", "2 jobs")
    times = floor_speed / ours[0]
    return f"{table(head, rows)}\nleaktap with one process takes {times:.1f} times the floor"


BENCHMARK = Benchmark("scan", "a whole scan against what analysts use today", _compare)
