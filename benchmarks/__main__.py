"""`python -m benchmarks [NAME...] [--size MB] [--runs N] [--keep] [--draws N] [--seed S]`: runs those named, or all."""

import argparse
import sys

import benchmarks
from benchmarks._options import Benchmark, Options
from leaktap.discover import discover


def main() -> int:
    """Runs them one after the other; the exit code is 1 where one of them found something wrong."""
    known: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in discover(benchmarks, "BENCHMARK")}
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; all where none is named")
    parser.add_argument("--size", type=float, default=250, metavar="MB", help="size of the capture (default: 250)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each contestant (default: 3)")
    parser.add_argument("--keep", action="store_true", help="keep the generated capture for the next time")
    parser.add_argument(
        "--draws", type=int, metavar="N", help="messages to draw or send (default: 10000; live: 100000)"
    )
    parser.add_argument("--seed", default="", metavar="S", help="what they are drawn by; S/N draws one of them again")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in known]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}: there are {', '.join(known)}")
    wrong = False
    for name in given.names or known:
        print(f"== {name}: {known[name].about}", flush=True)
        draws = given.draws or known[name].draws
        options = Options(size=given.size, runs=given.runs, keep=given.keep, draws=draws, seed=given.seed)
        wrong |= not known[name].run(options)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
