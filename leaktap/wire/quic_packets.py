"""QUIC packets as datagrams carry them: the fields that are readable without a key.

RFC 8999 (what all versions share), RFC 9000 sections 12.2, 16 and 17, RFC 9369 section 3.2 (version 2 numbers the types
of packets otherwise). Of a short header nothing can be told but that it is one: the length of its connection id is the
receiver's secret.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

INITIAL, EARLY, HANDSHAKE, APPLICATION, RETRY = range(5)
"""What a packet is protected for: the levels of encryption, and Retry, which is not encrypted."""

MOST_ID = 20
"""The longest connection id (RFC 9000 section 17.2)."""

_SHORTEST = 21
_LONG, _FIXED = 0x80, 0x40


@dataclass(frozen=True, slots=True)
class Version:
    """A version: its name, the salt of its Initial packets, how its labels begin, what the type bits mean."""

    name: str
    salt: bytes
    labels: bytes = b"quic "
    kinds: tuple[int, int, int, int] = (INITIAL, EARLY, HANDSHAKE, RETRY)


_SALT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
_SALT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
_SALT_1 = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_SALT_2 = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")

VERSIONS = {
    0x00000001: Version("v1", _SALT_1),
    0x6B3343CF: Version("v2", _SALT_2, b"quicv2 ", (RETRY, INITIAL, EARLY, HANDSHAKE)),
    **{0xFF000000 + draft: Version(f"draft-{draft}", _SALT_23) for draft in (27, 28)},
    **{0xFF000000 + draft: Version(f"draft-{draft}", _SALT_29) for draft in range(29, 33)},
    **{0xFF000000 + draft: Version(f"draft-{draft}", _SALT_1) for draft in (33, 34)},
}
"""The versions that are read (RFC 9001 section 5.2, RFC 9369 section 3.3.1, the same sections of the drafts)."""


class Short(Exception):
    """Bytes end before a field does."""


class Packet(NamedTuple):
    """A packet of a datagram, from `start` to before `end`; `number_at` is where its protected number lies.

    A short header has neither version nor ids here.
    """

    kind: int
    start: int
    number_at: int
    end: int
    version: Version | None = None
    target: bytes = b""
    sender: bytes = b""


def varint(data: bytes | bytearray | memoryview, at: int) -> tuple[int, int]:
    """Returns a variable-length integer (RFC 9000 section 16) and where it ends; raises IndexError or Short."""
    first = data[at]
    if first < 0x40:
        return first, at + 1
    end = at + (1 << (first >> 6))
    if end > len(data):
        raise Short
    return int.from_bytes(data[at:end]) & (1 << (8 * (end - at) - 2)) - 1, end


def packets(datagram: bytes) -> Iterator[Packet]:
    """Yields the packets of a datagram that are protected; stops at what is none.

    Version Negotiation and Retry bring nothing but what the next Initial shows, and are passed over.
    """
    at, first = 0, b""
    while at < len(datagram) and datagram[at] & _LONG:
        packet = _long(datagram, at)
        if packet is None or packet.kind == RETRY or (at and packet.target != first):
            return
        first, at = packet.target, packet.end
        yield packet
    if len(datagram) - at >= _SHORTEST and (not at or datagram[at] & _FIXED):
        yield Packet(APPLICATION, at, 0, len(datagram))


def _long(data: bytes, at: int) -> Packet | None:
    """Returns the packet with a long header at `at`; None where there is none of a version that is read."""
    version = VERSIONS.get(int.from_bytes(data[at + 1 : at + 5]))
    if version is None:
        return None
    kind = version.kinds[data[at] >> 4 & 3]
    try:
        ids_at = at + 6 + data[at + 5]
        target = data[at + 6 : ids_at]
        end = ids_at + 1 + data[ids_at]
        sender = data[ids_at + 1 : end]
        if max(len(target), len(sender)) > MOST_ID:
            return None
        if kind == RETRY:
            return Packet(kind, at, end, len(data), version, target, sender)
        if kind == INITIAL:
            token, end = varint(data, end)
            end += token
        length, end = varint(data, end)
    except (IndexError, Short):
        return None
    if end + length > len(data):
        return None
    return Packet(kind, at, end, end + length, version, target, sender)


def sniff(side: int, data: bytes) -> bool:
    """Tells a packet with a long header of a version that is read."""
    return bool(data) and data[0] & (_LONG | _FIXED) == _LONG | _FIXED and _long(data, 0) is not None
