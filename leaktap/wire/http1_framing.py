"""HTTP/1 messages of one direction, cut out of its bytes: heads, and bodies of all framings (RFC 9112).

Bare LF, empty lines before a message, folded header lines and unknown methods are taken as servers take them. A head
that makes no sense, or bytes that are missing, end what was begun; reading goes on where a packet (or TLS record)
begins with a start line.
"""

import re
from functools import lru_cache

from leaktap.model import Headers
from leaktap.wire._bytes import CLIENT, Segment
from leaktap.wire._intake import Frames, Intake
from leaktap.wire._messages import MOST_HEADERS, Incoming

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_REQUEST = re.compile(rb"(" + _TOKEN + rb"{1,32})[ \t]+([^\r\n]*?)[ \t]+(HTTP/1\.[0-9])[ \t]*\r?\n")
_PLAIN_REQUEST = re.compile(rb"([A-Z]{1,32}) ([!-~]+) (HTTP/1\.[0-9])\r?\n")
_RESPONSE = re.compile(rb"(HTTP/1\.[0-9])[ \t]+([0-9]{3})(?:[ \t]([^\r\n]*))?\r?\n")
_KNOWN_METHOD = re.compile(
    rb"(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PROPFIND|REPORT|MKCOL|COPY|MOVE|LOCK|UNLOCK) [!-~]"
)
_USUAL_REQUEST = re.compile(rb"[A-Z][A-Z0-9_-]{1,31} [!-~]+ HTTP/1\.[0-9]\r?\n")
_USUAL_REQUEST_BEGUN = re.compile(rb"[A-Z][A-Z0-9_-]{0,31}(?: [!-~]*(?: [HTP/1.0-9]*\r?)?)?\Z")
_BLANK = re.compile(rb"[\r\n]*")
_HEAD_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\Z", re.DOTALL)

MOST_HEAD = 256 << 10
_MOST_CHUNK_LINE = 16 << 10
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


def _start_line(side: int, data: bytes) -> re.Match[bytes]:
    match = (_PLAIN_REQUEST.match(data) or _REQUEST.match(data)) if side == CLIENT else _RESPONSE.match(data)
    if not match:
        line = data.partition(b"\n")[0][:80].decode("latin-1")
        raise BadMessage(f"no {'request' if side == CLIENT else 'status'} line: {line!r}")
    return match


def _parse(side: int, data: bytes) -> tuple[tuple[str, str, str], Headers, bytes]:
    """Returns of a head that is complete the start line, the headers, and their text; raises BadMessage."""
    match = _start_line(side, data)
    first, second, third = match.groups(b"")
    text = data[match.end() - 1 :]
    if b"\n " in text or b"\n\t" in text:
        text = _FOLD.sub(b" ", text)
    cut = _header if len(text) <= _SHORT else _cut
    return (_text(first), _text(second), _text(third)), tuple(map(cut, filter(None, text.splitlines()))), text


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _cut(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip(b" \t"), value.strip(b" \t")


_SHORT = 4096
_header = lru_cache(2048)(_cut)
"""Most header lines were seen before: clients and servers repeat themselves."""


_LENGTH, _CODING = b"content-length", b"transfer-encoding"
_LENGTH_LINE = b"\n" + _LENGTH + b":"
_VALUE = len(_LENGTH_LINE)
_MOST_DIGITS = 15


def _frame(incoming: Incoming, side: int) -> str:
    """Decides how a body ends, however it is said; returns what is wrong with it, or nothing."""
    until_close = None if side != CLIENT else 0
    codings: list[bytes] = []
    lengths: set[bytes] = set()
    for name, value in incoming.headers:
        name = name.lower()
        if name == _LENGTH:
            lengths |= {part.strip() for part in value.split(b",")}
        elif name == _CODING:
            codings += value.lower().replace(b",", b" ").split()
    if codings and codings[-1] == b"chunked":
        incoming.chunked = True
        return ""
    if codings:
        incoming.left = until_close
        return "" if side != CLIENT else "a request whose transfer coding does not end in chunked"
    if not lengths:
        incoming.left = until_close
        return ""
    length = lengths.pop()
    if lengths or not length.isdigit() or len(length) > _MOST_DIGITS:
        incoming.left = until_close
        return f"Content-Length {incoming.header(_LENGTH)[:40].decode('latin-1')!r}"
    incoming.left = int(length)
    return ""


class Reader:
    """Reads the messages of one side."""

    def __init__(self, side: int) -> None:
        """Begins where a message begins."""
        self.intake = Intake()
        self._side = side
        self._scanned = self._head = 0
        self._text = b""

    def push(self, segment: Segment, incoming: Incoming | None) -> None:
        """Takes bytes; those of a long body go straight to where they belong."""
        size = len(segment.data)
        direct = incoming is not None and not incoming.chunked and not self.intake.data and not segment.lost
        if incoming and direct and size and not self.intake.gap and (incoming.left is None or incoming.left >= size):
            incoming.keep(segment.data)
            incoming.frames.add(segment.frames[:8])
            incoming.frames.add(segment.frames[-8:])
            if incoming.left is not None:
                incoming.left -= size
            return
        self.intake.push(segment)

    def head(self) -> Incoming | None:
        """Returns the next message with its head alone, or None while that is not complete; raises BadMessage.

        What is returned has to be given to `frame` and to `body` next, which consumes the head with what follows.
        """
        data = self.intake.data
        if not data:
            return None
        if data[0] in b"\r\n" and (blank := _BLANK.match(data)):
            self.intake.drop(blank.end())
            self._scanned = 0
            data = self.intake.data
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
        start, headers, text = _parse(self._side, bytes(data[:end]))
        self._head, self._text = end, text.lower()
        time = self.intake.time
        return Incoming(start, headers, time, time, Frames())

    def mentions(self, word: bytes) -> bool:
        """Tells whether the headers that `head` has read have a word in them; without, there is no such header."""
        return word in self._text

    def frame(self, incoming: Incoming, bodiless: bool) -> str:
        """Decides how the body of a message ends (RFC 9112 section 6.3); returns what is wrong with it, or nothing."""
        text = self._text
        if bodiless:
            return ""
        at = text.find(_LENGTH_LINE)
        if at >= 0 and _CODING not in text and text.count(_LENGTH) == 1:
            value = text[at + _VALUE : text.find(b"\n", at + _VALUE)].strip()
            if value.isdigit() and len(value) <= _MOST_DIGITS:
                incoming.left = int(value)
                return ""
        return _frame(incoming, self._side) if _CODING in text or _LENGTH in text else self._open_end(incoming)

    def _open_end(self, incoming: Incoming) -> str:
        incoming.left = 0 if self._side == CLIENT else None
        return ""

    def body(self, incoming: Incoming) -> bool:
        """Reads on in a body; returns whether it is complete; raises BadMessage where chunks make no sense."""
        head, self._head = self._head, 0
        if incoming.chunked:
            if head:
                self._consume(incoming, head)
            return self._chunks(incoming)
        data, left = self.intake.data, incoming.left
        end = len(data) if left is None else min(head + left, len(data))
        if end:
            if end > head:
                incoming.keep(bytes(memoryview(data)[head:end]))
                if left is not None:
                    incoming.left = left - (end - head)
            incoming.frames.add(self.intake.take(end)[0])
        return incoming.left == 0

    def _consume(self, incoming: Incoming, count: int) -> None:
        incoming.frames.add(self.intake.take(count)[0])

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
