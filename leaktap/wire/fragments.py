"""Reassembly of IP fragments, one at a time: they are rare, so this is plain Python with bounds.

Where fragments overlap, the bytes that came first count. Sources: RFC 791, section 3.2; RFC 8200, section 4.5.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from leaktap.model import Time

MOST_DATAGRAMS = 1024
MOST_BYTES = 16 << 20
MOST_PIECES = 256
"""Of one datagram; 64 KB in the smallest packets that IPv4 hosts must take are 120."""

LIFETIME = 60_000_000
"""How long a datagram may take to arrive, in microseconds."""


@dataclass(slots=True)
class _Datagram:
    time: Time
    frame: int
    pieces: dict[tuple[int, int], bytes] = field(default_factory=dict)
    bytes: int = 0
    total: int = -1
    protocol: int = -1


@dataclass(frozen=True, slots=True)
class Whole:
    """A datagram put together: what it carries and of which protocol."""

    protocol: int
    data: bytes


class Fragments:
    """The datagrams of which parts are missing. `given_up` are (time, frame, bytes) of those that never got whole."""

    def __init__(self) -> None:
        """Begins with none."""
        self._waiting: dict[Hashable, _Datagram] = {}
        self._bytes = 0
        self.given_up: list[tuple[Time, int, int]] = []

    def add(
        self, key: Hashable, protocol: int, offset: int, more: bool, data: bytes, time: Time, frame: int
    ) -> Whole | None:
        """Takes a fragment and returns the datagram if that makes it whole. `key` tells datagrams apart."""
        datagram = self._waiting.get(key)
        if datagram is not None and time - datagram.time > LIFETIME:
            self._give_up(key)
            datagram = None
        if datagram is None:
            datagram = self._waiting[key] = _Datagram(time, frame)
        if (offset, len(data)) not in datagram.pieces:
            datagram.pieces[offset, len(data)] = data
            datagram.bytes += len(data)
            self._bytes += len(data)
        if offset == 0:
            datagram.protocol = protocol
        if not more:
            datagram.total = offset + len(data)
        whole = self._whole(datagram)
        if whole is not None:
            self._bytes -= self._waiting.pop(key).bytes
            return whole
        if len(datagram.pieces) > MOST_PIECES:
            self._give_up(key)
        while self._waiting and (len(self._waiting) > MOST_DATAGRAMS or self._bytes > MOST_BYTES):
            self._give_up(next(iter(self._waiting)))
        return None

    def finish(self) -> None:
        """Gives up what still waits."""
        for key in list(self._waiting):
            self._give_up(key)

    def _give_up(self, key: Hashable) -> None:
        datagram = self._waiting.pop(key)
        self._bytes -= datagram.bytes
        self.given_up.append((datagram.time, datagram.frame, datagram.bytes))

    @staticmethod
    def _whole(datagram: _Datagram) -> Whole | None:
        """Returns the datagram if nothing of it is missing."""
        if datagram.total < 0 or datagram.protocol < 0 or datagram.bytes < datagram.total:
            return None
        reach = 0
        for offset, length in sorted(datagram.pieces):
            if offset > reach:
                return None
            reach = max(reach, offset + length)
        if reach < datagram.total:
            return None
        joined = bytearray(reach)
        for (offset, length), data in reversed(datagram.pieces.items()):
            joined[offset : offset + length] = data
        return Whole(datagram.protocol, bytes(joined[: datagram.total]))
