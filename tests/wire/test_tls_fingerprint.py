import hashlib
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire.tls_fingerprint import ja3, ja3s, ja4
from leaktap.wire.tls_handshake import Session
from leaktap.wire.tls_hello import BadHandshake, Hello, client_hello, server_hello
from tests.wire._traffic import context

CAPTURES = Path(__file__).parents[3] / "shared/captures"


def shorts(*numbers):
    return struct.pack(f">{len(numbers)}H", *numbers)


def listed(size, data):
    return len(data).to_bytes(size) + data


CHROME_SUITES = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014)
CHROME_SUITES += (0x9C, 0x9D, 0x2F, 0x35)
SIGNATURES = listed(2, shorts(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601))
VERSIONS = listed(1, shorts(0x0304, 0x0303))
H2 = listed(2, b"\x02h2\x08http/1.1")


def hello(kinds, suites=CHROME_SUITES, version=0x0303, **held):
    known = {13: SIGNATURES, 16: H2, 43: VERSIONS, 11: b"\x01\0", 10: listed(2, shorts(0x11EC, 29, 23, 24))}
    known |= {int(name.removeprefix("x")): data for name, data in held.items()}
    return Hello(version, bytes(32), b"", tuple(suites), b"\0", tuple((kind, known.get(kind, b"")) for kind in kinds))


# The lists of a Chrome's hellos with the fingerprints that were published for them: the first in the description of
# JA4 (technical_details/JA4.md), the second by a service that prints both.
OLDER = (0x1B, 0, 0x33, 0x10, 0x4469, 0x17, 0x2D, 0x0D, 5, 0x23, 0x12, 0x2B, 0xFF01, 0x0B, 0x0A, 0x15)
NEWER = (45, 51, 16, 65037, 23, 17613, 0, 11, 10, 43, 65281, 35, 18, 5, 13, 27)


def test_published_fingerprints():
    assert ja4(hello(OLDER)) == "t13d1516h2_8daaf6152771_e5627efa2ab1"
    assert ja4(hello(NEWER)) == "t13d1516h2_8daaf6152771_d8a2da3f94cd"
    assert ja3(hello(NEWER)) == "98487aa16281980e7d1120d399efb6a4"


def test_order_matters_to_ja3_alone():
    assert ja4(hello(NEWER[::-1])) == ja4(hello(NEWER))
    assert ja3(hello(NEWER[::-1])) != ja3(hello(NEWER))
    assert ja4(hello(NEWER, suites=CHROME_SUITES[::-1])) == ja4(hello(NEWER))


def test_grease_does_not_count():
    greased = hello(
        (0x2A2A, *NEWER, 0xFAFA),
        (0x0A0A, *CHROME_SUITES),
        x43=listed(1, shorts(0xDADA, 0x0304, 0x0303)),
        x10=listed(2, shorts(0x1A1A, 0x11EC, 29, 23, 24)),
    )
    assert (ja3(greased), ja4(greased)) == (ja3(hello(NEWER)), ja4(hello(NEWER)))
    assert ja4(hello(NEWER, (0x0A1A, *CHROME_SUITES))) != ja4(hello(NEWER))


STARTS = [
    ("t13d1516h2", {}, "t"),
    ("q13d1516h2", {}, "q"),
    ("t12d1516h2", {"x43": b"\x02\x03\x03"}, "t"),
    ("t00d1516h2", {"x43": b"\x02\xfb\x1a"}, "t"),
    ("t00d1516h2", {"x43": b""}, "t"),
    ("t13d1516h1", {"x16": listed(2, b"\x08http/1.1")}, "t"),
    ("t13d151600", {"x16": b""}, "t"),
    ("t13d151600", {"x16": b"\0\1\0"}, "t"),
    ("t13d1516aa", {"x16": listed(2, b"\1a")}, "t"),
    ("t13d1516ad", {"x16": listed(2, b"\2\xab\xcd")}, "t"),
    ("t13d15163b", {"x16": listed(2, b"\2\x30\xab")}, "t"),
    ("t13d151601", {"x16": listed(2, b"\4\x30\xab\xcd\x31")}, "t"),
]


@pytest.mark.parametrize(("start", "held", "transport"), STARTS)
def test_what_a_ja4_begins_with(start, held, transport):
    assert ja4(hello(NEWER, **held), transport).startswith(start + "_")


@pytest.mark.parametrize(
    ("version", "start"), [(0x0303, "t12i0100"), (0x0301, "t10i0100"), (0x0300, "ts3i0100"), (0x0305, "t00i0100")]
)
def test_a_hello_without_extensions(version, start):
    assert ja4(hello((), (0x2F,), version)) == f"{start}00_{ja4(hello((), (0x2F,)))[11:]}"
    assert ja4(hello((), (), version)) == f"{start.replace('01', '00')}00_000000000000_000000000000"


def test_many_are_99():
    assert ja4(hello(range(20, 150), range(200))).startswith("t13i999900_")


def test_ja3s_of_a_known_answer():
    """TLS 1.3 with AES-128: the commonest there is."""
    assert ja3s(hello((51, 43), (0x1301,), 0x0303)) == "eb1d94daa7e0344597e756a1fb6e7054"


@given(st.binary(max_size=200))
def test_any_hello_has_fingerprints_or_is_bad(data):
    for read in (client_hello, server_hello):
        for body in (data, b"\3\3" + bytes(32) + b"\0" + data):
            try:
                found = read(body)
            except BadHandshake:
                continue
            assert (len(ja3(found)), len(ja4(found))) == (32, 36)
            assert not found.suites or len(ja3s(found)) == 32


@pytest.mark.skipif(not shutil.which("tshark"), reason="needs tshark")
@pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures at hand")
@pytest.mark.parametrize("name", ["pcap/iphone.pcap", "pcap/webex.pcap", "pcap/netflix.pcap", "tls/illustrated13.pcap"])
def test_tshark_says_the_same(name):
    command = ["tshark", "-r", CAPTURES / name, "-Y", "tls.handshake.type<=2", "-T", "fields"]
    fields = ["-e", "tls.handshake.ja3", "-e", "tls.handshake.ja3s", "-e", "tcp.stream"]
    command += ["-E", "separator=,", *fields]
    judged = {"ja3": {}, "ja3s": {}}
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        client, server, stream = line.split(",")
        judged["ja3"] |= {int(stream): client} if client else {}
        judged["ja3s"] |= {int(stream): server} if server else {}
    for kind, found in fingerprints(CAPTURES / name).items():
        assert found.items() <= judged[kind].items()
        assert len(found) > len(judged[kind]) / 2


def fingerprints(path):
    """JA3 and JA3S by the number of the connection, of those that had something to hide."""
    from leaktap.wire._bytes import Arrival
    from leaktap.wire.container import windows
    from leaktap.wire.packets import Packets
    from leaktap.wire.streams import Streams
    from leaktap.wire.tls import PROTOCOL, Tls

    packets, streams, layers, found = Packets("a.pcap"), Streams(), {}, {"ja3": {}, "ja3s": {}}
    with path.open("rb") as stream:
        for window in windows(stream, "a.pcap"):
            for event in streams.feed(packets.columns(window)):
                if isinstance(event, Arrival) and event.flow.transport == "tcp":
                    index = event.flow.index
                    if index not in layers and PROTOCOL.sniff(event.side, event.segment.data):
                        layers[index] = Tls(context())
                    if index in layers:
                        list(layers[index].feed(event.side, event.segment))
    for index, layer in layers.items():
        words = [word for made in layer.close() for word in getattr(made, "detail", "").split(", ")]
        for word in words:
            kind, _, value = word.partition(" ")
            if kind.lower() in found:
                found[kind.lower()][index] = value
    return found


def test_a_session_says_them():
    session = Session.of_client(b"\3\3" + bytes(32) + b"\0" + listed(2, shorts(0x2F)) + b"\1\0", "q")
    digest = hashlib.md5(b"771,47,,,").hexdigest()
    assert session.detail.startswith(f"no ServerHello was captured, JA3 {digest}, JA4 q12i010000_")
    assert session.detail.endswith("_000000000000")
