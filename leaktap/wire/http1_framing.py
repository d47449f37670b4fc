"""HTTP/1 messages of one direction, cut out of its bytes: heads, and bodies of all framings (RFC 9112).

Bare LF, empty lines before a message, folded header lines and unknown methods are taken as servers take them. A head
that makes no sense, or bytes that are missing, end what was begun; reading goes on where a packet (or TLS record)
begins with a start line.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from leaktap.model import Headers, Message, Time
from leaktap.wire._bytes import CLIENT, Segment
from leaktap.wire._intake import Frames, Intake

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_REQUEST = re.compile(rb"(" + _TOKEN + rb"{1,32})[ \t]+([^\r\n]*?)[ \t]+(HTTP/1\.[0-9])[ \t]*\r?\n")
_RESPONSE = re.compile(rb"(HTTP/1\.[0-9])[ \t]+([0-9]{3})(?:[ \t]([^\r\n]*))?\r?\n")
_KNOWN_METHOD = re.compile(
    rb"(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PROPFIND|REPORT|MKCOL|COPY|MOVE|LOCK|UNLOCK) [!-~]"
)
_USUAL_REQUEST = re.compile(rb"[A-Z][A-Z0-9_-]{1,31} [!-~]+ HTTP/1\.[0-9]\r?\n")
_USUAL_REQUEST_BEGUN = re.compile(rb"[A-Z][A-Z0-9_-]{0,31}(?: [!-~]*(?: [HTP/1.0-9]*\r?)?)?\Z")
_HEAD_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\Z", re.DOTALL)

MOST_HEAD = 256 << 10
MOST_BODY = 16 << 20
MOST_HEADERS = 4096
_MOST_CHUNK_LINE = 16 << 10
_MOST_PIECES = 1024
_MOST_FIRST_LINE = 64 << 10


def sniff(side: int, data: bytes) -> bool | None:
    """Tells HTTP/1 by its first line: a method that everybody knows, or another in capitals with all that follows."""
    data = data.lstrip(b"\r\n")
    if side != CLIENT:
        if data[:7] == b"HTTP/1.":
            return True
        return None if b"HTTP/1.".startswith(data) else False
    if _KNOWN_METHOD.match(data):
        return not (b"\n" in data and not _REQUEST.match(data))
    if _USUAL_REQUEST.match(data):
        return True
    if data and (len(data) >= _MOST_FIRST_LINE or not _USUAL_REQUEST_BEGUN.match(data)):
        return False
    return None


class BadMessage(Exception):
    """A message cannot be read on: `str()` says how, `why` is the reason among those of a `Blind`."""

    def __init__(self, how: str, why: str = "unreadable") -> None:
        """Keeps the reason."""
        super().__init__(how)
        self.why = why


@dataclass(slots=True, eq=False)
class Incoming:
    """A message that is being read.

    `left` is how many bytes of the body (or of the chunk) are to come, None until the connection closes. `over` counts
    the bytes beyond `MOST_BODY`, `lost` those that were not captured.
    """

    start: tuple[str, str, str]
    headers: Headers
    time: Time
    end: Time
    frames: Frames
    left: int | None = 0
    chunked: bool = False
    trailers: bool = False
    kept: int = 0
    over: int = 0
    lost: int = 0
    pieces: list[bytes] = field(default_factory=list)
    _joined: int = 0

    def header(self, name: bytes) -> bytes:
        """Returns the first value of the header `name` (lower case), or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), b"")

    def keep(self, data: bytes) -> None:
        """Appends to the body, as far as there is room."""
        room = MOST_BODY - self.kept
        if len(data) > room:
            self.over += len(data) - room
            data = data[:room]
        if data:
            self.kept += len(data)
            self.pieces.append(data)
            if len(self.pieces) - self._joined > _MOST_PIECES:
                self.pieces[self._joined :] = [b"".join(self.pieces[self._joined :])]
                self._joined += 1

    def message(self, start: tuple[str, str, str] | None = None) -> Message:
        """Returns what was read, under another start line if one is given."""
        return Message(
            start or self.start,
            self.headers,
            b"".join(self.pieces),
            self.time,
            self.frames.numbers,
            self.lost + self.over,
        )


def _start_line(side: int, data: bytes) -> re.Match[bytes]:
    match = (_REQUEST if side == CLIENT else _RESPONSE).match(data)
    if not match:
        line = data.partition(b"\n")[0][:80].decode("latin-1")
        raise BadMessage(f"no {'request' if side == CLIENT else 'status'} line: {line!r}")
    return match


def parse_head(side: int, data: bytes) -> tuple[tuple[str, str, str], Headers]:
    """Returns start line and headers of a head that is complete; raises BadMessage."""
    match = _start_line(side, data)
    first, second, third = match.groups(b"")
    rest = data[match.end() :]
    if b"\n " in rest or b"\n\t" in rest:
        rest = _FOLD.sub(b" ", rest)
    headers = tuple([_header(line) if len(line) <= _SHORT else _cut(line) for line in rest.splitlines() if line])
    return (_text(first), _text(second), _text(third)), headers


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _cut(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip(b" \t"), value.strip(b" \t")


_SHORT = 256
_header = lru_cache(4096)(_cut)
"""Most header lines were seen before: clients and servers repeat themselves."""


def frame(incoming: Incoming, side: int, bodiless: bool) -> str:
    """Decides how the body of a message ends (RFC 9112 section 6.3); returns what is wrong with it, or nothing."""
    incoming.left = 0
    if bodiless:
        return ""
    codings: list[bytes] = []
    lengths: set[bytes] = set()
    for name, value in incoming.headers:
        name = name.lower()
        if name == b"content-length":
            lengths |= {part.strip() for part in value.split(b",")}
        elif name == b"transfer-encoding":
            codings += value.lower().replace(b",", b" ").split()
    if codings and codings[-1] == b"chunked":
        incoming.chunked = True
        return ""
    until_close = None if side != CLIENT else 0
    if codings:
        incoming.left = until_close
        return "" if side != CLIENT else "a request whose transfer coding does not end in chunked"
    if not lengths:
        incoming.left = until_close
        return ""
    length = lengths.pop()
    if lengths or not length.isdigit() or len(length) > 15:
        incoming.left = until_close
        return f"Content-Length {incoming.header(b'content-length')[:40].decode('latin-1')!r}"
    incoming.left = int(length)
    return ""


class Reader:
    """Reads the messages of one side."""

    def __init__(self, side: int) -> None:
        """Begins where a message begins."""
        self.intake = Intake()
        self._side = side
        self._scanned = 0

    def push(self, segment: Segment, incoming: Incoming | None) -> None:
        """Takes bytes; those of a long body go straight to where they belong."""
        size = len(segment.data)
        direct = incoming is not None and not incoming.chunked and not self.intake and not segment.lost
        if incoming and direct and size and not self.intake.gap and (incoming.left is None or incoming.left >= size):
            incoming.keep(segment.data)
            incoming.frames.add(segment.frames[:8])
            incoming.frames.add(segment.frames[-8:])
            incoming.end = segment.times[-1]
            if incoming.left is not None:
                incoming.left -= size
            return
        self.intake.push(segment)

    def head(self) -> Incoming | None:
        """Returns the next message with its head alone, or None while that is not complete; raises BadMessage."""
        data = self.intake.data
        if not data:
            return None
        blank = 0
        while blank < len(data) and data[blank] in b"\r\n":
            blank += 1
        if blank:
            self.intake.drop(blank)
            self._scanned = 0
        match = _HEAD_END.search(data, max(self._scanned - 2, 0))
        if not match:
            self._scanned = len(data)
            if len(data) > MOST_HEAD:
                raise BadMessage(f"a head of more than {MOST_HEAD} bytes", "limit")
            first = data.find(b"\n") + 1
            if first:
                _start_line(self._side, bytes(data[:first]))
            return None
        end = match.end()
        self._scanned = 0
        start, headers = parse_head(self._side, bytes(data[:end]))
        numbers, time, last = self.intake.span(end)
        frames = Frames()
        frames.add(numbers)
        incoming = Incoming(start, headers, time, last, frames)
        self.intake.drop(end)
        return incoming

    def body(self, incoming: Incoming) -> bool:
        """Reads on in a body; returns whether it is complete; raises BadMessage where chunks make no sense."""
        if incoming.chunked:
            return self._chunks(incoming)
        self._rest(incoming)
        return incoming.left == 0

    def _rest(self, incoming: Incoming) -> None:
        count = len(self.intake) if incoming.left is None else min(incoming.left, len(self.intake))
        if count:
            incoming.keep(bytes(self.intake.data[:count]))
            self._consume(incoming, count)
            if incoming.left is not None:
                incoming.left -= count

    def _consume(self, incoming: Incoming, count: int) -> None:
        numbers, _, incoming.end = self.intake.span(count)
        incoming.frames.add(numbers)
        self.intake.drop(count)

    def _chunks(self, incoming: Incoming) -> bool:
        """Reads chunks (RFC 9112 section 7.1). `left` counts the chunk's bytes with the line end behind them."""
        data = self.intake.data
        at, size, done = 0, len(data), False
        try:
            while at < size and not done:
                if incoming.left:
                    at = self._chunk_data(incoming, at)
                    continue
                end = data.find(b"\n", at, at + _MOST_CHUNK_LINE)
                if end < 0:
                    if size - at >= _MOST_CHUNK_LINE:
                        raise BadMessage("a chunk without a size")
                    break
                line = bytes(data[at:end]).rstrip(b"\r")
                at = end + 1
                if incoming.trailers:
                    done = not line
                    if not done:
                        name, _, value = line.partition(b":")
                        if len(incoming.headers) > MOST_HEADERS:
                            raise BadMessage(f"more than {MOST_HEADERS} headers", "limit")
                        incoming.headers += ((name.strip(b" \t"), value.strip(b" \t")),)
                    continue
                match = _CHUNK_SIZE.match(line)
                if not match:
                    raise BadMessage(f"a chunk of the size {line[:40].decode('latin-1')!r}")
                chunk = int(match[1], 16)
                incoming.trailers = not chunk
                incoming.left = chunk + 2 if chunk else 0
        finally:
            if at:
                self._consume(incoming, at)
        return done

    def _chunk_data(self, incoming: Incoming, at: int) -> int:
        """Takes what there is of a chunk's data and its line end; returns where it ends."""
        assert incoming.left is not None
        data = self.intake.data
        take = min(incoming.left - 2, len(data) - at)
        if take > 0:
            incoming.keep(bytes(data[at : at + take]))
            incoming.left -= take
            at += take
        if incoming.left <= 2:
            while incoming.left and at < len(data):
                byte = data[at]
                if byte not in b"\r\n":
                    raise BadMessage("a chunk that is longer than its size")
                at += 1
                incoming.left = 0 if byte == 0x0A else incoming.left - 1
        return at

    def seek(self, first: int) -> tuple[int, tuple[int, ...]]:
        """Drops what makes no sense, up to a packet from the offset `first` on that begins with a start line.

        Returns how many bytes that were, and their packets.
        """
        starts = (_USUAL_REQUEST, _KNOWN_METHOD) if self._side == CLIENT else (_RESPONSE,)
        data = self.intake.data
        place = len(data)
        for offset in self.intake.pieces():
            if offset >= first and any(start.match(data, offset) for start in starts):
                place = offset
                break
        return self.drop(place)

    def drop(self, count: int) -> tuple[int, tuple[int, ...]]:
        """Drops bytes; returns how many, and their packets."""
        frames = self.intake.frames(0, count) if count else ()
        self.intake.drop(count)
        self._scanned = 0
        return count, frames
