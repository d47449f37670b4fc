"""The report's words in one language: `texts/LANGUAGE.yaml`, and how numbers, times and lists are said in it."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache, lru_cache
from pathlib import Path

from leaktap._yaml import load_yaml
from leaktap.records import microseconds
from leaktap.report._hostile import Whole, harmless
from leaktap.report._names import names
from leaktap.report._reasons import Reasons

_TEXTS = Path(__file__).parent / "texts"
_LONGEST = 4000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def languages() -> list[str]:
    """Returns the languages that reports can be in."""
    return sorted(file.stem for file in _TEXTS.glob("*.yaml"))


def language() -> str:
    """Returns the user's language by the locale (LC_ALL, LC_MESSAGES, LANG), English where there is no such text."""
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return said[:2].lower() if said[:2].lower() in languages() else "en"


@cache
def words(name: str) -> dict[str, dict[str, str]]:
    """Returns the texts of a language."""
    loaded: dict[str, dict[str, str]] = load_yaml(_TEXTS / f"{name}.yaml")[0]
    return loaded


@lru_cache(maxsize=8)
def texts_in(name: str, zone: timezone = UTC) -> "Texts":
    """Returns the texts of a language, made once."""
    return Texts(name, zone)


class Texts:
    """Says things in one language; times are at a fixed distance from UTC."""

    def __init__(self, name: str, zone: timezone = UTC) -> None:
        """Loads the language."""
        self.name, self._words, self._zone = name, words(name), zone
        self.lang, self._list = self._words["tongue"]["lang"], self._words["tongue"]["list"]
        self.comma, self.colon = self._list, self._words["tongue"]["colon"]
        self._reasons = Reasons(self)

    def say(self, place: str, n: int | None = None, **values: object) -> str:
        """Returns a text of the page: `section.name`, with its values filled in; `n` picks the form."""
        section, _, name = place.partition(".")
        text = self._words[section][name]
        if n is not None:
            one, bar, many = text.partition("|")
            text = (one if n == 1 else many) if bar else text
            values["n"] = f"{n:,}"
        return text.format(**values) if values else text

    def word(self, table: str, name: str) -> str:
        """Returns the word for a name of the records, or the name where there is none."""
        return self._words[table].get(name, name)

    def some(self, items: Iterable[str]) -> Whole:
        """Returns a list."""
        return Whole(self._list.join(harmless(item) for item in items)[:_LONGEST])

    def several(self, items: Iterable[str]) -> Whole:
        """Returns a list of what may be lists."""
        return Whole(self._words["tongue"]["between"].join(harmless(item) for item in items)[:_LONGEST])

    def named(self, name: str) -> str:
        """Returns an SDK or a company by its name in this language."""
        return names(self.name).get(name, name)

    def reason(self, text: str) -> str | None:
        """Returns what a record says in English, or None where it has to stay English."""
        return self._reasons.said(text)

    def disguise(self, form: Iterable[str]) -> str:
        """Returns a form, in the order in which it came about."""
        return self.some(self.word("form", name) for name in form) or self.word("form", "plain")

    def identifier(self, name: str) -> str:
        """Returns a class in words; one of a profile has its own name."""
        return self.word("class", name).removeprefix("custom.")

    def duration(self, seconds: float) -> str:
        """Returns a length of time with a precision that a person wants."""
        if seconds < 9.95:
            return self._words["unit"]["s"].format(n=f"{seconds:.1f}")
        for most, unit, by in ((119.5, "s", 1), (7170, "min", 60), (172_800, "h", 3600)):
            if seconds < most:
                return self._words["unit"][unit].format(n=f"{seconds / by:.0f}")
        return self._words["unit"]["d"].format(n=f"{seconds / 86400:,.0f}")

    def size(self, count: int) -> str:
        """Returns a number of bytes, decimal units."""
        value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
        while value >= 999.5 and len(units) > 1:
            value /= 1000
            units.pop(0)
        return f"{value:.1f} {units[0]}" if units[0] != "B" and value < 99.95 else f"{value:,.0f} {units[0]}"

    def share(self, part: float) -> str:
        """Returns a share, never rounded up to all nor down to nothing."""
        if part in (0, 1):
            return f"{part:.0%}"
        return f"{min(max(part, 0.001), 0.999) * 100:.1f}%"

    def local(self, time: int) -> datetime:
        """Returns a time (microseconds) in the report's zone."""
        try:
            return (_EPOCH + timedelta(microseconds=time)).astimezone(self._zone)
        except OverflowError:
            return datetime.max.replace(tzinfo=self._zone)

    def moment(self, text: str) -> str:
        """Returns a record's time in the report's zone, to the millisecond."""
        local = self.local(microseconds(text)).replace(tzinfo=None)
        return local.isoformat(" ", "milliseconds")

    def second(self, text: str) -> str:
        """Returns a record's time in the report's zone, to the second."""
        return self.moment(text)[:19]

    def clock(self, text: str) -> str:
        """Returns the time of day."""
        return self.moment(text)[11:]

    @property
    def zone(self) -> str:
        """The report's zone: `UTC+08:00`."""
        return str(self._zone)


def zone_at(moment: str) -> timezone:
    """Returns how far this machine's clock was from UTC at a record's time."""
    try:
        offset = datetime.fromtimestamp(microseconds(moment) / 1_000_000).astimezone().utcoffset()
    except (OverflowError, ValueError, OSError):
        offset = None
    return timezone(offset) if offset else UTC
