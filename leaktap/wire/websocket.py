"""WebSocket (RFC 6455) with permessage-deflate (RFC 7692): an exchange per text or binary message.

It is known by the Upgrade that led to it, which also says what was agreed on compression; that a message is compressed
is its RSV1. Control frames between fragments are passed over. After a gap that is not all payload nothing tells where a
frame begins: the rest of that side is a `Blind`. Where the subprotocol that was agreed on is one that is read (mqtt,
sip), its messages are that protocol's bytes and no exchanges.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from leaktap.model import Fault, Message, Time
from leaktap.wire._api import Above, Context, Finished, Made, Plain, Protocol, passed_by, protocols
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire._intake import Frames, Intake

MOST_MESSAGE = 16 << 20
"""Bytes of a message that are kept, as they came and inflated."""

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PONG = 0, 1, 2, 8, 10
_FIN, _RSV1, _RSV2_3, _MASKED = 0x80, 0x40, 0x30, 0x80
_MOST_CONTROL = 125
_PIECE_COST = 64
_MOST_FINAL_BLOCKS = 16
_MOST_RATIO = 20
_WINDOW = 1 << zlib.MAX_WBITS
_SIDES = ("client", "server")
_END_OF_BLOCK = b"\0\0\xff\xff"
_NO_TAKEOVER = tuple(
    re.compile(rb"permessage-deflate\s*;[^,]*" + side + rb"_no_context_takeover") for side in (b"client", b"server")
)


class _BadFrame(Exception):
    """Bytes that are no frame; `why` is a reason of a `Blind`."""

    def __init__(self, how: str, why: str = "unreadable") -> None:
        super().__init__(how)
        self.why = why


@dataclass(slots=True, eq=False)
class _Incoming:
    """A message that is being read."""

    compressed: bool
    time: Time
    frames: Frames = field(default_factory=Frames)
    pieces: list[bytes] = field(default_factory=list)
    kept: int = 0
    cost: int = 0
    over: int = 0
    lost: int = 0
    end: Time = 0

    def seen(self, intake: Intake, at: int, end: int) -> None:
        """Notes the packets that brought a part of it."""
        self.frames.add(intake.frames(at, end))
        self.end = intake.where(end - 1)[1]

    def keep(self, data: bytes) -> None:
        """Appends what there is room for."""
        room = max(MOST_MESSAGE - self.cost, 0)
        if len(data) > room:
            self.over += len(data) - room
            data = data[:room]
        if data:
            self.pieces.append(data)
            self.kept += len(data)
            self.cost += len(data) + (_PIECE_COST if len(data) < _PIECE_COST else 0)


class _Half:
    """The frames of one side. The payload of a frame is taken as it comes; `left` is how much is still to come."""

    def __init__(self, side: int, fresh: bool) -> None:
        """`fresh`: each message is compressed for itself."""
        self.side = side
        self.intake = Intake()
        self.dead = ""
        self.message: _Incoming | None = None
        self.left = 0
        self._at = 0
        self._inside = self._final = False
        self._opcode = 0
        self._mask = b""
        self._turn = 0
        self._inflater = _Inflater(fresh)

    def next(self) -> _Incoming | None:
        """Returns the next message, or None while it is not complete; raises _BadFrame."""
        while True:
            if not self._inside:
                if self._head():
                    continue
                if self.intake.gap:
                    raise _BadFrame("bytes are missing between frames", "truncated")
                return None
            end = min(self._at + self.left, len(self.intake))
            if end > self._at:
                self._take(self._at, end)
            if self.left:
                if not self.intake.gap:
                    return None
                self._lose()
                continue
            self._inside = False
            if self._final and self._opcode <= _BINARY:
                message, self.message = self.message, None
                return message

    def sweep(self) -> None:
        """Drops what was read."""
        self.intake.drop(self._at)
        self._at = 0

    def _head(self) -> bool:
        """Reads a frame's head (RFC 6455, section 5.2); returns whether it is there; raises _BadFrame."""
        data, at = self.intake.data, self._at
        if len(data) - at < 2:
            return False
        first, second = data[at], data[at + 1]
        length, masked = second & 0x7F, bool(second & _MASKED)
        wide = {126: 2, 127: 8}.get(length, 0)
        end = at + 2 + wide + (4 if masked else 0)
        if len(data) < end:
            return False
        if wide:
            length = int.from_bytes(data[at + 2 : at + 2 + wide])
        self._check(first, length)
        self._opcode, self._final, self._inside = first & 0x0F, bool(first & _FIN), True
        self._mask, self._turn = bytes(data[end - 4 : end]) if masked else b"", 0
        self.left, self._at = length, end
        if self._opcode in (_TEXT, _BINARY):
            self.message = _Incoming(bool(first & _RSV1), self.intake.where(at)[1])
        if self._opcode <= _BINARY and self.message is not None:
            self.message.seen(self.intake, at, end)
        return True

    def _check(self, first: int, length: int) -> None:
        opcode = first & 0x0F
        if first & _RSV2_3 or _BINARY < opcode < _CLOSE or opcode > _PONG or length >> 63:
            raise _BadFrame(f"a frame that begins with 0x{first:02x}")
        if opcode >= _CLOSE and (length > _MOST_CONTROL or not first & _FIN):
            raise _BadFrame("a control frame that is long or fragmented")
        if opcode < _CLOSE and (opcode == _CONTINUATION) != (self.message is not None):
            raise _BadFrame("fragments that do not follow each other")

    def _take(self, at: int, end: int) -> None:
        """Takes a piece of the payload."""
        self.left -= end - at
        self._at = end
        if self._opcode <= _BINARY and self.message is not None:
            self.message.keep(self._unmask(bytes(memoryview(self.intake.data)[at:end])))
            self.message.seen(self.intake, at, end)

    def _lose(self) -> None:
        """Steps over the gap, if it is all payload; raises _BadFrame."""
        if self.intake.later[0].lost > self.left:
            raise _BadFrame("bytes are missing between frames", "truncated")
        lost = self.intake.skip()
        self.left -= lost
        self._turn = (self._turn + lost) % 4
        if self._opcode <= _BINARY and self.message is not None:
            self.message.lost += lost

    def _unmask(self, data: bytes) -> bytes:
        """Undoes the mask (RFC 6455, section 5.3), which goes on from one piece to the next."""
        if not self._mask:
            return data
        size, turn = len(data), self._turn
        self._turn = (turn + size) % 4
        mask = (self._mask[turn:] + self._mask[:turn]) * (size // 4 + 1)
        return (int.from_bytes(data) ^ int.from_bytes(mask[:size])).to_bytes(size)

    def content(self, message: _Incoming, complete: bool) -> tuple[bytes, str]:
        """Returns what a message says, and the reason of a `Blind` if that is not all of it."""
        data = b"".join(message.pieces)
        why = "truncated" if message.lost else "limit" if message.over else ""
        if not message.compressed:
            return data, why
        if why:
            self._inflater.miss()
            return b"", why
        return self._inflater.inflate(data + _END_OF_BLOCK if complete else data)


class _Inflater:
    """Undoes permessage-deflate (RFC 7692, section 7.2) message by message.

    Beyond one long message, what comes out may be `_MOST_RATIO` times what went in.
    """

    def __init__(self, fresh: bool) -> None:
        self._fresh = fresh
        self._window = b""
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._why = ""
        self._allowed = MOST_MESSAGE

    def miss(self) -> None:
        """Passes a message over: those that refer to it cannot be read."""
        self._why = "" if self._fresh else "truncated"

    def inflate(self, data: bytes) -> tuple[bytes, str]:
        """Returns the text of `data`, and the reason of a `Blind` if that is not all of it."""
        if self._why:
            return b"", self._why
        if self._fresh:
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._allowed += _MOST_RATIO * len(data)
        text, most = b"", min(MOST_MESSAGE, self._allowed)
        try:
            for _ in range(_MOST_FINAL_BLOCKS):
                piece = self._inflater.decompress(data, max(most - len(text), 1))
                text, data = text + piece, self._inflater.unused_data
                self._allowed -= len(piece)
                if self._inflater.unconsumed_tail or (data and len(text) >= most):
                    self.miss()
                    return text, "limit"
                if not self._inflater.eof:
                    self._window = (self._window + text[-_WINDOW:])[-_WINDOW:]
                    return text, ""
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS, zdict=(self._window + text[-_WINDOW:])[-_WINDOW:])
        except zlib.error:
            pass
        self.miss()
        return text, "unreadable"


class WebSocket:
    """One WebSocket connection after its handshake."""

    def __init__(self, context: Context) -> None:
        """Begins with the first frame."""
        self._context = context
        self._blind = partial(context.unread, "websocket")
        upgrade = context.upgrade
        self._target = upgrade.request.start[1].partition("?")[0] if upgrade else ""
        self._scheme = upgrade.scheme if upgrade else ("https" if context.decrypted else "http")
        self._host = upgrade.host if upgrade else ""
        response = upgrade.response if upgrade else None
        agreed = response.header(b"sec-websocket-extensions").lower() if response else b""
        self._halves = [_Half(side, bool(_NO_TAKEOVER[side].search(agreed))) for side in (CLIENT, SERVER)]
        self._complained = False
        inner = response.header(b"sec-websocket-protocol").decode("latin-1").strip().lower() if response else ""
        self._inner = inner if any(inner in each.names for each in protocols("tcp")) else ""
        self._told = False
        self._missing = [0, 0]

    waiting = 0

    def feed(self, side: int, segment: Segment) -> Iterator[Made]:
        """Takes bytes of a side and yields an exchange per message."""
        half = self._halves[side]
        yield from passed_by(self._blind, half.dead, segment)
        if half.dead:
            return
        half.intake.push(segment)
        try:
            while (message := half.next()) is not None:
                yield from self._finished(half, message)
        except _BadFrame as error:
            half.dead = error.why
            if not self._complained:
                self._complained = True
                why = f"WebSocket from the {_SIDES[side]}: {error}; the rest is not read"
                yield Fault("wire", self._context.where, why)
            yield from self._break_off(half)
        half.sweep()

    def close(self) -> Iterator[Made]:
        """Yields what is pending: messages that broke off."""
        for half in self._halves:
            yield from self._break_off(half)

    def _break_off(self, half: _Half) -> Iterator[Made]:
        half.sweep()
        yield from self._blind(half.dead or "truncated", *half.intake.clear())
        message, half.message = half.message, None
        if message is not None and message.kept:
            yield from self._finished(half, message, half.left, complete=False)

    def _finished(self, half: _Half, message: _Incoming, left: int = 0, complete: bool = True) -> Iterator[Made]:
        """Yields the exchange that stands for a message, of which `left` bytes of a frame did not come."""
        text, why = half.content(message, complete)
        frames = message.frames.numbers
        if why and (message.compressed or why == "limit"):
            count = message.over if text else message.kept + message.over
            yield from self._blind(why, max(count, 1), frames, "a message")
        if self._inner:
            yield from self._plain(half.side, message, text, left)
            return
        if why and not text:
            return
        missing = message.lost + message.over + left
        start = ("WEBSOCKET", self._target, "websocket")
        if half.side == CLIENT:
            request, response = Message(start, (), text, message.time, frames, missing), None
        else:
            request = Message(start, time=message.time)
            response = Message(("websocket", "", ""), (), text, message.time, frames, missing)
        exchange = self._context.exchange("websocket", self._scheme, self._host, request, response)
        yield Finished(exchange)

    def _plain(self, side: int, message: _Incoming, text: bytes, left: int) -> Iterator[Made]:
        """Hands a message up; what lacks of it is noted with the bytes that follow."""
        if not self._told:
            self._told = True
            yield Above(replace(self._context, name=self._inner, host=self._host or self._context.host))
        if text:
            frames = message.frames.numbers[:1]
            yield Plain(side, Segment(text, (0,), frames, (message.end,), self._missing[side]))
            self._missing[side] = 0
        lacks = message.lost + message.over + left
        self._missing[side] += lacks if text else max(message.kept + lacks, 1)


def _sniff(side: int, data: bytes) -> bool | None:
    """Tells nothing: a frame's two bytes could be anything. The Upgrade before it says what it is."""
    return False


PROTOCOL = Protocol("websocket", _sniff, WebSocket, names=("websocket",))
