import json
import os
import stat
import subprocess
import sys

import pytest

from leaktap.sinks import Options, SinkError, open_sink
from leaktap.sinks.jsonl import to_json
from tests.sinks.samples import blind, fault, finding, summary


def test_one_line_a_record_at_once(tmp_path):
    file = tmp_path / "out.jsonl"
    sink = open_sink(str(file), Options(), "text")
    for number, item in enumerate((finding(), blind(), fault(), summary()), 1):
        sink.write(item)
        assert file.read_bytes().count(b"\n") == number
    sink.close()
    schemas = [json.loads(line)["schema"] for line in file.read_text().splitlines()]
    assert schemas == [f"leaktap.{name}/1" for name in ("finding", "blind", "fault", "summary")]


def test_a_new_file_is_its_owners_alone(tmp_path):
    file = tmp_path / "out.ndjson"
    mask = os.umask(0)
    try:
        open_sink(str(file), Options(), "text").close()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_reveal(tmp_path):
    for reveal in (False, True):
        sink = open_sink(str(tmp_path / "out.jsonl"), Options(reveal=reveal), "text")
        sink.write(finding())
        sink.close()
        assert ("867530912345672" in (tmp_path / "out.jsonl").read_text()) is reveal


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"a": "\ud800x"}, b'{"a":"?x"}'),
        ({"a": {"\udcff": ["\udcff", 1]}}, b'{"a":{"?":["?",1]}}'),
        ({"a": 1 << 70, "b": True}, b'{"a":"1180591620717411303424","b":true}'),
        ({"a": float("nan")}, b'{"a":null}'),
        ({"a": "线\u202e\n"}, '{"a":"线\u202e\\n"}'.encode()),
    ],
)
def test_what_json_cannot_say(fields, line):
    assert to_json(fields) == line


@pytest.mark.parametrize("target", ["/dev/full", "{folder}/none/out.jsonl", "{folder}"])
def test_a_target_that_cannot_be_written(tmp_path, target):
    target = "jsonl:" + target.format(folder=tmp_path)
    with pytest.raises(SinkError, match=r"cannot be written \("):
        open_sink(target, Options(), "text").write(finding())


def test_a_reader_that_leaves_ends_it_quietly():
    program = (
        "from leaktap.sinks import *\n"
        "from tests.sinks.samples import finding\n"
        "sink = open_sink('-', Options(), 'jsonl')\n"
        "try:\n"
        "    for _ in range(10000): sink.write(finding())\n"
        "except ReaderGone: raise SystemExit(141)\n"
    )
    command = f"{sys.executable} -c '{program.replace(chr(39), chr(34))}' | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (141, "", 1)
