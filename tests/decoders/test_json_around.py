"""The containers around places of a JSON text are those that parsing all of it leads to."""

import json
import re
from random import Random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders import Limits, Part, walk
from leaktap.decoders import json as decoder
from leaktap.decoders._api import Context
from leaktap.decoders._json_around import around
from leaktap.model import Leaf

TEXT = rb'{"a": {"b\"{[": [1, [2, "],["], {"id": "x", "k": {}}]}, "c": ["y", "\\"], "z": 3}'


@pytest.mark.parametrize(
    ("place", "text", "steps"),
    [
        (b'"x"', b'{"id": "x", "k": {}}', ("a", 'b"{[', 2)),
        (b"{}", b"{}", ("a", 'b"{[', 2, "k")),
        (b'"k": {', b'{"id": "x", "k": {}}', ("a", 'b"{[', 2)),
        (b'2, "', b'[2, "],["]', ("a", 'b"{[', 1)),
        (b"],[", b'[2, "],["]', ("a", 'b"{[', 1)),
        (b"[1", rb'[1, [2, "],["], {"id": "x", "k": {}}]', ("a", 'b"{[')),
        (b"y", rb'["y", "\\"]', ("c",)),
        (b'"z": 3', TEXT, ()),
        (b'"a": {', TEXT, ()),
        (rb"\"{[", rb'{"b\"{[": [1, [2, "],["], {"id": "x", "k": {}}]}', ("a",)),
    ],
)
def test_what_is_around_a_place(place, text, steps):
    assert TEXT.count(place) == 1
    (found,) = around(TEXT, [TEXT.index(place) + len(place)])
    assert (TEXT[found.begin : found.end], found.steps) == (text, steps)


def test_of_containers_within_each_other_the_outer_one_is_told():
    places = [TEXT.index(sign) + 1 for sign in (b'"x"', b"1, [", b"],[", b"y")]
    assert [each.steps for each in around(TEXT, places)] == [("a", 'b"{['), ("c",)]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"1234",
        b'"text"',
        b'{"a": 1} {"b": 2}',
        b'{"a": [1, 2}',
        b'{"a": "b}',
        b'}{"a": 1',
        b"[" * 40 + b" 1" + b"]" * 40,
        b'{"\\x": {"a": 1234567890}}',
        b"{a: { 1}}",
        b'{"a": "' + b'\\"' * 2000 + b'"}',
    ],
)
def test_what_cannot_be_told(text):
    assert around(text, [max(text.rfind(b"1"), 1)]) is None


def test_many_places_are_not_told():
    assert around(TEXT, [2] * 51) is None


values = st.recursive(
    st.text('ab{}[]",\\ é\n', max_size=6) | st.integers(-5, 5) | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('ab{}[]",\\.1é', max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


def within(document, steps):
    for each in steps:
        document = document[each]
    return document


@given(st.lists(values, max_size=5) | st.dictionaries(st.text("ab", max_size=3), values), st.booleans(), st.data())
def test_the_way_leads_to_the_container(document, indented, data):
    text = json.dumps(document, ensure_ascii=False, indent=1 if indented else None).encode()
    spots = data.draw(st.lists(st.integers(1, len(text)), min_size=1, max_size=5))
    found = around(text, spots)
    if text.count(b"{") + text.count(b"[") > 0 and found is not None:
        for begin, end, steps in found:
            assert orjson.loads(text[begin:end]) == within(document, steps)
        assert all(any(begin < spot <= end for begin, end, _ in found) or text[spot - 1] in b"{[" for spot in spots)


def listed(text, spots, monkeypatch, pieces):
    monkeypatch.setattr(decoder, "_PIECES_FROM", 0 if pieces else 1 << 30)
    return decoder.decode(text, Context(spots=spots, most=10_000, room=1 << 30, deadline=1e9))


def test_parts_are_the_same_as_of_the_whole(monkeypatch):
    random = Random(5)
    for _ in range(60):
        number = iter(range(10_000))
        document = {"events": [made(random, number, 3) for _ in range(30)], "top": f"v{next(number)}"}
        text = json.dumps(document).encode()
        spots = sorted(random.choice(list(re.finditer(rb'"v[0-9]+"', text))).end() - 1 for _ in range(3))
        some, whole = (listed(text, spots, monkeypatch, pieces) for pieces in (True, False))
        assert some and some == whole


def made(random, number, depth):
    """Returns an object of which every name and value is another."""
    kinds = [lambda: f"v{next(number)}"] * 3 + [
        lambda: made(random, number, depth - 1),
        lambda: several(random, number),
    ]
    return {f"n{next(number)}" + random.choice(["", "'", "199000000"]): kinds[random.randrange(5 if depth else 3)]()
            for _ in range(random.randrange(1, 5))}  # fmt: skip


def several(random, number):
    return [random.choice([f"v{next(number)}", made(random, number, 0)]) for _ in range(random.randrange(4))]


@pytest.mark.parametrize("broken", [b'{"a": nope}', b"{,}", b'{"a" "b"}'])
def test_what_is_broken_elsewhere_does_not_matter(broken):
    text = b'{"x": [' + b'{"k": "v"}, ' * 600 + b'{"imei": "867530912345673"}], "y": ' + broken + b"}"
    spots = [text.index(b"867530912345673") + 15]
    items = list(walk([Part(text, "r", ())], Limits(), lambda data: spots if len(data) == len(text) else []))
    assert [item.path for item in items if isinstance(item, Leaf)] == ["r|json.$.x[600].imei"]


@given(st.text('{}[]",:\\a1 ', max_size=60).map(str.encode) | st.binary(max_size=60), st.lists(st.integers(1, 60)))
def test_any_bytes(data, spots):
    """Nothing is raised, and what is told are objects and arrays of the text."""
    spots = [spot for spot in spots if spot <= len(data)]
    for begin, end, _ in around(data, spots) or ():
        assert data[begin : begin + 1] in (b"{", b"[") and data[end - 1 : end] in (b"}", b"]")
