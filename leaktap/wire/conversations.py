"""The connections of a transport: what is remembered of each, which are followed, and which are over.

Connections that are over or idle keep their number, for tshark gives late packets of them the same.
"""

import itertools
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from leaktap.model import Endpoint, Time
from leaktap.wire._bytes import Closed, Flow
from leaktap.wire.groups import Key
from leaktap.wire.reassembly import Half

IDLE = {"tcp": 3_600_000_000, "udp": 300_000_000}
"""Microseconds without a packet until a connection is retired. A phone's push connection may rest for half an hour."""

MOST_LIVE = 65_536
"""How many connections are followed at once, of each transport."""

MOST_RETIRED = 262_144
"""How many connections that are over keep their number, of each transport."""

SERVICES = frozenset(
    {53, 80, 123, 443, 853, 1080, 1883, 3128, 3478, 5060, 5222, 5223, 5228, 8000, 8080, 8443, 8883, 8888}
)
"""Ports that servers listen on, to tell the sides of a connection whose beginning is not in the capture."""


@dataclass(slots=True)
class Conversation:
    """A connection, or what is left of it.

    `halves` are by direction: 0 is what the lower end sends. `client` is the direction in which the client sends. The
    `flow` is None as long as there is nothing to say; `heard` tells whether it brought any bytes; `over` why it ended;
    `numbers` counts the exchanges of all its flows.
    """

    key: Key
    index: int = -1
    flow: Flow | None = None
    client: int = 0
    last: Time = 0
    heard: bool = False
    over: str = ""
    halves: tuple[Half, Half] = field(default_factory=lambda: (Half(), Half()))
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def held(self) -> int:
        """What waits behind gaps."""
        return self.halves[0].held + self.halves[1].held

    def open(self, transport: str, client: int, time: Time, frame: int, mac: str, from_start: bool) -> None:
        """Begins the flow, once it is known who is the client."""
        words, low, high = self.key[0], self.key[1:3], self.key[3:5]
        ends = [(_address(words >> 32, *low), words >> 16 & 0xFFFF), (_address(words >> 32, *high), words & 0xFFFF)]
        self.client = client
        sides = Endpoint(*ends[client], mac), Endpoint(*ends[1 - client])
        self.flow = Flow(self.index, transport, *sides, time, frame, from_start, numbers=self.numbers)
        self.heard, self.over = False, ""

    def likely_client(self, sender: int, by_port: bool) -> int:
        """Returns in which direction the client sends, without having seen the beginning.

        A well-known port is the server's, and then a privileged one; else the higher port is the client's (`by_port`),
        or the first `sender` is the client.
        """
        low, high = self.key[0] >> 16 & 0xFFFF, self.key[0] & 0xFFFF
        for served in ((low in SERVICES, high in SERVICES), (low < 1024, high < 1024)):
            if served[0] != served[1]:
                return int(served[0])
        if by_port and low != high:
            return int(high > low)
        return sender


@lru_cache(4096)
def _address(version: int, high: int, low: int) -> str:
    if version == 4:
        return socket.inet_ntop(socket.AF_INET, low.to_bytes(4))
    return socket.inet_ntop(socket.AF_INET6, (high << 64 | low).to_bytes(16))


class Transport:
    """The connections of one transport, `name`."""

    def __init__(self, name: str) -> None:
        """Begins without connections."""
        self.name = name
        self._count = 0
        self._live: dict[Key, Conversation] = {}
        self._retired: dict[Key, Conversation] = {}

    def find(self, key: Key) -> Conversation | None:
        """Returns the latest connection between two ends."""
        return self._live.get(key) or self._retired.get(key)

    def number(self, made: list[tuple[int, Conversation]]) -> None:
        """Numbers new connections in the order of their first packets, whose places stand first in each pair."""
        for _, conversation in sorted(made, key=lambda pair: pair[0]):
            conversation.index = self._count
            self._count += 1

    def seen(self, conversation: Conversation, now: Time) -> None:
        """Notes that a connection is in use."""
        key = conversation.key
        conversation.last = now
        self._live.pop(key, None)
        self._retired.pop(key, None)
        self._live[key] = conversation

    def retire(self, conversation: Conversation, why: str) -> Iterator[Closed]:
        """Notes that a connection is over, and says so if it had brought anything."""
        key = conversation.key
        conversation.over = why
        if self._live.get(key) is conversation:
            del self._live[key]
            self._retired[key] = conversation
            if len(self._retired) > MOST_RETIRED:
                del self._retired[next(iter(self._retired))]
        if conversation.heard and conversation.flow is not None:
            yield Closed(conversation.flow, why)
        conversation.flow = None

    def idle(self, now: Time) -> Iterator[Conversation]:
        """Yields the connections that have to be retired, which the caller does one by one."""
        while self._live:
            oldest = next(iter(self._live.values()))
            if len(self._live) <= MOST_LIVE and now - oldest.last < IDLE[self.name]:
                break
            yield oldest

    def all(self) -> list[Conversation]:
        """Returns the connections that are followed, in the order of their numbers."""
        return sorted(self._live.values(), key=lambda each: each.index)
