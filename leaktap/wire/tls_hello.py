"""TLS hellos taken apart: RFC 5246 section 7.4.1, RFC 8446 section 4.1."""

import struct
from dataclasses import dataclass

SERVER_NAME, ALPN, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, SESSION_TICKET = 0, 16, 22, 23, 35
EARLY_DATA, SUPPORTED_VERSIONS, ENCRYPTED_CLIENT_HELLO = 42, 43, 0xFE0D
"""Extensions, by IANA's numbers."""


class BadHandshake(Exception):
    """A handshake message is broken."""


class Cursor:
    """Reads numbers and vectors off a message; each method raises BadHandshake where it ends too early."""

    def __init__(self, data: bytes) -> None:
        """Begins at the first byte."""
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        """Returns the next `count` bytes."""
        self._at += count
        if self._at > len(self._data):
            raise BadHandshake("a handshake message ends too early")
        return self._data[self._at - count : self._at]

    def number(self, size: int) -> int:
        """Returns the number in the next `size` bytes."""
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> bytes:
        """Returns bytes that their number precedes, in `size` bytes."""
        return self.take(self.number(size))

    def __bool__(self) -> bool:
        """Tells whether there is more."""
        return self._at < len(self._data)


@dataclass(frozen=True, slots=True)
class Hello:
    """A ClientHello or a ServerHello: `suites` and `compressions` of a server are the one that it took.

    `extensions` are in their order, each with its number.
    """

    version: int
    random: bytes
    session_id: bytes
    suites: tuple[int, ...]
    compressions: bytes
    extensions: tuple[tuple[int, bytes], ...]

    def extension(self, kind: int) -> bytes | None:
        """Returns what an extension holds, None where it is absent; the last one counts."""
        return next((data for number, data in reversed(self.extensions) if number == kind), None)


def client_hello(body: bytes) -> Hello:
    """Takes a ClientHello apart; raises BadHandshake."""
    cursor = Cursor(body)
    version, random, session_id = cursor.number(2), cursor.take(32), cursor.vector(1)
    offered = numbers(cursor.vector(2))
    return Hello(version, random, session_id, offered, cursor.vector(1), extensions(cursor))


def server_hello(body: bytes) -> Hello:
    """Takes a ServerHello apart; raises BadHandshake."""
    cursor = Cursor(body)
    version, random, session_id = cursor.number(2), cursor.take(32), cursor.vector(1)
    chosen = cursor.number(2)
    return Hello(version, random, session_id, (chosen,), cursor.take(1), extensions(cursor))


def numbers(data: bytes) -> tuple[int, ...]:
    """Returns the numbers of two bytes that follow each other."""
    return struct.unpack(f">{len(data) // 2}H", data[: len(data) & ~1])


def extensions(cursor: Cursor) -> tuple[tuple[int, bytes], ...]:
    """Returns the extensions that a message ends in, if it does; raises BadHandshake."""
    found: list[tuple[int, bytes]] = []
    if cursor:
        block, end = cursor.vector(2), 0
        while end < len(block):
            try:
                kind, size = _EXTENSION(block, end)
            except struct.error:
                raise BadHandshake("an extension ends too early") from None
            begin, end = end + 4, end + 4 + size
            if end > len(block):
                raise BadHandshake("an extension ends too early")
            found.append((kind, block[begin:end]))
    return tuple(found)


_EXTENSION = struct.Struct(">HH").unpack_from


def server_name(data: bytes | None) -> str:
    """Returns the host name of the SNI extension (RFC 6066 section 3), in lower case; raises BadHandshake."""
    if not data:
        return ""
    names = Cursor(Cursor(data).vector(2))
    while names:
        kind, name = names.number(1), names.vector(2)
        if kind == 0:
            return name.decode("ascii", "backslashreplace").lower().rstrip(".")
    return ""


def protocols(data: bytes | None) -> tuple[str, ...]:
    """Returns the protocols of an ALPN extension (RFC 7301); raises BadHandshake."""
    if not data:
        return ()
    names, found = Cursor(Cursor(data).vector(2)), []
    while names:
        found.append(names.vector(1).decode("ascii", "backslashreplace"))
    return tuple(found)
