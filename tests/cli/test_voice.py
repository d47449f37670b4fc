"""What a person at a terminal is told beside the results, and what a pipe, --quiet and --verbose change of it."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests._waiting import PATIENCE

RUN = "from leaktap.cli import _progress, main; _progress._PATIENCE = float('inf'); main()"
"""leaktap, without the bar that a machine may be slow enough to be shown."""
SHOP = Path(__file__).parents[2] / "captures" / "shop"
HAR = str(SHOP / "capture.har")
CASE = ["--case", str(SHOP / "case.yaml")]


def said(*arguments, folder, terminal=True, **environment):
    """Returns what a run says on standard error, a terminal or a pipe."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "XDG_CONFIG_HOME": str(folder), **environment},
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
    assert process.wait(timeout=PATIENCE) == 0
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("options", "words", "others"),
    [
        ([], ["--device FILE", "--consent TIME", "--case FILE", "leaktap init"], []),
        (["--before-consent"], ["--device FILE", "--case FILE"], ["--consent TIME"]),
        (["--device", str(SHOP / "device.yaml")], ["--consent TIME", "--case FILE"], ["--device FILE"]),
    ],
)
def test_what_is_not_configured_is_hinted_at_once(tmp_path, options, words, others):
    text = said("scan", HAR, *options, folder=tmp_path)
    assert text.count("hint:") == 1
    assert all(word in text for word in words)
    assert not any(word in text for word in others)


@pytest.mark.parametrize(
    "options", [CASE, ["--quiet"], ["-q"], ["--device", str(SHOP / "device.yaml"), "--before-consent"]]
)
def test_there_is_no_hint_where_it_would_nag(tmp_path, options):
    assert said("scan", HAR, *options, folder=tmp_path) == ""


def test_a_pipe_gets_nothing(tmp_path):
    assert said("scan", HAR, "-o", "x.jsonl", folder=tmp_path, terminal=False) == ""


def test_the_last_line_says_what_was_found(tmp_path):
    (line,) = said("scan", HAR, *CASE, "-o", "x.jsonl", "-o", "y.csv", folder=tmp_path).splitlines()
    assert line.startswith("leaktap: 5 findings (3 high, 2 info); imei, ")
    assert "before consent" in line and line.endswith("100% inspected: x.jsonl, y.csv")


@pytest.mark.parametrize("where", [["-q", "scan"], ["scan", "-q"], ["scan", "--quiet"]])
def test_quiet_is_quiet(tmp_path, where):
    assert said(*where, HAR, *CASE, "-o", "x.jsonl", folder=tmp_path) == ""


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("where", [["-v", "scan"], ["scan", "--verbose"]])
def test_verbose_says_what_is_done(tmp_path, where, terminal):
    text = said(*where, HAR, *CASE, "-o", "x.jsonl", folder=tmp_path, terminal=terminal)
    assert "capture.har: " in text and "devices: lab-phone-3" in text and "5 findings" in text
    assert "\x1b" not in text


def test_the_table_has_no_line_after_it(tmp_path):
    assert said("scan", HAR, *CASE, folder=tmp_path) == ""


def test_a_file_makes_it_quiet(tmp_path):
    (tmp_path / "leaktap.toml").write_text("quiet = true\n")
    assert said("scan", HAR, folder=tmp_path) == ""
