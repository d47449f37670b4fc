import pytest

from leaktap.sinks import Options, SinkError, kinds, open_sink
from leaktap.sinks.jsonl import JsonLines
from leaktap.sinks.text import TextTable


@pytest.mark.parametrize(
    ("target", "default", "kind"),
    [
        ("-", "text", TextTable),
        ("-", "jsonl", JsonLines),
        ("jsonl:-", "text", JsonLines),
        ("TEXT:-", "jsonl", TextTable),
        ("{}/a.jsonl", "text", JsonLines),
        ("{}/a.NDJSON", "text", JsonLines),
        ("{}/a.txt", "jsonl", TextTable),
        ("{}/odd:name.txt", "jsonl", TextTable),
        ("jsonl:{}/a.txt", "text", JsonLines),
        ("text:{}/a", "text", TextTable),
    ],
)
def test_scheme_then_ending_then_format(tmp_path, target, default, kind):
    sink = open_sink(target.format(tmp_path), Options(), default)
    assert isinstance(sink, kind)
    sink.close()


@pytest.mark.parametrize("target", ["{}/a", "{}/a.docx", "{}/.jsonl", "amqp://host/x", "", "{}/a.jsonl.gz"])
def test_an_unknown_target_names_the_known_ones(tmp_path, target):
    with pytest.raises(SinkError) as raised:
        open_sink(target.format(tmp_path), Options(), "text")
    for word in (".jsonl", ".txt", "jsonl:", "text:"):
        assert word in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_names_the_known_ones():
    known = "csv, ecs, eve, html, jsonl, junit, markdown, sarif, text, xlsx"
    with pytest.raises(SinkError, match=f"'yaml' is no format: use one of {known}$"):
        open_sink("-", Options(), "yaml")


def test_names_and_schemes_belong_to_one_kind_each():
    names = [name for kind in kinds() for name in (kind.name, *kind.schemes)]
    endings = [ending for kind in kinds() for ending in kind.endings]
    assert len(set(names)) == len(names)
    assert len(set(endings)) == len(endings)
