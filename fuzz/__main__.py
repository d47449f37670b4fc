"""`python -m fuzz`: tries damaged captures, or one that failed before."""

import argparse
import os
import sys
from pathlib import Path

from fuzz.run import run
from fuzz.seeds import seeds
from fuzz.trial import MEGABYTES, SECONDS, Trial


def main(arguments: list[str]) -> int:
    """Returns the exit code: 1 if anything failed."""
    parser = argparse.ArgumentParser("python -m fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many damaged captures to try")
    parser.add_argument("--seed", type=int, default=1, help="another number gives other damage")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after that time")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, default=Path("fuzz-failures"), help="where failing captures are saved")
    parser.add_argument("--replay", type=Path, metavar="FOLDER", help="try a failing capture again, and nothing else")
    options = parser.parse_args(arguments)
    if options.replay:
        return replay(options.replay)
    known = seeds()
    print(f"{len(known)} captures, {sum(len(one.data) for one in known) / 1e6:.1f} MB; seed {options.seed}")
    outcome = run(known, options.seed, options.count, options.seconds, options.workers, options.output)
    for kind, count in outcome.kinds.most_common():
        print(f"{count:6} {kind}")
    for place in outcome.saved:
        print(f"saved: {place}")
    print(
        f"{outcome.inputs} inputs, {outcome.bytes / 1e6:.0f} MB in {outcome.seconds:.0f} s"
        f" ({outcome.inputs / max(outcome.seconds, 1e-9) / options.workers:.0f} per second and process);"
        f" slowest {outcome.slowest:.2f} of {SECONDS:.0f} s, most memory {outcome.peak} of {MEGABYTES} MB;"
        f" {outcome.kinds.total()} failed"
    )
    return 1 if outcome.kinds else 0


def replay(folder: Path) -> int:
    """Tries a saved capture."""
    keys = folder / "keys.txt"
    trial = Trial()
    failure = trial.run((folder / "capture").read_bytes(), keys.read_bytes() if keys.exists() else b"")
    trial.close()
    print(f"{failure.kind}\n{failure.story}" if failure else "nothing failed")
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
