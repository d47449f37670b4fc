"""Comments of a capture: they become marks wherever they stand, before the packets they are of."""

import io
import shutil
import struct
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import to_time
from leaktap.model import Exchange, Fault, Mark
from leaktap.wire import comments as comments_module
from leaktap.wire.container import windows
from leaktap.wire.engine import exchanges
from leaktap.wire.keys import KeyLog
from tests.wire._packets import block, enhanced, ethernet, interface, ip, option, pcap, section, tcp, tshark

TIME = 1_795_000_000_000_000
PACKET = ethernet(ip(tcp(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", seq=1)))
END = option(0, b"")
CONSENT = option(1, b"leaktap: consent") + END


class Pipe(io.BytesIO):
    def seekable(self):
        return False


def see(data, stream=io.BytesIO):
    return list(exchanges(stream(data), "a", KeyLog()))


def told(data, stream=io.BytesIO, chunk=8 << 20):
    return [one for window in windows(stream(data), "a", chunk) for one in window.told]


def commented(*texts, order="<"):
    options = b"".join(option(1, text.encode(), order) for text in texts) + END
    plain = enhanced(TIME, PACKET, order=order)
    return section(order) + interface(order=order) + plain + enhanced(TIME + 5, PACKET, order=order, options=options)


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_packet_s_comment_is_a_mark_of_its_moment(stream, order):
    data = commented("leaktap: consent app=com.example.shop", order=order)
    assert told(data, stream) == [Mark(TIME + 5, "consent", "com.example.shop", "a: packet 2")]


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_several_comments(stream):
    found = told(commented("remark", "leaktap: notice", "u-10123", "leaktap: refuse\nleaktap: withdraw"), stream)
    assert [mark.event for mark in found] == ["notice", "refuse", "withdraw"]


def test_marks_of_a_file_come_before_all_else():
    data = section() + interface() + enhanced(TIME, PACKET) * 3 + enhanced(TIME - 1, PACKET, options=CONSENT)
    kinds = [type(item) for item in see(data) if isinstance(item, (Mark, Exchange))]
    assert kinds[0] is Mark and Exchange in kinds


def test_marks_come_in_the_order_of_time():
    blocks = [
        enhanced(TIME + 9 - number, PACKET, options=option(1, b"leaktap: %s" % event) + END)
        for number, event in enumerate((b"consent", b"consnet", b"notice", b"launch"))
    ]
    found = told(section() + interface() + b"".join(blocks))
    assert [getattr(one, "event", one) for one in found[:3]] == ["launch", "notice", "consent"]
    assert isinstance(found[3], Fault)


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_an_unknown_word_names_the_packet_and_the_events(stream):
    (fault,) = told(commented("leaktap: consnet"), stream)
    assert (fault.stage, fault.where) == ("mark", "a: packet 2")
    assert "did you mean 'consent'" in fault.why and "uninstall" in fault.why
    assert [item for item in see(commented("leaktap: consnet"), stream) if isinstance(item, Fault)] == [fault]


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_comments_of_sections_and_interfaces(stream):
    late = b"leaktap: consent at=2026-11-21T10:00:03Z"
    head = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    data = block(0x0A0D0D0A, head + option(1, late) + END) + interface(options=option(1, b"leaktap: launch") + END)
    mark, fault = told(data + enhanced(TIME, PACKET), stream)
    assert mark == Mark(
        to_time(datetime(2026, 11, 21, 10, 0, 3, tzinfo=UTC)), "consent", where="a: comment of its section"
    )
    assert (fault.where, "add at=" in fault.why) == ("a: comment of interface 0", True)


@pytest.mark.parametrize("kind", ["obsolete", "simple"])
def test_other_packet_blocks(kind):
    if kind == "obsolete":
        body = struct.pack("<HHIIII", 0, 0, TIME >> 32, TIME & 0xFFFFFFFF, 4, 4) + b"abcd" + CONSENT
        assert told(section() + interface() + block(2, body)) == [Mark(TIME, "consent", where="a: packet 1")]
    else:  # has no options: what looks like some is of the packet
        assert told(section() + interface() + block(3, struct.pack("<I", 28) + b"abcd" + CONSENT)) == []


@pytest.mark.parametrize("data", [pcap([(TIME, PACKET + CONSENT)]), commented(), commented("leaktap", "u-1", "")])
def test_captures_without_marks(data):
    assert told(data) == told(data, Pipe) == []


def test_a_mark_at_the_edge_of_what_is_looked_ahead_at(monkeypatch):
    parts = [section() + interface(), *[enhanced(TIME, bytes(30), options=CONSENT)] * 40]
    monkeypatch.setattr("leaktap.wire.pcapng_ahead._CHUNK", 200)
    found = told(b"".join(parts))
    assert [mark.where for mark in found] == [f"a: packet {number}" for number in range(1, 41)]


def test_no_end_of_marks(monkeypatch):
    monkeypatch.setattr(comments_module, "MOST_MARKS", 10)
    data = section() + interface() + enhanced(TIME, PACKET, options=CONSENT) * 30
    for stream in (io.BytesIO, Pipe):
        found = told(data, stream)
        assert [type(one) for one in found] == [Mark] * 10 + [Fault]
        assert "left out" in found[-1].why


def test_lying_clocks():
    (mark,) = told(section() + interface() + enhanced((1 << 64) - 1, PACKET, options=CONSENT))
    assert 0 <= mark.time < 253_402_300_800_000_000


@pytest.mark.skipif(not shutil.which("editcap"), reason="editcap is not installed")
def test_what_editcap_writes(tmp_path):
    plain, file = tmp_path / "a.pcap", tmp_path / "b.pcapng"
    plain.write_bytes(pcap([(TIME + number, PACKET) for number in range(3)]))
    said = ["-a", "2:leaktap: consent app=com.example.shop", "-a", "3:Grüße"]
    subprocess.run(["editcap", *said, plain, file], check=True, capture_output=True)
    assert tshark(file, "frame.comment") == [[""], ["leaktap: consent app=com.example.shop"], ["Grüße"]]
    assert told(file.read_bytes()) == [Mark(TIME + 1, "consent", "com.example.shop", "a: packet 2")]


WHOLE = commented("leaktap: consent", "leaktap: action x") + enhanced(TIME, PACKET, options=CONSENT)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.binary(min_size=1, max_size=4))), st.integers(0, len(WHOLE)))
def test_any_damage_is_read_alike_from_files_and_pipes(changes, length):
    data = bytearray(WHOLE)
    for at, what in changes:
        data[at : at + len(what)] = what
    data = bytes(data[:length] if length % 2 else data)
    assert sorted(map(repr, told(data))) == sorted(map(repr, told(data, Pipe)))
