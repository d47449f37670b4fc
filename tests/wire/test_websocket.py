import random
import shutil
import subprocess
import zlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.extensions import PerMessageDeflate

from leaktap.model import Exchange, Fault, Message
from leaktap.wire import websocket
from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.engine import exchanges as exchanges_of
from leaktap.wire.keys import KeyLog
from leaktap.wire.websocket import PROTOCOL, WebSocket
from tests.wire._traffic import START, blinds, context, finished, segment

CAPTURE = Path(__file__).parents[3] / "shared/captures/pcap/websocket.pcap"
DEFLATE = "permessage-deflate"
FRESH = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


def layer(extensions=DEFLATE):
    below = replace(context(), host="push.example-shop.cn", decrypted=True)
    headers = ((b"sec-websocket-extensions", extensions.encode()),) if extensions else ()
    request = Message(("GET", "/socket?token=1", "HTTP/1.1"), (), b"", START)
    upgrade = below.exchange("http/1.1", "https", below.host, request, Message(("HTTP/1.1", "101", ""), headers))
    return WebSocket(replace(below, name="websocket", upgrade=upgrade))


class Pair:
    """Both ends of a WebSocket connection; `turns` are the bytes that went over the wire."""

    def __init__(self, extensions="", bits=15):
        self.ends, self.turns = [], []
        for kind in (ConnectionType.CLIENT, ConnectionType.SERVER):
            deflates = []
            if extensions:
                fresh = "no_context" in extensions
                deflates = [PerMessageDeflate(fresh, bits, fresh, bits)]
                deflates[0]._enabled = True
            self.ends.append(Connection(kind, deflates))

    def say(self, side, event):
        data = self.ends[side].send(event)
        self.turns.append((side, data))
        self.ends[1 - side].receive_data(data)
        list(self.ends[1 - side].events())
        return self


def observe(turns, cuts=None, of=None):
    of = of or layer("")
    made, number = [], 0
    for side, data in turns:
        places = sorted({cut % (len(data) + 1) for cut in cuts or ()} | {0, len(data)})
        for start, end in pairwise(places):
            number += 1
            made += of.feed(side, segment(data[start:end], number))
    return made + list(of.close())


def said(made):
    """Side and content of each message, in order."""
    messages = []
    for exchange in finished(made):
        if exchange.response is None:
            messages.append((CLIENT, exchange.request.body))
        else:
            assert not exchange.request.body
            messages.append((SERVER, exchange.response.body))
    return messages


def whys(made):
    return [(blind.why, blind.bytes) for blind in blinds(made)]


TEXT = '{"imei": "867530912345678", "n": %d}'


@pytest.mark.parametrize("cuts", [(), range(0, 1 << 16, 7), range(1 << 12)], ids=["whole", "sevens", "bytes"])
@pytest.mark.parametrize("extensions", ["", DEFLATE, FRESH])
def test_what_two_peers_said(extensions, cuts):
    pair, wanted = Pair(extensions), []
    for number in range(12):
        side, text = number % 2, (TEXT % number) * (number + 1)
        pair.say(side, TextMessage(data=text))
        wanted.append((side, text.encode()))
        pair.say(1 - side, BytesMessage(data=bytes(range(256)) * number))
        wanted.append((1 - side, bytes(range(256)) * number))
    pair.say(CLIENT, Ping(payload=b"are you there")).say(SERVER, CloseConnection(code=1000, reason="bye"))
    made = observe(pair.turns, cuts, layer(extensions))
    assert said(made) == wanted and not blinds(made)


@pytest.mark.parametrize("extensions", ["", DEFLATE])
def test_fragments_with_control_frames_between(extensions):
    pair = Pair(extensions)
    for side in (CLIENT, SERVER):
        pair.say(side, TextMessage(data="one " * 50, message_finished=False))
        pair.say(side, Ping(payload=b"between"))
        pair.say(1 - side, Ping(payload=b"between"))
        pair.say(side, TextMessage(data="two " * 50, message_finished=False))
        pair.say(side, TextMessage(data="three", message_finished=True))
    whole = b"one " * 50 + b"two " * 50 + b"three"
    assert said(observe(pair.turns, range(0, 999, 5), layer(extensions))) == [(CLIENT, whole), (SERVER, whole)]


def test_a_message_is_an_exchange_as_the_other_sources_make_it():
    pair = Pair().say(CLIENT, TextMessage(data="up")).say(SERVER, TextMessage(data="down"))
    first, second = finished(observe(pair.turns))
    for exchange in (first, second):
        assert exchange.request.start == ("WEBSOCKET", "/socket", "websocket")
        assert (exchange.scheme, exchange.host) == ("https", "push.example-shop.cn")
        assert exchange.origin.protocol == "websocket" and exchange.origin.decrypted
    assert first.response is None and (first.request.frames, first.time) == ((1,), START + 1000)
    assert second.response.start == ("websocket", "", "") and second.response.headers == ()
    assert (second.response.frames, second.response.time, second.time) == ((2,), START + 2000, START + 2000)
    assert first.id != second.id


def test_without_the_upgrade_everything_but_the_target_is_known():
    pair = Pair(DEFLATE).say(CLIENT, TextMessage(data="up " * 9)).say(CLIENT, TextMessage(data="up " * 9))
    made = observe(pair.turns, of=WebSocket(context()))
    assert said(made) == [(CLIENT, b"up " * 9)] * 2
    assert finished(made)[0].request.start == ("WEBSOCKET", "", "websocket") and finished(made)[0].scheme == "http"


def test_long_lengths():
    data = bytes(70_000)
    assert said(observe(Pair().say(SERVER, BytesMessage(data=data)).turns)) == [(SERVER, data)]
    assert said(observe(Pair().say(CLIENT, BytesMessage(data=data)).turns, range(0, 70_000, 999))) == [(CLIENT, data)]


# Frames by hand


def frame(payload=b"", opcode=1, first=0x80, mask=None):
    size = len(payload)
    length = (
        bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65536 else b"\x7f" + size.to_bytes(8)
    )
    if mask is None:
        return bytes((first | opcode,)) + length + payload
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes((first | opcode, length[0] | 0x80)) + length[1:] + mask + masked


def deflated(data, end=zlib.Z_SYNC_FLUSH):
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(data) + packer.flush(end)
    return packed.removesuffix(b"\0\0\xff\xff") if end == zlib.Z_SYNC_FLUSH else packed + b"\0"


BROKEN = {
    "a reserved bit": frame(b"x", first=0xA0),
    "a reserved opcode": frame(b"x", opcode=3),
    "a reserved control opcode": frame(b"x", opcode=11),
    "a continuation of nothing": frame(b"x", opcode=0),
    "a message within a message": frame(b"x", first=0) + frame(b"y"),
    "a fragmented ping": frame(b"x", opcode=9, first=0),
    "a long ping": frame(bytes(126), opcode=9),
    "a length beyond all": b"\x82\x7f" + b"\xff" * 8,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_side_that_breaks_the_rules_is_read_no_further(name):
    made = observe([(SERVER, frame(b"before") + BROKEN[name]), (CLIENT, frame(b"ours")), (SERVER, frame(b"after"))])
    assert (
        (SERVER, b"before") in said(made) and (CLIENT, b"ours") in said(made) and (SERVER, b"after") not in said(made)
    )
    assert len([item for item in made if isinstance(item, Fault)]) == 1
    assert {why for why, _ in whys(made)} == {"unreadable"} and whys(made)[-1][1] == len(frame(b"after"))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4), st.lists(st.integers(0, 400), max_size=6))
def test_masks_are_undone_wherever_the_bytes_are_cut(data, mask, cuts):
    assert said(observe([(CLIENT, frame(data, mask=mask))], cuts)) == [(CLIENT, data)]


@pytest.mark.parametrize("final", [True, False])
def test_a_deflate_stream_that_ends_goes_on_with_its_window(final):
    first, again = b"the quick brown fox " * 20, b"the quick brown fox jumps"
    packer = zlib.compressobj(wbits=-15, zdict=first)
    second = (packer.compress(again) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")
    data = deflated(first, zlib.Z_FINISH if final else zlib.Z_SYNC_FLUSH)
    made = observe([(SERVER, frame(data, first=0xC0) + frame(second, first=0xC0))], of=layer(DEFLATE))
    assert said(made) == [(SERVER, first), (SERVER, again)] and not blinds(made)


def test_what_does_not_inflate_hides_what_refers_to_it():
    bad, good = frame(b"\xff\xff\xff", first=0xC0), frame(deflated(b"fine"), first=0xC0)
    turns = [(SERVER, bad + good + frame(b"plain"))]
    made = observe(turns, of=layer(DEFLATE))
    assert said(made) == [(SERVER, b"plain")] and [why for why, _ in whys(made)] == ["unreadable", "truncated"]
    made = observe(turns, of=layer(FRESH))
    assert said(made) == [(SERVER, b"fine"), (SERVER, b"plain")] and [why for why, _ in whys(made)] == ["unreadable"]


# Limits


def test_the_end_of_a_long_message_is_left_out(monkeypatch):
    monkeypatch.setattr(websocket, "MOST_MESSAGE", 1000)
    made = observe([(SERVER, frame(bytes(1500)) + frame(b"next"))])
    assert said(made) == [(SERVER, bytes(1000)), (SERVER, b"next")] and whys(made) == [("limit", 500)]
    assert finished(made)[0].response.missing == 500


def test_a_bomb_is_inflated_as_far_as_the_limit():
    bomb = frame(deflated(bytes(64 << 20)), first=0xC0)
    made = observe([(SERVER, bomb + frame(deflated(b"next"), first=0xC0))], of=layer(DEFLATE))
    assert said(made) == [(SERVER, bytes(websocket.MOST_MESSAGE))]
    assert [why for why, _ in whys(made)] == ["limit", "truncated"]
    many = deflated(b"", zlib.Z_FINISH)[:-1] * 1000
    assert [why for why, _ in whys(observe([(SERVER, frame(many, first=0xC0))]))] == ["unreadable"]


def test_many_small_fragments_are_bounded(monkeypatch):
    monkeypatch.setattr(websocket, "MOST_MESSAGE", 6500)
    made = observe([(SERVER, frame(b"a", first=0) + frame(b"b", opcode=0, first=0) * 200 + frame(b"c", opcode=0))])
    (exchange,) = finished(made)
    assert len(exchange.response.body) == 100 and exchange.response.missing == 102


# Gaps


@pytest.mark.parametrize("mask", [None, b"mask"])
@pytest.mark.parametrize("lost", [1, 2, 3, 50, 90])
def test_a_gap_within_a_payload_is_stepped_over(mask, lost):
    data, of = bytes(range(100)), layer("")
    wire = frame(data, mask=mask) + frame(b"next", mask=mask)
    cut = len(frame(data, mask=mask)) - 90
    made = [*of.feed(CLIENT, segment(wire[:cut])), *of.feed(CLIENT, segment(wire[cut + lost :], 2, lost)), *of.close()]
    assert said(made) == [(CLIENT, data[:10] + data[10 + lost :]), (CLIENT, b"next")]
    assert finished(made)[0].request.missing == lost and whys(made) == [("truncated", lost)]


@pytest.mark.parametrize("cut, lost", [(50, 60), (102, 1), (103, 1), (101, 2)])
def test_a_gap_elsewhere_ends_the_reading_of_that_side(cut, lost):
    wire, of = frame(bytes(100)) + frame(b"next") * 30, layer("")
    made = [*of.feed(SERVER, segment(wire[:cut])), *of.feed(SERVER, segment(wire[cut + lost :], 2, lost))]
    made += [*of.feed(CLIENT, segment(frame(b"ours"), 3)), *of.feed(SERVER, segment(b"more", 4)), *of.close()]
    assert said(made) == [(SERVER, bytes(min(cut - 2, 100))), (CLIENT, b"ours")]
    assert {why for why, _ in whys(made)} == {"truncated"}
    assert sum(count for _, count in whys(made)) == len(wire) + 4 - min(cut, 102)


@pytest.mark.parametrize("extensions", [DEFLATE, FRESH])
def test_a_compressed_message_with_a_gap_is_not_read(extensions):
    of, first = layer(extensions), frame(deflated(b"hello " * 30), first=0xC0)
    rest = first[8:] + frame(deflated(b"next"), first=0xC0)
    made = [*of.feed(SERVER, segment(first[:6])), *of.feed(SERVER, segment(rest, 2, 2)), *of.close()]
    assert said(made) == ([(SERVER, b"next")] if extensions == FRESH else [])
    assert {why for why, _ in whys(made)} == {"truncated"}


@pytest.mark.parametrize("first", [0x80, 0xC0])
def test_a_message_that_breaks_off_is_told_as_far_as_it_came(first):
    text = "".join(random.Random(7).choices("abcdefgh", k=400)).encode()
    data = frame(deflated(text) if first == 0xC0 else text, first=first)
    (exchange,) = finished(observe([(SERVER, data[:-50])], of=layer(DEFLATE)))
    assert text.startswith(exchange.response.body) and len(exchange.response.body) > 100
    assert exchange.response.missing == 50


# Recognition, hostile bytes


@pytest.mark.parametrize("data", [b"", b"\x81", frame(b"hello"), frame(b"hello", mask=b"abcd"), b"GET / HTTP/1.1"])
def test_it_is_known_by_the_upgrade_alone(data):
    assert PROTOCOL.sniff(CLIENT, data) is False and PROTOCOL.names == ("websocket",)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from((CLIENT, SERVER)), st.binary(max_size=80), st.integers(0, 2))), st.booleans())
def test_it_never_raises(pieces, compressed):
    of = layer(DEFLATE if compressed else "")
    for number, (side, data, lost) in enumerate(pieces):
        head = bytes((0xC2, min(len(data), 125))) if number % 2 else b""
        list(of.feed(side, segment(head + data, number, lost)))
    list(of.close())


@pytest.mark.skipif(not CAPTURE.exists() or not shutil.which("tshark"), reason="needs the shared captures and tshark")
def test_as_tshark_reads_it():
    with CAPTURE.open("rb") as stream:
        found = [item for item in exchanges_of(stream, "a.pcap", KeyLog()) if isinstance(item, Exchange)]
    messages = [item.response or item.request for item in found if item.origin.protocol == "websocket"]
    ours = sorted((message.frames[0], message.body) for message in messages)
    fields = ["frame.number", "websocket.payload_length", "websocket.masking_key", "tcp.payload"]
    arguments = ["tshark", "-r", str(CAPTURE), "-Y", "websocket.opcode < 8", "-T", "fields"]
    arguments += [argument for name in fields for argument in ("-e", name)]
    theirs = []
    for line in subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines():
        number, size, key, payload = line.split("\t")
        length = int(size) if int(size) < 126 else len(payload) // 2 - 4 - len(key) // 2
        data = bytes.fromhex(payload)[len(payload) // 2 - length :]
        mask = bytes.fromhex(key.removeprefix("0x")) or b"\0"
        theirs.append((int(number), bytes(byte ^ mask[place % len(mask)] for place, byte in enumerate(data))))
    assert len(ours) == 7 and ours == theirs
