"""HTTP/3 of a connection, as an onlooker reads it (RFC 9114): an exchange per request stream, pushed ones included.

Each direction of each stream is read on its own; one whose headers wait for QPACK's table stops until the entries are
there. WebSockets (RFC 9220) are read; of WebTransport, other tunnels and datagrams (RFC 9297) it is told how much they
carried.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from leaktap.model import Headers, Time
from leaktap.wire._api import Context, Made, other
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire._exchanges import Exchanges
from leaktap.wire._intake import Frames
from leaktap.wire.http2_frames import BadFrame
from leaktap.wire.http2_headers import BadBlock, Unknown
from leaktap.wire.http2_streams import BROKEN, ENDED, OPEN, RESET, Stream
from leaktap.wire.http3_frames import DATA, HEADERS, PUSH_PROMISE, SETTINGS, WEBTRANSPORT, Frame, FrameReader
from leaktap.wire.http3_headers import Blocked, FieldSections
from leaktap.wire.quic_packets import Short, varint
from leaktap.wire.quic_streams import OverQuic

_CONTROL, _PUSH, _ENCODER, _DECODER, _WEBTRANSPORT = 0x0, 0x1, 0x2, 0x3, 0x54
_REQUEST, _RAW = -1, -2
_TABLE_CAPACITY = 0x1


@dataclass(slots=True)
class _Section:
    """A field section; `target` is the stream whose headers they are, `inserted` how many entries there were."""

    block: bytes
    target: int
    promised: bool
    inserted: int
    time: Time
    end: Time
    frames: Frames


@dataclass(slots=True, eq=False)
class _Reader:
    """One direction of a stream: what kind it is, once that is known, and where its messages belong."""

    side: int
    number: int
    kind: int | None
    target: int
    frames: FrameReader = field(default_factory=FrameReader)
    blocked: _Section | None = None
    ended: bool = False
    dead: str = ""
    counted: int = 0


class Http3(Exchanges):
    """One HTTP/3 connection."""

    def __init__(self, context: Context) -> None:
        """Begins before the first stream."""
        Exchanges.__init__(self, context, "h3", "HTTP/3")
        self._readers: dict[tuple[int, int], _Reader] = {}
        self._blocked: dict[tuple[int, int], _Reader] = {}
        self._sections = (FieldSections(), FieldSections())
        self._single: set[tuple[int, int]] = set()

    def data(self, side: int, number: int, segment: Segment, ended: bool) -> Iterator[Made]:
        """Takes the next bytes of a stream."""
        reader = self._readers.get((number, side))
        if reader is None:
            reader = self._reader(side, number)
        reader.ended |= ended
        yield from self._blind("truncated", segment.lost, detail="not captured")
        if reader.dead:
            yield from self._blind(reader.dead, len(segment.data), tuple(segment.frames))
        else:
            reader.frames.push(segment)
            yield from self._read(reader)
        if reader.ended and not reader.blocked:
            yield from self._end(reader, ENDED)
        yield from self._limit()

    def reset(self, side: int, number: int, time: Time) -> Iterator[Made]:
        """Ends a side of a stream that was broken off."""
        reader = self._readers.get((number, side))
        if reader is not None:
            yield from self._end(reader, RESET)
        elif not number & 3:
            stream = self._stream(number)
            stream.states[side] = RESET
            yield from self._done(stream)

    def datagram(self, side: int, data: bytes, frame: int) -> Iterator[Made]:
        """Counts a datagram."""
        yield from self._blind("unknown_protocol", len(data), (frame,), "datagrams")

    def close(self) -> Iterator[Made]:
        """Yields what is pending."""
        for reader in list(self._readers.values()):
            yield from self._end(reader, BROKEN)
        yield from self._break_all_off()

    # Streams

    def _reader(self, side: int, number: int) -> _Reader:
        """Returns a new reader for a direction of a stream."""
        kind = None
        if not number & 2:
            answers = self._readers.get((number, other(side)))
            kind = _RAW if answers is not None and answers.kind == _RAW else _REQUEST
            if kind == _REQUEST:
                self._stream(number)
        reader = self._readers[number, side] = _Reader(side, number, kind, number)
        return reader

    def _stream(self, number: int) -> Stream:
        """Returns the stream of a request, or of a promise (which has a number below zero)."""
        stream = self._streams.get(number)
        return self._open(number) if stream is None else stream

    def _read(self, reader: _Reader) -> Iterator[Made]:
        """Reads what there is of a direction of a stream."""
        frames = reader.frames
        try:
            if reader.kind is None and not self._kind(reader):
                return
            if reader.kind in (_REQUEST, _CONTROL, _PUSH):
                yield from self._frames(reader)
            if reader.kind is not None and reader.kind not in (_REQUEST, _CONTROL, _PUSH):
                yield from self._unframed(reader, reader.kind)
        except (BadFrame, BadBlock, Unknown) as error:
            yield from self._broken(reader, error)
        frames.sweep()
        self._kept += len(frames.intake) + frames.intake.behind - reader.counted
        reader.counted = len(frames.intake) + frames.intake.behind

    def _kind(self, reader: _Reader) -> bool:
        """Reads of what kind a stream of one direction is, if that is there; raises BadFrame."""
        kind = reader.frames.number()
        promise = reader.frames.number() if kind == _PUSH else 0
        if kind is None or promise is None:
            if reader.frames.intake.gap:
                raise BadFrame("the first bytes of a stream are missing", "truncated")
            reader.frames.again()
            return False
        if kind in (_CONTROL, _ENCODER):
            if (reader.side, kind) in self._single:
                raise BadFrame(f"a second stream of the type {kind}")
            self._single.add((reader.side, kind))
        reader.kind = kind
        if kind == _PUSH:
            reader.target = -1 - promise
            self._stream(reader.target)
        return True

    def _frames(self, reader: _Reader) -> Iterator[Made]:
        """Reads frames; raises BadFrame, BadBlock or Unknown."""
        while reader.blocked is None and reader.kind != _RAW:
            frame = reader.frames.next()
            if frame is None:
                if not reader.frames.intake.gap:
                    return
                frame = reader.frames.step_over()
                if frame is None:
                    continue
            yield from self._take(reader, frame)

    def _unframed(self, reader: _Reader, kind: int) -> Iterator[Made]:
        """Reads bytes that are not in frames; raises BadBlock or Unknown."""
        intake = reader.frames.intake
        while True:
            frame = reader.frames.rest()
            if kind == _ENCODER:
                self._sections[reader.side].feed(frame.payload)
                yield from self._unblock(reader.side)
            elif kind in (_RAW, _WEBTRANSPORT):
                yield from self._not_kept("unknown_protocol", reader, frame, "WebTransport")
            elif kind != _DECODER and (kind - 0x21) % 0x1F:
                yield from self._not_kept("unknown_protocol", reader, frame, f"a stream of the type 0x{kind:X}")
            if not intake.gap:
                return
            if kind == _ENCODER:
                raise BadFrame("bytes are missing in QPACK's instructions", "truncated")
            intake.skip()

    def _take(self, reader: _Reader, frame: Frame) -> Iterable[Made]:
        """Takes a frame; raises BadFrame, BadBlock or Unknown."""
        kind, intake = frame.kind, reader.frames.intake
        if kind == DATA:
            return self._data(reader, frame)
        if kind == WEBTRANSPORT and reader.kind == _REQUEST:
            answers = self._readers.get((reader.number, other(reader.side)))
            for each in (reader, answers):
                if each is not None:
                    each.kind = _RAW
            self._forget(reader.number)
            return ()
        if kind == SETTINGS and reader.kind == _CONTROL:
            return self._settings(reader.side, frame.payload)
        if reader.kind == _CONTROL or (kind == PUSH_PROMISE and reader.side == CLIENT):
            raise BadFrame(f"a frame of the type {kind} where it cannot be")
        if reader.number & 3 == 1 or kind not in (HEADERS, PUSH_PROMISE):
            raise BadFrame(f"a frame of the type {kind} where it cannot be")
        target, payload = reader.target, frame.payload
        if kind == PUSH_PROMISE:
            try:
                promise, at = varint(payload, 0)
            except (IndexError, Short):
                raise BadFrame("a promise without a number") from None
            target, payload = -1 - promise, payload[at:]
        numbers = Frames()
        numbers.add(intake.frames(frame.start, frame.end))
        begin, end = intake.where(frame.start)[1], intake.where(frame.end - 1)[1]
        inserted = self._sections[reader.side].inserted
        section = _Section(payload, target, kind == PUSH_PROMISE, inserted, begin, end, numbers)
        return self._section(reader, section)

    def _settings(self, side: int, payload: bytes) -> Iterator[Made]:
        """Takes the SETTINGS of a side, which say how large the other's table may be; raises BadFrame."""
        at, capacity = 0, 0
        try:
            while at < len(payload):
                name, at = varint(payload, at)
                value, at = varint(payload, at)
                if name == _TABLE_CAPACITY:
                    capacity = value
        except (IndexError, Short):
            raise BadFrame("SETTINGS that end too early") from None
        self._sections[other(side)].limit(capacity)
        yield from self._unblock(other(side))

    # Headers and bodies

    def _section(self, reader: _Reader, section: _Section) -> Iterator[Made]:
        """Takes a field section, or stops reading until its entries come; raises BadBlock or Unknown."""
        try:
            headers = self._sections[reader.side].decode(section.block, section.inserted)
        except Blocked:
            reader.blocked = section
            self._blocked[reader.number, reader.side] = reader
            return
        yield from self._head(CLIENT if section.promised else reader.side, section, headers)

    def _head(self, side: int, section: _Section, headers: Headers) -> Iterator[Made]:
        stream = self._stream(section.target)
        yield from self._take_headers(side, stream, headers, section.time, section.end, section.frames)
        if section.promised:
            stream.states[CLIENT] = ENDED
            yield from self._done(stream)

    def _unblock(self, side: int) -> Iterator[Made]:
        """Reads on where the entries have come."""
        for key, reader in [(key, reader) for key, reader in self._blocked.items() if reader.side == side]:
            section, reader.blocked = reader.blocked, None
            del self._blocked[key]
            if section is None:
                continue
            try:
                yield from self._section(reader, section)
            except (BadBlock, Unknown) as error:
                yield from self._broken(reader, error)
            if reader.blocked is None and not reader.dead:
                yield from self._read(reader)
            if reader.ended and reader.blocked is None:
                yield from self._end(reader, ENDED)

    def _data(self, reader: _Reader, frame: Frame) -> Iterator[Made]:
        """Takes a piece of a body."""
        intake, stream = reader.frames.intake, self._streams.get(reader.target)
        message = stream.messages[reader.side] if stream else None
        if stream is None or message is None:
            yield from self._not_kept("truncated", reader, frame, "data behind headers that are not known")
            return
        message.lost += frame.lost
        if frame.payload:
            message.frames.add(intake.frames(frame.start, frame.end))
            message.end = intake.where(frame.end - 1)[1]
        if stream.inner is not None and stream.tunnels(reader.side):
            if frame.payload or frame.lost:
                piece = intake.segment(frame.start, frame.end)
                yield from stream.inner.feed(reader.side, replace(piece, lost=frame.lost))
        elif stream.tunnels(reader.side):
            yield from self._not_kept("unknown_protocol", reader, frame, f"{stream.tunnel} in an HTTP/3 stream")
        else:
            self._keep(stream, message, frame.payload)

    # Ends

    def _end(self, reader: _Reader, state: int) -> Iterator[Made]:
        """Ends a direction of a stream."""
        if self._readers.pop((reader.number, reader.side), None) is None:
            return
        dead = reader.dead
        yield from self._unfinished(reader, "truncated")
        stream = self._streams.get(reader.target)
        if stream is not None and reader.kind in (_REQUEST, _PUSH):
            if stream.states[reader.side] == OPEN:
                stream.states[reader.side] = BROKEN if dead and state == ENDED else state
            yield from self._done(stream)

    def _break_off(self, stream: Stream) -> Iterator[Made]:
        """Gives a stream up, with what its readers hold."""
        keys = [(stream.number, CLIENT), (stream.number, SERVER)]
        if stream.number < 0:
            keys = [key for key, reader in self._readers.items() if reader.target == stream.number]
        for key in keys:
            reader = self._readers.get(key)
            if reader is not None:
                yield from self._unfinished(reader, "limit")
        yield from Exchanges._break_off(self, stream)

    def _unfinished(self, reader: _Reader, why: str) -> Iterator[Made]:
        """Stops reading a direction of a stream, for good."""
        section, reader.blocked = reader.blocked, None
        if section is not None:
            del self._blocked[reader.number, reader.side]
            yield from self._blind(why, len(section.block), section.frames.numbers, "headers")
        reader.dead = reader.dead or why
        reader.frames.sweep()
        yield from self._left_over(reader, why)

    def _left_over(self, reader: _Reader, why: str) -> Iterator[Made]:
        """Accounts for what of a direction was not read."""
        stream = self._streams.get(reader.target)
        message = stream.messages[reader.side] if stream else None
        if message is not None and reader.kind in (_REQUEST, _PUSH):
            message.lost += reader.frames.left
        self._kept -= reader.counted
        reader.counted = 0
        yield from self._blind(reader.dead or why, *reader.frames.intake.clear())

    def _broken(self, reader: _Reader, error: BadFrame | BadBlock | Unknown) -> Iterator[Made]:
        """Stops reading a direction of a stream."""
        if isinstance(error, Unknown):
            reader.dead, how = "truncated", "headers that refer to what is not known any more"
        else:
            reader.dead, how = error.why, str(error)
        yield from self._complain(f"HTTP/3 from the {('client', 'server')[reader.side]}: {how}; the stream is not read")
        yield from self._unfinished(reader, reader.dead)

    def _not_kept(self, why: str, reader: _Reader, frame: Frame, detail: str) -> Iterator[Made]:
        numbers = reader.frames.intake.frames(frame.start, frame.end)
        yield from self._blind(why, len(frame.payload), numbers, detail)

    def _forget(self, number: int) -> None:
        """Drops a stream that turned out to be no request."""
        stream = self._streams.pop(number, None)
        if stream is not None:
            self._kept -= stream.cost


OVER_QUIC = OverQuic(("h3", *(f"h3-{draft}" for draft in range(27, 35))), Http3)
