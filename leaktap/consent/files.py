"""Files of events beside the case: a phone's event log, or a table of a recording's times, told apart by their content.

UTF-8 and UTF-16 (what PowerShell writes) are read, by their byte order mark.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from leaktap.config import Case, ConfigError, Event, Log
from leaktap.consent import logcat, recording

_LONGEST = 1 << 16
_LOOKED_AT = 1000
"""Lines, at the beginning of a file, that tell what it is."""


def case_events(case: Case, further: Iterable[Path] = ()) -> tuple[Event, ...]:
    """Returns the events of a case, of the logs that it names, and of `further` files, each by its own clock.

    Raises:
        ConfigError: a file cannot be read, is nothing that is known, or says something that is none.
    """
    events = list(case.events)
    first = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=events[0].at) if events else None
    offsets = case.clock_offset or {}
    for log in (*case.logs, *(Log(file=file) for file in further)):
        if offsets and "" not in offsets and log.clock == "phone" and log.device not in offsets:
            raise ConfigError(log.file, None, "", "clock_offset has none for its phone: say device in the case's logs")
        events += _events(log, log.start or first)
    return tuple(events)


def _events(log: Log, near: datetime | None) -> Iterable[Event]:
    try:
        with log.file.open("rb") as stream:
            mark = stream.read(2)
        encoding = "utf-16" if mark in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        with log.file.open(encoding=encoding, errors="replace") as text:
            lines = _lines(text)
            ahead = list(islice(lines, _LOOKED_AT))
            heading = next((line for _, line in ahead if line.strip()), "")
            if recording.is_heading(heading):
                return recording.recorded(chain(ahead, lines), log)
            if any(logcat.is_line(line) for _, line in ahead):
                return logcat.logged(chain(ahead, lines), log, near)
    except FileNotFoundError:
        raise ConfigError(log.file, None, "", "there is no such file: check the path") from None
    except IsADirectoryError:
        raise ConfigError(log.file, None, "", "is a directory: name the file in it") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(str(log.file).replace("\0", "?"), None, "", f"cannot be read: {why}") from None
    why = "is neither a log of adb logcat -b events nor a table that begins with time,event"
    raise ConfigError(log.file, 1, "", why)


def _lines(text: TextIO) -> Iterator[tuple[int, str]]:
    """Yields numbered lines; of a line without end only the beginning."""
    number = 1
    begins = True
    while line := text.readline(_LONGEST):
        if begins:
            yield number, line
        begins = line.endswith("\n")
        number += begins
