"""The frames of a QUIC packet, less those that only steer the transport.

RFC 9000 section 19, RFC 9221 section 4 (DATAGRAM). Frames of extensions that are known by their layout are passed over:
ACK_FREQUENCY and IMMEDIATE_ACK (draft-ietf-quic-ack-frequency section 4), TIMESTAMP (draft-huitema-quic-ts section 3),
RESET_STREAM_AT (draft-ietf-quic-reliable-stream-reset section 4).
"""

from collections.abc import Iterator
from typing import NamedTuple

from leaktap.wire.quic_packets import MOST_ID, Short, varint

PADDING, PING, ACK, ACK_ECN, RESET_STREAM, STOP_SENDING, CRYPTO, NEW_TOKEN, STREAM = range(9)
NEW_CONNECTION_ID, PATH_CHALLENGE, PATH_RESPONSE, CLOSE, APPLICATION_CLOSE = 0x18, 0x1A, 0x1B, 0x1C, 0x1D
DATAGRAM, DATAGRAM_SIZED, RESET_STREAM_AT = 0x30, 0x31, 0x24

_NUMBERS = {
    PING: 0,
    STOP_SENDING: 2,
    0x10: 1,
    0x11: 2,
    0x12: 1,
    0x13: 1,
    0x14: 1,
    0x15: 2,
    0x16: 1,
    0x17: 1,
    0x19: 1,
    0x1E: 0,
    0x1F: 0,
    0xAF: 4,
    0x2F5: 1,
}
"""How many integers make the frames that are passed over."""


class BadFrame(Exception):
    """A frame breaks the rules, or is of a type that is not known: where it ends cannot be told."""


class Frame(NamedTuple):
    """A frame: CRYPTO, STREAM (whatever its flags), RESET_STREAM, NEW_CONNECTION_ID or DATAGRAM.

    `stream` and `offset` say where the `data` belongs; the offset of a RESET_STREAM is the stream's final size.
    `ends` tells that it is the stream's last.
    """

    kind: int
    data: bytes = b""
    stream: int = 0
    offset: int = 0
    ends: bool = False


def frames(text: bytes) -> Iterator[Frame]:
    """Yields the frames of a packet; raises BadFrame."""
    at, end = 0, len(text)
    try:
        while at < end:
            kind = text[at]
            if STREAM <= kind < STREAM + 8:
                stream, at = varint(text, at + 1)
                offset, at = varint(text, at) if kind & 4 else (0, at)
                data, at = _sized(text, at) if kind & 2 else (text[at:], end)
                yield Frame(STREAM, data, stream, offset, bool(kind & 1))
            elif kind == PADDING:
                at = end - len(text[at:].lstrip(b"\0"))
            elif kind in (ACK, ACK_ECN):
                at = _acknowledged(text, at + 1, kind)
            elif kind == CRYPTO:
                offset, at = varint(text, at + 1)
                data, at = _sized(text, at)
                yield Frame(CRYPTO, data, 0, offset)
            else:
                kind, at = varint(text, at)
                frame, at = _other(text, at, kind)
                if frame is not None:
                    yield frame
    except (IndexError, Short):
        raise BadFrame("a frame that is longer than its packet") from None


def _sized(text: bytes, at: int) -> tuple[bytes, int]:
    """Returns bytes with their length before them, and where they end."""
    size, at = varint(text, at)
    if at + size > len(text):
        raise Short
    return text[at : at + size], at + size


def _acknowledged(text: bytes, at: int, kind: int) -> int:
    """Returns where the ranges of an ACK end."""
    _, at = varint(text, at)
    _, at = varint(text, at)
    count, at = varint(text, at)
    if count > len(text):
        raise Short
    for _ in range(1 + 2 * count + (3 if kind == ACK_ECN else 0)):
        _, at = varint(text, at)
    return at


def _other(text: bytes, at: int, kind: int) -> tuple[Frame | None, int]:
    """Takes a frame that is rare; returns it, if it matters, and where it ends."""
    count = _NUMBERS.get(kind)
    if count is not None:
        for _ in range(count):
            _, at = varint(text, at)
        return None, at
    if kind in (RESET_STREAM, RESET_STREAM_AT):
        stream, at = varint(text, at)
        _, at = varint(text, at)
        size, at = varint(text, at)
        if kind == RESET_STREAM_AT:
            _, at = varint(text, at)
        return Frame(RESET_STREAM, b"", stream, size, True), at
    if kind == NEW_CONNECTION_ID:
        _, at = varint(text, at)
        _, at = varint(text, at)
        begin, at = at + 1, at + 17 + text[at]
        if at > len(text) or at - 16 - begin > MOST_ID:
            raise Short
        return Frame(NEW_CONNECTION_ID, text[begin : at - 16]), at
    if kind in (PATH_CHALLENGE, PATH_RESPONSE):
        return None, at + 8
    if kind in (CLOSE, APPLICATION_CLOSE):
        for _ in range(2 if kind == CLOSE else 1):
            _, at = varint(text, at)
        return None, _sized(text, at)[1]
    if kind == NEW_TOKEN:
        return None, _sized(text, at)[1]
    if kind == DATAGRAM:
        return Frame(DATAGRAM, text[at:]), len(text)
    if kind == DATAGRAM_SIZED:
        data, at = _sized(text, at)
        return Frame(DATAGRAM, data), at
    raise BadFrame(f"a frame of the type 0x{kind:X}")
