import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders._choice import by_first_byte, candidates
from leaktap.decoders.graphql import DECODER, decode

QUERY = b"""# who is it
query Q($id: ID = "5be1c07a92d4386f", $n: Int) {
  user(id: $id, phone: "199000000\\u0030\\u0031", tags: ["a", "b"], kind: HOME,
       in: {lat: 31.2304, deep: {x: \"\"\" block "text" \"\"\"}}, ok: true) @near(m: 500) {
    name(size: 5)
    ... on Person { mail }
  }
}
"""
SAMPLE = (QUERY, {})


def values(data):
    if DECODER not in candidates(data, by_first_byte()[data[0]]):
        return None
    parts = decode(data, Context())
    return parts and {part.path: part.value for part in parts}


def test_query():
    assert values(QUERY) == {
        ".id": b"5be1c07a92d4386f",
        ".user.phone": b"19900000001",
        ".user.tags[0]": b"a",
        ".user.tags[1]": b"b",
        ".user.in.lat": b"31.2304",
        ".user.in.deep.x": b'block "text"',
        ".user.@near.m": b"500",
        ".user.name.size": b"5",
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{user(imei:"867530912345673"){id}}', {".user.imei": b"867530912345673"}),
        (b"subscription S { near(lat: -31.5) { id } }", {".near.lat": b"-31.5"}),
        (b"{ a: user(id: 1) { id } b: user(no: 2) { id } }", {".user.id": b"1", ".user.no": b"2"}),
        (b"fragment F on U { pic(size: 10) } query { u { ...F } }", {".pic.size": b"10"}),
    ],
)
def test_documents(data, expected):
    assert values(data) == expected


def test_lists_of_objects():
    found = values(b'mutation{save(input:{imei:"1",list:[{a:2},{a:3}]}){ok}}')
    assert found == {".save.input.imei": b"1", ".save.input.list[0].a": b"2", ".save.input.list[1].a": b"3"}


def test_keys_and_numbers():
    parts = decode(b"{u(in:{lat:31.5}){id}}", Context())
    assert parts[0].keys == ("u", "in", "lat") and parts[0].final


@pytest.mark.parametrize(
    "data",
    [
        b"plain text, as it is written",
        b'{"a": 1}',
        b"{}",
        b"{ user { id name } }",
        b"query the database (please)",
        b"query { user(id: 1) { id }",
        b"query { user(id: 1)) { id } }",
        b"{ user(id: [1) ] }",
        b'{ user "text" }',
        b"{ user(id: 1) { \xff } }",
        b"mutation { a(b: ;) }",
        b"function f(a) { return 1; }",
        b"{ color: red; width: 5 }",
        b"{" * 500 + b"a(b:1)" + b"}" * 500,
    ],
)
def test_none(data):
    assert not values(data)


def test_inside_json(follow):
    body = json.dumps({"query": '{user(imei:"867530912345673"){id}}', "variables": {"a": "b"}}).encode()
    assert follow(body).at("|json.$.query|graphql.user.imei") == [b"867530912345673"]


def test_many():
    with pytest.raises(LimitReached, match="parts") as caught:
        decode(b"{a(b:[" + b"1 " * 100 + b"])}", Context(most=10))
    assert len(caught.value.parts) == 10


@given(st.text(min_size=1), st.integers())
def test_round_trip(text, number):
    data = f"{{user(a: {json.dumps(text)}, b: {number}) {{ id }}}}".encode()
    found = [part.value for part in decode(data, Context())]
    assert found == [text.encode("utf-8", "replace"), str(number).encode()]


@given(st.text('query{}()[]:$"ab1 \n,.#', max_size=80))
def test_any_text(text):
    decode(text.encode(), Context())


def test_signs_of_comments_without_end_take_no_time(follow):
    data = b"#&" * 5_000 + b"\0"
    assert follow(data).values == {"": data}
