import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.json import DECODER, decode

IMEI = "867530912345678"


def values(data, **context):
    return [(part.path, part.value.decode(), part.keys) for part in decode(data, Context(**context)) or ()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"imei": "867530912345678"}', [(".$.imei", IMEI, ("imei",))]),
        ('{"imei": 867530912345678}', [(".$.imei", IMEI, ("imei",))]),
        ('["x", ["y"]]', [(".$[0]", "x", ()), (".$[1][0]", "y", ())]),
        ('{"a": {"b": [{"c": "d"}]}}', [(".$.a.b[0].c", "d", ("a", "b", "c"))]),
        ('{"$device_id": "x", "a-b": "y"}', [(".$.$device_id", "x", ("$device_id",)), (".$.a-b", "y", ("a-b",))]),
        ('"a string"', [(".$", "a string", ())]),
        ('  {"a": "x"}\n', [(".$.a", "x", ("a",))]),
        ('\ufeff{"a": "x"}', [(".$.a", "x", ("a",))]),
        ('{"a": "\\u5f20\\u4e09"}', [(".$.a", "张三", ("a",))]),
        ('{"a": "http:\\/\\/x"}', [(".$.a", "http://x", ("a",))]),
        ('{"a": true, "b": null, "c": "", "d": {}}', [(".$.c", "", ("c",))]),
        ('{"é": "x"}', [(".$.é", "x", ("é",))]),
    ],
)
def test_values(text, expected):
    assert [item for item in values(text.encode()) if "#key" not in item[0]] == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("31.2304", "31.2304"),
        ("121.4737", "121.4737"),
        ("-12", "-12"),
        ("0", "0"),
        ("18446744073709551615", "18446744073709551615"),
        ("89860012345678901234", "89860012345678901234"),
        ("460007351862094898600123456789012340", "460007351862094898600123456789012340"),
        ("9" * 5000, "9" * 5000),
        ("1e400", "1e400"),
    ],
)
def test_numbers_keep_their_digits(text, number):
    assert values(f'{{"a": [{text}]}}'.encode()) == [(".$.a[0]", number, ("a",))]


@pytest.mark.parametrize("name", ["13800138000", "user@example.com", "com.example.app", "张三", "a4:50:46:12:34:56"])
def test_name_that_is_data(name):
    found = values(json.dumps({"map": {name: "x"}}).encode())
    assert len(found) == 2
    path, value, keys = found[0]
    assert (value, keys) == (name, ("map",))
    assert path == found[1][0] + "#key"
    assert found[1][2] == ("map", name)


@pytest.mark.parametrize("name", ["imei", "device_id", "$lib", "utm-source", "User Agent", "a1b2", "x12345"])
def test_name_that_is_a_name(name):
    assert [path for path, _, _ in values(json.dumps({name: "x"}).encode())] == [
        f".$.{name}" if " " not in name else f".$['{name}']"
    ]


@pytest.mark.parametrize(
    ("name", "path"), [("a.b", ".$['a.b']"), ("it's", ".$['it\\'s']"), ("a\nb", ".$['a\\nb']"), ("", ".$['']")]
)
def test_odd_names_are_quoted(name, path):
    assert values(json.dumps({name: "x"}).encode())[-1][0] == path


def test_long_name_is_cut_in_the_path_only():
    (_, (path, _, keys)) = values(json.dumps({"x." + "y" * 5000: "z"}).encode())
    assert len(path) < 120 and len(keys[0]) == 5002


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "1"}\n{"a": "2"}\n', ["[0].$.a", "[1].$.a"]),
        ('{"a": "1"}{"a": "2"}', ["[0].$.a", "[1].$.a"]),
        ('[{"a": "1"}] [{"a": "2"}]', ["[0].$[0].a", "[1].$[0].a"]),
        (')]}\',\n{"a": "1"}', [".$.a"]),
        (')]}\'\n[{"a": "1"}]', [".$[0].a"]),
        ('for(;;);{"a": "1"}', [".$.a"]),
        ('while(1); {"a": "1"}', [".$.a"]),
        ('{"a": NaN, "b": "x"}', [".$.b"]),
        ('{"a": "line\nbreak"}', [".$.a"]),
        ('{"a": "\\ud83d"}', [".$.a"]),
    ],
)
def test_documents_in_disguise(text, expected):
    assert [path for path, _, _ in values(text.encode())] == expected


@pytest.mark.parametrize(
    "text", ['cb({"a": "1"})', "window.cb && 0", 'jQuery_1.x ( [{"a": "1"}] ) ;', '/**/cb({"a": "1"});']
)
def test_jsonp_is_read_where_a_script_is_said(text):
    found = values(text.encode(), content_type="application/javascript")
    assert bool(found) == ("{" in text)
    assert "application/javascript" not in DECODER.types or found is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "17",
        "[INFO] started",
        "{imei: 1}",
        "{{template}}",
        '"quoted" and more',
        "[1] see below",
        "{",
        '"',
        "[",
        "<a>",
    ],
)
@pytest.mark.parametrize("content_type", ["", "text/plain"])
def test_no_json(text, content_type):
    assert decode(text.encode(), Context(content_type=content_type)) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"imei": "867530912345678", "mac": "a4:50', [IMEI]),
        ('{"imei": "867530912345678"', [IMEI]),
        ('{"imei": "867530912345678",', [IMEI]),
        ('{"imei": "867530912345678", "x"', [IMEI]),
        ('{"imei": "867530912345678", "x":', [IMEI]),
        ('{"a": [{"imei": 867530912345678}, {"b": {"c": 1', [IMEI]),
        ('{"imei": "867530912345678", "x": oops, "y": 1}', [IMEI]),
        ('[{"imei": "867530912345678"}, {"imei": "8675', [IMEI]),
        ('{"a": "1"}\n{"imei": "867530912345678"}\n{"b', ["1", IMEI]),
        ('{"imei', []),
        ('{"a" "b"}', []),
    ],
)
def test_broken_keeps_what_precedes_the_break(text, kept):
    with pytest.raises(DecodeError) as caught:
        decode(text.encode(), Context())
    assert [part.value.decode() for part in caught.value.parts][: len(kept) or None] == kept


def test_said_to_be_json_and_is_not(follow):
    followed = follow(b"[not json", content_type="application/json")
    assert followed.values == {"": b"[not json"}
    assert len(followed.faults) == 1
    assert not follow(b"[not json").faults


def test_bytes_that_are_no_utf8_stay_as_they_are():
    raw = '{"name": "张三", "x": "y"}'.encode("gbk")
    assert [part.value for part in decode(raw, Context())] == ["张三".encode("gbk"), b"y"]


def test_deep_members_stay_in_the_raw_value(follow):
    text = b'{"a":' * 100 + b'"deep"' + b"}" * 100
    followed = follow(text)
    assert followed.values == {"": text}
    assert [limited.which for limited in followed.limits] == ["depth"]
    text = b'{"a":' * 30 + b'"deep"' + b"}" * 30
    assert follow(text).values == {"|json.$" + ".a" * 30: b"deep"}


@pytest.mark.parametrize("text", [b"[" + b"[]," * 600_000 + b"1]", b"[" + b"0," * 3_000_000 + b"1]"])
def test_more_values_than_memory_should_hold(text):
    with pytest.raises(LimitReached, match="parts"):
        decode(text, Context(most=1000))


trees = st.recursive(
    st.text(max_size=8) | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def scalars(tree):
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in scalars(value)]
    if isinstance(tree, list):
        return [leaf for value in tree for leaf in scalars(value)]
    return [tree]


@settings(max_examples=150, deadline=None)
@given(tree=st.lists(trees, min_size=1, max_size=4), ascii_only=st.booleans())
def test_every_scalar_is_found(tree, ascii_only):
    parts = decode(json.dumps(tree, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"), Context())
    found = [part.value.decode() for part in parts if not part.path.endswith("#key")]
    for value, text in zip(scalars(tree), found, strict=True):
        assert text == value if isinstance(value, str) else type(value)(text) == value


def test_very_long_name():
    name = "a" * 200_000
    assert [part.keys for part in decode(json.dumps({name: "x"}).encode(), Context())] == [(name,)]


def test_members_without_a_place_of_interest_are_beside_the_others():
    data = b'{"events": [{"t": 1}], "user": {"imei": "867530912345678", "os": "x", "n": 7, "list": [{"id": "y"}]}}'
    found = decode(data, Context(spots=[data.index(IMEI.encode()) + 15]))
    assert [(part.path, part.beside) for part in found] == [
        (".$.user.imei", False), (".$.user.os", True), (".$.user.n", True),
    ]  # fmt: skip
    assert not any(part.beside for part in decode(data, Context()))
