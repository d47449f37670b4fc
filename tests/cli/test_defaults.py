"""Defaults from leaktap.toml: what they change, who wins, and errors that name file, line and key."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leaktap.cli import run

SHOP = Path(__file__).parents[2] / "captures" / "shop"
HAR = str(SHOP / "capture.har")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in, with nothing configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    return tmp_path


def of_user(here, text):
    folder = here / "xdg" / "leaktap"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)
    return folder


def schemas(text):
    return {json.loads(line)["schema"] for line in text.splitlines()}


def test_a_file_gives_defaults(here, capsys):
    (here / "leaktap.toml").write_text('[scan]\nformat = "jsonl"\nfail-on = "info"\n')
    assert run(["scan", HAR]) == 1
    assert "leaktap.finding/1" in schemas(capsys.readouterr().out)


def test_what_is_given_wins(here, capsys):
    (here / "leaktap.toml").write_text('[scan]\nformat = "jsonl"\noutput = ["of-file.csv"]\nfail_on = "info"\n')
    assert run(["scan", HAR, "-o", "given.csv", "--fail-on", "critical"]) == 0
    assert (here / "given.csv").exists() and not (here / "of-file.csv").exists()


def test_no_config_leaves_it_alone(here, capsys):
    (here / "leaktap.toml").write_text("broken")
    assert run(["--no-config", "scan", HAR, "-o", "x.csv"]) == 0
    assert run(["scan", HAR, "-o", "x.csv"]) == 2


def test_help_comes_with_a_broken_file(here, capsys):
    (here / "leaktap.toml").write_text("broken")
    assert run(["scan", "--help"]) == 0 == run(["--help"])


def test_paths_are_from_where_the_file_lies(here, capsys):
    folder = of_user(here, '[scan]\ncase = "case.yaml"\nformat = "jsonl"\n')
    (folder / "case.yaml").write_text("app: {package: com.example.other}\n")
    assert run(["scan", HAR]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["case"]["app"]["package"] == "com.example.other"


def test_the_current_folder_comes_before_the_user(here, capsys):
    of_user(here, '[scan]\nformat = "jsonl"\n')
    (here / "leaktap.toml").write_text("[scan]\n")
    assert run(["scan", HAR]) == 0
    assert "exchanges" in capsys.readouterr().out


def test_groups_have_tables_of_their_own(here, capsys):
    (here / "leaktap.toml").write_text("[sdk.list]\njson = true\n")
    assert run(["sdk", "list", "umeng"]) == 0
    assert json.loads(capsys.readouterr().out)["companies"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[scan", "leaktap.toml:1: is no TOML: "),
        ("\n[scan]\nformat = jsonl\n", "leaktap.toml:3: is no TOML: "),
        ("[scam]\n", "leaktap.toml:1: scam: is no command or option of leaktap: did you mean 'scan'?"),
        (
            '[scan]\n\ndevise = ["a"]\n',
            "leaktap.toml:3: scan.devise: is no option of leaktap scan: did you mean 'device'?",
        ),
        (
            "[scan]\nhelp = true\n",
            "leaktap.toml:2: scan.help: is no option of leaktap scan: there are ",
        ),
        ("[scan]\ninputs = []\n", "leaktap.toml:2: scan.inputs: is no option of leaktap scan: "),
        ('[scan]\njobs = "two"\n', "leaktap.toml:2: scan.jobs: must be a whole number, not 'two'"),
        ("[scan]\njobs = true\n", "leaktap.toml:2: scan.jobs: must be a whole number, not True"),
        ("[scan]\nreveal = 1\n", "leaktap.toml:2: scan.reveal: must be true or false, not 1"),
        ("[scan]\noutput = [1]\n", "leaktap.toml:2: scan.output: must be a text in quotes, not 1"),
        ("scan = 3\n", "leaktap.toml:1: scan: is no command or option of leaktap"),
        ("[scan]\ncase = {a = 1}\n", "leaktap.toml:2: scan.case: must be a text in quotes"),
        ('[scan]\nfail-on = "worst"\n', "leaktap.toml:2: scan.fail-on: --fail-on worst: is no severity: use one of "),
        ("[scan]\njobs = 0\n", "leaktap.toml:2: scan.jobs: --jobs 0: there must be a process: "),
        ("quiet = 1\n", "leaktap.toml:1: quiet: must be true or false, not 1"),
    ],
)
def test_an_error_is_one_line_with_file_line_and_key(here, capsys, text, words):
    (here / "leaktap.toml").write_text(text)
    assert run(["scan", HAR]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert said.err.startswith(f"leaktap: {words}")


def test_an_option_that_is_given_is_not_blamed_on_the_file(here, capsys):
    (here / "leaktap.toml").write_text('[scan]\nfail-on = "high"\n')
    assert run(["scan", HAR, "--fail-on", "worst"]) == 2
    assert capsys.readouterr().err.startswith("leaktap: --fail-on worst: ")


def test_no_file_costs_nothing(here):
    program = "import sys; from leaktap.cli import run; run(['addon-path']); print('tomllib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=here)
    assert done.stdout.endswith("False\n")
