"""Makes docs/demo.svg: what `make demo` prints on a terminal, as a picture for the README.

Run it as `python docs/make_picture.py` from the repository. The command runs on a real pseudo-terminal; rich reads its
colours and draws them.
"""

import fcntl
import io
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
CASE = "captures/shop"
WIDTH = 112
COMMAND = f"leaktap scan {CASE}/capture.pcapng --case {CASE}/case.yaml"


def output() -> str:
    """Returns what the command prints on a terminal of `WIDTH` columns, colours included."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    process = subprocess.Popen(
        [sys.executable, "-m", *COMMAND.split()],
        cwd=ROOT,
        stdout=theirs,
        stdin=subprocess.DEVNULL,
        env={**environment, "TERM": "xterm-256color", "TZ": "UTC", "COLORTERM": "truecolor"},
    )
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    if process.wait():
        raise SystemExit(f"{COMMAND}: exit {process.returncode}")
    return b"".join(pieces).decode().replace("\r\n", "\n")


def picture(printed: str) -> str:
    """Returns the SVG, without the fonts that rich would have viewers load from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "dim"), (COMMAND, "bold")))
    console.print(Text.from_ansi(printed))
    without_fonts = re.sub(r"@font-face \{\{.*?\n    \}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title="leaktap", code_format=without_fonts, unique_id="leaktap")


if __name__ == "__main__":
    (ROOT / "docs" / "demo.svg").write_text(picture(output()), encoding="utf-8")
