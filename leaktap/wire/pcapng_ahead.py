"""A look ahead over a pcapng file that can be sought: what stands anywhere in it and is wanted before its packets.

That is TLS keys, names and marks. Blocks are hopped over; packets are read only where a mark may be among them.
"""

from collections.abc import Iterator
from typing import BinaryIO

from leaktap.marks import SIGN
from leaktap.model import Fault, Mark
from leaktap.wire._records import SLACK
from leaktap.wire.comments import Comments
from leaktap.wire.names import Names
from leaktap.wire.pcapng import Pcapng, section_order

_CHUNK = 4 << 20


def look_ahead(stream: BinaryIO, name: str, names: Names) -> Iterator[bytes | Mark | Fault]:
    """Yields the TLS key logs in `stream`, called `name`, and the marks in its comments; names in it are learnt.

    Moves the stream. Stops at the first block that makes no sense: the walk over the packets reports that.
    """
    walker, comments = Pcapng(names), Comments(name)
    pos, frame, need = stream.tell(), 1, 12
    while need:
        want = max(_CHUNK, need)
        stream.seek(pos)
        raw = stream.read(want)
        if frame == 1 and not section_order(raw[:12]):
            return
        data, at, need = memoryview(raw), 0, 0
        padded: bytes | None = None
        while not need:
            starts, batch = walker.hop(data, at, len(raw))
            if padded != b"" and walker.optioned(data, starts):
                if padded is None:
                    padded = raw + bytes(SLACK) if SIGN in raw else b""
                if padded:
                    walker.read(memoryview(padded), starts, batch)
            yield from batch.secrets
            yield from comments.told(batch, frame)
            if batch.broken is not None:
                return
            frame, at, need = frame + len(starts), batch.end, batch.need
        pos += at
        need = need if len(raw) == want else 0
