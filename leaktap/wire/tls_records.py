"""One direction of a TLS connection: its records, what they held, and how to find the next one behind a gap."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from leaktap.model import MOST_FRAMES, Time
from leaktap.wire._bytes import Segment
from leaktap.wire._intake import Frames, Intake
from leaktap.wire.tls_handshake import HANDSHAKE, Messages, Session
from leaktap.wire.tls_openers import Opener, Unopened

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE_RECORD, APPLICATION_DATA, HEARTBEAT = 20, 21, 22, 23, 24
HEADER = 5
MOST_RECORD = (16 << 10) + 2048
"""The longest fragment that TLS 1.2 allows (RFC 5246 section 6.2.3)."""

_ENCRYPTED = re.compile(rb"[\x15-\x17]\x03[\x01-\x03][\x00-\x48]")
_MOST_TRIALS = 5000
_MOST_SOUGHT = 1 << 20


@dataclass(slots=True, eq=False)
class Half:
    """What one side sent.

    `opener` is None while records are plain; `modern` says that it is one of TLS 1.3, `changed` that a
    ChangeCipherSpec announced one. `secret` is the one of `stage`. `skimming`: records that do not open at first belong
    to somebody else's key (early data) and are passed over. `unread` counts bytes that were given up, `why` says for
    what reason, `total` counts all. `dead` is the reason why nothing more is read. `torn` counts the bytes between the
    last good record and the place where the next one is looked for; None while records follow each other.
    """

    side: int
    intake: Intake = field(default_factory=Intake)
    messages: Messages = field(default_factory=Messages)
    session: Session | None = None
    opener: Opener | None = None
    stage: str = HANDSHAKE
    secret: bytes = b""
    skimming: bool = False
    modern: bool = False
    changed: bool = False
    opened: bool = False
    records: int = 0
    total: int = 0
    unread: int = 0
    unread_frames: Frames = field(default_factory=Frames)
    why: str = ""
    dead: str = ""
    torn: int | None = None
    _trials: int = 0
    _sought: int = 0
    _bound: list[Segment] = field(default_factory=list)
    _texts: list[bytes] = field(default_factory=list)
    _offsets: list[int] = field(default_factory=list)
    _frames: list[int] = field(default_factory=list)
    _times: list[Time] = field(default_factory=list)
    _size: int = 0
    _lost: int = 0

    def gather(self, texts: list[bytes], spans: list[tuple[int, int]]) -> None:
        """Keeps what the records held that lie in the intake at `spans`; none is empty.

        A record that came in several packets makes two pieces: the first byte is from the first of them, the last byte
        from the last one.
        """
        size, offsets, frames, times = self._size, self._offsets, self._frames, self._times
        self._texts += texts
        for text, (frame, time, last, done) in zip(texts, self.intake.edges(spans), strict=True):
            offsets.append(size)
            frames.append(frame)
            times.append(time)
            size += len(text)
            if last != frame and len(text) > 1:
                offsets.append(size - 1)
                frames.append(last)
                times.append(done)
        self._size = size

    def gathered(self) -> list[Segment]:
        """Returns what was kept, one segment for all that follows without a gap, and forgets it."""
        self._bind()
        bound, self._bound = self._bound, []
        return bound

    def _bind(self) -> None:
        if self._texts:
            text = b"".join(self._texts)
            self._bound.append(Segment(text, self._offsets, self._frames, self._times, self._lost))
            self._texts, self._offsets, self._frames, self._times = [], [], [], []
            self._size = self._lost = 0

    def give_up(self, why: str) -> None:
        """Reads nothing more of this side."""
        self.dead = self.dead or why
        self._skip(self.dead, *self.intake.clear())

    def pass_over(self, why: str, start: int, end: int) -> None:
        """Counts the bytes from `start` to before `end` of the intake, which are not read."""
        self._skip(why, end - start, self.intake.frames(start, end))

    def pass_by(self, segment: Segment) -> None:
        """Counts bytes of a side that is dead."""
        self._skip(self.dead, len(segment.data), (*segment.frames[:MOST_FRAMES], *segment.frames[-MOST_FRAMES:]))

    def _skip(self, why: str, count: int, frames: Sequence[int]) -> None:
        if not count:
            return
        self.why = self.why or why
        self.unread += count
        self.unread_frames.add(frames)

    def tear(self) -> None:
        """Looks for the next record from here: the one that was begun cannot be had."""
        partial = len(self.intake)
        self.pass_over("truncated", 0, partial)
        self.intake.drop(partial)
        lost = self.intake.skip() if self.intake.gap else 0
        self.torn = (self.torn or 0) + partial + lost

    def mend(self, openers: Iterable[Opener]) -> Opener | None:
        """Looks for a record that one of `openers` opens, and puts it in front; None while there is none.

        Records were lost, so its number is guessed: as many at most as fit into what is missing.
        """
        assert self.torn is not None
        data = self.intake.data
        openers = list(openers)
        at = 0
        while match := _ENCRYPTED.search(data, at):
            at = match.start()
            end = at + HEADER + int.from_bytes(data[at + 3 : at + HEADER])
            if len(data) - at < HEADER or end > len(data):
                break
            found = self._guess(openers, bytes(data[at : at + HEADER]), bytes(data[at + HEADER : end]), at)
            if found:
                self.pass_over("truncated", 0, at)
                self.intake.drop(at)
                self.torn, self._sought = None, 0
                return found
            at += 1
        else:
            at = max(at, len(data) - HEADER + 1)
        self.pass_over("truncated", 0, at)
        self.intake.drop(at)
        self.torn += at
        self._sought += at
        if self._trials > _MOST_TRIALS or self._sought > _MOST_SOUGHT:
            self.dead = "truncated"
        return None

    def _guess(self, openers: list[Opener], header: bytes, fragment: bytes, skipped: int) -> Opener | None:
        assert self.torn is not None
        missing = self.torn + skipped
        for opener in openers:
            begun = opener.seq
            for seq in range(begun, begun + missing // (HEADER + 17) + 2):
                self._trials += 1
                if self._trials > _MOST_TRIALS:
                    break
                opener.seq = seq
                try:
                    opener.open(header, fragment)
                except Unopened:
                    continue
                opener.seq = seq
                self._bind()
                self._lost += max(missing - (seq - begun) * opener.overhead(), 0)
                return opener
            opener.seq = begun
        return None
