"""What someone wrote down while watching a recording, or marked in a live session: a table with a line per event.

Its columns are `time,event[,app][,device][,clock]`.

`event` says what a mark says behind `leaktap:`: an event's name, `permission contacts=denied`, `action TEXT`. A time is
absolute (RFC 3339, with a zone) or counts from the recording's start: `01:23.4`, `00:01:23.4` or seconds. The start is
an absolute time in a line with the event `start`, or the case says it. `clock` is `phone` or `capture`, for each event.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import get_args

from leaktap.config import Clock, ConfigError, Event, Log, parse_time, to_time
from leaktap.marks import read_mark
from leaktap.model import Time

_OFFSET = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)
_COLUMNS = ("time", "event", "app", "device", "clock")


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
                events.append(_event(_time(time, start), what, said, log))
        except (ValueError, csv.Error, StopIteration) as error:
            raise ConfigError(log.file, number, "", str(error)) from None
    return events


def _columns(row: list[str]) -> list[str]:
    columns = [name.lower() for name in row]
    if unknown := [name for name in columns if name not in _COLUMNS]:
        raise ValueError(f"{unknown[0]!r} is no column: use {', '.join(_COLUMNS)}")
    if "event" not in columns or len(set(columns)) < len(columns):
        raise ValueError("needs the columns time, event and, if they are told, app, device and clock, each once")
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


def _event(time: Time, what: str, line: Mapping[str, str], log: Log) -> Event:
    """Returns the event that a line tells of.

    Raises:
        ValueError: it tells of none.
    """
    said = read_mark(what, time, "")
    about = {"event": said.event or None, "permission": dict(said.permission), "action": said.action}
    clock = line.get("clock") or log.clock
    if clock not in get_args(Clock.__value__):
        raise ValueError(f"{clock!r} is no clock: use phone or capture")
    place = {"app": line.get("app") or said.app, "device": line.get("device") or said.device or log.device}
    return Event.model_validate({"at": said.time, **about, **place, "clock": clock})


def written(event: Event) -> list[str]:
    """Returns the line of such a table that says an event, in the order of its columns."""
    what = event.event or f"action {event.action}"
    if event.permission:
        what = "permission " + " ".join(f"{name}={answer}" for name, answer in event.permission.items())
    moment = datetime(1970, 1, 1) + timedelta(microseconds=event.at)
    return [f"{moment.isoformat(timespec='microseconds')}Z", what, event.app, event.device, event.clock]


HEADING = _COLUMNS
"""The first line of such a table."""
