"""The reasons that records give in English, in the language of the page: `reasons/LANGUAGE.yaml` has them by pattern.

A reason is one or several pieces side by side; each must be one of the file's, or the whole reason stays as it is. What
may fill a place of a pattern goes by its name, a number behind it left out: a `class` or `classes`, a `name` of an SDK
or company, an `event`, a length of time (`span`), a `reason` in itself ... (`_PLACES`), or one of the file's `words`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

from leaktap._yaml import load_yaml

_FOLDER = Path(__file__).parent / "reasons"
_LONGEST = 1000
_MOST_PIECES = 16
_DEEPEST = 4
_PLACE = re.compile(r"{(([a-z]+)\d?)}")
_BETWEEN = re.compile("[,;] ")

_PLACES = {
    "class": r"[a-z0-9_.]{1,60}",
    "classes": r"[a-z0-9_.]{1,60}(?:, [a-z0-9_.]{1,60}){0,60}",
    "event": r"[a-z_]{1,30}",
    "form": r"[a-z0-9-]{1,30}",
    "n": r"\d[\d.]{0,15}",
    "name": r"[^\s;:][^;:]{0,80}?",
    "path": r"(?:request|response)\.\S{1,600}",
    "reason": r"\S.{0,600}?",
    "share": r"\d{1,3}%",
    "span": r"[\d.e+]{1,12} (?:d|h|min|s)",
    "suite": r"[A-Z][A-Z0-9_]{5,60}",
    "text": r"[^\s;][^;]{0,300}?",
    "word": r"\S{1,260}",
}


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A piece in English; `places` are the names of what is filled in, with their kinds."""

    english: re.Pattern[str]
    said: str
    places: tuple[tuple[str, str], ...]


class Language(Protocol):
    """What a reason asks of the page's language: its name, and how it says what fills a place."""

    name: str

    def identifier(self, name: str, /) -> str:
        """Returns what a class of identifiers is called."""

    def word(self, table: str, name: str, /) -> str:
        """Returns a word of one of the tables."""

    def named(self, name: str, /) -> str:
        """Returns a company's or an SDK's name."""

    def some(self, items: Iterable[str], /) -> str:
        """Returns several things in a row."""


class Reasons:
    """The reasons in one language."""

    def __init__(self, texts: Language) -> None:
        """Loads the language's patterns, if there are any."""
        self._texts = texts
        self._words, self._between, self._patterns = _loaded(texts.name)
        self._one = lru_cache(4096)(self._piece)

    def said(self, reason: str, depth: int = 0) -> str | None:
        """Returns a reason in the page's language, or None where a piece of it is not known."""
        ends = [found.start() for found in _BETWEEN.finditer(reason)] if len(reason) <= _LONGEST else []
        if not self._patterns or len(reason) > _LONGEST or len(ends) > _MOST_PIECES or depth > _DEEPEST:
            return None
        behind: dict[int, str | None] = {len(reason) + 2: ""}
        for start in reversed([0, *(end + 2 for end in ends)]):
            behind[start] = self._from(reason, start, [*ends, len(reason)], behind, depth)
        return behind[0]

    def _from(self, reason: str, start: int, ends: list[int], behind: dict[int, str | None], depth: int) -> str | None:
        """Returns what begins at a place: the longest piece that is known, and what is known to be `behind` it."""
        for end in reversed(ends):
            rest = behind.get(end + 2) if end > start else None
            piece = None if rest is None else self._one(reason[start:end], depth)
            if rest is not None and piece is not None:
                return piece + self._between.get(reason[end : end + 2], "") + rest
        return None

    def _piece(self, text: str, depth: int) -> str | None:
        for pattern in self._patterns:
            if match := pattern.english.fullmatch(text):
                filled = {name: self._filled(kind, match[name], depth) for name, kind in pattern.places}
                if None not in filled.values():
                    return pattern.said.format(**filled)
        return None

    def _filled(self, kind: str, value: str, depth: int) -> str | None:
        texts = self._texts
        says: dict[str, Callable[[str], str | None]] = {
            "class": self._class,
            "classes": lambda value: texts.some(map(texts.identifier, value.split(", "))),
            "event": lambda value: texts.word("event", value),
            "form": lambda value: texts.word("form", value),
            "name": texts.named,
            "reason": lambda value: self.said(value, depth + 1),
            "span": self._span,
        }
        if kind in self._words:
            return self._words[kind].get(value)
        return says[kind](value) if kind in says else value

    def _class(self, value: str) -> str | None:
        said = self._texts.identifier(value)
        return said if said != value else None

    def _span(self, value: str) -> str:
        number, _, unit = value.partition(" ")
        return f"{number} {self._words['unit'][unit]}"


@cache
def _loaded(language: str) -> tuple[dict[str, dict[str, str]], dict[str, str], tuple[_Pattern, ...]]:
    file = _FOLDER / f"{language}.yaml"
    if not file.exists():
        return {}, {}, ()
    held = load_yaml(file)[0]
    words = held["words"]
    return words, held["between"], tuple(_pattern(english, said, words) for english, said in held["said"].items())


def _pattern(english: str, said: str, words: dict[str, dict[str, str]]) -> _Pattern:
    places, parts, at = [], [], 0
    for place in _PLACE.finditer(english):
        name, kind = place[1], place[2]
        may = "|".join(map(re.escape, words[kind])) if kind in words else _PLACES[kind]
        parts += [re.escape(english[at : place.start()]), f"(?P<{name}>{may})"]
        places.append((name, kind))
        at = place.end()
    parts.append(re.escape(english[at:]))
    return _Pattern(re.compile("".join(parts), re.DOTALL), said, tuple(places))
