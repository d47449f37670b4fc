"""An Android event log (`adb logcat -b events`) as events of the phone's apps: launch, foreground, background, stop.

Lines are read in the formats `threadtime` and `time`, with the modifiers `year`, `zone`, `UTC`, `usec`, `uid`, `epoch`.
Tags and their fields are those of `EventLogTags.logtags` in AOSP's frameworks/base (services/core/java/com/android/
server/am and wm, core/java/android/app): up to Android 9 activities are logged by `am_...`, since then by `wm_...`.

- The first process of an app (`am_proc_start`) is its launch, in background unless it starts for an activity.
- The end of its last process (`am_proc_died`, `am_kill`, `am_uid_stopped`) is its stop.
- A resumed activity brings it to the foreground, and the app that was there into background. A pause takes it into
  background at that moment, unless the same app resumes next (one of its activities follows the other).

`wm_on_resume_called` and `wm_on_stop_called` name no package; it is known by the process, if its start was logged.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial

from leaktap.config import ConfigError, EventName, Log, to_time
from leaktap.consent.logged import Logged
from leaktap.model import Time

BEGINNING = "--------- beginning of"

_LINE = re.compile(
    r"\s*(?:(?:(?P<year>\d{4})-)?(?P<day>\d\d-\d\d) (?P<time>\d\d:\d\d:\d\d\.\d{3,6})\d*(?: ?(?P<zone>[+-]\d{4}))?"
    r"|(?P<epoch>\d{1,12}\.\d{3,9}))\s+"
    r"(?:(?:\S+\s+)?(?P<pid>\d+)\s+\d+ [VDIWEF] (?P<tag>\w+)\s*:|[VDIWEF]/(?P<tag2>\w+)\s*\(\s*(?P<pid2>\d+)\):)"
    r"(?P<said>.*)",
    re.ASCII,
)
_TIMELESS = re.compile(r"\s*(?:[VDIWEF]/)?[aw]m_\w+\s*(?:\(\s*\d+\))?: \[")
_PACKAGE = re.compile(r"[A-Za-z]\w*(?:\.\w+)+")

_FRONT = {
    "resume_activity": 3,
    "restart_activity": 3,
    "relaunch_resume_activity": 3,
    "set_resumed_activity": 1,
    "activity_launch_time": 2,
}
"""What says that an activity is in front, and which field names it."""
_PROCESS = {"am_proc_start": 4, "am_proc_died": 2, "am_kill": 2, "am_uid_stopped": 0}
"""What says something of processes, and how many fields must be there beside the first."""


def is_line(line: str) -> bool:
    """Tells whether a line is one of such a log."""
    return line.startswith(BEGINNING) or bool(_LINE.match(line) or _TIMELESS.match(line))


def logged(lines: Iterable[tuple[int, str]], log: Log, near: datetime | None) -> list[Logged]:
    """Returns what numbered lines tell of all apps. A date without a year is the one that is nearest to `near`.

    Raises:
        ConfigError: a line says no time that can be known, or has not the fields of its tag.
    """
    phone = _Phone(log)
    for number, line in lines:
        if "am_" not in line and "wm_" not in line:
            continue
        found = _LINE.match(line)
        if not found:
            if _TIMELESS.match(line):
                raise ConfigError(log.file, number, "", "says no time: write the log with adb logcat -v threadtime")
            continue
        tag, fields = found["tag"] or found["tag2"], _fields(found["said"])
        verb = tag[3:] if tag[:3] in ("am_", "wm_") else ""
        least = _PROCESS.get(tag, _FRONT.get(verb, {"pause_activity": 2, "stop_activity": 2}.get(verb, 0)))
        if len(fields) <= least:
            if not line.endswith("\n"):
                continue
            raise ConfigError(log.file, number, tag, f"has {len(fields)} fields, not {least + 1}: the line is broken")
        try:
            phone.hear(tag, verb, fields, int(found["pid"] or found["pid2"]), partial(_time, found, log, near))
        except ValueError as error:
            raise ConfigError(log.file, number, tag, str(error)) from None
    return phone.end()


def _fields(said: str) -> list[str]:
    said = said.strip()
    return said.removeprefix("[").removesuffix("]").split(",") if said else []


def _time(found: re.Match[str], log: Log, near: datetime | None) -> Time:
    """Returns the time of a line.

    Raises:
        ValueError: it has no zone, no year or no such day; the message says the cure.
    """
    if found["epoch"]:
        seconds, _, fraction = found["epoch"].partition(".")
        if int(seconds) < 1_000_000_000:
            raise ValueError(f"{found['epoch']} counts from the phone's start: write the log with -v epoch")
        return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
    zone = found["zone"]
    if not zone and log.start is None:
        raise ValueError(
            "has no time zone: write the log with -v zone, or say the case's logs: {file: ..., start: ...}"
        )
    if not found["year"] and near is None:
        raise ValueError("has no year: write the log with -v year, or say the case's logs: {file: ..., start: ...}")
    years = [int(found["year"])] if found["year"] or near is None else [near.year + more for more in (0, -1, 1)]
    moments = []
    for year in years:
        try:
            moment = datetime.fromisoformat(f"{year:04}-{found['day']}T{found['time']}{zone or ''}")
        except ValueError:
            continue
        moments.append(moment if zone or log.start is None else moment.replace(tzinfo=log.start.tzinfo))
    if not moments:
        raise ValueError(f"{found['day']} {found['time']} is no time")
    return to_time(min(moments, key=lambda moment: abs(moment - (near or datetime.now(UTC)))))


class _Phone:
    """What is known of a phone's apps while its log is read."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._said: list[Logged] = []
        self._packages: dict[int, str] = {}
        self._alive: dict[str, set[int]] = {}
        self._users: dict[str, set[str]] = {}
        self._front: str | None = None
        """The package in front, "" if there is none, None if the log did not say so far."""
        self._paused: Time | None = None
        """When the app in front was paused, if it was, and nothing says yet what follows."""

    def hear(self, tag: str, verb: str, fields: list[str], pid: int, time: Callable[[], Time]) -> None:
        """Takes in one line."""
        if tag == "am_proc_start":
            self._start(int(fields[1]), fields[2], fields[3], "activity" in fields[4], time())
        elif tag in ("am_proc_died", "am_kill"):
            self._die(int(fields[1]), fields[2], time())
        elif tag == "am_uid_stopped":
            for package in sorted(self._users.get(fields[0].strip(), ())):
                if self._alive.get(package):
                    self._stop(package, time())
        elif verb in _FRONT:
            self._resume(_owner(fields[_FRONT[verb]]), time())
        elif verb == "on_resume_called":
            self._resume(self._packages.get(pid, ""), time())
        elif verb == "pause_activity":
            self._pause(_owner(fields[2]), time())
        elif verb in ("stop_activity", "on_stop_called"):
            package = _owner(fields[2]) if verb == "stop_activity" else self._packages.get(pid, "")
            if package and package == self._front:
                self._leave()

    def end(self) -> list[Logged]:
        """Returns the events in order of time."""
        self._leave()
        return sorted(self._said, key=lambda event: event.at)

    def _say(self, event: EventName, package: str, time: Time) -> None:
        said = Logged(at=time, event=event, app=package, device=self._log.device, clock=self._log.clock)
        self._said.append(said)

    def _start(self, pid: int, user: str, process: str, for_activity: bool, time: Time) -> None:
        package = process.partition(":")[0]
        if not _PACKAGE.fullmatch(package):
            return
        first = not self._alive.get(package)
        self._packages[pid] = package
        self._alive.setdefault(package, set()).add(pid)
        self._users.setdefault(user, set()).add(package)
        if not first or self._front == package:
            return
        self._say("launch", package, time)
        if not for_activity and (process == package or self._front is not None):
            self._say("background", package, time)

    def _die(self, pid: int, process: str, time: Time) -> None:
        package = process.partition(":")[0]
        alive = self._alive.get(package)
        self._packages.pop(pid, None)
        if alive is None and process == package and _PACKAGE.fullmatch(package):
            self._stop(package, time)
        elif alive and pid in alive:
            alive.discard(pid)
            if not alive:
                self._stop(package, time)

    def _stop(self, package: str, time: Time) -> None:
        self._alive[package] = set()
        if package == self._front:
            self._leave()
            self._front = ""
        self._say("stop", package, time)

    def _resume(self, package: str, time: Time) -> None:
        if not _PACKAGE.fullmatch(package):
            return
        if package != self._front:
            if self._front and self._paused is None:
                self._say("background", self._front, time)
            self._leave()
            self._say("foreground", package, time)
        self._front, self._paused = package, None

    def _pause(self, package: str, time: Time) -> None:
        if _PACKAGE.fullmatch(package) and self._front in (None, package):
            self._front, self._paused = package, time

    def _leave(self) -> None:
        """Lets go what was paused: it went into background when that happened."""
        if self._front and self._paused is not None:
            self._say("background", self._front, self._paused)
            self._front, self._paused = "", None


def _owner(component: str) -> str:
    return component.strip().partition("/")[0]
