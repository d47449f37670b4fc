"""What a TLS handshake says: its messages, and the session that they and the keys make together.

RFC 5246 section 7.4 and RFC 8446 section 4. Signatures and key shares are passed over.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import md5, new, sha1

from leaktap.wire import tls_certificates
from leaktap.wire._bytes import CLIENT
from leaktap.wire.keys import KeyLog
from leaktap.wire.tls_ciphers import TLS10, TLS11, TLS12, TLS13, openers12, prf, supported
from leaktap.wire.tls_fingerprint import ja3, ja3s, ja4
from leaktap.wire.tls_hello import (
    ALPN,
    EARLY_DATA,
    ENCRYPT_THEN_MAC,
    ENCRYPTED_CLIENT_HELLO,
    EXTENDED_MASTER_SECRET,
    SERVER_NAME,
    SESSION_TICKET,
    SUPPORTED_VERSIONS,
    Cursor,
    client_hello,
    extensions,
    protocols,
    server_hello,
    server_name,
)
from leaktap.wire.tls_hello import BadHandshake as BadHandshake
from leaktap.wire.tls_openers import Opener
from leaktap.wire.tls_shared import Shared, by_id, by_ticket
from leaktap.wire.tls_suites import Suite, suite

HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, END_OF_EARLY_DATA = 0, 1, 2, 4, 5
ENCRYPTED_EXTENSIONS, CERTIFICATE, SERVER_HELLO_DONE, CLIENT_KEY_EXCHANGE = 8, 11, 14, 16
FINISHED, KEY_UPDATE, COMPRESSED_CERTIFICATE = 20, 24, 25

RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a HelloRetryRequest (RFC 8446 section 4.1.3)."""

_VERSIONS = {0x0300: "SSL 3.0", TLS10: "TLS 1.0", TLS11: "TLS 1.1", TLS12: "TLS 1.2", TLS13: "TLS 1.3"}
_MOST_MESSAGE = 256 << 10
_MOST_HELLO = _MOST_SAID = 64 << 10
_MOST_NAMES = 16
_MOST_TOLD = 8


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


def _release(version: int) -> int:
    """Returns the version that a draft of TLS 1.3 became; from draft 25 on, records are protected alike."""
    return TLS13 if version >> 8 in (0x7F, 0xFB) and 25 <= version & 0xFF <= 28 else version


@dataclass(slots=True, eq=False)
class Session:
    """One handshake: what the client asked for and, once `answered`, what the server took.

    `full` tells that the server showed who it is, as it does not where a session is resumed. `certificate` is its own
    one (DER). `transport` is what a JA4 begins with.
    """

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
    full: bool = False
    certificate: bytes = b""
    transport: str = "t"
    _asked: bytes = b""
    _answer: bytes = b""
    _said: tuple[list[bytes], list[bytes]] = field(default_factory=lambda: ([], []))
    _resumable: list[bytes] = field(default_factory=list)
    _known_master: bytes = b""
    _tried: tuple[int, bytes, bool] | None = None
    _openers: tuple[Opener, Opener] | None = None

    @classmethod
    def of_client(cls, body: bytes, transport: str = "t") -> "Session":
        """Begins with a ClientHello; raises BadHandshake."""
        if len(body) > _MOST_HELLO:
            raise BadHandshake(f"a hello of {len(body)} bytes")
        hello = client_hello(body)
        return cls(
            hello.random,
            server_name(hello.extension(SERVER_NAME)),
            hello.extension(EARLY_DATA) is not None,
            offered=protocols(hello.extension(ALPN)),
            transport=transport,
            _asked=body,
        )

    def answer(self, body: bytes) -> None:
        """Takes the ServerHello (or HelloRetryRequest); raises BadHandshake."""
        hello = server_hello(body)
        self.server_random = hello.random
        self.suite = suite(hello.suites[0])
        self.compressed = hello.compressions != b"\0"
        chosen = hello.extension(SUPPORTED_VERSIONS) or b""
        self.version = _release(int.from_bytes(chosen)) if len(chosen) == 2 else hello.version
        self.encrypt_then_mac = hello.extension(ENCRYPT_THEN_MAC) is not None
        self.extended_master = hello.extension(EXTENDED_MASTER_SECRET) is not None
        self.protocol = next(iter(protocols(hello.extension(ALPN))), "")
        self.retry = self.server_random == RETRY
        self.answered = True
        self._answer = body
        self._resumable = [by_id(hello.session_id)] if hello.session_id else []

    def encrypted_extensions(self, body: bytes) -> None:
        """Takes the EncryptedExtensions; raises BadHandshake."""
        found = dict(extensions(Cursor(body)))
        self.protocol = next(iter(protocols(found.get(ALPN))), "")
        self.early_accepted = EARLY_DATA in found

    # Who the server is

    def show(self, kind: int, body: bytes, shared: Shared) -> None:
        """Takes the server's Certificate or CompressedCertificate; one that cannot be read names nobody."""
        with suppress(BadHandshake):
            body = tls_certificates.decompressed(body) if kind == COMPRESSED_CERTIFICATE else body
            self.certificate = shared.certificate(tls_certificates.leaf(body, self.version == TLS13))

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the server's certificate is for."""
        if not self.certificate:
            return ()
        from leaktap.wire.tls_names import names

        return names(self.certificate)

    @property
    def supported(self) -> bool:
        """Whether records of this session can be opened, with keys."""
        return self.retry or (supported(self.suite, self.version) and not self.compressed)

    @property
    def detail(self) -> str:
        """Version, suite, ALPN, fingerprints and certificate in words."""
        words = ["no ServerHello was captured"]
        if self.answered:
            words = [_VERSIONS.get(self.version, f"version 0x{self.version:04X}"), self.suite.name]
        words += ["compressed"] * self.compressed
        if self.protocol:
            words.append(f"ALPN {self.protocol}")
        elif self.offered and (not self.answered or self.version == TLS13):
            words.append(f"offers ALPN {' '.join(self.offered)}")
        asked = client_hello(self._asked)
        if asked.extension(ENCRYPTED_CLIENT_HELLO) is not None:
            words.append("offers ECH: the name may be its outer one")
        words += [f"JA3 {ja3(asked)}", f"JA4 {ja4(asked, self.transport)}"]
        if self._answer:
            words.append(f"JA3S {ja3s(server_hello(self._answer))}")
        names = self.names
        if names:
            more = f" and {len(names) - _MOST_TOLD} more" * (len(names) > _MOST_TOLD)
            words.append(f"certificate of {' '.join(names[:_MOST_TOLD])}{more}")
        return ", ".join(words)

    # Keys

    def note(self, side: int, kind: int, body: bytes) -> None:
        """Keeps a message that the master secret may be bound to (RFC 7627 section 3): up to the client's key."""
        said = self._said[side]
        last = CLIENT_KEY_EXCHANGE if side == CLIENT else SERVER_HELLO_DONE
        if kind != HELLO_REQUEST and not (said and said[-1][0] == last) and sum(map(len, said)) < _MOST_SAID:
            said.append(bytes([kind]) + len(body).to_bytes(3) + body)

    def ticket(self, body: bytes, keys: KeyLog, shared: Shared) -> None:
        """Takes a NewSessionTicket up to TLS 1.2 (RFC 5077 section 3.3); raises BadHandshake."""
        cursor = Cursor(body)
        cursor.take(4)
        name = by_ticket(cursor.vector(2))
        if self._known_master:
            shared.learn(keys, [name], self._known_master)
        elif len(self._resumable) < _MOST_NAMES:
            self._resumable.append(name)

    def openers(self, keys: KeyLog, shared: Shared) -> tuple[Opener, Opener] | None:
        """Returns the openers of client and server up to TLS 1.2; None while the key is not known."""
        state = keys.version, self.encrypted_premaster, self.full
        if self._openers is None and state != self._tried:
            self._tried = state
            master = self._master(keys) or (b"" if self.full else shared.master(self._resumes()))
            if master:
                self._known_master = master
                shared.learn(keys, self._resumable, master)
            if master or self.suite.cipher == "NULL":
                randoms = self.server_random + self.client_random
                self._openers = openers12(self.suite, self.version, master, randoms, self.encrypt_then_mac)
                for said in self._said:
                    said.clear()
        return self._openers

    def _resumes(self) -> list[bytes]:
        """Returns the names of the session that the client would resume."""
        hello = client_hello(self._asked)
        names = [by_id(hello.session_id)] if hello.session_id else []
        ticket = hello.extension(SESSION_TICKET)
        return [*names, by_ticket(ticket)] if ticket else names

    def _master(self, keys: KeyLog) -> bytes:
        found = keys.secrets(self.client_random)
        if "CLIENT_RANDOM" in found:
            return found["CLIENT_RANDOM"]
        premaster = found.get("PMS_CLIENT_RANDOM", b"")
        if not premaster and self.encrypted_premaster and self.suite.rsa:
            premaster = keys.premaster(self.encrypted_premaster, (self._asked[:2], self.version.to_bytes(2)))
        if not premaster:
            return b""
        if self.extended_master:
            return prf(self.suite, self.version, premaster, b"extended master secret", self._session_hash(), 48)
        randoms = self.client_random + self.server_random
        return prf(self.suite, self.version, premaster, b"master secret", randoms, 48)

    def _session_hash(self) -> bytes:
        """Returns the hash of the handshake up to the client's key (RFC 7627 section 3)."""
        client, server = self._said
        said = b"".join((*client[:1], *server, *client[1:]))
        if self.version == TLS12:
            return new(self.suite.hash, said).digest()
        return md5(said, usedforsecurity=False).digest() + sha1(said, usedforsecurity=False).digest()

    def secret(self, keys: KeyLog, side: int, stage: str) -> bytes:
        """Returns a side's TLS 1.3 secret, where the key log has it: `stage` is EARLY, HANDSHAKE or APPLICATION."""
        who = "CLIENT" if side == CLIENT else "SERVER"
        label = f"{who}_TRAFFIC_SECRET_0" if stage == APPLICATION else f"{who}_{stage}_TRAFFIC_SECRET"
        return keys.secrets(self.client_random).get(label, b"")


EARLY, HANDSHAKE, APPLICATION = "EARLY", "HANDSHAKE", "APPLICATION"
