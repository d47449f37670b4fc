import pytest

from leaktap.identifiers._places import apart, bare, common_path, entry_of, list_of, one_of_several, one_reading
from leaktap.model import Match
from tests.identifiers.leaves import leaf

IMEI = b"867530912345673"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", True),
        ("a {} b", True),
        ("1{}", False),
        ("{}1", False),
        ("x{}", False),
        ("{}x", False),
        ("中{}文", True),
        ("_{}_", True),
        ("{}.", True),
    ],
)
def test_a_word_stands_apart(text, expected):
    before = text.split("{}")[0].encode()
    data = text.replace("{}", "R58M123ABCD").encode()
    assert apart(data, (len(before), len(before) + 11)) is expected


@pytest.mark.parametrize(
    ("before", "value", "after", "expected"),
    [
        ("", "13912345678", "", True),
        ("86", "13912345678", "", False),
        ("", "13912345678", "0", False),
        ("a", "13912345678", "b", True),
        ("call ", "13912345678", ". Bye", True),
        ("1.", "13912345678", "", False),
        ("", "13912345678", ".5", False),
        ("", "36.112.138.9", "", True),
        ("", "36.112.138.9", "1", False),
        ("1.", "36.112.138.9", "", False),
        ("", "36.112.138.9", ":443", True),
        ("", "com.example.app", ".debug", False),
        ("www.", "com.example.app", "", False),
        ("", "com.example.app", ".", True),
        ("", "a4:50:46:1f:34:56", ":78", False),
        ("fe80::", "a4:50:46:1f:34:56", "", False),
        ("", "li.wei@example.com", ".cn", False),
    ],
)
def test_a_value_stands_apart(before, value, after, expected):
    data = (before + value + after).encode()
    assert apart(data, (len(before), len(before) + len(value))) is expected


@pytest.mark.parametrize(
    ("value", "span"),
    [(b"abc", (0, 3)), (b' "abc"\n', (2, 5)), (b"", (0, 0)), (b'  "" ', (5, 5)), (b"a b", (0, 3))],
)
def test_bare(value, span):
    start, end = bare(value)
    assert value[start:end] == value[slice(*span)]


@pytest.mark.parametrize(
    ("paths", "common"),
    [
        (["b|json.$.c[0].phone", "b|json.$.c[1].phone"], "b|json.$.c"),
        (["b|json.$.c[10]", "b|json.$.c[11]"], "b|json.$.c"),
        (["b|json.$.a.x", "b|json.$.ab.x"], "b|json.$"),
        (["b|form.apps"], "b|form.apps"),
        (["b|form.apps", "b|form.apps|json.$[0]"], "b|form.apps"),
        (["x", "y"], ""),
    ],
)
def test_the_path_that_holds_several(paths, common):
    assert common_path(paths) == common


def test_lists_and_entries():
    assert list_of("b|json.$.a[0].c[12].phone.x") == "b|json.$.a[0].c"
    assert entry_of("b|json.$.a[0].c[12].phone.x") == "b|json.$.a[0].c[12]"
    assert list_of("b|json.$.a") == ""
    assert entry_of("request.query.lat") == entry_of("request.query.lng") == "request.query"


def match(path: str, value: bytes, span=None, form=(), plain="867530912345673", identifier="imei"):
    where = span or (0, len(value))
    text = value[slice(*where)].decode("latin-1")
    return Match(leaf(value, path=path), identifier, "device_id", text, where, form, "known", 1.0, plain, "d")


OUTER = match("request.body", b'{"imei":"' + IMEI + b'"}', (9, 24))
INNER = match("request.body|json.$.imei", IMEI)


@pytest.mark.parametrize(
    ("matches", "kept"),
    [
        ([OUTER, INNER], [INNER]),
        ([INNER, OUTER], [INNER]),
        ([OUTER], [OUTER]),
        # Two decoded leaves of one raw text both stay.
        ([OUTER, INNER, match("request.body|json.$.b", IMEI)], [INNER, match("request.body|json.$.b", IMEI)]),
        # Both whole: the outer one, also where the inner one undoes how the digest was written.
        (
            [match("q.a", b"00ff", form=("md5", "hex")), match("q.a|hex", b"\x00\xff", form=("md5",))],
            [match("q.a", b"00ff", form=("md5", "hex"))],
        ),
        # Neither whole: the one with less around it, of two alike the outer one.
        (
            [match("q.a", b"x" + IMEI, (1, 16)), match("q.a|percent", b"x" + IMEI, (1, 16))],
            [match("q.a", b"x" + IMEI, (1, 16))],
        ),
        (
            [match("q.a", b"\0\x13yx" + IMEI, (4, 19)), match("q.a|records[0]", b"x" + IMEI, (1, 16))],
            [match("q.a|records[0]", b"x" + IMEI, (1, 16))],
        ),
        # The same where the inner one undoes how a digest among other things is written.
        (
            [
                match("q.a", b"3f00ff", (2, 6), form=("md5", "hex")),
                match("q.a|hex", b"?\x00\xff", (1, 3), form=("md5",)),
            ],
            [match("q.a|hex", b"?\x00\xff", (1, 3), form=("md5",))],
        ),
        (
            [match("q.a", b"3f00ff", (2, 6), form=("md5", "hex")), match("q.a|hex", b"?00ff", (1, 5), form=("sha1",))],
            None,
        ),
        # A segment of a path is a reading of the path.
        (
            [match("request.path", b"/a/" + IMEI, (3, 18)), match("request.path[1]", IMEI)],
            [match("request.path[1]", IMEI)],
        ),
        ([match("request.path", b"/a/" + IMEI, (3, 18)), match("request.paths[1]", IMEI)], None),
        ([match("q.a", b"a " + IMEI, (2, 17)), match("q.a[1]", IMEI)], None),
        # So is a field of one of protobuf's fields; and a field that is a message is read with it, or alone.
        (
            [match("q.a|protobuf.4", b"\1\x0f" + IMEI, (2, 17)), match("q.a|protobuf.4[0].1", IMEI)],
            [match("q.a|protobuf.4[0].1", IMEI)],
        ),
        (
            [match("q.a|protobuf.4|protobuf.1", IMEI), match("q.a|protobuf.4.1", IMEI)],
            [match("q.a|protobuf.4.1", IMEI)],
        ),
        ([match("q.a|protobuf.4|protobuf.2", IMEI), match("q.a|protobuf.4.1", IMEI)], None),
        ([match("q.a|protobuf.4|protobuf.1", IMEI), match("q.a|protobuf.4.1", IMEI, identifier="meid")], None),
        # Another form inside is another finding.
        ([OUTER, match("request.body|json.$.m", b"00ff", form=("md5", "hex"))], None),
        # A sibling, and a path that only begins alike, are no readings of the same bytes.
        ([INNER, match("request.body|json.$.imei2", IMEI)], None),
        ([match("q.a", IMEI), match("q.ab|json.$", IMEI)], None),
        ([OUTER, match("request.body|json.$.imei", IMEI, identifier="meid")], None),
    ],
)
def test_one_of_two_readings(matches, kept):
    assert one_reading(matches) == (matches if kept is None else kept)


@pytest.mark.parametrize(
    ("paths", "kept"),
    [
        (["b|offset[5]|bzip2", "b|deflate|bzip2"], ["b|deflate|bzip2"]),
        (["b|base64", "b|alphabet64.x"], ["b|base64"]),
        (["b|base64|lzstring", "b|lzstring"], ["b|lzstring"]),
        (["b|json.$.a", "b|json.$.b"], ["b|json.$.a", "b|json.$.b"]),
        (["b|snappy|thrift.8", "b|thrift.23"], ["b|snappy|thrift.8"]),
        (["b|offset[6]|lz4", "b|thrift.1|offset[4]|lz4"], ["b|thrift.1|offset[4]|lz4"]),
        (["b|offset[5]|gzip", "b|offset[90]|gzip"], ["b|offset[5]|gzip", "b|offset[90]|gzip"]),
        (["b", "b|gzip"], ["b", "b|gzip"]),
    ],
)
def test_of_decoders_beside_each_other_one_is_kept(paths, kept):
    matches = [match(path, b"19900000001", plain="19900000001", identifier="contacts") for path in paths]
    assert [match.leaf.path for match in one_of_several(matches)] == kept
