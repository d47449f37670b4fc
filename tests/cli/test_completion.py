"""The printed scripts, asked by the shells themselves what they would complete."""

import shutil
import subprocess

import pytest

from leaktap.cli import run
from tests._waiting import PATIENCE

SEVERITIES = {"critical", "high", "medium", "low", "info"}
ROWS = [
    ("leaktap ", {"scan", "live", "sdk", "completion", "device"}, {"new", "lookup"}),
    ("leaktap sc", {"scan"}, {"live"}),
    ("leaktap sdk ", {"lookup", "list", "import"}, {"scan"}),
    ("leaktap scan --fail-on ", SEVERITIES, {"--case", "text"}),
    ("leaktap scan --fail-on h", {"high"}, {"low"}),
    ("leaktap scan --format ", {"text", "jsonl"}, {"high"}),
    ("leaktap scan --case case.yaml --eng", {"--engine"}, {"--events"}),
    ("leaktap live --ui ", {"console", "web", "dump"}, {"scan"}),
    ("leaktap completion ", {"bash", "zsh", "fish"}, {"scan"}),
    ("leaktap scan ", {"capture.har"}, {"scan", "high"}),
    ("leaktap sdk list --js", {"--json"}, {"--case"}),
]


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request, tmp_path, capsys, monkeypatch):
    """Returns a function that says what a shell offers for the end of a line."""
    name = request.param
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    assert run(["completion", name]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "capture.har").write_text("{}")
    return lambda line: ASK[name](script, line, folder)


def asked(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    return {line.partition("\t")[0] for line in done.stdout.splitlines()}


def ask_bash(script, line, folder):
    words = line.split() + ([""] if line.endswith(" ") else [])
    typed = " ".join(word or "''" for word in words)
    program = f"""
        . {script}
        COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}
        _leaktap
        if [ ${{#COMPREPLY[@]}} = 0 ]; then compgen -f -- "{words[-1]}"; else printf "%s\\n" "${{COMPREPLY[@]}}"; fi
        true
    """
    return asked(["bash", "--norc", "-c", program], folder)


def ask_fish(script, line, folder):
    program = f"source {script}; complete -C '{line}'"
    return asked(["fish", "--no-config", "-c", program], folder)


def ask_zsh(script, line, folder):
    """Types the line into a zsh of its own, in which whatever is added to the list is printed."""
    program = f"""
        zmodload zsh/zpty
        zpty inner zsh -f -i
        zpty -w inner 'PS1= PS2=; unsetopt zle_bracketed_paste 2>/dev/null; autoload -Uz compinit; compinit -u -D'
        zpty -w inner 'source {script}'
        zpty -w inner 'compadd() {{ local -a found; builtin compadd -O found "$@"
            print -r -- "<${{(j:><:)found}}>" }}'
        zpty -w inner 'bindkey "^I" complete-word; zle -C complete-word complete-word _main_complete; print be"gi"n'
        zpty -r -m inner all '*begin*'
        zpty -w -n inner '{line}'$'\\t'
        sleep 1.5
        while zpty -rt inner piece; do print -r -- "$piece"; done
    """
    done = subprocess.run(["zsh", "-f", "-c", program], cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    return {word for part in done.stdout.split("<") for word in [part.partition(">")[0]] if word}


ASK = {"bash": ask_bash, "zsh": ask_zsh, "fish": ask_fish}


@pytest.mark.parametrize(("line", "offered", "others"), ROWS, ids=[row[0] for row in ROWS])
def test_what_is_offered(shell, line, offered, others):
    found = shell(line)
    assert offered <= found
    assert not others & found


def test_a_shell_that_is_none_is_one_line(capsys):
    assert run(["completion", "csh"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
