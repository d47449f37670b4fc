"""A file that another process reads shows the same, in the same order; a reader that dies or fails is said."""

import json
import os
import signal

import pytest

from leaktap.config import ConfigError
from leaktap.model import Exchange, Fault, Progress
from leaktap.sources import InputError, Reading, read
from leaktap.sources._ahead import _batches, ahead


def har(path, count=700, size=3000):
    entry = {
        "startedDateTime": "2026-11-21T10:00:00.000Z",
        "request": {"method": "POST", "url": "https://example.cn/a", "headers": [], "postData": {"text": "x" * size}},
        "response": {"status": 200, "headers": [], "content": {}},
    }
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": [entry] * count}}), encoding="utf-8")
    return path


def test_the_same_in_the_same_order(tmp_path):
    file = str(har(tmp_path / "a.har"))
    here = [item for item in read(file, Reading()) if not isinstance(item, Progress)]
    there = [item for item in ahead(file, "a.har", Reading()) if not isinstance(item, Progress)]
    assert len([item for item in here if isinstance(item, Exchange)]) == 700
    assert there == here


def test_only_large_files_are_read_ahead(tmp_path, monkeypatch):
    file = har(tmp_path / "a.har", count=2)
    asked = []
    monkeypatch.setattr("leaktap.sources.ahead", lambda *args: asked.append(args) or iter(()))
    for limit, expected in ((1 << 30, []), (10, [(str(file), "a.har", Reading(ahead=True))])):
        monkeypatch.setattr("leaktap.sources.AHEAD_FROM", limit)
        list(read(str(file), Reading()))
        list(read(str(file), Reading(ahead=True)))
        assert asked == expected


def test_what_reading_raises_is_raised_here(tmp_path):
    file = har(tmp_path / "a.har", count=2)
    with pytest.raises(InputError, match="no such file"):
        list(ahead(str(tmp_path / "none.har"), "none.har", Reading()))
    capture = tmp_path / "a.pcap"
    capture.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    with pytest.raises(ConfigError, match=r"none\.keys"):
        list(ahead(str(capture), "a.pcap", Reading(keys=(tmp_path / "none.keys",))))
    assert list(ahead(str(file), "a.har", Reading()))


def test_a_reader_that_dies_is_a_fault_after_what_it_showed(tmp_path):
    file = har(tmp_path / "a.har", count=4000)
    reader = ahead(str(file), "a.har", Reading())
    first = next(reader)
    child = reader.gi_frame.f_locals["child"]
    os.kill(child.pid, signal.SIGKILL)
    *_, last = [first, *reader]
    assert isinstance(last, Fault) and last.stage == "source" and "signal 9" in last.why


def test_a_reader_that_is_left_alone_ends(tmp_path):
    reader = ahead(str(har(tmp_path / "a.har", count=4000)), "a.har", Reading())
    next(reader)
    child = reader.gi_frame.f_locals["child"]
    reader.close()
    assert child.returncode is not None


def test_batches_end_at_progress_and_when_they_are_full():
    items = [Progress("a", 1), *[Fault("wire", "a", str(n)) for n in range(300)], Progress("a", 2)]
    batches = list(_batches(items))
    assert [len(batch) for batch in batches] == [1, 256, 45]
    assert [item for batch in batches for item in batch] == items
