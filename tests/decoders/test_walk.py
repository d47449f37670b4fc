import base64
import dataclasses
import gzip
import json
import tracemalloc
import zlib
from contextlib import contextmanager
from urllib.parse import quote

import cramjam
import lz4.block
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders import _choice
from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._choice import all_decoders, hints
from leaktap.decoders._walk import OF_PART, SIEVED_FROM, Limits, walk
from leaktap.model import Fault, Leaf

IMEI = b"867530912345678"


def b64(data):
    return base64.b64encode(data)


def pb(number, data):
    return bytes([number << 3 | 2, len(data)]) + data


def deep_chain():
    """Six formats within each other, and the path through them."""
    inner = json.dumps({"$device": {"a.b": [IMEI.decode()]}, "lib": "Android SDK"}).encode()
    form = b"crc=1&data_list=" + quote(b64(gzip.compress(inner)), safe="").encode()
    outer = json.dumps({"payload": form.decode(), "v": 2}).encode()
    return zlib.compress(outer), "|zlib|json.$.payload|form.data_list|base64|gzip|json.$.$device['a.b'][0]"


CHAINS = [
    deep_chain(),
    (gzip.compress(gzip.compress(b"imei=" + IMEI)), "|gzip|gzip|pair.imei"),
    (b64(b64(b64(IMEI))), "|base64|base64|base64"),
    (zstandard.compress(b64(json.dumps([IMEI.decode()]).encode()).hex().encode()), "|zstd|hex|base64|json.$[0]"),
    (
        quote(quote(json.dumps({"q": json.dumps({"imei": IMEI.decode()})}))).encode(),
        "|percent|percent|json.$.q|json.$.imei",
    ),
    (
        b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n'
        + gzip.compress(json.dumps({"x": b64(pb(1, IMEI) + b"\x10\x01\x1a\x04abcd").decode()}).encode())
        + b"\r\n--b--",
        "|multipart.f|gzip|json.$.x|base64|protobuf.1",
    ),
]


@pytest.mark.parametrize(("value", "path"), CHAINS)
def test_chain(follow, value, path):
    followed = follow(value)
    assert followed.at(path) == [IMEI]
    leaf = next(leaf for leaf in followed.leaves if leaf.path == "body" + path)
    assert leaf.via == tuple(piece.split(".")[0].split("[")[0] for piece in path.split("|")[1:])
    assert not followed.faults and not followed.limits


def test_names_on_the_way(follow):
    value, path = deep_chain()
    leaf = next(leaf for leaf in follow(value).leaves if leaf.path.endswith(path))
    assert leaf.keys == ("payload", "data_list", "$device", "a.b")


@pytest.mark.parametrize(
    "value",
    [b"hello", b"a", b"867530912345678", b"5be1c07a92d4386f", b"Dalvik/2.1.0 (Linux; U; Android 10)", b"\x00", b"%"],
)
def test_what_is_not_wrapped_is_one_leaf(follow, value):
    assert [(leaf.path, leaf.value) for leaf in follow(value).leaves] == [("body", value)]


def test_empty_value_is_no_leaf(follow):
    assert not follow(b"").leaves
    assert not follow(b'{"a": "", "b": {}}').leaves


def test_document_order(follow):
    value = b"a=1&b=" + quote(b64(b"second value")).encode() + b"&c=3"
    paths = [leaf.path for leaf in follow(value).leaves]
    assert paths == ["body|form.a", "body|form.b", "body|form.b|base64", "body|form.c"]


def test_uncertain_reading_keeps_the_value(follow):
    assert follow(b64(IMEI)).values == {"": b64(IMEI), "|base64": IMEI}


def test_certain_reading_replaces_the_value(follow):
    assert follow(gzip.compress(IMEI)).values == {"|gzip": IMEI}


def test_broken_value_stays_beside_what_could_be_read(follow):
    broken = gzip.compress(IMEI * 20 + bytes(range(256)))[:-12]
    followed = follow(broken)
    assert followed.values[""] == broken
    assert followed.values["|gzip"].startswith(IMEI)
    assert [fault.where for fault in followed.faults] == ["body|gzip"]


def test_unknown_coding_is_said_and_the_rest_is_looked_into(follow):
    followed = follow(gzip.compress(IMEI), encoding=("rc4", "gzip"))
    assert followed.values == {"|gzip": IMEI}
    assert [(fault.where, "rc4" in fault.why) for fault in followed.faults] == [("body", True)]


@contextmanager
def beside(decoder):
    """Has a decoder tried before all others."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_choice, "all_decoders", lambda: (decoder, *all_decoders()))
            _choice.by_first_byte.cache_clear()
            yield
    finally:
        _choice.by_first_byte.cache_clear()


def test_bug_in_a_decoder_is_a_fault(follow):
    def decode(data: bytes, context: Context):
        raise ZeroDivisionError

    broken = Decoder("broken", decode, needs=b"!", rank=1, certain=True)
    with beside(broken):
        followed = follow(b'{"a": "!", "b": "x"}')
    assert followed.values["|json.$.a"] == b"!"
    assert {fault.where for fault in followed.faults} >= {"body|json.$.a|broken"}
    assert all("ZeroDivisionError" in fault.why for fault in followed.faults)


def nested_base64(times):
    value = IMEI
    for _ in range(times):
        value = b64(value)
    return value


@pytest.mark.parametrize(
    ("which", "limits", "value"),
    [
        ("depth", Limits(depth=5), nested_base64(7)),
        ("parts", Limits(parts=10), json.dumps(["x"] * 30).encode()),
        ("parts", Limits(parts=10), b"&".join(b"a=%d" % i for i in range(30))),
        ("bytes", Limits(bytes=1000), gzip.compress(bytes(100_000))),
        ("ratio", Limits(ratio=10, ratio_from=100), gzip.compress(bytes(100_000))),
        ("seconds", Limits(seconds=-1.0), b'{"a": 1}'),
    ],
)
def test_limit_is_said_once_and_the_value_stays(follow, which, limits, value):
    followed = follow(value, limits)
    assert [limited.which for limited in followed.limits] == [which]
    assert followed.limits[0].bytes > 0
    assert len(followed.leaves) <= limits.parts + 1
    if which != "depth":
        assert followed.values[""] == value


@pytest.mark.parametrize("kinds", [1, 3])
def test_one_limited_per_kind(follow, kinds):
    bombs = [b64(gzip.compress(bytes(5000))).decode()] * 5
    followed = follow(json.dumps(bombs).encode(), Limits(bytes=9000, seconds=30))
    assert [limited.which for limited in followed.limits] == ["bytes"]


def test_just_within_limits(follow):
    assert not follow(nested_base64(5), Limits(depth=6, seconds=30)).limits
    assert not follow(json.dumps(["x"] * 10).encode(), Limits(parts=10, seconds=30)).limits
    assert not follow(gzip.compress(bytes(1000)), Limits(bytes=1001 + OF_PART, seconds=30)).limits


@pytest.mark.parametrize("opener", [b"[", b'{"a":'])
@pytest.mark.parametrize("closed", [True, False])
def test_very_deep_json(follow, opener, closed):
    value = opener * 100_000 + (b"1" + {b"[": b"]", b'{"a":': b"}"}[opener] * 100_000 if closed else b"")
    followed = follow(value, content_type="application/json")
    assert followed.at("") == [value]
    assert followed.faults or [limited.which for limited in followed.limits] == ["depth"]


def test_memory_is_bounded_by_the_limits(follow):
    value = gzip.compress(gzip.compress(gzip.compress(bytes(30_000_000))))
    follow(value, Limits(bytes=1 << 20, seconds=30))  # what is made once is made
    tracemalloc.start()
    try:
        followed = follow(value, Limits(bytes=1 << 20, seconds=30))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert followed.limits
    assert peak < 4 << 20


def test_sieve_is_asked_of_long_transparent_values_only(follow):
    asked = []

    def sieve(data):
        asked.append(data)

    long = json.dumps({"a": "x" * SIEVED_FROM, "b": "y"}).encode()
    follow(b'{"a": "short"}', sieve=sieve)
    follow(b"x" * 1000, sieve=sieve)
    assert asked == []
    follow(gzip.compress(long), sieve=sieve)
    assert asked == [long]


def test_sieve_that_sees_nothing_skips_the_subtree(follow):
    long = json.dumps({"a": "x " * SIEVED_FROM}).encode()
    assert not follow(long, sieve=lambda data: []).leaves
    assert follow(long, sieve=lambda data: None).leaves
    form = b"ok=1&data=" + quote(long).encode()
    assert set(follow(form, sieve=lambda data: None if data.startswith(b"ok") else []).values) == {"|form.ok"}


def test_bytes_in_which_the_sieve_sees_nothing_may_be_packed(follow):
    text = b'{"imei": "867530912345673", "list": [%s]}' % b", ".join(b"%d" % (i * i) for i in range(200))
    packed = zlib.compress(text, wbits=-15)
    follower = follow(packed, sieve=lambda data: None if b"imei" in data else [])
    assert follower.values["|deflate|json.$.imei"] == b"867530912345673"
    message = b"\x0a\x05other\x12" + bytes((len(packed) & 0x7F | 0x80, len(packed) >> 7)) + packed
    follower = follow(message, sieve=lambda data: None if b"imei" in data else [])
    assert follower.values["|protobuf.2|deflate|json.$.imei"] == b"867530912345673"


def test_blocks_without_a_head_in_which_the_sieve_sees_nothing(follow):
    table = b"sms_address,sms_body,sms_date\r\n" + b"19900013440,meeting lunch,1760601055893\r\n" * 9
    hidden = [lz4.block.compress(table), cramjam.snappy.compress_raw(table), table.decode().encode("utf-32-le")]
    assert max(map(len, hidden)) > SIEVED_FROM
    for value in map(bytes, hidden):
        length = bytes((len(value) & 0x7F | 0x80, len(value) >> 7))
        followed = follow(b"\x0a\xac\x02" + b"other " * 50 + b"\x12" + length + value, sieve=lambda data: [])
        assert b"meeting lunch" in followed.values.values()


def test_opaque_layers_are_undone_before_the_sieve(follow):
    short = b'{"imei": "867530912345678"}'
    part = gzip.compress(b'{"imei": "867530912345678"}')
    value = b'--b\r\nContent-X: "' + b"x" * SIEVED_FROM + b'"\r\n\r\n' + part + b"\r\n--b--"
    assert follow(value, sieve=lambda data: []).values == {"|multipart[0]|gzip|json.$.imei": IMEI}
    assert follow(gzip.compress(short), sieve=lambda data: []).values == {"|gzip|json.$.imei": IMEI}


@settings(max_examples=300, deadline=None)
@given(
    value=st.binary(max_size=60) | st.sampled_from([value for value, _ in CHAINS]),
    cut=st.integers(0, 400),
    change=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3),
    content_type=st.sampled_from(["", "application/json", "application/grpc-web-text", "text/plain"]),
)
def test_whatever_comes_ends_in_leaves(value, cut, change, content_type):
    broken = bytearray(value[:cut])
    for at, byte in change:
        if at < len(broken):
            broken[at] = byte
    context = Context(content_type=content_type, parameters=(("charset", "gbk"),))
    items = list(walk([Part(bytes(broken), "body", (), context)], Limits(seconds=30)))
    assert not [item for item in items if isinstance(item, Fault) and "in decoder" in item.why]
    for leaf in items:
        if isinstance(leaf, Leaf):
            assert leaf.value and leaf.path.startswith("body")
            (leaf.path + "".join(leaf.keys)).encode()


def test_roots_keep_their_own_paths_and_names():
    roots = [Part(IMEI, "request.query.imei", ("imei",)), Part(b"{}", "request.body"), Part(b"x", "request.path")]
    leaves = list(walk(roots, Limits()))
    assert [(leaf.path, leaf.keys, leaf.via) for leaf in leaves] == [
        ("request.query.imei", ("imei",), ()),
        ("request.path", (), ()),
    ]


def test_decoders_are_found_and_ordered():
    decoders = all_decoders()
    assert len({decoder.name for decoder in decoders}) == len(decoders) >= 15
    assert [decoder.rank for decoder in decoders] == sorted(decoder.rank for decoder in decoders)
    assert set(hints()) == {hint for decoder in decoders for hint in decoder.hints}


def test_limits_are_what_is_documented():
    assert dataclasses.asdict(Limits()) == {
        "depth": 16,
        "parts": 100_000,
        "bytes": 40 << 20,
        "ratio": 1000,
        "ratio_from": 1 << 20,
        "seconds": 1.0,
    }


PLAIN = Part(b"deadbeef-not-any-format", "body.id", ("id",))


def calls_of(part, limits):
    """Returns how often decoders were asked for a value in each of two messages, and the leaves of each."""
    counts, found, always = [], [], set()
    seen = []

    def decode(data: bytes, context: Context):
        seen.append(data)

    with beside(Decoder("asked", decode, rank=1)):
        for _ in range(2):
            seen.clear()
            found.append(list(walk([part], limits, plain=always)))
            counts.append(seen.count(part.value))
    return counts, found


def test_what_nothing_is_made_of_is_not_tried_in_the_next_message():
    counts, found = calls_of(PLAIN, Limits(seconds=30))
    assert counts == [1, 0]
    assert found[0] == found[1] == [Leaf("body.id", PLAIN.value, ("id",), ())]


@pytest.mark.parametrize(
    ("part", "limits"),
    [
        (Part(b64(IMEI), "body.id", ("id",)), Limits(seconds=30)),
        (PLAIN._replace(value=PLAIN.value * 12), Limits(seconds=30)),
        (PLAIN._replace(keys=("i" * SIEVED_FROM,)), Limits(seconds=30)),
        (Part(PLAIN.value, "body.id", ("id",), Context(content_type="text/plain")), Limits(seconds=30)),
        (PLAIN, Limits(seconds=0)),
    ],
    ids=["something is made of it", "it is large", "its name is large", "its type is said", "there was no time for it"],
)
def test_it_is_tried_again(part, limits):
    counts, found = calls_of(part, limits)
    assert counts[0] == counts[1]
    assert found[0] == found[1]


def test_another_name_is_another_value():
    always = set()
    for part in (PLAIN, PLAIN._replace(keys=("cookie",))):
        list(walk([part], Limits(seconds=30), plain=always))
    assert always == {(PLAIN.value, "id"), (PLAIN.value, "cookie")}


def test_not_without_end_is_remembered():
    always = set()
    for number in range(20_000):
        list(walk([Part(b"deadbeef-%d" % number, "body", ("id",))], Limits(seconds=30), plain=always))
        assert len(always) <= 8192


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b64(IMEI), IMEI, *(value for value, _ in CHAINS)]))))
def test_the_leaves_are_the_same_with_and_without_what_was_remembered(values):
    always = set()
    for value in (*values, *values):
        part = Part(value, "body", ("cookie",))
        assert list(walk([part], Limits(seconds=30), plain=always)) == list(walk([part], Limits(seconds=30)))
