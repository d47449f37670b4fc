"""Marks and addresses: all that a mark names must hold, and what a file may not say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.attribution._catalogue import catalogue, load
from leaktap.attribution._marks import Address, Mark, Marks, Ranges
from leaktap.config import ConfigError
from leaktap.model import Leaf, Message

MARK = Mark(path="/c[0-9]+/collect", query=("stm",), headers=("X-Codec",), body=("events", "#id"), source="test")


def request(target="/c1/collect?stm=1&x", headers=("x-codec",), body=b'{"events":[{"#id":1}]}'):
    return Message(("POST", target, "HTTP/1.1"), tuple((name.encode(), b"1") for name in headers), body)


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        (request(), True),
        (request(target="/c22/collect/more?a=b&stm"), True),
        (request(headers=("Host", "X-CODEC")), True),
        (request(target="/c1/collect"), False),
        (request(target="/c1/collect?x=stm"), False),
        (request(target="/c1/collect?stm2=1"), False),
        (request(target="/v/c1/collect?stm=1"), False),
        (request(target="/c/collect?stm=1"), False),
        (request(headers=()), False),
        (request(headers=("x-codec2",)), False),
        (request(body=b'{"events":[]}'), False),
        (request(body=b""), False),
        (request(body=b" " * (64 << 10) + b'{"events":[{"#id":1}]}'), False),
    ],
)
def test_all_of_a_mark_must_hold(asked, holds):
    assert Marks([MARK]).held("a.example", asked, ()) == ((0,) if holds else ())


def test_words_of_the_body_may_be_keys_that_were_decoded():
    leaves = [Leaf("request.body|gzip|json.$.events[0].#id", b"1", ("events", "#id"), ("gzip", "json"))]
    assert Marks([MARK]).held("a.example", request(body=b"\x1f\x8b"), leaves) == (0,)
    assert Marks([MARK]).held("a.example", request(body=b"\x1f\x8b"), leaves[1:]) == ()


@pytest.mark.parametrize(
    ("host", "held"),
    [("a.example", (0,)), ("b.a.example", (0,)), ("ba.example", ()), ("example", ()), ("", ())],
)
def test_a_mark_of_a_host_counts_at_and_below_it(host, held):
    assert Marks([Mark(host="a.example", path="/c", source="x")]).held(host, request(), ()) == held


def test_the_mark_that_asks_for_most_comes_first():
    marks = Marks([Mark(path="/c", source="x"), MARK, Mark(path="/c1", query=("stm",), source="x")])
    assert marks.held("a.example", request(), ()) == (1, 2, 0)


RANGES = Ranges(
    [
        (Address(network="203.0.113.0/24", source="x"), "net"),
        (Address(network="203.0.113.7", ports=19000, transport="udp", source="x"), "one"),
        (Address(network="2001:db8::/64", ports=(80, 443), source="x"), "six"),
    ]
)


@pytest.mark.parametrize(
    ("ip", "port", "transport", "found"),
    [
        ("203.0.113.7", 19000, "udp", "one"),
        ("203.0.113.7", 19000, "", "one"),
        ("203.0.113.7", 19000, "tcp", "net"),
        ("203.0.113.7", 19001, "udp", "net"),
        ("203.0.114.7", 19000, "udp", None),
        ("2001:db8::9", 443, "tcp", "six"),
        ("2001:db8::9", 8443, "tcp", None),
        ("2001:db9::9", 443, "tcp", None),
        ("", 443, "tcp", None),
        ("a.example", 443, "tcp", None),
    ],
)
def test_the_smallest_network_wins(ip, port, transport, found):
    said = RANGES.find(ip, port, transport)
    assert (said[1] if said else None) == found


FILE = """\
company: Example
apps: [{package: com.example, source: "its page"}]
sdks:
  - name: Example Analytics
    kind: analytics
    purpose: usage statistics
    marks:
      - {path: "/collect$", query: stm, source: "its code"}
    addresses:
      - {network: 203.0.113.7, ports: [19000], source: "its code"}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "example.yaml").write_text(text, encoding="utf-8")
    return folder


def test_an_sdk_may_have_marks_and_no_host(tmp_path):
    known = load(write(tmp_path, FILE))
    ((company, sdk, mark),) = known.marked
    assert (company.company, sdk.name, mark.query) == ("Example", "Example Analytics", ("stm",))
    assert str(mark) == "path /collect$; query stm"
    assert known.addresses.find("203.0.113.7", 19000, "tcp")[1] == (company, sdk)


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ('"/collect$"', '"/collect("', 8, "no regular expression"),
        ('path: "/collect$", query: stm, ', "", 8, "says nothing"),
        (', source: "its code"}\n    addr', "}\n    addr", 8, "required"),
        ("query: stm", "querry: stm", 8, "did you mean 'query'"),
        ("203.0.113.7", "203.0.113.7/24", 10, "host bits"),
        ("203.0.113.7", "example.net", 10, "does not appear to be"),
        ("ports: [19000]", "ports: [many]", 10, "integer"),
        ("ports: [19000]", "transport: sctp", 10, "'tcp'"),
        (', source: "its page"', "", 2, "required"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, old, new, line, why):
    assert old in FILE
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, FILE.replace(old, new, 1)))
    assert (error.value.line, why in error.value.why) == (line, True), error.value


@pytest.mark.parametrize(
    ("package", "found"),
    [
        ("com.example", "com.example"),
        ("com.example.shop.lite", "com.example"),
        ("com.examples", None),
        ("com", None),
        ("", None),
    ],
)
def test_who_makes_an_app(tmp_path, package, found):
    maker = load(write(tmp_path, FILE)).maker(package)
    assert (maker[0] if maker else None) == found


KNOWN = catalogue()


@given(st.text(max_size=60), st.binary(max_size=200), st.lists(st.binary(max_size=20), max_size=4))
def test_any_request_has_marks_or_none(target, body, names):
    asked = Message(("POST", target, "HTTP/1.1"), tuple((name, b"") for name in names), body)
    assert isinstance(KNOWN.marks.held("a.example", asked, ()), tuple)
