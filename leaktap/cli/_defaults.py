"""Defaults of options from a file: `leaktap.toml` in the current folder, else `leaktap/config.toml` in XDG_CONFIG_HOME.

A table for each command ([scan], [sdk.list]), a key for each of its options by its long name. Paths are from where the
file lies. What is given on the command line wins.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from leaktap.cli import CommandError
from leaktap.cli._tree import kind
from leaktap.cli._tree import options as options_of

FILE = "leaktap.toml"
_LEFT_OUT = ("help", "version", "no_config")

_KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
}


@dataclass(slots=True)
class Defaults:
    """What a file says: `file`, `values` by command and parameter, and `places`, where each option stands."""

    file: Path
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


def find() -> Path | None:
    """Returns the file that counts here; None where there is none."""
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    own = (base if base.is_absolute() else Path("~/.config").expanduser()) / "leaktap" / "config.toml"
    return next((file for file in (Path(FILE), own) if file.is_file()), None)


def read(file: Path, command: Any) -> Defaults:
    """Reads a file for `command`, the whole tree of them.

    Raises:
        CommandError: it cannot be read, belongs to somebody else, or says what no option can mean.
    """
    import tomllib

    try:
        data = file.read_bytes()
        owner = file.stat().st_uid
    except OSError as error:
        raise CommandError(f"{file}: cannot be read ({error.strerror}): leaktap --no-config does without it") from None
    if owner not in (0, os.geteuid()):
        raise CommandError(f"{file}: belongs to another user: leaktap --no-config does without it")
    try:
        text = data.decode()
        said = tomllib.loads(text)
    except ValueError as error:
        line = re.search(r"at line (\d+)", str(error))
        number = line[1] if line else data.count(b"\n") + 1
        raise CommandError(f"{file}:{number}: is no TOML: {str(error).partition(' (at')[0]}") from None
    defaults = Defaults(file)
    _take(defaults, command, said, (), dict(_lines(text)), defaults.values)
    return defaults


def _take(
    defaults: Defaults,
    command: Any,
    said: Mapping[str, Any],
    path: tuple[str, ...],
    lines: Mapping[tuple[str, ...], int],
    into: dict[str, Any],
) -> None:
    """Takes what a table says of a command, and of those below it."""
    below = getattr(command, "commands", {})
    options = {name: param for name, param in options_of(command).items() if param.name not in _LEFT_OUT}
    for key, value in said.items():
        place = f"{defaults.file}:{lines.get((*path, key), 1)}: {'.'.join((*path, key))}"
        if key in below and isinstance(value, dict):
            _take(defaults, below[key], value, (*path, key), lines, into.setdefault(key, {}))
            continue
        name = key.replace("_", "-")
        if name not in options:
            known = [*below, *options]
            near = get_close_matches(name, known, n=1)
            cure = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
            what = "option" if path else "command or option"
            raise CommandError(f"{place}: is no {what} of {' '.join(('leaktap', *path))}: {cure}")
        param = options[name]
        into[param.name] = _value(param, kind(command, param), value, place, defaults.file.parent)
        defaults.places[f"--{name}"] = place


def _value(option: Any, wanted: type, value: Any, place: str, folder: Path) -> Any:
    """Returns a value as the option takes it."""
    if option.multiple:
        values = value if isinstance(value, list) else [value]
        return [_single(wanted, each, place, folder) for each in values]
    return _single(wanted, value, place, folder)


def _single(wanted: type, value: Any, place: str, folder: Path) -> Any:
    accepted, words = _KINDS.get(wanted, ((str,), "a text in quotes"))
    if not isinstance(value, accepted) or (isinstance(value, bool) and wanted is not bool):
        raise CommandError(f"{place}: must be {words}, not {value!r}")
    return str(folder / Path(str(value)).expanduser()) if issubclass(wanted, Path) else value


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yields where each table and key begins, as far as lines tell."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\s*([\w.\-\s\"']+?)\s*\]", line):
            table = _keys(head[1])
            yield table, number
        elif key := re.match(r"\s*([\w.\-\"']+(?:\s*\.\s*[\w\-\"']+)*)\s*=", line):
            yield (*table, *_keys(key[1])), number


def _keys(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))
