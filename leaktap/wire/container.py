"""Capture files and streams, a window at a time: where the packets lie in a buffer, and when each was captured.

The one loop per packet hops from record to record and notes the offsets; times, lengths and interfaces are then read
column-wise with numpy, from views of the buffer that overlap byte by byte. A window is what one filling of the buffer
holds, and on a pipe whatever is there when the pipe pauses, so that live captures are followed closely; while it rests,
empty windows let others look around (for new keys). A record cut by the end of the buffer is carried over. At the first
record that makes no sense reading stops with a `Fault`.
"""

import contextlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import numpy as np

from leaktap.model import Fault, Mark
from leaktap.wire import pcap, pcapng
from leaktap.wire._records import LAST_TIME, SLACK, Batch, Ints
from leaktap.wire.comments import Comments
from leaktap.wire.names import Names
from leaktap.wire.pcapdroid import trailer_uids
from leaktap.wire.pcapng_ahead import look_ahead

CHUNK = 16 << 20
"""How many bytes of a file make a window."""


@dataclass(slots=True)
class Window:
    """The packets of a stretch of a capture.

    `data` is the buffer, with at least `SLACK` zero bytes behind the last packet. The arrays have one element per
    packet: `start` its offset in `data`, `captured` and `original` its length in the file and on the wire, `time` in
    microseconds UTC, `link` the link type. `first_frame` is the number of the first packet as tshark counts (from 1).
    `uid` is the user id of the app that sent each, -1 where that is unknown; None where no packet says. `secrets` are
    the TLS key logs met and `told` the marks in comments, in order of time, and what is wrong with some; those of a
    file that can be sought all come with the first window. `position` is how many bytes of the capture are read so far.
    `paused`: the stream brings nothing more for now.
    """

    data: memoryview
    start: Ints
    captured: Ints
    original: Ints
    time: Ints
    link: Ints
    first_frame: int
    position: int
    uid: Ints | None = None
    secrets: list[bytes] = field(default_factory=list)
    told: list[Mark | Fault] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    paused: bool = False


REST = 0.5
"""Seconds without bytes after which a window comes all the same."""

_READ_ERRORS = (OSError, EOFError, zlib.error)
_CURE = "Copy or capture it again, or try `pcapfix`"


def windows(stream: BinaryIO, name: str, chunk: int = CHUNK, names: Names | None = None) -> Iterator[Window]:
    """Yields the packets of the capture in `stream` (any binary stream of `io`, seekable or not), called `name`.

    What it tells of names goes to `names`, before the window of what they belong to.

    A window covers `chunk` bytes, or as many as the longest record takes. A stream that has `ready(seconds)` tells with
    it whether a read brings something, or the end, within that time; of others each read is taken to end in a pause.

    Raises nothing: what cannot be read is a fault of the stage `source` in the last window.
    """
    names = Names() if names is None else names
    feed, comments = _Feed(stream, name, chunk), Comments(name)
    secrets, told = feed.look_ahead(names)
    while feed.size < pcap.HEADER and not feed.ended:
        feed.fill(0, pcap.HEADER)
    walker, pos = _recognise(feed, names)
    while walker is not None:
        batch = walker.walk(feed.data, pos, feed.size)
        pos = batch.end
        secrets += batch.secrets
        told += comments.told(batch, feed.frame)
        if len(batch.start) or secrets or told or feed.paused:
            if batch.uid is None:
                batch.uid = trailer_uids(feed.data, batch.start, batch.captured, batch.link, names)
            yield feed.window(batch, secrets, told)
            feed.frame += len(batch.start)
            secrets, told = [], []
        if batch.broken is not None:
            feed.fault(pos, f"{batch.broken}; everything before it was read. {_CURE}")
            break
        if feed.ended and batch.need:
            if pos < feed.size and not feed.faults:
                feed.fault(pos, f"the file ends within a record; everything before it was read. {_CURE}")
            break
        if batch.need:
            feed.fill(pos, batch.need)
            pos = 0
    if feed.faults:
        none = np.zeros(0, np.int64)
        last = feed.window(Batch(none, none, none, none, none, pos, 0), secrets, told)
        last.faults = feed.faults
        yield last


def _recognise(feed: "_Feed", names: Names) -> tuple[pcap.Pcap | pcapng.Pcapng | None, int]:
    """Returns what walks over this capture and where it begins; without one, there is a fault."""
    head = bytes(feed.data[: min(feed.size, pcap.HEADER)])
    if pcap.order(head) and len(head) == pcap.HEADER:
        return pcap.Pcap(head), pcap.HEADER
    if pcapng.section_order(head):
        return pcapng.Pcapng(names, asides=not feed.seekable), 0
    if not feed.faults:
        if not feed.size:
            feed.fault(0, "the file is empty. Capture again")
        elif len(head) < pcap.HEADER and (pcap.order(head) or head.startswith(pcapng.MAGIC)):
            feed.fault(0, f"the file ends within its header. {_CURE}")
        else:
            feed.fault(0, "this is neither pcap nor pcapng. Convert it with `editcap -F pcapng`")
    return None, 0


class _Feed:
    """The stream, as a buffer that is filled again and again. Reading stops at the first error, which is a fault."""

    def __init__(self, stream: BinaryIO, name: str, chunk: int) -> None:
        """Finds out what the stream can do."""
        self._stream = cast(Any, stream)
        self._name = name
        self._chunk = chunk
        self._read = getattr(self._stream, "readinto1", None) or self._stream.readinto
        self._before = 0
        self.frame = 1
        self._ready = getattr(stream, "ready", None)
        self.data = memoryview(b"")
        self.size = 0
        self.ended = self.paused = False
        self.faults: list[Fault] = []
        self.seekable = stream.seekable()

    def look_ahead(self, names: Names) -> tuple[list[bytes], list[Mark | Fault]]:
        """Returns the TLS keys and the marks of a pcapng file that can be sought."""
        secrets: list[bytes] = []
        told: list[Mark | Fault] = []
        if self.seekable:
            begin = self._stream.tell()
            with contextlib.suppress(*_READ_ERRORS):  # reading the packets meets the same error, and tells
                for found in look_ahead(self._stream, self._name, names):
                    if isinstance(found, bytes):
                        secrets.append(found)
                    else:
                        told.append(found)
            self._stream.seek(begin)
        return secrets, told

    def fill(self, keep: int, need: int) -> None:
        """Drops what is before offset `keep`, and reads until `need` bytes are there and the stream pauses.

        Where it rests, fewer bytes may be there.
        """
        tail = self.data[keep : self.size]
        self._before += keep
        room = max(self._chunk, need)
        self.data = memoryview(np.empty(room + SLACK, np.uint8))
        self.data[: len(tail)] = tail
        self.size = len(tail)
        self.paused = False
        try:
            while self.size < room and not self.ended and not self.paused:
                if self._ready is not None and not self._ready(REST):
                    self.paused = True
                    break
                count = self._read(self.data[self.size : room])
                self.ended = not count
                self.size += count or 0
                self.paused = self.size >= need and not self.ended and self._pausing()
        except _READ_ERRORS as error:
            self._failed(error)
        self.data[self.size : self.size + SLACK] = bytes(SLACK)

    def _pausing(self) -> bool:
        """Whether the next read may have to wait. A stream that does not tell is taken to, unless it can be sought."""
        return not self.seekable if self._ready is None else not self._ready(0)

    def _failed(self, error: Exception) -> None:
        self.ended = True
        self.fault(self.size, f"reading failed: {error}; everything before it was read. {_CURE}")

    def fault(self, at: int, why: str) -> None:
        """Notes that nothing behind offset `at` of the buffer can be read."""
        self.faults.append(Fault("source", f"{self._name}: byte {self._before + at}, packet {self.frame}", why))

    def window(self, batch: Batch, secrets: list[bytes], told: list[Mark | Fault]) -> Window:
        """Returns a batch of packets of the buffer as a window."""
        return Window(
            data=self.data,
            start=batch.start,
            captured=batch.captured,
            original=np.maximum(batch.original, batch.captured),
            time=np.clip(batch.time, 0, LAST_TIME),
            link=batch.link,
            first_frame=self.frame,
            position=self._before + batch.end,
            uid=batch.uid,
            secrets=secrets,
            told=sorted(told, key=lambda one: one.time if isinstance(one, Mark) else LAST_TIME),
            paused=self.paused,
        )
