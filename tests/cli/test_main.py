"""The command line as a user meets it: real processes."""

import os
import re
import subprocess
import sys

import pytest

import leaktap
from tests._waiting import PATIENCE

HEAVY = ("rich", "pydantic", "numpy", "hyperscan", "mitmproxy", "scapy", "cryptography", "orjson", "yaml", "asyncio")


def leak(*arguments, **options):
    command = [sys.executable, "-m", "leaktap", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **options)


def test_the_installed_command_is_the_same():
    assert leak("--version").stdout == f"leaktap {leaktap.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_names_the_commands(arguments):
    done = leak(*arguments)
    assert done.returncode == 0
    assert done.stderr == ""
    assert re.search(r"^  scan +\w", done.stdout, re.M)


def test_help_comes_at_once(tmp_path):
    """By the processor's time, in measures of what Python itself takes to import a few of its own modules."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = kept | {"PYTHONPYCACHEPREFIX": str(tmp_path)}

    def took(*arguments):
        process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime

    both = [(took("-m", "leaktap", "--help"), took("-c", "import argparse, dataclasses, json")) for _ in range(8)]
    ours, measure = (min(times[1:]) for times in zip(*both, strict=True))  # the first compiles
    assert ours < 12 * measure


def test_help_imports_nothing_heavy():
    program = (
        "import sys; from leaktap.cli import run; code = run(['--help']);"
        f"heavy = [name for name in {HEAVY} if name in sys.modules]; print(heavy, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--bogus"], "--bogus"),
        (["bogus"], "bogus"),
        (["scan"], "INPUT"),
        (["scan", "--bogus", "x"], "--bogus"),
        (["scan", "x", "--case"], "--case"),
        (["scan", "x", "--jobs", "many"], "--jobs"),
        (["scan", "x", "--engine", "dpkt"], "--engine dpkt: is no engine: use native, tshark or auto"),
        (["scan", "x", "--fail-on", "worst"], "is no severity: use one of critical, high, medium, low, info"),
        (["scan", "-", "-"], "only once"),
    ],
)
def test_a_usage_error_is_one_line(arguments, words):
    done = leak(*arguments, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"leaktap: [^\n]+\n", done.stderr)
    assert words in done.stderr


def test_a_hostile_argument_cannot_leave_its_line():
    done = leak("scan", "\x1b[31m\nleaktap: all is well\u202e")
    assert done.returncode == 2
    assert re.fullmatch(r"leaktap: [^\n\x1b\u202e]+\n", done.stderr)
