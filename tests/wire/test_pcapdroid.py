"""PCAPdroid's captures: the app of each packet, from comments and custom blocks, and from trailers."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.model import App, Exchange, Fault
from leaktap.wire._records import SLACK
from leaktap.wire.container import windows
from leaktap.wire.engine import exchanges
from leaktap.wire.keys import KeyLog
from leaktap.wire.names import Names
from leaktap.wire.pcapdroid import comment_uids, learn_app
from tests.wire._packets import (
    ACK,
    PSH,
    SYN,
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
    udp,
)
from tests.wire._pcapdroid import END, MAGIC, pcapng, trailed, uid_comment, uid_map, with_trailer

TIME = 1_795_000_000_000_000
SHOP, GAME = ("com.example.shop", "Example Shop"), ("org.example.game", "Spiel für zwei")
APPS = {10123: SHOP, 10200: GAME}
PHONE, SERVER, SERVER6 = "10.215.173.1", "203.0.113.9", "2001:db8::9"
REQUEST = b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n"


def talk(port, request=REQUEST, server=SERVER, phone=PHONE):
    """The IP packets of a request over a connection of its own."""
    ends = {"sport": port, "dport": 80}
    yield ip(tcp(seq=10, flags=SYN, **ends), phone, server)
    yield ip(tcp(seq=50, ack=11, flags=SYN | ACK, sport=80, dport=port), server, phone)
    yield ip(tcp(request, seq=11, ack=51, flags=ACK | PSH, **ends), phone, server)


def packets(*talks):
    """Talks as (IP packets, uid), one after the other, each packet with its time and uid."""
    flat = [(packet, uid) for made, uid in talks for packet in made]
    return [(TIME + number * 1000, packet, uid) for number, (packet, uid) in enumerate(flat)]


class Pipe(io.BytesIO):
    def seekable(self):
        return False


def see(data, stream=io.BytesIO):
    return list(exchanges(stream(data), "a", KeyLog()))


def apps(seen):
    return [item.app for item in seen if isinstance(item, Exchange)]


TWO = packets((talk(40001), 10123), (talk(40002), 10200))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_apps_of_a_pcapng(order, root, stream):
    seen = see(pcapng(TWO, APPS, order, root), stream)
    assert apps(seen) == [App(*SHOP, "PCAPdroid uid 10123"), App(*GAME, "PCAPdroid uid 10200")]
    assert not [item for item in seen if isinstance(item, Fault)]


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
@pytest.mark.parametrize("server", [SERVER, SERVER6])
@pytest.mark.parametrize("extra", [0, 1, 2, 3])
def test_apps_of_trailers(stream, server, extra):
    request = REQUEST.replace(b"/a", b"/a" + b"x" * extra)
    phone = PHONE if server == SERVER else "2001:db8::1"
    made = packets((talk(40001, request, server, phone), 10123), (talk(40002, request, server, phone), 10200))
    seen = see(trailed(made, APPS), stream)
    assert apps(seen) == [App("", SHOP[1], "PCAPdroid uid 10123"), App("", GAME[1], "PCAPdroid uid 10200")]
    assert [item.request.body for item in seen if isinstance(item, Exchange)] == [b"", b""]


def test_a_name_that_the_trailer_cuts_within_a_character():
    seen = see(trailed(packets((talk(40001), 7)), {7: ("", "示例商城示例商城")}))
    assert apps(seen) == [App("", "示例商城示例", "PCAPdroid uid 7")]


def test_a_packet_too_large_for_a_trailer_is_of_its_connection_s_app():
    made = packets((talk(40001), 10123))
    framed = [(time, with_trailer(packet, 10123, "Example Shop")) for time, packet, _ in made]
    framed[2] = (framed[2][0], framed[2][1][: 14 + len(made[2][1])])
    assert apps(see(pcap(framed))) == [App("", "Example Shop", "PCAPdroid uid 10123")]


def shifted(frame, by):
    """The frame with `by` bytes of padding too many."""
    return frame[:-32] + bytes(by) + frame[-32:]


@pytest.mark.parametrize(
    ("change", "uid"),
    [
        (lambda frame: frame, 10123),
        (lambda frame: ethernet(frame[14:]), -1),
        (lambda frame: shifted(frame, 4), -1),
        (lambda frame: shifted(frame, 1), -1),
        (lambda frame: frame[:12] + b"\x08\x06" + frame[14:], -1),
        (lambda frame: frame[:-1], None),
        (lambda frame: frame.replace(struct.pack(">I", MAGIC), b"\x21\x20\x07\x01"), None),
        (lambda frame: frame.replace(struct.pack(">i", 10123), struct.pack(">i", -1)), -1),
    ],
    ids=["a trailer", "addresses", "padding", "odd", "no IP", "cut", "magic", "unknown uid"],
)
def test_what_is_a_trailer(change, uid):
    frames = [(time, change(with_trailer(packet, of, "Shop"))) for time, packet, of in packets((talk(4), 10123))]
    (window,) = windows(io.BytesIO(pcap(frames)), "a")
    assert (None if window.uid is None else set(window.uid.tolist())) == (None if uid is None else {uid})


def test_what_was_received_is_no_trailer():
    """A server that ends its answer like a trailer changes no app, even where hardware addresses are zeros."""
    lie = struct.pack(">Ii20sI", MAGIC, 10200, b"Spiel", 0)
    frames = [(TIME, bytes(12) + b"\x08\x00" + packet) for packet in talk(40001, REQUEST + lie)]
    assert apps(see(pcap(frames)))[0] is None


@pytest.mark.parametrize(
    ("uids", "expected"),
    [
        ([10123, 10123, 10123], SHOP),
        ([10123, None, None], SHOP),
        ([None, None, 10123], SHOP),
        ([-1, -1, 10123], SHOP),
        ([10123, 10200, 10200], SHOP),
        ([None, None, None], None),
        ([-1, -1, -1], None),
        ([99, 99, 99], None),
    ],
)
@pytest.mark.parametrize("chunk", [200, 1 << 20])
def test_the_first_uid_that_a_connection_has(uids, expected, chunk):
    blocks = [section(), interface(101), *(uid_map(uid, *app) for uid, app in APPS.items())]
    for (time, packet, _), uid in zip(packets((talk(40001), 0)), uids, strict=True):
        blocks.append(enhanced(time, packet, options=b"" if uid is None else uid_comment(uid)))
    (app,) = apps(see(b"".join(blocks)))
    assert app == (App(*expected, "PCAPdroid uid 10123") if expected else None)


def test_datagrams_have_apps_too():
    query = ip(udp(b"\x00" * 12, dport=9999), PHONE, SERVER, 17)
    (window,) = windows(io.BytesIO(pcapng([(TIME, query, 10123)], APPS)), "a")
    assert window.uid.tolist() == [-1, 10123]  # the custom block is numbered among the packets


def test_other_captures_have_no_column():
    for data in (pcap([(TIME, ethernet(ip(tcp())))]), section() + interface() + enhanced(TIME, ethernet(ip(tcp())))):
        assert [window.uid for window in windows(io.BytesIO(data), "a")] == [None]


@pytest.mark.parametrize(
    ("made", "known"),
    [
        (uid_map(10123, *SHOP), App(*SHOP, "PCAPdroid uid 10123")),
        (uid_map(10123, *SHOP, ">"), App(*SHOP, "PCAPdroid uid 10123")),
        (uid_map(10123, *SHOP, kind=0x40000BAD), App(*SHOP, "PCAPdroid uid 10123")),
        (uid_map(10123, "", "Root"), App("", "Root", "PCAPdroid uid 10123")),
        (uid_map(-1, *SHOP), None),
        (uid_map(10123, *SHOP, enterprise=62653), None),
        (uid_map(10123, *SHOP, version=2), None),
        (uid_map(10123, *SHOP, of=2), None),
        (block(0xBAD, struct.pack("<I", 62652)), None),
        (block(0xBAD, struct.pack("<IHBBiBB", 62652, 1, 1, 0, 10123, 200, 0) + b"short"), None),
        (block(0xBAD, struct.pack("<I", 62652) + b"\1"), None),
    ],
)
def test_custom_blocks(made, known):
    names = Names()
    order = ">" if made[:2] == b"\0\0" else "<"
    list(windows(io.BytesIO(section(order) + made), "a", names=names))
    assert names.app(10123) == known


COMMENTS = [
    (b"u-0", True, 0),
    (b"u-10123", True, 10123),
    (b"u-2147483647", True, 2147483647),
    (b"u-2147483648", True, -1),
    (b"u--1", True, -1),
    (b"u-1x", True, -1),
    (b"u- 1", True, -1),
    (b"u-", False, -1),
    (b"U-1", False, -1),
    (b"v-1", False, -1),
    (b"", False, -1),
    (b"u-12345678901", False, -1),
    (b"u-1\nleaktap: consent", False, -1),
]


@pytest.mark.parametrize(("text", "ours", "uid"), COMMENTS)
def test_comments(text, ours, uid):
    found = comment_uids(memoryview(text + b"9" * SLACK), np.array([0]), np.array([len(text)]))
    assert [column.tolist() for column in found] == [[ours], [uid]]


def test_comments_together():
    data, at = b"".join(text for text, _, _ in COMMENTS), np.cumsum([0, *(len(text) for text, _, _ in COMMENTS)])
    ours, uid = comment_uids(memoryview(data + bytes(SLACK)), at[:-1], np.diff(at))
    assert list(zip(ours.tolist(), uid.tolist(), strict=True)) == [row[1:] for row in COMMENTS]


@pytest.mark.parametrize("root", [False, True])
def test_tshark_agrees_on_comments_and_numbers(tmp_path, root):
    file = tmp_path / "a.pcapng"
    journal = block(9, b"__REALTIME_TIMESTAMP=1\nMESSAGE=wxyz\n")
    more = secrets(b"CLIENT_RANDOM\n") + journal + uid_map(5, "a.b", "c", kind=0x40000BAD)
    data = pcapng(TWO, APPS, root=root) + more
    file.write_bytes(data + enhanced(TIME, TWO[0][1], options=option(1, b"u-7") + option(1, b"more") + END))
    found = list(windows(io.BytesIO(file.read_bytes()), "a"))
    shown = tshark(file, "frame.number", "frame.cap_len", "frame.comment")
    ours = [
        [str(window.first_frame + row), str(size), f"u-{uid}" if uid >= 0 else ""]
        for window in found
        for row, (size, uid) in enumerate(zip(window.captured.tolist(), window.uid.tolist(), strict=True))
    ]
    assert ours == [[number, size, text.removesuffix(",more")] for number, size, text in shown]


@given(st.binary(max_size=40), st.sampled_from("<>"))
def test_any_custom_block(body, order):
    learn_app(memoryview(struct.pack(order + "HB", 1, 1) + body), order, Names())


@given(st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=4))), st.integers(0, 400))
def test_any_damage(changes, length):
    for whole in (pcapng(TWO[:3], APPS), trailed(TWO[:3], APPS)):
        data = bytearray(whole)
        for at, what in changes:
            data[at : at + len(what)] = what
        see(bytes(data))
        see(whole[:length])
