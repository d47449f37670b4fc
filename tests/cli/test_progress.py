"""The bar of a run on a real terminal, which is told how long the run takes."""

import os
import pty
import subprocess
import sys

import pytest

from tests._waiting import PATIENCE

PROGRAM = """
import sys, time
from leaktap.cli import _progress
now = 0.0
_progress.monotonic = lambda: now
with _progress.Meter(sys.argv[2:]) as meter:
    meter.at(0, 1000)
    now = float(sys.argv[1])
    meter.at(0, 2000)
    meter.at(1, 1000)
    print("said meanwhile", file=sys.stderr)
    time.sleep(0.2)
print("done")
"""


def run(folder, seconds, *names, terminal=True):
    """Returns what the program says on standard output and on a terminal or pipe as standard error."""
    for name in names:
        (folder / name).write_bytes(bytes(4000)) if name.startswith("file") else os.mkfifo(folder / name)
    ours, theirs = pty.openpty() if terminal else os.pipe()
    command = [sys.executable, "-c", PROGRAM, str(seconds), *names]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    out = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0
    return out, shown.decode()


def test_a_long_run_shows_a_bar_and_takes_it_away(tmp_path):
    out, shown = run(tmp_path, 1.1, "file-1", "file-2")
    assert out == b"done\n"
    assert "reading" in shown
    assert "5.0/8.0 kB" in shown
    assert "said meanwhile" in shown
    assert shown.rstrip().endswith("\x1b[2K") or "\x1b[2K" in shown[shown.rindex("reading") :]


def test_a_pipe_has_no_end_to_show(tmp_path):
    _, shown = run(tmp_path, 1.1, "file-1", "pipe")
    assert "reading" in shown
    assert "8.0 kB" not in shown


@pytest.mark.parametrize(("seconds", "terminal"), [(0, True), (1.1, False)])
def test_a_short_run_or_a_pipe_shows_none(tmp_path, seconds, terminal):
    out, shown = run(tmp_path, seconds, "file-1", "file-2", terminal=terminal)
    assert out == b"done\n"
    assert shown.replace("\r", "") == "said meanwhile\n"
