"""Fields without a schema: which bytes are some, which would be by chance, and what a broken message begins with."""

import struct
from random import Random

import pytest
from google.protobuf import empty_pb2
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import LimitReached
from leaktap.decoders._protobuf_wire import (
    BYTES,
    FIXED64,
    VARINT,
    as_real,
    is_message,
    is_of_text,
    packed_numbers,
    read_fields,
    scan,
)


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        (b"\x08\x01\x12\x02ab", True),
        (b"\x0a\x04abcd\x10\x96\x01", True),
        (b"\x0b\x08\x01\x0c", True),
        (b"\x12\x02ab\x08\x01", False),  # out of order
        (b"\x08" + b"\xf3" * 9 + b"\x01", False),  # a number that nobody writes
        (b"\x08" + b"\xff" * 9 + b"\x01", True),  # -1
        (b"\x09" + struct.pack("<d", 39.9), True),
        (b"\x09" + b"\xfa" * 8, False),
        (b"\xfa\xff\x7f\x01a", False),  # a field number that nobody gives
        (b"\x00\x01", False),
        (b"\x12\x05ab", False),
        (b"text", False),
    ],
)
def test_what_people_would_send(data, is_one):
    assert is_message(data) == is_one


def test_few_random_bytes_are_a_message():
    random = Random(7)
    assert sum(is_message(random.randbytes(16)) for _ in range(20_000)) < 200


@given(st.binary(max_size=40))
def test_fields_are_those_of_the_library_and_of_the_scan(data):
    fields = read_fields(data, 100)
    try:
        empty_pb2.Empty.FromString(data)
    except DecodeError:
        assert fields is None
    steps = list(scan(data))
    assert all(begin <= content <= end for _, _, begin, content, end in steps)
    if fields is not None and all(kind in (VARINT, FIXED64, BYTES) for _, kind, _ in fields):
        assert [(number, kind) for number, kind, *_ in steps] == [(number, kind) for number, kind, _ in fields]
        assert not steps or steps[-1][4] == len(data)


def test_more_fields_than_there_may_be_are_not_asked_for():
    with pytest.raises(LimitReached):
        read_fields(b"\x08\x01" * 200_000, 1000)
    assert len(read_fields(b"\x08\x01" * 200_000, 200_000)) == 200_000


def test_text_is_fields_where_all_of_them_are_strings():
    assert is_of_text(read_fields(b"\x0a\x03abc\x12\x02de", 9))
    assert not is_of_text(read_fields(b"\x0a\x03abc\x10\x09", 9))


@pytest.mark.parametrize(
    ("data", "numbers"),
    [
        (b"\x80\x80\x80\x80\x01\x05\xff\xff\xff\xff\x0f", [(0, b"268435456"), (2, b"4294967295")]),
        (struct.pack("<2d", 39.9, 116.3), [(0, b"39.9"), (1, b"116.3")]),
        (struct.pack("<2Q", 867530912345673, 5), [(0, b"867530912345673")]),
        (b"\x01\x02\x03\x04", []),
        (b"\x80\x80\x80\x80\x80", []),
        (b"", []),
    ],
)
def test_packed_numbers(data, numbers):
    assert packed_numbers(data) == numbers


@pytest.mark.parametrize(("real", "written"), [(39.9, b"39.9"), (-0.5, b"-0.5"), (0.0, None), (1e300, None)])
def test_what_bits_make(real, written):
    (bits,) = struct.unpack("<Q", struct.pack("<d", real))
    assert as_real(bits, FIXED64) == written
