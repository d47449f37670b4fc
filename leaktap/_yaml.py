"""YAML to plain values, and where each of them stands: what `config` types and reports errors by.

Read from the parser's events, in one pass: scalars stay the text in the file, and what hostile files do (nesting
without end, aliases that multiply, keys that are no text) is refused at its line.
"""

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

MOST_BYTES = 32 << 20
MOST_VALUES = 1_000_000
"""How many values a file may have, those that aliases repeat counted each time."""
MOST_DEPTH = 50


class Lines(dict[tuple[Hashable, ...], int]):
    """The line of every key path, and in `columns` its column; both count from 1."""

    def __init__(self) -> None:
        """Starts with nothing read."""
        super().__init__()
        self.columns: dict[tuple[Hashable, ...], int] = {}


class ConfigError(Exception):
    """A file that users write is not usable: `str()` is one line with the place and the cure."""

    def __init__(self, file: Path | str, line: int | None, key: str, why: str, column: int | None = None) -> None:
        """Names the place: `line` and `column` count from 1, `key` is dotted; all may be unknown."""
        place = ":".join(str(part) for part in (file, line, column if line else None) if part)
        super().__init__(f"{place}: {key}: {why}" if key else f"{place}: {why}")
        self.file, self.line, self.key, self.why, self.column = str(file), line, key, why, column

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[str, int | None, str, str, int | None]]:
        """Lets another process raise it."""
        return type(self), (self.file, self.line, self.key, self.why, self.column)


def load_yaml(file: Path) -> tuple[Any, Lines]:
    """Reads one YAML document: scalars as the text in the file (None where empty), and the line of every key path.

    Raises:
        ConfigError: the file cannot be read, is no YAML, repeats a key, or is larger than any file of ours.
    """
    reader, text = _Reader(file), _text(file)
    try:
        events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return reader.document(events), reader.lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (column {mark.column + 1})" if mark else ""
        line = min(mark.line, text.rstrip("\n").count("\n")) + 1 if mark else None
        raise ConfigError(file, line, "", f"is no YAML{place}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigError(file, None, "", f"is no YAML: {' '.join(str(error).split())}") from None


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(file, None, "", "there is no such file: check the path") from None
    except IsADirectoryError:
        raise ConfigError(file, None, "", "is a directory: name the file in it") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(str(file).replace("\0", "?"), None, "", f"cannot be read: {why}") from None
    if len(data) > MOST_BYTES:
        raise ConfigError(file, None, "", f"is larger than {MOST_BYTES >> 20} MB: this is no case or device")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(file, line, "", f"is not UTF-8 (byte {error.start}): save it as UTF-8") from None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


class _Reader:
    """Builds the value of one document, bounded in depth and size."""

    def __init__(self, file: Path) -> None:
        """Starts with nothing read."""
        self.lines = Lines()
        self._file = file
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    def document(self, events: Iterator[yaml.Event]) -> Any:
        """Returns the value of the only document."""
        value = None
        begun = False
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if begun:
                    self._refuse(event, (), "is followed by a second document: one file is one document")
                begun = True
                value = self._value(next(events), events, ())
        return value

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], path: tuple[Hashable, ...]) -> Any:
        if path not in self.lines:
            self._place(path, event)
        self._count(event, path, 1)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                self._refuse(event, path, f"*{event.anchor} refers to nothing above it, or to itself")
            value, size = self._anchors[event.anchor]
            self._count(event, path, size)
            return value
        if len(path) > MOST_DEPTH:
            self._refuse(event, path[:3], f"is nested deeper than {MOST_DEPTH} levels")
        before = self._values
        if isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(events, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                value.append(self._value(item, events, (*path, len(value))))
        else:
            assert isinstance(event, yaml.ScalarEvent)
            value = None if event.implicit[0] and event.value in ("", "~", "null") else event.value
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            self._anchors[event.anchor] = value, self._values - before
        return value

    def _mapping(self, events: Iterator[yaml.Event], path: tuple[Hashable, ...]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, path, "has a key that is no plain text")
            key = str(event.value)
            if key in mapping:
                self._refuse(event, (*path, key), "stands twice: remove one")
            self._place((*path, key), event)
            mapping[key] = self._value(next(events), events, (*path, key))
        return mapping

    def _place(self, path: tuple[Hashable, ...], event: yaml.Event) -> None:
        self.lines[path] = _line(event)
        self.lines.columns[path] = event.start_mark.column + 1 if event.start_mark else 0

    def _count(self, event: yaml.Event, path: tuple[Hashable, ...], more: int) -> None:
        self._values += more
        if self._values > MOST_VALUES:
            self._refuse(event, path[:3], f"has more than {MOST_VALUES:,} values, those that aliases repeat included")

    def _refuse(self, event: yaml.Event, path: tuple[Hashable, ...], why: str) -> NoReturn:
        raise ConfigError(self._file, _line(event), ".".join(map(str, path)), why)
