"""Name resolution blocks: the names of hosts and hardware addresses that a capture carries."""

import io
import ipaddress
import shutil
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.wire.container import windows
from leaktap.wire.names import Names
from leaktap.wire.pcapng_names import learn_names
from tests.wire._packets import block, enhanced, ethernet, interface, ip, option, section, tcp, tshark, udp

FOUR, SIX, MAC = ipaddress.ip_address("203.0.113.9").packed, ipaddress.ip_address("2001:db8::9").packed, b"\xa4PF\1\2\3"


def learnt(body, order="<"):
    names = Names()
    learn_names(memoryview(body), order, names)
    return names


def record(kind, value, order="<"):
    return option(kind, value, order)


@pytest.mark.parametrize("order", ["<", ">"])
def test_names(order):
    names = learnt(
        record(1, FOUR + b"Api.Example\0", order)
        + record(2, SIX + b"six.example\0other.example\0", order)
        + record(3, MAC + b"lab-phone-3\0", order)
        + record(4, MAC + b"\0\0eui64\0", order)
        + record(0, b"", order),
        order,
    )
    assert names.host("203.0.113.9") == "api.example"
    assert names.host("2001:db8::9") == "other.example"
    assert names.phone("a4:50:46:01:02:03", "") == "lab-phone-3"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        record(1, b""),
        record(1, FOUR),
        record(1, FOUR + b"\0"),
        record(1, FOUR[:3] + b"a\0")[:8],
        record(1, FOUR + b"\xff.example\0"),
        record(1, FOUR + b"a\nb.example\0"),
        record(1, FOUR + b"a" * 256 + b"\0"),
        record(0, b"") + record(1, FOUR + b"behind.example\0"),
        struct.pack("<HH", 1, 99) + FOUR + b"cut.example\0",
        record(9, FOUR + b"kind.example\0"),
    ],
)
def test_what_names_nothing(body):
    assert learnt(body).host("203.0.113.9") == ""


class Pipe(io.BytesIO):
    def seekable(self):
        return False


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_in_a_capture(stream):
    names = Names()
    packet = enhanced(1, ethernet(ip(tcp(b"x"))))
    data = section() + interface() + packet + block(4, record(1, FOUR + b"late.example\0") + record(0, b"")) + packet
    first = next(windows(stream(data), "a", names=names))
    assert len(first.start) == 2
    assert names.host("203.0.113.9") == "late.example"


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_agrees(tmp_path):
    file = tmp_path / "a.pcapng"
    packets = [
        enhanced(1, ethernet(ip(udp(b"x"), "10.0.0.7", target, 17))) for target in ("203.0.113.9", "203.0.113.10")
    ]
    body = record(1, FOUR + b"api.example\0other.example\0") + record(0, b"")
    file.write_bytes(section() + interface() + block(4, body) + b"".join(packets))
    names = Names()
    list(windows(io.BytesIO(file.read_bytes()), "a", names=names))
    shown = tshark(file, "ip.dst", "ip.dst_host", options=("-N", "n"))
    assert [[address, names.host(address) or address] for address, _ in shown] == shown


@given(st.binary(max_size=80), st.sampled_from("<>"))
def test_any_block(body, order):
    learnt(body, order)
