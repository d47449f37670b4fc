"""Capture files: every format and byte order, pipes, and everything that may be wrong with a file."""

import gzip
import io
import os
import struct
from random import Random

import pytest

from leaktap.wire.container import windows
from leaktap.wire.links import NO_PACKET
from tests.wire._packets import (
    CAPTURES,
    block,
    enhanced,
    ethernet,
    interface,
    ip,
    option,
    pcap,
    secrets,
    section,
    tcp,
    tshark,
)

TIME = 1_795_000_000_123_456
PACKETS = [(TIME + i * 1_000_003, ethernet(ip(tcp(bytes([65 + i]) * (i * 7 % 5 + 1), seq=i)))) for i in range(6)]
KEYS = b"CLIENT_RANDOM " + b"5a" * 32 + b" " + b"c3" * 48 + b"\n"


class Pipe(io.RawIOBase):
    """A stream without seeking that gives at most `step` bytes at once."""

    def __init__(self, data, step):
        self.data, self.step = data, step

    def readable(self):
        return True

    def readinto(self, buffer):
        count = min(len(buffer), self.step, len(self.data))
        buffer[:count] = self.data[:count]
        self.data = self.data[count:]
        return count


def read(data, **how):
    stream = data if isinstance(data, io.IOBase) else io.BytesIO(data)
    return list(windows(stream, "a.pcap", **how))


def packets(found):
    """What a list of windows holds: (frame, time, bytes, original length, link type)."""
    return [
        (window.first_frame + i, time, bytes(window.data[start : start + captured]), original, link)
        for window in found
        for i, (time, start, captured, original, link) in enumerate(
            zip(
                *(getattr(window, name).tolist() for name in ("time", "start", "captured", "original", "link")),
                strict=True,
            )
        )
    ]


def faults(found):
    return [fault for window in found for fault in window.faults]


def expected(link=1):
    return [(i + 1, time, data, len(data), link) for i, (time, data) in enumerate(PACKETS)]


def pcapng(order="<", ticks=1, options=b""):
    return (
        section(order)
        + interface(options=options, order=order)
        + b"".join(enhanced(time * ticks, data, order=order) for time, data in PACKETS)
    )


FORMATS = {
    f"{kind} {name}": data
    for order, name in (("<", "little"), (">", "big"))
    for kind, data in (
        ("micro", pcap(PACKETS, order)),
        ("nano", pcap(PACKETS, order, 0xA1B23C4D)),
        ("modified", pcap(PACKETS, order, 0xA1B2CD34)),
        ("pcapng", pcapng(order)),
        ("pcapng nano", pcapng(order, 1000, option(9, b"\x09", order))),
    )
}


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS.keys())
def test_formats(data):
    found = read(data)
    assert packets(found) == expected()
    assert not faults(found)
    assert found[-1].position == len(data)


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS.keys())
@pytest.mark.parametrize("chunk", [1, 50, 97, 256])
def test_windows_of_any_size_hold_the_same(data, chunk):
    assert packets(read(data, chunk=chunk)) == expected()
    assert packets(read(Pipe(data, 10_000), chunk=chunk)) == expected()


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS.keys())
@pytest.mark.parametrize("step", [1, 3, 64])
def test_pipes_that_give_little_at_a_time(data, step):
    found = read(Pipe(data, step))
    assert packets(found) == expected()
    assert not faults(found)


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS.keys())
def test_tshark_agrees(data, tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    shown = tshark(path, "frame.number", "frame.time_epoch", "frame.cap_len", "frame.len")
    assert as_tshark(read(data)) == shown_times(shown)


def as_tshark(found):
    return [(frame, time, len(data), original) for frame, time, data, original, _ in packets(found)]


def shown_times(shown):
    rows = []
    for frame, time, captured, original in shown:
        seconds, _, fraction = time.partition(".")
        rows.append((int(frame), int(seconds) * 10**6 + int(fraction[:6]), int(captured), int(original)))
    return rows


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the folder of foreign captures is not at hand")
def test_foreign_captures_as_tshark():
    paths = sorted(CAPTURES.glob("pcap/*")) + sorted(CAPTURES.glob("tls/*.pcap*"))
    assert paths
    for path in paths:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            found = list(windows(stream, path.name))
        shown = tshark(path, "frame.number", "frame.time_epoch", "frame.cap_len", "frame.len")
        assert as_tshark(found) == shown_times(shown), path.name
        assert not faults(found), path.name


@pytest.mark.parametrize(
    ("resolution", "ticks", "microseconds"),
    [
        (b"\x06", TIME, TIME),
        (b"\x00", 1_795_000_000, 1_795_000_000_000_000),
        (b"\x03", 1_795_000_000_123, 1_795_000_000_123_000),
        (b"\x09", TIME * 1000 + 999, TIME),
        (b"\x0a", TIME * 10_000 + 9_999, TIME),
        (b"\x8a", 1_795_000_000 << 10 | 512, 1_795_000_000_500_000),
        (b"\x80", 1_795_000_000, 1_795_000_000_000_000),
        (b"\xa0", 1_795_000_000 << 32 | 1 << 30, 1_795_000_000_250_000),
        (b"\xb2", 3 << 50 | 1 << 49, 3_500_000),
        (b"\xff", 1 << 63, 0),
        (b"\x7f", TIME, 0),
    ],
)
def test_clock_resolutions(resolution, ticks, microseconds):
    found = read(section() + interface(options=option(9, resolution)) + enhanced(ticks, b"x"))
    assert [row[1] for row in packets(found)] == [microseconds]


def test_clock_offsets_and_interfaces_have_their_own():
    data = (
        section()
        + interface(1, options=option(14, struct.pack("<q", 1_795_000_000)) + option(0, b"") + option(9, b"\x00"))
        + interface(101, options=option(9, b"\x09") + option(14, struct.pack("<q", -5)))
        + interface(276)
        + enhanced(7, b"a")
        + enhanced(TIME * 1000, b"b", interface=1)
        + enhanced(TIME, b"c", interface=2)
    )
    assert [(time, link) for _, time, _, _, link in packets(read(data))] == [
        (1_795_000_000_000_007, 1),
        (TIME - 5_000_000, 101),
        (TIME, 276),
    ]


def test_lying_clocks_stop_at_the_last_time_that_can_be_written():
    found = read(section() + interface() + enhanced((1 << 64) - 1, b"a") + enhanced(1 << 62, b"b"))
    assert all(0 <= time <= 253_402_300_799_999_999 for _, time, *_ in packets(found))


def test_sections_with_other_byte_orders_and_interfaces():
    data = b"".join(
        section(order) + interface(link, order=order) + enhanced(TIME, name, order=order)
        for order, link, name in ((">", 1, b"a"), ("<", 101, b"b"), ("<", 113, b"c"), (">", 12, b"d"))
    )
    assert [(frame, what, link) for frame, _, what, _, link in packets(read(data))] == [
        (1, b"a", 1),
        (2, b"b", 101),
        (3, b"c", 113),
        (4, b"d", 12),
    ]


def test_other_packet_blocks_and_unknown_ones():
    old = struct.pack("<HHIIII", 0, 0xFFFF, TIME >> 32, TIME & 0xFFFFFFFF, 3, 9) + b"old\0"
    data = (
        section()
        + interface(snaplen=4)
        + block(3, struct.pack("<I", 6) + b"simp")
        + block(0xBAD, b"whatever")
        + enhanced(TIME, b"enh", options=option(1, b"a remark"))
        + block(2, old)
        + block(3, struct.pack("<I", 2) + b"si")
        + block(5, bytes(12))
    )
    found = read(data)
    assert packets(found) == [
        (1, 0, b"simp", 6, 1),
        (2, 0, b"ever", 4, NO_PACKET),  # tshark numbers custom blocks among the packets
        (3, TIME, b"enh", 3, 1),
        (4, TIME, b"old", 9, 1),
        (5, TIME, b"si", 2, 1),
    ]
    assert not faults(found)


@pytest.mark.parametrize("order", ["<", ">"])
def test_keys_of_a_file_come_first_wherever_they_stand(order):
    late = pcapng(order) + secrets(KEYS, order) + secrets(b"other", order, 0x57474B4C) + section() + secrets(b"z\n")
    found = read(late, chunk=300)
    assert len(found) > 1
    assert found[0].secrets == [KEYS, b"z\n"]
    assert not any(window.secrets for window in found[1:])
    assert packets(found) == expected()


def test_keys_of_a_pipe_come_as_they_come():
    data = section() + interface() + enhanced(1, b"a") + secrets(KEYS) + enhanced(2, b"b") + secrets(b"z\n")
    found = read(Pipe(data, 40))
    assert [text for window in found for text in window.secrets] == [KEYS, b"z\n"]
    assert not found[0].secrets
    assert len(packets(found)) == 2


def test_keys_without_packets_are_given_all_the_same():
    assert [window.secrets for window in read(section() + secrets(KEYS))] == [[KEYS]]


def test_a_pipe_that_pauses_is_not_waited_for():
    reading, writing = os.pipe()
    data = pcap(PACKETS)
    cut = len(data) - 10
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as sink:
        sink.write(data[:cut])
        following = windows(stream, "pipe")
        assert packets([next(following)]) == expected()[:-1]
        sink.write(data[cut:])
        sink.close()
        assert packets(following) == expected()[-1:]


def records(data):
    """The offsets at which a capture may end without anything missing."""
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        ends, pos = [], 0
        while pos < len(data):
            pos += struct.unpack_from("<I", data, pos + 4)[0]
            ends.append(pos)
        return ends
    ends = [24]
    while ends[-1] < len(data):
        ends.append(ends[-1] + 16 + struct.unpack_from("<I", data, ends[-1] + 8)[0])
    return ends


@pytest.mark.parametrize(
    ("data", "before"),
    [(FORMATS["micro little"], 1), (FORMATS["pcapng little"] + secrets(KEYS), 2)],
    ids=["pcap", "ng"],
)
@pytest.mark.parametrize("seekable", [True, False])
def test_a_file_cut_at_any_byte(data, before, seekable):
    ends = records(data)
    for cut in range(len(data)):
        found = read(io.BytesIO(data[:cut]) if seekable else Pipe(data[:cut], 4096))
        whole = sum(end <= cut for end in ends[before : before + len(PACKETS)])
        assert packets(found) == expected()[:whole]
        assert bool(faults(found)) == (cut not in ends), cut


BROKEN = [
    (b"", "empty"),
    (b"\xd4\xc3", "neither pcap nor pcapng"),
    (b"\xd4\xc3\xb2\xa1\x02\0\x04", "ends within its header"),
    (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "neither pcap nor pcapng"),
    (section()[:8] + b"????" + section()[12:], "neither pcap nor pcapng"),
    (pcap(PACKETS[:2]) + struct.pack("<IIII", 0, 0, 3 << 20, 3 << 20) + bytes(4 << 20), "claims to be 3145728 bytes"),
    (pcap(PACKETS[:2]) + b"\xff" * 40, "claims to be 4294967295 bytes"),
    (pcap(PACKETS[:2]) + struct.pack("<IIII", 0, 0, 90, 90) + b"short", "ends within a record"),
    (pcapng() + struct.pack("<II", 6, 8) + bytes(40), "claims to be 8 bytes"),
    (pcapng() + struct.pack("<II", 6, 1 << 30) + bytes(40), "claims to be 1073741824 bytes"),
    (pcapng() + struct.pack("<II", 0xBAD, 1 << 31) + bytes(40), "claims to be 2147483648 bytes"),
    (pcapng() + struct.pack("<II", 0xBAD, 4000) + bytes(40), "ends within a record"),
    (pcapng() + enhanced(0, b"x", interface=1), "names interface 1"),
    (section() + enhanced(0, b"x"), "names interface 0"),
    (pcapng() + enhanced(0, b"x")[:-4] + b"\1\1\1\1", "another length"),
    (pcapng() + block(6, struct.pack("<IIIII", 0, 0, 0, 900, 900) + b"xxxx"), "in a block with room for 4"),
    (pcapng() + block(1, b"")[:4] + struct.pack("<I", 12) + bytes(4), "claims to be 12 bytes"),
    (pcapng() + section()[:8] + b"????" + section()[12:], "claims to be 0 bytes"),
]


@pytest.mark.parametrize(("data", "why"), BROKEN, ids=[why + str(i) for i, (_, why) in enumerate(BROKEN)])
@pytest.mark.parametrize("seekable", [True, False])
def test_broken_files_are_read_up_to_the_break(data, why, seekable):
    found = read(io.BytesIO(data) if seekable else Pipe(data, 65536))
    (fault,) = faults(found)
    assert why in fault.why
    assert fault.stage == "source"
    assert found[-1].faults == [fault]
    held = packets(found)
    assert fault.where.startswith("a.pcap: byte ")
    assert fault.where.endswith(f"packet {len(held) + 1}")
    assert held == expected()[: len(held)]
    assert len(held) == sum(data.count(packet) for _, packet in PACKETS)


def test_a_packet_longer_than_usual_is_read_if_the_file_announces_it():
    long = bytes(300_000)
    assert len(packets(read(pcap([(0, long)], snaplen=400_000)))[0][2]) == 300_000
    assert faults(read(pcap([(0, long)], snaplen=65_535)))
    assert len(packets(read(section() + interface() + enhanced(0, long), chunk=1000))[0][2]) == 300_000


def test_a_stream_that_fails_is_a_fault_after_what_was_read():
    chance = Random(1)
    packed = gzip.compress(pcap(PACKETS) + chance.randbytes(4000))
    found = list(windows(gzip.GzipFile(fileobj=io.BytesIO(packed[:-30])), "a.pcap.gz"))
    assert packets(found)[:6] == expected()
    assert any("reading failed" in fault.why for fault in faults(found))


def test_a_megabyte_of_tiny_sections_is_read():
    data = (section("<") + section(">")) * 8000
    assert not packets(read(data))
