"""What waits to be inspected: gathered, packed into batches, and kept until the process beside has done it.

A packed batch takes a fraction of the room of its items, and is what is sent again when the process dies. Flows are not
kept: where mitmproxy has forgotten one, nothing can be noted on it.
"""

from collections import deque
from typing import NamedTuple
from weakref import ReferenceType, ref

from mitmproxy.flow import Flow

from leaktap.addon._frames import pack
from leaktap.addon._items import APART, Item, flat, size
from leaktap.addon._left import Left
from leaktap.addon._work import Batch, Lost

MOST_ITEMS = 20_000
MOST_BYTES = 1 << 26
"""What may wait: 64 MB. A single item may be larger, if it is alone."""
_BATCH = 1 << 18
_COST = 1024
"""Bytes that an item costs beside its content."""
_FULL = "the live queue was full"


class Packed(NamedTuple):
    """A batch on its way: `items` of them, `bytes` in all, as `pieces`, and the `flows` that they are of."""

    pieces: list[bytes | memoryview]
    items: int
    bytes: int
    flows: dict[str, ReferenceType[Flow]]

    def flow(self, name: str) -> Flow | None:
        """Returns one of the flows, if it still is."""
        known = self.flows.get(name)
        return known() if known else None


class Queue:
    """Batches in the order in which they were put. Only mitmproxy's loop touches it."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._gathered: list[object] = []
        self._flows: dict[str, ReferenceType[Flow]] = {}
        self._gathered_bytes = 0
        self._packed: deque[Packed] = deque()
        self._flying: deque[Packed] = deque()
        self._left = Left()
        self._items = self._bytes = 0

    @property
    def waiting(self) -> int:
        """How many items are not done."""
        return self._items

    @property
    def idle(self) -> bool:
        """Whether everything that was put is done."""
        return not (self._items or self._left)

    @property
    def unsent(self) -> bool:
        """Whether there is something to send."""
        return bool(self._gathered or self._packed)

    @property
    def held(self) -> int:
        """How many items were not sent."""
        return len(self._gathered) + sum(batch.items for batch in self._packed)

    def put(self, item: Item, flow: Flow | None = None) -> None:
        """Takes an item, or notes that there is no room for it."""
        content = size(item)
        if self._items and (self._bytes + content + _COST > MOST_BYTES or self._items >= MOST_ITEMS):
            self._left.add(item)
            return
        if self._left:
            self.tell_left()
        if flow:
            self._flows[flow.id] = ref(flow)
        self._gather(item, content)

    def must(self, item: Item) -> None:
        """Takes an item even where there is no room."""
        self._gather(item, 0)

    def tell_left(self) -> None:
        """Has it told what there was no room for."""
        for blind in self._left.told(_FULL):
            self._gather(blind, 0)

    def pack(self) -> None:
        """Makes a batch of what was gathered."""
        if self._gathered:
            pieces, count = pack(Batch(self._gathered)), len(self._gathered)
            self._packed.append(Packed(pieces, count, self._gathered_bytes, self._flows))
            self._gathered, self._flows, self._gathered_bytes = [], {}, 0

    def next(self) -> Packed | None:
        """Returns the next batch that is to be sent, if there is one."""
        if not self._packed:
            return None
        self._flying.append(self._packed.popleft())
        return self._flying[-1]

    @property
    def in_hand(self) -> Packed:
        """The batch that is being inspected."""
        return self._flying[0]

    def done(self) -> None:
        """Forgets the batch that was in hand."""
        batch = self._flying.popleft()
        self._items -= batch.items
        self._bytes -= batch.bytes
        if self._left and not self._items:
            self.tell_left()

    def died(self, why: str) -> None:
        """Has it told that a process died; what it was sent is sent again, and what was in hand is not inspected."""
        self._packed.extendleft(reversed(self._flying))
        self._packed.appendleft(Packed(pack(Lost(why, bool(self._flying))), 0, 0, {}))
        self._flying.clear()

    def _gather(self, item: Item, content: int) -> None:
        self._items += 1
        self._bytes += content + _COST
        self._gathered.append(flat(item, content >= APART))
        self._gathered_bytes += content + _COST
        if self._gathered_bytes >= _BATCH:
            self.pack()
