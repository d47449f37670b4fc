import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from leaktap.sinks import Options, SinkError, open_sink
from leaktap.sinks._table import no_formula
from leaktap.sinks._target import parse
from leaktap.sinks.markdown import code

SCHEMES, KNOWN = {"mqtt", "mqtts"}, {"user", "password", "ca"}


def parsed(target):
    return parse("mqtt", target, SCHEMES, KNOWN)


@pytest.mark.parametrize(
    ("target", "shown", "identity", "whole"),
    [
        ("mqtt://host", "mqtt://host", "mqtt://host", "mqtt://host"),
        ("MQTT://Host:1883/a/b", "mqtt://Host:1883", "MQTT://Host:1883/a/b", "MQTT://Host:1883/a/b"),
        (
            "mqtt://[2001:db8::1]:99/x",
            "mqtt://[2001:db8::1]:99",
            "mqtt://[2001:db8::1]:99/x",
            "mqtt://[2001:db8::1]:99/x",
        ),
        ("mqtt://tap@host/x#user=a", "mqtt://host", "mqtt://tap@host/x", "mqtt://tap@host/x#user=a"),
        ("mqtt://host#spool=/a/b&user=x", "mqtt://host", "mqtt://host", "mqtt://host#user=x"),
        ("mqtt://host#password=env:HOOK_SECRET", "mqtt://host", "mqtt://host", "mqtt://host#password=env:HOOK_SECRET"),
    ],
)
def test_what_is_kept_of_a_target(target, shown, identity, whole):
    made = parsed(target)
    assert (made.shown, made.identity, made.whole) == (shown, identity, whole)


def test_an_address_that_is_a_secret_is_kept_by_its_name(monkeypatch, tmp_path):
    monkeypatch.setenv("BROKER", "mqtts://tap:s3cret@broker.example:8883/topic")
    file = tmp_path / "broker"
    file.write_text("mqtts://tap:s3cret@broker.example:8883/topic\nsecond line\n")
    for name in ("env:BROKER", f"file:{file}"):
        made = parsed(f"{name}#user=x")
        assert (made.shown, made.whole) == ("mqtts://broker.example:8883", f"mqtt:{name}#user=x")
        assert made.url.password == "s3cret"
        assert "s3cret" not in made.shown + made.whole + made.identity


def test_a_secret_is_read_when_it_is_needed(monkeypatch, tmp_path):
    made = parsed("mqtt://host#password=env:PASSWORD")
    with pytest.raises(SinkError, match="the environment variable PASSWORD is not set"):
        made.secret("password")
    monkeypatch.setenv("PASSWORD", " pass word \n")
    assert made.secret("password") == "pass word"
    assert made.secret("user") == ""


@given(st.one_of(st.text(), st.builds("{}://{}#{}={}".format, st.text(), st.text(), st.text(), st.text())))
def test_any_text_is_a_target_or_an_error(text):
    try:
        made = parsed(text)
    except SinkError as error:
        assert str(error)
    else:
        assert made.host


@pytest.mark.parametrize("scheme", ["mqtt", "mqtts", "nats", "nats+tls", "syslog", "syslog+tcp", "syslog+tls", "https"])
def test_each_scheme_is_found_and_trying_it_sends_nothing(tmp_path, scheme):
    sink = open_sink(f"{scheme}://host.example:9/x#spool={tmp_path}", Options(dry=True), "text")
    sink.close()
    assert len(list(tmp_path.glob("*.sqlite3"))) == 1


@given(st.text(min_size=1))
def test_any_text_is_one_code_span_in_one_cell(text):
    table = f"| a | b |\n| --- | --- |\n| {code(text)} | x |\n"
    tokens = MarkdownIt("commonmark").enable("table").parse(table)
    cells = [token.children for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    assert [child.type for child in cells[2]] == ["code_inline"]


@given(st.text())
def test_no_cell_begins_a_formula(text):
    shown = no_formula(text)
    assert not re.match(r" *[=+\-@\t\r＝＋－＠]", shown) or shown.startswith("'")
    assert shown.removeprefix("'") == text or shown == text
