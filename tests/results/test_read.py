"""Result files: what was written is read back, and what is none is refused with its place."""

import io
import itertools
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.results import ResultError, read_results
from leaktap.sinks import Options, open_sink
from leaktap.sinks._record import record
from leaktap.sinks.jsonl import to_json
from tests.sinks.samples import blind, declared, fault, finding, inventory, summary

ALL = (finding(), blind(), fault(), inventory(), declared(), summary())
FAULT = to_json(record(fault(), False))


def written(folder, *lines):
    file = folder / "run.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return file


def test_what_a_sink_writes_is_read_back(tmp_path):
    file = tmp_path / "run.jsonl"
    sink = open_sink(str(file), Options(), "text")
    for item in ALL:
        sink.write(item)
    sink.close()
    assert list(read_results(file)) == [record(item, False) for item in ALL]


def test_a_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FAULT + b"\n\n" + FAULT)))
    assert [item["schema"] for item in read_results("-")] == ["leaktap.fault/1"] * 2


def test_empty_lines_and_unknown_fields_are_let_be(tmp_path):
    file = written(tmp_path, b"", FAULT[:-1] + b',"novel":1}', b"  ", FAULT + b"\r")
    assert [item.get("novel") for item in read_results(file)] == [1, None]


def test_an_earlier_summary_lacks_what_is_new(tmp_path):
    fields = record(summary(), False)
    for name in ("files", "case", "declared", "versions"):
        del fields[name]
    (item,) = read_results(written(tmp_path, to_json(fields)))
    assert "case" not in item


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([FAULT, b'{"a":'], "line 2: is no JSON (EOF while parsing"),
        ([b"\xd4\xc3\xb2\xa1"], "line 1: is no JSON: a result file is what leaktap scan INPUT -o FILE.jsonl writes"),
        ([b"{}"], "line 1: has no schema: it is no record of leaktap"),
        ([b"[1]"], "line 1: has no schema"),
        ([b"7"], "line 1: has no schema"),
        ([b"null"], "line 1: has no schema"),
        ([FAULT, b"", FAULT.replace(b"fault/1", b"fault/2")], "line 3: 'leaktap.fault/2' is of another version than"),
        ([FAULT.replace(b"fault/1", b"novelty/1")], "line 1: 'leaktap.novelty/1' is no kind of record"),
        ([FAULT.replace(b'leaktap.fault/1"', b"x" * 999 + b'"')], "x…' is no kind of record"),
        ([FAULT.replace(b'"leaktap.fault/1"', b"7")], "line 1: '7' is no kind of record"),
        ([FAULT.replace(b'"stage"', b'"stadium"')], "line 1: stage of leaktap.fault/1 is missing"),
        ([FAULT.replace(b'"source"', b"7")], "line 1: stage of leaktap.fault/1 is not as it should be (Input should"),
        (
            [to_json(record(finding(), False)).replace(b'"party":"third"', b'"party":"fourth"')],
            "line 1: owner.party of leaktap.finding/1 is not as it should be",
        ),
        (
            [to_json(record(finding(), False)).replace(b'"severity":"medium"', b'"severity":3', 1)],
            "line 1: clauses[1].severity of leaktap.finding/1 is not as it should be",
        ),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(tmp_path, lines, why):
    file = written(tmp_path, *lines)
    with pytest.raises(ResultError) as caught:
        list(read_results(file))
    assert str(caught.value).startswith(f"{file}: line ") and why in str(caught.value)


def test_a_run_that_was_cut_off_gives_what_there_is(tmp_path):
    file = tmp_path / "run.jsonl"
    file.write_bytes(FAULT + b"\n" + FAULT[:-9])
    items = read_results(file)
    assert next(items)["schema"] == "leaktap.fault/1"
    with pytest.raises(ResultError, match="line 2: is cut off: the run that wrote it did not come to its end"):
        next(items)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ResultError, match=r"none\.jsonl: cannot be read \(No such file"):
        next(read_results(tmp_path / "none.jsonl"))
    with pytest.raises(ResultError, match=r"cannot be read \(Is a directory"):
        next(read_results(tmp_path))


def test_memory_stays_flat(tmp_path):
    line = to_json(record(finding(), False)) + b"\n"
    file = tmp_path / "run.jsonl"
    with file.open("wb") as stream:
        stream.writelines(itertools.repeat(line, 20_000))
    next(read_results(file))
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_results(file)) == 20_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_are_records_or_refused(tmp_path_factory, lines):
    file = written(tmp_path_factory.getbasetemp(), *lines)
    try:
        list(read_results(Path(file)))
    except ResultError as error:
        assert str(error).startswith(str(file))
