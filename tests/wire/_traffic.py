"""Traffic for the tests of the layers: bytes cut into segments, and real TLS over memory buffers."""

import contextlib
import datetime
import functools
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from leaktap.model import Endpoint
from leaktap.wire._api import Budget, Context, Finished, Plain
from leaktap.wire._bytes import CLIENT, SERVER, Arrival, Closed, Flow, Segment
from leaktap.wire.engine import Engine
from leaktap.wire.keys import KeyLog
from tests.wire import _packets

START = 1_763_700_000_000_000
HOST = "api.example-shop.cn"


def flow(index=0, transport="tcp", port=443, from_start=True):
    client, server = Endpoint("10.0.0.9", 50_000 + index), Endpoint("203.0.113.7", port)
    return Flow(index, transport, client, server, START, 1, from_start)


def context(keys=None, **more):
    one = flow(**more)
    return Context("a.pcap", one, one.client, one.server, keys or KeyLog(), Budget())


def segment(data, frame=1, lost=0, cuts=()):
    """A segment whose pieces begin at 0 and at `cuts`, with the frames `frame`, `frame` + 1, ..."""
    offsets = [0, *cuts]
    frames = [frame + number for number in range(len(offsets))]
    return Segment(data, offsets, frames, [START + number * 1000 for number in frames], lost)


def arrivals(one, turns, size=1 << 20):
    """Turns of (side, bytes) as events of packets of at most `size` bytes, one after the other."""
    frame = 1
    for side, data in turns:
        for at in range(0, len(data), size):
            yield Arrival(one, side, segment(data[at : at + size], frame))
            frame += 1


def run(turns, keys=None, size=1 << 20, close=True, patient=True, **more):
    """What the engine makes of one flow: a list."""
    engine = Engine("a.pcap", keys or KeyLog(), patient)
    one = flow(**more)
    seen = list(engine.feed(arrivals(one, turns, size)))
    if close:
        seen += engine.feed([Closed(one, "fin")])
    return seen + list(engine.close())


def exchanges(seen):
    return [item for item in seen if type(item).__name__ == "Exchange"]


def blinds(seen):
    return [item for item in seen if type(item).__name__ == "Blind"]


def plain(made):
    """What a layer handed up, per side."""
    sides = [b"", b""]
    for thing in made:
        if isinstance(thing, Plain):
            sides[thing.side] += thing.segment.data
    return tuple(sides)


def finished(made):
    return [thing.exchange for thing in made if isinstance(thing, Finished)]


def certificate(kind):
    """A certificate of `HOST` with its key, as the name of a PEM file."""
    return _certificate(kind, HOST)


@functools.cache
def _certificate(kind, host):
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime(2026, 1, 1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    file = Path(tempfile.mkdtemp()) / f"{kind}.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return str(file)


class Talk:
    """A TLS connection between two objects of this process; `turns` are the bytes that went over the wire."""

    def __init__(self, version=ssl.TLSVersion.TLSv1_3, ciphers="", alpn=(), contexts=None, session=None):
        self.keylog = Path(tempfile.mkdtemp()) / "keys.txt"
        self.contexts = contexts or tls_contexts(version, ciphers, alpn)
        self.contexts[0].keylog_filename = str(self.keylog)
        self._buffers = [(ssl.MemoryBIO(), ssl.MemoryBIO()) for _ in range(2)]
        self.ends = [
            self.contexts[CLIENT].wrap_bio(*self._buffers[CLIENT], server_hostname=HOST, session=session),
            self.contexts[SERVER].wrap_bio(*self._buffers[SERVER], server_side=True),
        ]
        self.turns = []
        pending = {CLIENT, SERVER}
        while pending:
            for side in sorted(pending):
                with contextlib.suppress(ssl.SSLWantReadError):
                    self.ends[side].do_handshake()
                    pending.discard(side)
                self._move(side)
        self._drain()

    def _move(self, side):
        data = self._buffers[side][1].read()
        if data:
            self.turns.append((side, data))
            self._buffers[1 - side][0].write(data)

    def _drain(self):
        """Lets both ends read what is there (session tickets)."""
        for end in self.ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.read(1 << 20)

    def say(self, side, data):
        """One side says something, the other reads it."""
        for at in range(0, len(data), 16 << 10):
            self.ends[side].write(data[at : at + (16 << 10)])
        self._move(side)
        got = b""
        while len(got) < len(data):
            got += self.ends[1 - side].read(1 << 20)
        assert got == data
        return self

    def keys(self):
        log = KeyLog()
        log.add_file(self.keylog)
        return log


def tls_contexts(version, ciphers="", alpn=()):
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    for kind in ("rsa", "ec"):
        server.load_cert_chain(certificate(kind))
    for one in (client, server):
        one.set_ciphers((ciphers or "ALL") + ":@SECLEVEL=0")
        one.minimum_version = one.maximum_version = version
        if alpn:
            one.set_alpn_protocols(list(alpn))
    return client, server


def captured(turns, port=40_000):
    """The packets of a TCP connection that said `turns`, as `_packets.pcap` takes them."""
    at, made = [1, 1], [(CLIENT, b"", 0, 0, _packets.SYN), (SERVER, b"", 0, 1, _packets.SYN | _packets.ACK)]
    for side, data in turns:
        for start in range(0, len(data), 1400):
            piece = data[start : start + 1400]
            made.append((side, piece, at[side], at[1 - side], _packets.ACK))
            at[side] += len(piece)
    ports, ends = (port, 443), (_packets.CLIENT, _packets.SERVER)
    for number, (side, data, seq, ack, flags) in enumerate(made):
        way = slice(None, None, -1 if side == SERVER else 1)
        segment = _packets.tcp(data, *ports[way], seq=seq, ack=ack, flags=flags)
        yield START + number * 1000, _packets.ethernet(_packets.ip(segment, *ends[way]))
