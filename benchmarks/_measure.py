"""Runs a command and says what it took: wall time, processor time and peak memory, as the kernel counts."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

_MAXRSS = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of ru_maxrss."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds of wall and processor time, peak bytes of memory, the exit code, and what went to stderr."""

    wall: float
    cpu: float
    memory: int
    code: int
    errors: str


def run(command: Sequence[str | Path], output: Path, environment: dict[str, str] | None = None) -> Run:
    """Runs a command with its output in a file. `environment` is added to this process's own."""
    errors = output.with_name(output.name + ".err")
    with output.open("wb") as out, errors.open("wb") as err:
        began = perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **(environment or {})})
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    return Run(
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * _MAXRSS,
        process.returncode,
        errors.read_text(errors="replace"),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
