"""What a TLS handshake says: the hellos, and the session that they and the key log make together.

RFC 5246 section 7.4 and RFC 8446 section 4. Certificates, signatures and key shares are passed over.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from leaktap.wire._bytes import CLIENT
from leaktap.wire.keys import KeyLog
from leaktap.wire.tls_ciphers import TLS10, TLS11, TLS12, TLS13, openers12, prf, supported
from leaktap.wire.tls_openers import Opener
from leaktap.wire.tls_suites import Suite, suite

CLIENT_HELLO, SERVER_HELLO, END_OF_EARLY_DATA, ENCRYPTED_EXTENSIONS = 1, 2, 5, 8
CLIENT_KEY_EXCHANGE, FINISHED, KEY_UPDATE = 16, 20, 24
_SERVER_NAME, _ALPN, _ENCRYPT_THEN_MAC, _EXTENDED_MASTER_SECRET = 0, 16, 22, 23
_EARLY_DATA, _SUPPORTED_VERSIONS = 42, 43

RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a HelloRetryRequest (RFC 8446 section 4.1.3)."""

_VERSIONS = {0x0300: "SSL 3.0", TLS10: "TLS 1.0", TLS11: "TLS 1.1", TLS12: "TLS 1.2", TLS13: "TLS 1.3"}
_MOST_MESSAGE = 256 << 10


class BadHandshake(Exception):
    """A handshake message is broken."""


@dataclass(slots=True)
class Messages:
    """Cuts the handshake bytes of one side into messages."""

    _data: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yields type and body of each message that is complete.

        Raises:
            BadHandshake: a message is longer than anybody sends.
        """
        self._data += data
        while len(self._data) >= 4:
            size = int.from_bytes(self._data[1:4])
            if size > _MOST_MESSAGE:
                raise BadHandshake(f"a handshake message of {size} bytes")
            if len(self._data) < 4 + size:
                return
            kind, body = self._data[0], bytes(self._data[4 : 4 + size])
            del self._data[: 4 + size]
            yield kind, body

    def clear(self) -> None:
        """Forgets a message that was begun."""
        self._data.clear()


class _Cursor:
    """Reads numbers and vectors off a message."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._data):
            raise BadHandshake("a hello ends too early")
        return self._data[self._at - count : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))

    def __bool__(self) -> bool:
        return self._at < len(self._data)


def _extensions(cursor: _Cursor) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
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
            found[kind] = block[begin:end]
    return found


_EXTENSION = struct.Struct(">HH").unpack_from


def _server_name(data: bytes) -> str:
    """Returns the host name of the SNI extension (RFC 6066 section 3), in lower case."""
    if not data:
        return ""
    names = _Cursor(_Cursor(data).vector(2))
    while names:
        kind, name = names.number(1), names.vector(2)
        if kind == 0:
            return name.decode("ascii", "backslashreplace").lower().rstrip(".")
    return ""


def _chosen_protocol(data: bytes) -> str:
    """Returns the protocol that the server took (RFC 7301)."""
    if not data:
        return ""
    return _Cursor(_Cursor(data).vector(2)).vector(1).decode("ascii", "backslashreplace")


def _offered_protocols(data: bytes) -> tuple[str, ...]:
    """Returns the protocols that the client would speak (RFC 7301)."""
    if not data:
        return ()
    names, found = _Cursor(_Cursor(data).vector(2)), []
    while names:
        found.append(names.vector(1).decode("ascii", "backslashreplace"))
    return tuple(found)


def _release(version: int) -> int:
    """Returns the version that a draft of TLS 1.3 became; from draft 25 on, records are protected alike."""
    return TLS13 if version >> 8 in (0x7F, 0xFB) and 25 <= version & 0xFF <= 28 else version


@dataclass(slots=True, eq=False)
class Session:
    """One handshake: what the client asked for and, once `answered`, what the server took."""

    client_random: bytes
    host: str = ""
    early: bool = False
    answered: bool = False
    retry: bool = False
    server_random: bytes = b""
    version: int = 0
    suite: Suite = field(default_factory=lambda: suite(0))
    compressed: bool = False
    encrypt_then_mac: bool = False
    extended_master: bool = False
    protocol: str = ""
    offered: tuple[str, ...] = ()
    early_accepted: bool | None = None
    encrypted_premaster: bytes = b""
    _openers: tuple[Opener, Opener] | None = None

    @classmethod
    def of_client(cls, body: bytes) -> "Session":
        """Begins with a ClientHello; raises BadHandshake."""
        cursor = _Cursor(body)
        cursor.take(2)
        random = cursor.take(32)
        cursor.vector(1)
        cursor.vector(2)
        cursor.vector(1)
        extensions = _extensions(cursor)
        host = _server_name(extensions.get(_SERVER_NAME, b""))
        return cls(random, host, _EARLY_DATA in extensions, offered=_offered_protocols(extensions.get(_ALPN, b"")))

    def answer(self, body: bytes) -> None:
        """Takes the ServerHello (or HelloRetryRequest); raises BadHandshake."""
        cursor = _Cursor(body)
        version = cursor.number(2)
        self.server_random = cursor.take(32)
        cursor.vector(1)
        self.suite = suite(cursor.number(2))
        self.compressed = cursor.number(1) != 0
        extensions = _extensions(cursor)
        chosen = extensions.get(_SUPPORTED_VERSIONS, b"")
        self.version = _release(int.from_bytes(chosen)) if len(chosen) == 2 else version
        self.encrypt_then_mac = _ENCRYPT_THEN_MAC in extensions
        self.extended_master = _EXTENDED_MASTER_SECRET in extensions
        self.protocol = _chosen_protocol(extensions.get(_ALPN, b""))
        self.retry = self.server_random == RETRY
        self.answered = True

    def encrypted_extensions(self, body: bytes) -> None:
        """Takes the EncryptedExtensions; raises BadHandshake."""
        extensions = _extensions(_Cursor(body))
        self.protocol = _chosen_protocol(extensions.get(_ALPN, b""))
        self.early_accepted = _EARLY_DATA in extensions

    @property
    def supported(self) -> bool:
        """Whether records of this session can be opened, with keys."""
        return self.retry or (supported(self.suite, self.version) and not self.compressed)

    @property
    def detail(self) -> str:
        """Version, suite and ALPN in words."""
        if not self.answered:
            return "no ServerHello was captured"
        words = [_VERSIONS.get(self.version, f"version 0x{self.version:04X}"), self.suite.name]
        words += ["compressed"] * self.compressed + [f"ALPN {self.protocol}"] * bool(self.protocol)
        return ", ".join(words)

    def openers(self, keys: KeyLog) -> tuple[Opener, Opener] | None:
        """Returns the openers of client and server up to TLS 1.2; None while the key is not known."""
        if self._openers is None:
            master = self._master(keys)
            if master:
                randoms = self.server_random + self.client_random
                self._openers = openers12(self.suite, self.version, master, randoms, self.encrypt_then_mac)
        return self._openers

    def _master(self, keys: KeyLog) -> bytes:
        found = keys.secrets(self.client_random)
        if "CLIENT_RANDOM" in found:
            return found["CLIENT_RANDOM"]
        premaster = found.get("PMS_CLIENT_RANDOM") or keys.secrets(self.encrypted_premaster).get("RSA", b"")
        if not premaster or self.extended_master:
            return b""
        randoms = self.client_random + self.server_random
        return prf(self.suite, self.version, premaster, b"master secret", randoms, 48)

    def secret(self, keys: KeyLog, side: int, stage: str) -> bytes:
        """Returns a side's TLS 1.3 secret, where the key log has it: `stage` is EARLY, HANDSHAKE or APPLICATION."""
        who = "CLIENT" if side == CLIENT else "SERVER"
        label = f"{who}_TRAFFIC_SECRET_0" if stage == APPLICATION else f"{who}_{stage}_TRAFFIC_SECRET"
        return keys.secrets(self.client_random).get(label, b"")


EARLY, HANDSHAKE, APPLICATION = "EARLY", "HANDSHAKE", "APPLICATION"
