"""What takes long looks at the clock: with no time left, nobody goes on, however much there is."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, LimitReached
from leaktap.decoders._choice import all_decoders
from leaktap.decoders._pace import PER_LOOK, in_pieces, paced, replaced

LATE, IN_TIME = 0.0, float("inf")


def test_paced_yields_all_in_time():
    assert list(paced(range(3 * PER_LOOK), IN_TIME)) == list(range(3 * PER_LOOK))
    assert not list(paced((), LATE))


def test_paced_ends_with_what_was_read():
    with pytest.raises(LimitReached, match="seconds"):
        list(paced(range(2 * PER_LOOK), LATE))


@given(st.binary(max_size=200))
def test_replaced_is_what_the_library_makes(data):
    pattern = re.compile(rb"[a-z]+|\x00.")
    assert replaced(pattern, data, lambda found: found[0][::-1], IN_TIME) == pattern.sub(
        lambda found: found[0][::-1], data
    )


@given(st.binary(max_size=200), st.integers(1, 40))
def test_pieces_make_the_whole(data, size):
    assert in_pieces(base64.b64encode(data), 4 * size, base64.b64decode, IN_TIME) == data


@pytest.mark.parametrize(
    ("name", "data", "content_type"),
    [
        ("html", b"<b>" + b"&#56;" * 9999, "text/html"),
        ("escape", b"\\x38" * 9999, ""),
        ("base32", base64.b32encode(b"imei=867530912345678 " * 9999), ""),
        ("base64", base64.b64encode(b"imei=867530912345678 " * 9999).replace(b"a", b"a\n "), ""),
        ("base85", base64.b85encode(b"imei=867530912345678 " * 9999), ""),
        ("ascii85", base64.a85encode(b"imei=867530912345678 " * 9999, adobe=True), ""),
        ("ascii85", base64.a85encode(bytes(99_999), adobe=True), ""),
        ("lines", b"imei=867530912345678\n" * 9999, ""),
        ("csv", b"imei,name,x\n" + b"867530912345678,a,b\n" * 9999, "text/csv"),
        ("multipart", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 9999 + b"--x--", ""),
        ("records", b"\0\x03abc" * 9999, ""),
        ("messagepack", b"\x93\x01\x02\x03" * 9999, ""),
        ("cbor", b"\x83\x01\x02\x03" * 9999, ""),
        ("amf", b"\x0a\0\0\0\x01\x05" * 9999, ""),
        ("bson", b"\0\0\2\0" + b"\x0a\0" * 99_999, "application/bson"),
        ("thrift", b"\x0b\0\1\0\0\0\x03abc" * 9999 + b"\0", "application/x-thrift"),
        ("json", b"[" + b'{"a":"b"},' * 9999 + b"1]", ""),
        ("json", b'{"a":"b"}\n' * 9999, ""),
        ("xml", b"<a>" + b"<b>1</b>" * 9999 + b"</a>", ""),
        ("form", b"a=1&" * 9999, ""),
    ],
)
def test_without_time_it_says_so(name, data, content_type):
    decoder = next(decoder for decoder in all_decoders() if decoder.name == name)
    with pytest.raises(LimitReached, match="seconds"):
        decoder.decode(data, Context(content_type=content_type, deadline=LATE))
