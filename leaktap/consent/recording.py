"""What someone wrote down while watching a recording of the screen: a table `time,event[,app]` with a line per event.

`event` says what a mark says behind `leaktap:`: an event's name, `permission contacts=denied`, `action TEXT`. A time is
absolute (RFC 3339, with a zone) or counts from the recording's start: `01:23.4`, `00:01:23.4` or seconds. The start is
an absolute time in a line with the event `start`, or the case says it.
"""

import csv
import re
from collections.abc import Iterable

from leaktap.config import ConfigError, Event, Log, parse_time, to_time
from leaktap.marks import read_mark
from leaktap.model import Time

_OFFSET = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)
_COLUMNS = ("time", "event", "app")


def is_heading(line: str) -> bool:
    """Tells whether a line is the first one of such a table."""
    return bool(re.match(r'\s*"?time"?\s*[,;\t]', line, re.IGNORECASE))


def recorded(lines: Iterable[tuple[int, str]], log: Log) -> list[Event]:
    """Returns the events of a table, in its order.

    Raises:
        ConfigError: a line says nothing that is known, or counts from a start that nobody says.
    """
    numbered = [(number, line) for number, line in lines if line.strip()]
    separator = next(sign for sign in ",;\t" if sign in numbered[0][1])
    columns: list[str] = []
    start = to_time(log.start) if log.start else None
    events = []
    for number, line in numbered:
        try:
            row = [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
            if not columns:
                columns = _columns(row)
                continue
            said = dict(zip(columns, row, strict=False))
            time, what = said.get("time", ""), said.get("event", "")
            if what == "start":
                start = parse_time(time)
            elif time or what:
                events.append(_event(_time(time, start), what, said.get("app", ""), log))
        except (ValueError, csv.Error, StopIteration) as error:
            raise ConfigError(log.file, number, "", str(error)) from None
    return events


def _columns(row: list[str]) -> list[str]:
    columns = [name.lower() for name in row]
    if unknown := [name for name in columns if name not in _COLUMNS]:
        raise ValueError(f"{unknown[0]!r} is no column: use {', '.join(_COLUMNS)}")
    if "event" not in columns or len(set(columns)) < len(columns):
        raise ValueError(f"needs the columns {', '.join(_COLUMNS)}, each once; app may be left out")
    return columns


def _time(text: str, start: Time | None) -> Time:
    offset = _OFFSET.fullmatch(text)
    if not offset:
        return parse_time(text)
    if start is None:
        raise ValueError(
            f"{text} counts from a start that nobody says: put a line TIME,start with the whole time first"
        )
    hours, minutes, seconds, fraction = offset.groups(default="0")
    if (offset[2] is not None and int(seconds) > 59) or (offset[1] is not None and int(minutes) > 59):
        raise ValueError(f"{text!r} is no time: minutes and seconds end at 59")
    return start + (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


def _event(time: Time, what: str, app: str, log: Log) -> Event:
    """Returns the event that a line tells of.

    Raises:
        ValueError: it tells of none.
    """
    said = read_mark(what, time, "")
    about = {"event": said.event or None, "permission": dict(said.permission), "action": said.action}
    place = {"app": app or said.app, "device": said.device or log.device, "clock": log.clock}
    return Event.model_validate({"at": said.time, **about, **place})
