"""`python -m fuzz.decoders`: looks for bytes that break a decoder, led by what code they reach.

The search is atheris' (libFuzzer for Python, https://github.com/google/atheris), which has wheels for Linux alone. It
begins with the samples of the decoders' tests and goes on behind what it finds.
"""

import argparse
import atexit
import hashlib
import sys
from pathlib import Path

LONGEST = 4096
"""Bytes of an input."""


def main(arguments: list[str]) -> int:
    """Searches; returns the exit code only where there is nothing to search with."""
    parser = argparse.ArgumentParser("python -m fuzz.decoders", description=__doc__)
    parser.add_argument("--seconds", type=int, default=3600, help="stop after that time")
    parser.add_argument("--seed", type=int, default=1, help="another number leads elsewhere")
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz-corpus"), help="where what reaches new code is kept")
    parser.add_argument("--output", type=Path, default=Path("fuzz-failures"), help="where failing inputs are saved")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="try a failing input again, and nothing else")
    options = parser.parse_args(arguments)
    if options.replay:
        from fuzz.decoding import Target

        Target(options.output).read(options.replay.read_bytes())
        return 0
    try:
        import atheris
    except ImportError:
        parser.error("atheris is missing: pip install atheris (Linux)")
    with atheris.instrument_imports(include=["leaktap.decoders"]):
        from fuzz.decoding import Target
    target = Target(options.output)
    options.corpus.mkdir(parents=True, exist_ok=True)
    for sample in target.samples():
        (options.corpus / hashlib.sha256(sample).hexdigest()[:16]).write_bytes(sample)
    search = [
        f"-max_total_time={options.seconds}",
        f"-seed={options.seed}",
        f"-max_len={LONGEST}",
        "-rss_limit_mb=4096",
    ]
    atheris.Setup([sys.argv[0], *search, "-timeout=60", "-print_final_stats=1", str(options.corpus)], target)
    atexit.register(lambda: print(f"{target.inputs} inputs, {target.kinds.total()} failed", flush=True))
    atheris.Fuzz()
    return int(bool(target.kinds))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
