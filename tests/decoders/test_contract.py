"""What holds for every decoder: the three outcomes and nothing else, facts and hints that agree with `decode`."""

import base64
import gzip
import re
import runpy
import zlib
from pathlib import Path

import brotli
import hyperscan
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached, Part
from leaktap.decoders._choice import all_decoders, by_first_byte, by_type, candidates, hints

DECODERS = {decoder.name: decoder for decoder in all_decoders()}
TEXT = b'{"imei": "867530912345678", "mac": "a4:50:46:12:34:56", "oaid": "5be1c07a92d4386f"}'
MULTIPART = b'--xyz\r\nContent-Disposition: form-data; name="imei"\r\n\r\n867530912345678\r\n--xyz--\r\n'
PROTOBUF = bytes.fromhex("0a0f") + b"867530912345678" + bytes.fromhex("1096011a0568656c6c6f2501020304")

SAMPLES = {
    "base64": (base64.b64encode(TEXT), {}),
    "brotli": (brotli.compress(TEXT), {"encoding": ("br",)}),
    "cookie": (b"uid=5be1c07a92d4386f; lang=zh", {"keys": ("cookie",)}),
    "deflate": (zlib.compress(TEXT * 3, wbits=-15), {}),
    "form": (b"imei=867530912345678&mac=a4%3A50%3A46%3A12%3A34%3A56", {}),
    "grpc": (b"\0" + len(PROTOBUF).to_bytes(4) + PROTOBUF, {"content_type": "application/grpc"}),
    "gzip": (gzip.compress(TEXT), {}),
    "hex": (TEXT.hex().encode(), {}),
    "json": (TEXT, {}),
    "multipart": (MULTIPART, {}),
    "percent": (b"121.48213%2C31.23817", {}),
    "protobuf": (PROTOBUF, {}),
    "text": ("张三丰".encode("utf-16"), {}),
    "zlib": (zlib.compress(TEXT), {}),
    "zstd": (zstandard.compress(TEXT), {}),
}

for file in Path(__file__).parent.glob("test_*.py"):
    # A decoder's own test gives its sample.
    if file.stem.removeprefix("test_") in DECODERS and "\nSAMPLE = " in file.read_text(encoding="utf-8"):
        SAMPLES[file.stem.removeprefix("test_")] = runpy.run_path(str(file))["SAMPLE"]

TOLD = (
    {},
    {"content_type": "application/json", "parameters": (("charset", "gbk"),)},
    {"content_type": "application/x-protobuf"},
    {"content_type": "application/grpc-web-text+proto"},
    {"content_type": "application/grpc+json", "parameters": (("grpc-encoding", "gzip"),)},
    {"content_type": "multipart/form-data", "parameters": (("boundary", "xyz"),)},
    {"content_type": "application/x-www-form-urlencoded"},
    {"content_type": "text/plain", "parameters": (("charset", "utf-16"),)},
    {"keys": ("cookie",)},
    {"encoding": ("gzip",)},
    {"encoding": ("deflate", "br")},
    {"encoding": ("br",)},
    {"encoding": ("zstd",)},
)


def outcome(decoder, data, context):
    """Calls a decoder where the walk would and returns its parts; anything but the three outcomes escapes."""
    told = decoder.name in by_type(context.content_type) or set(context.encoding[:1]) & set(decoder.codings)
    if not told and (not data or decoder not in candidates(data, by_first_byte()[data[0]])):
        return ()
    try:
        return decoder.decode(data, context) or ()
    except (DecodeError, LimitReached) as error:
        assert str(error)
        return error.parts


def check(parts, context):
    assert len(parts) <= context.most
    for part in parts:
        assert isinstance(part, Part)
        assert isinstance(part.value, bytes) and isinstance(part.path, str)
        assert all(isinstance(key, str) for key in part.keys)
        (part.path + "".join(part.keys)).encode()


def test_every_decoder_has_a_sample():
    assert SAMPLES.keys() == DECODERS.keys()


@pytest.mark.parametrize("name", DECODERS)
def test_sample_is_decoded_and_expected(name):
    data, facts = SAMPLES[name]
    decoder = DECODERS[name]
    assert outcome(decoder, data, Context(**facts))
    if not decoder.told_only:
        assert decoder in candidates(data, by_first_byte()[data[0]])


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200), told=st.sampled_from(TOLD))
def test_random_bytes(name, data, told):
    context = Context(room=10_000, most=50, **told)
    check(outcome(DECODERS[name], data, context), context)


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=60, deadline=None)
@given(change=st.data(), told=st.sampled_from(TOLD))
def test_broken_samples(name, change, told):
    data, facts = SAMPLES[name]
    broken = bytearray(data[: change.draw(st.integers(0, len(data)))])
    for at in change.draw(st.lists(st.integers(0, max(len(broken) - 1, 0)), max_size=3)):
        if broken:
            broken[at] = change.draw(st.integers(0, 255))
    context = Context(room=10_000, most=50, **(facts or told))
    check(outcome(DECODERS[name], bytes(broken), context), context)


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("most", [1, 2])
def test_no_more_parts_than_allowed(name, most):
    data, facts = SAMPLES[name]
    context = Context(most=most, **facts)
    assert len(outcome(DECODERS[name], data, context)) <= most


@pytest.fixture(scope="module")
def scan():
    """Tells whether one of the hints, compiled as the matcher compiles them, occurs in a text."""
    database = hyperscan.Database()
    database.compile(expressions=list(hints()), flags=[hyperscan.HS_FLAG_DOTALL] * len(hints()))

    def occurs(text: bytes) -> bool:
        found = []
        database.scan(text, match_event_handler=lambda *match: found.append(match))
        return bool(found)

    return occurs


@pytest.mark.parametrize(
    "text",
    [
        b"<p>" + base64.b64encode(b'{"imei":867530912345678}') + b"</p>",
        b"a=1&data=" + base64.urlsafe_b64encode(gzip.compress(b"867530912345678")),
        b"q=%37%31&r=%7B%22a%22",
        b'{"x": "' + b'{"imei":867530912345678}'.hex().encode() + b'"}',
        b'{"id": "\\u0038\\u0036"}',
    ],
)
def test_hints_occur_where_something_is_wrapped(scan, text):
    assert scan(text)


@pytest.mark.parametrize("text", [b"", b'{"name": "plain", "n": 17}', b"<p>nothing of interest</p>", "张三丰".encode()])
def test_hints_do_not_occur_elsewhere(scan, text):
    assert not scan(text)


def test_hints_compile_one_by_one():
    for hint in hints():
        re.compile(hint)
        hyperscan.Database().compile(expressions=[hint])
