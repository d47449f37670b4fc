"""What a batch amounts to beside its findings, added up: what was inspected, and what was not, by reason and host.

It travels from the session's process to mitmproxy's, where `_board` adds it to what was there before.
"""

from dataclasses import dataclass, field

from leaktap.model import Blind, Time

type Key = tuple[str, str, str]
"""Reason, protocol, host or address."""


@dataclass(slots=True)
class Unseen:
    """What was not inspected of one host for one reason. `bytes` is how much, `time` when last, `who` its owner."""

    count: int = 0
    bytes: int = 0
    time: Time = 0
    detail: str = ""
    who: str = ""

    def add(self, other: "Unseen") -> None:
        """Adds more of the same."""
        self.count += other.count
        self.bytes += other.bytes
        self.time = max(self.time, other.time)
        self.detail, self.who = other.detail or self.detail, other.who or self.who


@dataclass(slots=True)
class Tally:
    """`exchanges` and `bytes` were inspected, `faults` happened."""

    exchanges: int = 0
    bytes: int = 0
    faults: int = 0
    blind: dict[Key, Unseen] = field(default_factory=dict)

    def unseen(self, blind: Blind) -> None:
        """Counts what was not inspected."""
        owner = blind.owner
        who = (owner.sdk or owner.company) if owner else ""
        key = blind.why, blind.protocol, blind.host or blind.ip
        self.blind.setdefault(key, Unseen()).add(Unseen(1, blind.bytes, blind.time, blind.detail, who))

    def __bool__(self) -> bool:
        """Whether anything was counted."""
        return bool(self.exchanges or self.bytes or self.faults or self.blind)
