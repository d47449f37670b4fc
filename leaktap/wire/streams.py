"""From columns of packets to the bytes of connections: numbered as tshark does, in order, without repetitions.

The packets of a window are sorted by connection and direction, column-wise; Python takes one step per connection and
stretch of uninterrupted bytes, however many packets it takes. A window's events come connection by connection, in the
order of their first packets in it; of each first what the client sent, then the server. What begins a new connection is
Wireshark's rule (packet-tcp.c): a SYN without ACK, of another sequence number than this direction began with.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from leaktap.model import Blind, Fault, Time
from leaktap.share import WHOLE, Share
from leaktap.wire._bytes import CLIENT, SERVER, Arrival, Closed, Segment
from leaktap.wire.conversations import Conversation, Transport
from leaktap.wire.packets import ACK, FIN, RST, SYN, TCP, UDP, Columns
from leaktap.wire.reassembly import FAR, WRAP, Half
from leaktap.wire.segments import Segments, Span

type Event = Arrival | Closed | Blind | Fault

type Marks = tuple[list[int], list[int]]
"""For each direction the places of the packets with SYN, FIN or RST."""

MOST_HELD = 128 << 20
"""How many bytes may wait behind gaps in all connections together."""


class Streams:
    """The connections of a capture."""

    def __init__(self, share: Share = WHOLE) -> None:
        """Begins with none. Of the TCP connections outside of `share`, nothing is told; of the others' UDP everything,
        for names may be in it: its flows are `foreign`.
        """
        self._share = share
        self._tcp = Transport("tcp")
        self._udp = Transport("udp")
        self._held = 0

    def feed(self, columns: Columns) -> Iterator[Event]:
        """Takes the packets of the next window, and yields what comes of them."""
        if not len(columns.frame):
            return
        now = int(np.median(columns.time))  # one lying clock must not make all others idle
        work = self._tcp_work(columns, now) + self._udp_work(columns, now)
        for _, events in sorted(work, key=lambda pair: pair[0]):
            yield from events
        for transport in (self._tcp, self._udp):
            for conversation in transport.idle(now):
                yield from self._end(transport, conversation, "idle")

    def close(self) -> Iterator[Event]:
        """Yields what is pending: the capture is over."""
        for transport in (self._tcp, self._udp):
            for conversation in transport.all():
                yield from self._end(transport, conversation, "end")

    def _end(self, transport: Transport, conversation: Conversation, why: str) -> Iterator[Event]:
        """Retires a connection, after what still waits in it."""
        before = conversation.held
        dropped = sum(half.finish() for half in conversation.halves)
        self._held += conversation.held - before
        yield from _arrivals(conversation, last=True)
        flow = conversation.flow
        if dropped and flow is not None:
            yield Blind(
                time=flow.time,
                why="truncated",
                protocol="tcp",
                ip=flow.server.ip,
                port=flow.server.port,
                bytes=dropped,
                stream=flow.index,
                detail="segments far outside of what the receiver acknowledged",
            )
        yield from transport.retire(conversation, why)

    def _udp_work(self, columns: Columns, now: Time) -> list[tuple[int, Iterator[Event]]]:
        """Returns what is to be done for each pair of UDP endpoints, after the row of its first packet."""
        segments = Segments(columns, UDP)
        made: list[tuple[int, Conversation]] = []
        work = []
        for row, key, span in segments.connections:
            conversation = self._udp.find(key)
            if conversation is None:
                conversation = Conversation(key)
                made.append((row, conversation))
            work.append((row, self._udp_events(segments, conversation, span, now)))
        self._udp.number(made)
        return work

    def _udp_events(self, segments: Segments, conversation: Conversation, span: Span, now: Time) -> Iterator[Event]:
        """Yields the datagrams of a pair of endpoints in a window."""
        self._udp.seen(conversation, now)
        if conversation.flow is None:
            first = segments.first(span)
            client = conversation.likely_client(span.direction(first), by_port=False)
            _open(self._udp, segments, conversation, span, client, False)
            if conversation.flow is not None:
                conversation.flow.foreign = not self._share.has(conversation.key[1:])
        flow = conversation.flow
        if flow is None:
            return
        if flow.uid is None:
            flow.uid = segments.uid(span)
        for side, direction in ((CLIENT, conversation.client), (SERVER, 1 - conversation.client)):
            low, high = segments.whole(*span.side(direction))
            if low < high:
                piece = segments.piece(low, high, 0)
                conversation.heard = True
                data = b"".join(piece.parts)
                yield Arrival(flow, side, Segment(data, piece.offsets, piece.frames, piece.times))

    def _tcp_work(self, columns: Columns, now: Time) -> list[tuple[int, Iterator[Event]]]:
        """Returns what is to be done for each TCP connection, after the row of its endpoints' first packet."""
        segments = Segments(columns, TCP)
        made: list[tuple[int, Conversation]] = []
        work = []
        for row, key, span in segments.connections:
            conversation = self._tcp.find(key)
            mine = self._share.has(key[1:])
            if conversation is None:
                conversation = Conversation(key)
                made.append((row, conversation))
            for place in segments.openings(span):
                at = segments.row(place)
                if at == row and conversation.index < 0:
                    continue  # nothing was before
                before, after = segments.split(span, at)
                _learn_bases(segments, conversation, before)
                base = conversation.halves[span.direction(place)].base
                if base is not None and base != segments.seq[place]:
                    if mine:
                        work.append((row, self._tcp_events(segments, conversation, before, now)))
                        work.append((row, self._replaced(conversation)))
                    conversation, span = Conversation(key), after
                    made.append((at, conversation))
            _learn_bases(segments, conversation, span)
            if mine:
                work.append((row, self._tcp_events(segments, conversation, span, now)))
            else:
                self._tcp.seen(conversation, now)
        self._tcp.number(made)
        return work

    def _replaced(self, conversation: Conversation) -> Iterator[Event]:
        """Ends a connection whose ports are used anew."""
        if not conversation.over:
            yield from self._end(self._tcp, conversation, "rst")

    def _tcp_events(self, segments: Segments, conversation: Conversation, span: Span, now: Time) -> Iterator[Event]:
        """Yields what the packets of a connection in a window bring, and its end if they end it."""
        if not span:
            return
        marks = segments.specials(span.low, span.low_end), segments.specials(span.high, span.high_end)
        opening = _opening(segments, marks) if conversation.flow is None else None
        if conversation.over and not _revived(segments, conversation, span, opening):
            return
        self._tcp.seen(conversation, now)
        if conversation.flow is None:
            if opening is None:
                client = conversation.likely_client(span.direction(segments.first(span)), by_port=True)
            else:
                client = span.direction(opening) ^ int(segments.flags[opening] & ACK != 0)
            _open(self._tcp, segments, conversation, span, client, opening is not None)
        if conversation.flow is not None and conversation.flow.uid is None:
            conversation.flow.uid = segments.uid(span)
        before = conversation.held
        reset = _take(segments, conversation, span, marks)
        self._held += conversation.held - before
        while self._held > MOST_HELD and conversation.held:
            before = conversation.held
            for half in conversation.halves:
                if half.waiting:
                    half.skip()
            self._held += conversation.held - before
        yield from _arrivals(conversation)
        if reset:
            yield from self._end(self._tcp, conversation, "rst")
        elif all(half.ended for half in conversation.halves):
            yield from self._end(self._tcp, conversation, "fin")


def _arrivals(conversation: Conversation, last: bool = False) -> Iterator[Arrival]:
    """Yields what is ready, the client's first; with `last` also what is missing at the end."""
    flow = conversation.flow
    if flow is None:
        return
    for side, direction in ((CLIENT, conversation.client), (SERVER, 1 - conversation.client)):
        for segment in conversation.halves[direction].segments(last):
            conversation.heard = True
            yield Arrival(flow, side, segment)


def _open(
    transport: Transport, segments: Segments, conversation: Conversation, span: Span, client: int, from_start: bool
) -> None:
    """Begins the flow of a connection with the packets of `span`."""
    columns, first = segments.columns, segments.first(span)
    row = segments.row(first)
    hardware = int((columns.sender if span.direction(first) == client else columns.receiver)[row])
    mac = columns.data[hardware : hardware + 6].hex(":") if hardware >= 0 else ""
    conversation.open(transport.name, client, int(columns.time[row]), int(columns.frame[row]), mac, from_start)


def _learn_bases(segments: Segments, conversation: Conversation, span: Span) -> None:
    """Notes where the sequence numbers of each direction begin, by its first packet or the other's first answer."""
    for direction, half in enumerate(conversation.halves):
        if half.base is not None:
            continue
        own, other = span.side(direction), span.side(1 - direction)
        told = []
        if own[0] < own[1]:
            opens = segments.flags[own[0]] & SYN != 0
            told.append((segments.row(own[0]), int(segments.seq[own[0]]) - (not opens)))
        answer = segments.first_ack(*other)
        if answer is not None:
            told.append((segments.row(answer), int(segments.ack[answer]) - 1))
        if told:
            half.base = min(told)[1] % WRAP


def _revived(segments: Segments, conversation: Conversation, span: Span, opening: int | None) -> bool:
    """Whether packets of a connection that was over begin it anew; else they are late repetitions."""
    if opening is not None and not segments.flags[opening] & ACK:
        conversation.halves = (Half(base=conversation.halves[0].base), Half(base=conversation.halves[1].base))
        return True
    if conversation.over == "fin":
        return False
    for direction, half in enumerate(conversation.halves):
        for first, last in segments.runs(*span.side(direction)):
            if half.next is None or half.position(segments.number(first)) + segments.size(first, last) > half.next:
                return True
    return False


def _opening(segments: Segments, marks: Marks) -> int | None:
    """Returns the place of the first packet with SYN, acknowledging or not."""
    places = [place for side in marks for place in side if segments.flags[place] & SYN]
    return min(places, key=segments.row, default=None)


def _take(segments: Segments, conversation: Conversation, span: Span, marks: Marks) -> bool:
    """Puts the packets of a window into both halves. Returns whether a reset ended the connection."""
    reset = False
    for direction, half in enumerate(conversation.halves):
        begin, end = span.side(direction)
        runs = segments.runs(begin, end)
        if not half.begun:
            _find_start(segments, conversation, span, marks, runs, direction)
        for first, last in runs:
            size, cut = segments.size(first, last), segments.cut(last)
            start = half.position(segments.number(first))
            half.take(start, size, cut, partial(segments.piece, first, last))
        for place in marks[direction]:
            if segments.flags[place] & RST:
                reset = segments.last_data(begin, end) < place
            elif segments.flags[place] & FIN and half.fin is None:
                half.fin = half.position(segments.end(place))
                if half.next is None:
                    half.next = half.fin
    for direction, half in enumerate(conversation.halves):
        acked = segments.last_ack(*span.side(1 - direction))
        if acked is not None:
            half.acked = acked
        half.settle()
    return reset


def _find_start(
    segments: Segments,
    conversation: Conversation,
    span: Span,
    marks: Marks,
    runs: list[tuple[int, int]],
    direction: int,
) -> None:
    """Finds where a half begins: behind its SYN, where the handshake says, or with the first of what is there."""
    half, flow = conversation.halves[direction], conversation.flow
    for place in marks[direction]:
        if segments.flags[place] & SYN:
            half.next = (int(segments.seq[place]) + 1) % WRAP
    if half.next is not None:
        return
    for place in marks[1 - direction]:
        if segments.flags[place] & (SYN | ACK) == SYN | ACK:
            half.next = int(segments.ack[place])
            return
    if flow is not None and flow.from_start and direction != conversation.client:
        answer = segments.first_ack(*span.side(1 - direction))
        if answer is not None:
            half.next = int(segments.ack[answer])
            return
    starts = [segments.number(first) for first, _ in runs]
    if starts:
        steps = [(start - starts[0] + (WRAP >> 1)) % WRAP - (WRAP >> 1) for start in starts]
        half.next = (starts[0] + min(step for step in steps if step > -FAR)) % WRAP
