"""The files by which a live session is found: private, and gone with its process."""

import os
import stat
import subprocess
import sys

import pytest

from leaktap import sessions
from leaktap.sessions import Running


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_a_session_is_found_as_it_was_announced():
    said = Running(os.getpid(), "http://127.0.0.1:8484", "secret", "http://leak.tap/?k=secret", "case.yaml")
    file = sessions.announce(said)
    assert sessions.running() == [said]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_one_whose_process_is_gone_is_removed():
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    file = sessions.announce(Running(done.pid, "http://127.0.0.1:1", "t", ""))
    assert sessions.running() == [] and not file.exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"pid": "x"}', b'{"pid": -1, "url":"","token":"","page":""}'])
def test_a_damaged_file_is_nothing(damage):
    sessions.folder().mkdir(mode=0o700)
    (sessions.folder() / "1-1.json").write_bytes(damage)
    assert sessions.running() == []


def test_without_a_folder_there_is_none():
    assert sessions.running() == []


def test_without_a_runtime_folder_it_is_the_state_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert sessions.folder() == tmp_path / "state" / "leaktap"
