import pytest

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.http2_frames import PREFACE, sniff
from tests.wire._http2_talks import frame


@pytest.mark.parametrize(
    "side, data, answer",
    [
        (CLIENT, PREFACE, True),
        (CLIENT, PREFACE + b"more", True),
        (CLIENT, PREFACE[:7], None),
        (CLIENT, b"PRI * HTTP/1.1\r\n\r\n", False),
        (CLIENT, b"GET / HTTP/1.1\r\n", False),
        (SERVER, frame(4, bytes(12)), True),
        (SERVER, frame(4, bytes(12))[:11], True),
        (SERVER, frame(4, bytes(11)), False),
        (SERVER, frame(4, bytes(12), 1), False),
        (SERVER, b"HTTP/1.1 200 OK\r\n", False),
        (SERVER, b"\0\0", None),
        (SERVER, b"\x16\x03\x01", False),
        (CLIENT, frame(1, bytes(30), 0x5, 3) + frame(0, b"x", 1, 3), True),
        (CLIENT, frame(1, bytes(30), 0x5, 3) + b"\x81\x05hello....", False),
        (CLIENT, frame(1, bytes(30), 0x5, 3), None),
        (CLIENT, frame(6, bytes(8)), True),
        (CLIENT, frame(6, bytes(7)) + frame(6, bytes(8)), False),
        (CLIENT, bytes(40), False),
        (CLIENT, b"\x81\x85abcdhello", False),
    ],
)
def test_recognition(side, data, answer):
    assert sniff(side, data) is answer
