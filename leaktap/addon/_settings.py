"""What a session is about, in values that travel to another process."""

from dataclasses import dataclass
from pathlib import Path

from leaktap.config import Case, DeviceProfile, Event
from leaktap.keyring import NO_KEYS, Keys


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options amount to. `events` are the case's, those of further files and those that options say.

    Of the outputs, those in `kept` are not emptied: this session goes on with them. `spool` is the folder in which
    records wait for those that are far away, if not the usual one.
    """

    case: Case
    devices: tuple[DeviceProfile, ...]
    events: tuple[Event, ...]
    outputs: tuple[str, ...]
    reveal: bool
    responses: bool
    keys: Keys = NO_KEYS
    kept: frozenset[str] = frozenset()
    spool: Path | None = None
