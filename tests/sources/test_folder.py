"""A folder as inputs: captures in it are found by content, everything else is passed over."""

import gzip
import shutil
from pathlib import Path

import pytest

from leaktap.cli import run
from leaktap.sources import InputError, inputs_of

SHOP = Path(__file__).parents[2] / "captures" / "shop"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b" / "deeper").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    shutil.copy(SHOP / "capture.pcapng", tmp_path / "z.anything")
    shutil.copy(SHOP / "capture.har", tmp_path / "a.txt")
    shutil.copy(SHOP / "capture.flows", tmp_path / "b" / "deeper" / "flows")
    (tmp_path / "b" / "packed").write_bytes(gzip.compress((SHOP / "capture.pcapng").read_bytes()))
    shutil.copy(SHOP / "capture.pcapng", tmp_path / ".hidden" / "capture.pcapng")
    shutil.copy(SHOP / "capture.pcapng", tmp_path / ".capture.pcapng")
    shutil.copy(SHOP / "case.yaml", tmp_path)
    (tmp_path / "notes.md").write_text("no capture", encoding="utf-8")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "result.jsonl").write_text('{"schema": "leaktap.summary/1"}\n', encoding="utf-8")
    (tmp_path / "loop").symlink_to(tmp_path)
    return tmp_path


def test_what_is_readable_is_found_by_content(folder):
    found = [str(Path(path).relative_to(folder)) for path in inputs_of(str(folder))]
    assert found == ["a.txt", "z.anything", "b/packed", "b/deeper/flows"]


def test_a_folder_without_captures_is_refused(tmp_path, capsys):
    (tmp_path / "notes.md").write_text("no capture", encoding="utf-8")
    with pytest.raises(InputError, match="has no "):
        inputs_of(str(tmp_path))
    assert run(["scan", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_is_scanned_like_the_files_in_it(folder, capsys):
    assert run(["scan", str(folder), "--format", "jsonl"]) == 0
    whole = capsys.readouterr().out
    assert run(["scan", *inputs_of(str(folder)), "--format", "jsonl"]) == 0
    one_by_one = capsys.readouterr().out
    findings = [[line for line in out.splitlines() if "leaktap.finding" in line] for out in (whole, one_by_one)]
    assert findings[0] == findings[1] and len(findings[0]) > 10


def test_a_file_that_is_also_in_the_folder_is_read_once(folder, capsys):
    assert run(["scan", str(folder / "b"), str(folder / "b" / "packed"), "--format", "jsonl"]) == 0
    summary = capsys.readouterr().out.splitlines()[-1]
    assert summary.count("packed") == 2  # among the names, and among the files
