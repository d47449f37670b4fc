import contextlib
import random

import pylsqpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.wire import http3_headers
from leaktap.wire.http2_headers import MOST_BLOCK, BadBlock, Unknown
from leaktap.wire.http3_headers import STATIC, Blocked, FieldSections


def fields(capacity=4096, instructions=b""):
    made = FieldSections()
    made.limit(capacity)
    made.feed(instructions)
    return made


def test_the_static_table_is_another_librarys():
    assert len(STATIC) == 99
    for index, entry in enumerate(STATIC):
        line = bytes([0xC0 | index]) if index < 63 else bytes([0xFF, index - 63])
        _, headers = pylsqpack.Decoder(0, 0).feed_header(0, b"\0\0" + line)
        assert headers == [entry]


def test_the_examples_of_the_standard():
    """RFC 9204 appendix B."""
    table = FieldSections()
    table.limit(220)
    assert table.decode(bytes.fromhex("0000510b2f696e6465782e68746d6c"), 0) == ((b":path", b"/index.html"),)
    section = bytes.fromhex("03811011")
    with pytest.raises(Blocked):
        table.decode(section, 0)
    table.feed(bytes.fromhex("3fbd01c00f7777772e6578616d706c652e636f6dc10c2f73616d706c652f70617468"))
    assert table.decode(section, 0) == ((b":authority", b"www.example.com"), (b":path", b"/sample/path"))
    table.feed(bytes.fromhex("4a637573746f6d2d6b65790c637573746f6d2d76616c7565"))
    table.feed(bytes.fromhex("02"))
    assert table.decode(bytes.fromhex("050080c181"), 4) == (
        (b":authority", b"www.example.com"),
        (b":path", b"/"),
        (b"custom-key", b"custom-value"),
    )
    table.feed(bytes.fromhex("810d637573746f6d2d76616c756532"))
    assert table.inserted == 5


NAMES = st.sampled_from([b":path", b"user-agent", b"cookie", b"x-device", b"x-imei", b"content-type"])
VALUES = st.one_of(st.sampled_from([b"/", b"text/plain", b"867530912345678"]), st.binary(max_size=60))
LISTS = st.lists(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=8), max_size=40)


@settings(max_examples=60, deadline=None)
@given(LISTS, st.sampled_from([0, 100, 220, 1000, 4096, 65536]), st.integers(0, 1 << 30), st.booleans())
def test_what_another_library_encodes(lists, capacity, seed, prompt):
    """Sections come early or late, and the encoder's bytes cut anywhere; a prompt peer lets entries be evicted."""
    chance, encoder, table = random.Random(seed), pylsqpack.Encoder(), FieldSections()
    peer = pylsqpack.Decoder(capacity, 100)
    instructions, sections = encoder.apply_settings(capacity, 100), []
    waiting = b""
    for number, headers in enumerate(lists):
        more, section = encoder.encode(number * 4, headers)
        instructions += more
        if prompt:
            peer.feed_encoder(waiting + instructions)
            waiting = b""
            acknowledged, _ = peer.feed_header(number * 4, section)
            encoder.feed_decoder(acknowledged)
        sections.append((section, table.inserted, tuple(headers)))
        cut = chance.randrange(len(instructions) + 1)
        table.feed(instructions[:cut])
        waiting, instructions = waiting + (b"" if prompt else instructions[:cut]), instructions[cut:]
        if prompt:
            table.feed(instructions)
            instructions = b""
    table.feed(instructions)
    if capacity and any(section[0][0] for section in sections):
        with pytest.raises(Blocked):
            table.decode(next(section[0] for section in sections if section[0][0]), 0)
    table.limit(capacity)
    for section, inserted, headers in sections:
        assert table.decode(section, inserted) == headers


@pytest.mark.parametrize(
    "block",
    [
        "",
        "00",
        "0000ff",
        "0000ff64",
        "000080",
        "000010",
        "000040",
        "00005f",
        "00002361",
        "0000278061",
        "0000500f61",
        "ff8001",
        "00ffffffffffffffff",
    ],
)
def test_sections_that_make_no_sense(block):
    with pytest.raises(BadBlock):
        fields().decode(bytes.fromhex(block), 0)


def test_a_table_that_is_not_allowed_is_not_used():
    with pytest.raises(BadBlock):
        fields(0).decode(b"\x02\x00\x80", 0)


@pytest.mark.parametrize(
    ("instructions", "capacity"),
    [
        ("3fe1ff7f", 4096),
        ("c00161", 4096),
        ("3fbd018000", 220),
        ("3fbd0100", 220),
        ("3fbd01ff7f0161", 220),
        ("21c00f7777772e6578616d706c652e636f6d", 220),
        ("3fbd01c0820000", 220),
    ],
)
def test_instructions_that_make_no_sense(instructions, capacity):
    with pytest.raises(BadBlock):
        fields(capacity, bytes.fromhex(instructions))


def test_entries_are_kept_for_the_late_but_not_for_ever(monkeypatch):
    insert = b"\x41a\x7f\x01" + b"v" * 128
    table = fields(200, b"\x3f\xa9\x01" + insert)
    section = b"\x02\x00\x80"
    assert table.decode(section, 1) == ((b"a", b"v" * 128),)
    table.feed(insert * 3)
    assert table.decode(section, 1) == ((b"a", b"v" * 128),)
    monkeypatch.setattr(http3_headers, "_MOST_EVICTED", 300)
    table.feed(insert)
    with pytest.raises(Unknown):
        table.decode(section, 1)
    assert len(table._entries) <= 4


def test_bombs():
    insert = b"\x3f\xe1\xff\x03" + b"\x41a\x7f\x81\x7f" + b"v" * 16384
    table = fields(65536, insert)
    with pytest.raises(BadBlock) as error:
        table.decode(b"\x02\x00" + b"\x80" * 50_000, 1)
    assert error.value.why == "limit"
    with pytest.raises(BadBlock) as error:
        fields(65536, b"\x3f\xe1\xff\x03\x41a\x7f\xff\xff\xff\x7f" + bytes(MOST_BLOCK + 1))
    assert error.value.why == "limit"


@given(st.lists(st.binary(max_size=100), max_size=5), st.binary(max_size=100), st.integers(0, 10))
def test_any_bytes(pieces, block, inserted):
    table = FieldSections()
    with contextlib.suppress(BadBlock, Unknown):
        for piece in pieces:
            table.feed(piece)
    table.limit(4096)
    for one in (block, b"\0\0" + block):
        with contextlib.suppress(BadBlock, Unknown, Blocked):
            table.decode(one, inserted)
