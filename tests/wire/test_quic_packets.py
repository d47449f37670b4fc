import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.quic_packets import APPLICATION, EARLY, HANDSHAKE, INITIAL, Short, packets, sniff, varint

V1, V2 = bytes.fromhex("00000001"), bytes.fromhex("6b3343cf")
TARGET, SENDER = b"\x08abcdefgh", b"\x02xy"


def long(first, version=V1, body=bytes(40), token=b"\0", target=TARGET, sender=SENDER, length=None):
    size = len(body) if length is None else length
    return bytes([first]) + version + target + sender + token + (0x4000 | size).to_bytes(2) + body


@pytest.mark.parametrize(
    ("text", "number", "end"),
    [
        ("c2197c5eff14e88c", 151288809941952652, 8),  # RFC 9000 appendix A.1
        ("9d7f3e7d", 494878333, 4),
        ("7bbd", 15293, 2),
        ("25", 37, 1),
        ("4025", 37, 2),
    ],
)
def test_integers(text, number, end):
    assert varint(bytes.fromhex(text), 0) == (number, end)
    with pytest.raises((Short, IndexError)):
        varint(bytes.fromhex(text)[:-1], 0)


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (long(0xC0), [INITIAL]),
        (long(0xD0, token=b""), [EARLY]),
        (long(0xE0, token=b""), [HANDSHAKE]),
        (long(0xF0), []),
        (long(0xD0, V2), [INITIAL]),
        (long(0xE0, V2, token=b""), [EARLY]),
        (long(0xF0, V2, token=b""), [HANDSHAKE]),
        (long(0xC0, V2), []),
        (long(0xC0, bytes.fromhex("ff00001d")), [INITIAL]),
        (long(0xC0, token=b"\x03tok"), [INITIAL]),
        (long(0xC0) + long(0xE0, token=b"") + b"\x41" + bytes(40), [INITIAL, HANDSHAKE, APPLICATION]),
        (long(0xC0) + long(0xE0, token=b"", target=b"\x08ABCDEFGH"), [INITIAL]),
        (long(0xC0) + bytes(400), [INITIAL]),
        (b"\x41" + bytes(40), [APPLICATION]),
        (b"\x01" + bytes(40), [APPLICATION]),
        (b"\x41" + bytes(10), []),
        (long(0xC0, length=41), []),
        (long(0xC0, b"\0\0\0\0"), []),
        (long(0xC0, b"\x0a\x1a\x2a\x3a"), []),
        (long(0xC0, target=b"\x15" + bytes(21)), []),
        (long(0xC0, token=b"\x7f\xff"), []),
        (b"", []),
        (b"\xc0", []),
    ],
)
def test_packets_of_a_datagram(data, kinds):
    found = list(packets(data))
    assert [packet.kind for packet in found] == kinds
    for packet in found:
        assert 0 <= packet.start < packet.end <= len(data)
        if packet.kind != APPLICATION:
            assert (packet.target, packet.sender) == (TARGET[1:], SENDER[1:])


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (long(0xC0), True),
        (long(0xC0, V2), True),
        (long(0xE0, token=b""), True),
        (long(0x80), False),
        (b"\x41" + bytes(40), False),
        (long(0xC0, b"Q046"), False),
        (long(0xC0, b"\0\0\0\0"), False),
        (bytes.fromhex("16fefd0000000000000000"), False),
        (b"\xc0\0\0\0\x01\xff", False),
        (b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12), False),
        (b"", False),
    ],
)
def test_recognised_by_bytes(data, answer):
    assert sniff(CLIENT, data) is sniff(SERVER, data) is answer


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes(data, begun):
    data = long(0xC0) + data if begun else data
    sniff(CLIENT, data)
    end = 0
    for packet in packets(data):
        assert end <= packet.start < packet.end <= len(data)
        end = packet.end
