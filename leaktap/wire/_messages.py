"""What the versions of HTTP have in common: a message that is being read, and what names a host."""

from dataclasses import dataclass, field
from functools import lru_cache

from leaktap.model import Headers, Message, Time
from leaktap.wire._intake import Frames

MOST_BODY = 16 << 20
"""How many bytes of a body are kept."""
MOST_HEADERS = 4096
"""How many headers a message may have, with its trailers."""
_MOST_PIECES = 1024
_SHORT = 256


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
        size = len(name)
        for key, value in self.headers:
            if len(key) == size and key.lower() == name:
                return value
        return b""

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
        """Returns what was read, under another start line if one is given.

        The bytes of the body that are `missing` from it are also part of a `Blind`: once as a property of the message,
        once among all that was not inspected. Only the latter is added up.
        """
        return Message(
            start or self.start,
            self.headers,
            b"".join(self.pieces),
            self.time,
            self.frames.numbers,
            self.lost + self.over,
        )


def authority(text: str) -> tuple[str, int]:
    """Returns the host, in lower case, and the port (0 where there is none) of `user@host:port`."""
    return _authority(text) if len(text) <= _SHORT else _authority.__wrapped__(text)


@lru_cache(1024)
def _authority(text: str) -> tuple[str, int]:
    text = text.strip().rpartition("@")[2].lower()
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5:
        host, port = text.rstrip(":") if not text.startswith("[") else text, "0"
    return host.strip("[]").rstrip("."), int(port)
