"""What was not inspected though it was seen, added up by host: however much it is, it is told in a few records."""

from dataclasses import replace

from leaktap.addon._items import Item, refused
from leaktap.model import Blind

_MOST_HOSTS = 1000
"""Hosts that are told one by one."""


class Left:
    """Items for which there was no room, or no time."""

    def __init__(self) -> None:
        """Begins with none."""
        self._blinds: dict[tuple[str, str], Blind] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._blinds)

    def add(self, item: Item) -> None:
        """Adds an item; one that holds no traffic says nothing."""
        blind = refused(item)
        if blind is None:
            return
        key = blind.protocol, blind.host
        if key not in self._blinds and len(self._blinds) >= _MOST_HOSTS:
            key = blind.protocol, ""
        known = self._blinds.get(key)
        self._blinds[key] = replace(known, bytes=known.bytes + blind.bytes) if known else replace(blind, host=key[1])
        self._counts[key] = self._counts.get(key, 0) + 1

    def told(self, why: str) -> list[Blind]:
        """Returns a Blind for each host, with how many messages it stands for, and forgets them."""
        blinds = [
            replace(blind, detail=f"{why}: {count} {'messages' if count > 1 else 'message'}")
            for blind, count in zip(self._blinds.values(), self._counts.values(), strict=True)
        ]
        self._blinds, self._counts = {}, {}
        return blinds
