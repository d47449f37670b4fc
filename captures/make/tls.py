"""Real TLS without a network: an OpenSSL client and server that talk through memory, and what each put on the wire.

`Link.send` returns the records of one side; the handshake comes as a list of flights. The key log lines that a browser
would write to SSLKEYLOGFILE are collected in `Link.keylog`.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

CLIENT, SERVER = 0, 1
_VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_CHUNK = 1 << 20


@dataclass(slots=True)
class Link:
    """A TLS connection between two OpenSSL endpoints; `ends` are its client and its server.

    `protocol` is what they agree on by ALPN, if anything.
    """

    host: str
    version: str = "1.3"
    suite: str = ""
    protocol: str = ""
    keylog: list[bytes] = field(default_factory=list)
    ends: tuple[SSL.Connection, SSL.Connection] = field(init=False)

    def __post_init__(self) -> None:
        """Readies both ends; nothing is sent yet."""
        client = _context(self.version, self.suite)
        client.set_keylog_callback(lambda _, line: self.keylog.append(line))
        server = _context(self.version, self.suite)
        certificate, key = certificate_for(self.host)
        server.use_certificate(certificate)
        server.use_privatekey(key)
        if self.protocol:
            agreed = self.protocol.encode()
            client.set_alpn_protos([agreed])
            server.set_alpn_select_callback(lambda *_: agreed)
        self.ends = (SSL.Connection(client, None), SSL.Connection(server, None))
        self.ends[CLIENT].set_tlsext_host_name(self.host.encode())
        self.ends[CLIENT].set_connect_state()
        self.ends[SERVER].set_accept_state()

    def handshake(self) -> list[tuple[int, bytes]]:
        """Shakes hands and returns the flights: who sent, and what."""
        flights = []
        side = CLIENT
        idle = 0
        while idle < 2:
            with suppress(SSL.WantReadError):
                self.ends[side].do_handshake()
            flight = self._out(side)
            idle = 0 if flight else idle + 1
            if flight:
                flights.append((side, flight))
                self.ends[1 - side].bio_write(flight)
            side = 1 - side
        return flights

    def send(self, side: int, data: bytes) -> bytes:
        """Encrypts `data` at one end, lets the other read it, and returns the records."""
        return b"".join(self._records(side, data))

    def close(self, side: int) -> bytes:
        """Returns the alert with which one end says good-bye."""
        self.ends[side].shutdown()
        return self._out(side)

    def _records(self, side: int, data: bytes) -> Iterator[bytes]:
        view = memoryview(data)
        for at in range(0, len(data), _CHUNK):
            piece = view[at : at + _CHUNK]
            self.ends[side].sendall(piece)
            records = self._out(side)
            self.ends[1 - side].bio_write(records)
            got = 0
            while got < len(piece):
                got += len(self.ends[1 - side].recv(_CHUNK))
            yield records

    def _out(self, side: int) -> bytes:
        pieces = []
        try:
            while True:
                pieces.append(self.ends[side].bio_read(_CHUNK))
        except SSL.WantReadError:
            return b"".join(pieces)


def _context(version: str, suite: str) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(_VERSIONS[version])
    context.set_max_proto_version(_VERSIONS[version])
    if suite and version == "1.3":
        context.set_tls13_ciphersuites(suite.encode())
    elif suite:
        context.set_cipher_list(suite.encode())
    return context


@cache
def certificate_for(host: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Makes a self-signed certificate for a host, once per run."""
    key = _key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    made = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(made)
        .not_valid_after(made + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
