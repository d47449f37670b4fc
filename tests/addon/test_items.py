"""Items on their way to another process: what arrives is what was sent, and a large body is never copied before."""

import io
import time

import pytest
from mitmproxy.test import tflow

from leaktap.addon._frames import Frames, pack, read, unpack
from leaktap.addon._items import APART, SOURCE, Answered, flat, refused, size, whole
from leaktap.addon._left import Left
from leaktap.config import Event
from leaktap.model import Blind, Fault
from leaktap.sources._conversation import Over, Piece, line
from leaktap.sources._shown import asked, replied, spoken

LARGE = b"x" * APART


def items(body):
    flow = tflow.tflow(resp=True)
    flow.request.raw_content = flow.response.raw_content = body
    chat = tflow.twebsocketflow()
    chat.websocket.messages[0].content = body
    about = line(tflow.ttcpflow(), SOURCE)
    return {
        "request": asked(flow),
        "response": Answered(asked(flow, body=False), replied(flow)),
        "message": spoken(chat, 0),
        "piece": Piece(about, True, body, time.time()),
        "end": Over(about),
        "blind": Blind(1, "pinned", "tls", "a.example", source=SOURCE),
        "fault": Fault("source", SOURCE, "why"),
        "event": Event(at=1, event="consent", clock="capture"),
    }


@pytest.mark.parametrize("name", items(b""))
@pytest.mark.parametrize("body", [b"", b"short", LARGE], ids=["empty", "short", "large"])
def test_what_arrives_is_what_was_sent(name, body):
    item = items(body)[name]
    pieces = pack(flat(item, size(item) >= APART))
    for arrived in (read(io.BytesIO(b"".join(pieces))), unpack(pieces)):
        assert whole(arrived) == item and type(whole(arrived)) is type(item)


@pytest.mark.parametrize("name", ["request", "response", "message", "piece"])
def test_a_large_body_goes_from_where_it_lies(name):
    item = items(LARGE)[name]
    head, body = pack([flat(item, large=True)])
    assert isinstance(body, memoryview) and body.obj is LARGE and len(head) < APART


def test_a_body_that_was_not_kept_travels_as_such():
    flow = tflow.tflow(resp=True)
    flow.request.raw_content = None
    assert whole(unpack(pack(flat(asked(flow), large=True)))).body is None


@pytest.mark.parametrize("cut", [1, 8, 12, 15, 40, -1])
def test_half_a_message_is_none(cut):
    whole_ = b"".join(pack(["a message", LARGE]))
    with pytest.raises(EOFError):
        read(io.BytesIO(whole_[:cut]))


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_messages_are_cut_out_of_a_stream(step):
    stream = b"".join(b"".join(pack(n)) for n in range(50))
    frames = Frames()
    told = [message for at in range(0, len(stream), step) for message in frames.feed(stream[at : at + step])]
    assert told == list(range(50))


@pytest.mark.parametrize(
    ("name", "bytes_"),
    [("request", 5), ("response", 5), ("message", 5), ("piece", 5), ("blind", 0), ("end", None), ("event", None)],
)
def test_there_is_a_blind_for_what_is_not_inspected(name, bytes_):
    blind = refused(items(b"12345")[name])
    assert (blind and blind.bytes) == bytes_
    assert blind is None or blind.why in ("limit", "pinned")


def test_what_was_left_is_told_by_host():
    left, one = Left(), items(b"12345")["request"]
    assert not left and not left.told("no room")
    for n in range(2500):
        left.add(one._replace(headers=((b"host", b"h%d.example" % (n % 1250)),)))
    blinds = left.told("no room")
    assert len(blinds) == 1001 and sum(blind.bytes for blind in blinds) == 2500 * 5
    assert blinds[0].detail == "no room: 2 messages" and blinds[-1].host == ""
    assert not left


def test_nothing_else_is_left():
    left = Left()
    left.add(items(b"")["event"])
    assert not left
