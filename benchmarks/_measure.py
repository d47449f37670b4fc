"""Runs a command and says what it took: wall time, processor time and peak memory, as the kernel counts."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCH = Path(__file__).with_name("_launch.py")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds of wall and processor time, peak bytes of memory, the exit code, and what went to stderr."""

    wall: float
    cpu: float
    memory: int
    code: int
    errors: str


def run(command: Sequence[str | Path], output: Path) -> Run:
    """Runs a command with its output in a file. Python may keep what it compiles, as it does for users."""
    with output.open("wb") as file:
        launched = subprocess.run(
            [sys.executable, "-IS", _LAUNCH, *command],
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=True,
            env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        )
    errors, _, report = launched.stderr.rstrip("\n").rpartition("\n")
    return Run(**json.loads(report), errors=errors)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
