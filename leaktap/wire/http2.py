"""HTTP/2 of a connection, as an onlooker reads it (RFC 9113): an exchange per stream, pushed ones included.

Each side's frames are read in their own order; either side may run ahead of the other, so a response may be there
before its request. A stream becomes an exchange when both sides ended it, or shortly after one reset it, since the
other may still be sending. What HPACK cannot tell, behind a gap or a begin that was not captured, is a `Blind`.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from leaktap.model import Exchange, Time
from leaktap.wire._api import Context, Made, Protocol, other, passed_by
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire._exchanges import Exchanges
from leaktap.wire._intake import Frames, Intake
from leaktap.wire._messages import Incoming
from leaktap.wire.http2_frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    PUSH_PROMISE,
    RST_STREAM,
    BadFrame,
    Frame,
    FrameReader,
    sniff,
)
from leaktap.wire.http2_headers import MOST_BLOCK, BadBlock, HeaderBlocks, Unknown
from leaktap.wire.http2_streams import BROKEN, ENDED, OPEN, RESET, Stream

_AFTER_RESET: Time = 1_000_000


@dataclass(slots=True)
class _Block:
    """A header block that is being collected; `target` is the stream whose headers they are."""

    stream: int
    target: int
    ends: bool
    time: Time
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    frames: Frames = field(default_factory=Frames)


class _Half:
    """One side: its frames, its header compression, and why it is not read any more."""

    def __init__(self, side: int) -> None:
        self.reader = FrameReader(side)
        self.blocks: HeaderBlocks | None = None
        self.block: _Block | None = None
        self.dead = ""
        self.clock: Time = 0
        self.reset: deque[tuple[Time, int]] = deque()


class Http2(Exchanges):
    """One HTTP/2 connection."""

    def __init__(self, context: Context) -> None:
        """Begins before the preface. The request that was upgraded from HTTP/1.1, if there was one, is stream 1."""
        Exchanges.__init__(self, context, "h2" if context.decrypted else "h2c", "HTTP/2")
        self._halves = (_Half(CLIENT), _Half(SERVER))
        self._highest = [0, 0]
        if context.name == "h2c" and context.upgrade is not None:
            self._upgraded(context.upgrade)

    waiting = 0

    def feed(self, side: int, segment: Segment) -> Iterator[Made]:
        """Takes bytes of a side and yields exchanges."""
        half = self._halves[side]
        if segment.lost or half.dead:
            yield from passed_by(self._blind, half.dead, segment)
        if half.dead:
            return
        half.reader.push(segment)
        if segment.times:
            half.clock = segment.times[-1]
        yield from self._read(side, half)
        if half.reset:
            yield from self._forget_reset(half)

    def close(self) -> Iterator[Made]:
        """Yields what is pending: streams that did not end, and frames that broke off."""
        for side, half in enumerate(self._halves):
            if not half.dead:
                yield from self._stop(side, half, "truncated")
        yield from self._break_all_off()

    # Frames

    def _read(self, side: int, half: _Half) -> Iterator[Made]:
        reader = half.reader
        try:
            while True:
                frame = reader.next()
                if frame is None:
                    if not reader.intake.gap:
                        break
                    frame = reader.step_over()
                    if frame is None:
                        continue
                yield from self._take(side, half, frame)
        except (BadFrame, BadBlock) as error:
            yield from self._give_up(side, half, error)
        reader.sweep()

    def _take(self, side: int, half: _Half, frame: Frame) -> Iterable[Made]:
        """Takes a frame; raises BadFrame or BadBlock."""
        kind, block = frame.kind, half.block
        if (kind == CONTINUATION) != (block is not None) or (block and frame.stream != block.stream):
            raise BadFrame("a header block that is not continued by the next frame")
        if kind == DATA:
            return self._data(side, half, frame)
        numbers, begin, end = half.reader.intake.span(frame.start, frame.end)
        if kind == RST_STREAM:
            return self._reset(side, half, frame.stream, begin)
        payload = frame.payload
        if block is None:
            target = frame.stream
            if kind == PUSH_PROMISE:
                if side == CLIENT:
                    raise BadFrame("a promise of the client's")
                target, payload = int.from_bytes(payload[:4]) & 0x7FFFFFFF, payload[4:]
            ends = kind != PUSH_PROMISE and bool(frame.flags & END_STREAM)
            block = half.block = _Block(frame.stream, target, ends, begin)
        block.frames.add(numbers)
        if payload:
            block.pieces.append(payload)
            block.size += len(payload)
        if block.size > MOST_BLOCK:
            raise BadFrame(f"a header block of more than {MOST_BLOCK} bytes", "limit")
        if not frame.flags & END_HEADERS:
            return ()
        half.block = None
        return self._headers(side, half, block, end)

    def _give_up(self, side: int, half: _Half, error: BadFrame | BadBlock) -> Iterator[Made]:
        """Stops reading a side: without its frames or its header compression nothing can be told from it."""
        half.dead = error.why
        yield from self._complain(f"HTTP/2 from the {('client', 'server')[side]}: {error}; the rest is not read")
        half.reader.sweep()
        yield from self._stop(side, half, half.dead)
        for stream in list(self._streams.values()):
            if stream.states[side] == OPEN:
                stream.states[side] = BROKEN
                yield from self._done(stream)

    def _stop(self, side: int, half: _Half, why: str) -> Iterator[Made]:
        """Accounts for what a side was in the middle of."""
        block, half.block = half.block, None
        if block is not None:
            yield from self._blind(why, block.size, block.frames.numbers, "headers")
        number, left = half.reader.pending
        stream = self._streams.get(number)
        message = stream.messages[side] if stream else None
        if message is not None:
            message.lost += left
        yield from self._blind(why, *half.reader.intake.clear())

    # Streams

    def _headers(self, side: int, half: _Half, block: _Block, end: Time) -> Iterable[Made]:
        """Takes a complete header block: a head, trailers, or an interim response; raises BadBlock."""
        if half.blocks is None:
            half.blocks = HeaderBlocks(half.reader.whole)
        promised = block.target != block.stream
        whose = CLIENT if promised else side
        stream = self._stream(whose, block.target)
        try:
            headers = half.blocks.decode(b"".join(block.pieces))
        except Unknown:
            why = "HTTP/2 headers refer to what was sent before the capture began: not readable"
            made = [*self._complain(why), *self._blind("truncated", block.size, block.frames.numbers, "headers")]
        else:
            made = []
            if stream is not None:
                made += self._take_headers(whose, stream, headers, block.time, end, block.frames)
        if stream is not None:
            if promised or block.ends:
                stream.states[whose] = ENDED
            made += self._done(stream)
            made += self._limit()
        return made

    def _stream(self, side: int, number: int) -> Stream | None:
        """Returns a stream that is open or opens now; None if it is over (stream numbers only grow)."""
        stream = self._streams.get(number)
        kind = number & 1
        if stream is None:
            if number <= self._highest[kind]:
                return None
            stream = self._open(number)
            for each, half in enumerate(self._halves):
                if half.dead:
                    stream.states[each] = BROKEN
        if side == CLIENT:
            self._highest[kind] = max(self._highest[kind], number)
        return stream

    def _data(self, side: int, half: _Half, frame: Frame) -> Iterable[Made]:
        """Takes a piece of a body."""
        intake, stream = half.reader.intake, self._streams.get(frame.stream)
        if stream is None:
            why = "limit" if self._retired else "truncated"
            return self._not_kept(why, frame, intake, "data of a stream that is not open")
        message = stream.messages[side]
        if message is not None:
            message.lost += frame.lost
            if frame.payload:
                numbers, _, message.end = intake.span(frame.start, frame.end)
                message.frames.add(numbers)
        if message is None or stream.tunnels(side):
            return self._astray(side, stream, frame, intake)
        self._keep(stream, message, frame.payload)
        made = self._ended(side, stream, frame)
        return [*made, *self._limit()] if self._full else made

    def _astray(self, side: int, stream: Stream, frame: Frame, intake: Intake) -> Iterator[Made]:
        """Takes data that is of no body: a tunnel's, or behind headers that are not known."""
        if stream.messages[side] is None:
            yield from self._not_kept("truncated", frame, intake, "data behind headers that are not known")
        elif stream.inner is None:
            yield from self._not_kept("unknown_protocol", frame, intake, f"{stream.tunnel} in an HTTP/2 stream")
        elif frame.payload or frame.lost:
            segment = intake.segment(frame.start, frame.end)
            yield from stream.inner.feed(side, replace(segment, lost=frame.lost))
        yield from self._ended(side, stream, frame)
        yield from self._limit()

    def _ended(self, side: int, stream: Stream, frame: Frame) -> Iterable[Made]:
        """Ends a side of a stream if a frame says so."""
        if not frame.flags & END_STREAM:
            return ()
        stream.states[side] = ENDED
        return self._done(stream)

    def _reset(self, side: int, half: _Half, number: int, time: Time) -> Iterator[Made]:
        """Ends a side; the other one is given a moment for what is under way."""
        stream = self._streams.get(number) or (self._stream(side, number) if side == SERVER else None)
        if stream is None:
            return
        if stream.states[side] != RESET:
            stream.states[side] = RESET
            self._halves[other(side)].reset.append((time, number))
        yield from self._done(stream)
        yield from self._limit()

    def _forget_reset(self, half: _Half) -> Iterator[Made]:
        """Ends the streams that the other side reset some time ago."""
        while half.reset and half.reset[0][0] + _AFTER_RESET < half.clock:
            _, number = half.reset.popleft()
            stream = self._streams.get(number)
            if stream is not None:
                side = self._halves.index(half)
                if stream.states[side] == OPEN:
                    stream.states[side] = RESET
                yield from self._done(stream)

    def _upgraded(self, upgrade: Exchange) -> None:
        """Opens stream 1, whose request HTTP/1 has already told: here it has no more than method and path."""
        request, frames = upgrade.request, Frames()
        frames.add(request.frames)
        start = (request.start[0], request.start[1].partition("?")[0], "HTTP/2")
        index = next(self._context.flow.numbers)
        stream = Stream(1, [ENDED, OPEN], scheme=upgrade.scheme, host=upgrade.host, index=index)
        stream.messages[CLIENT] = Incoming(start, (), request.time, request.time, frames)
        self._streams[1] = stream
        self._highest[1] = 1

    # What is no message

    def _not_kept(self, why: str, frame: Frame, intake: Intake, detail: str) -> Iterator[Made]:
        yield from self._blind(why, len(frame.payload), intake.frames(frame.start, frame.end), detail)


PROTOCOL = Protocol("h2", sniff, Http2, names=("h2", "h2c"))
