"""What an earlier version of an app sent and to whom, read from the result file of its test.

A baseline is there to be compared with, so it is read with patience: lines of other records, of unknown fields and of
later versions of leaktap are passed over, and so is a last line that was cut off.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leaktap._yaml import ConfigError

MOST_LINE = 16 << 20
MOST_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier version.

    `sent` are class, recipient and app (a package, or nothing): each recipient both by its company, where that is
    known, and by its host. `declared` and `sdks` are the classes and SDKs that its policy listed; None where the file
    does not tell.
    """

    file: str
    sent: frozenset[tuple[str, str, str]]
    declared: frozenset[str] | None = None
    sdks: frozenset[str] | None = None


def read_baseline(file: Path) -> Baseline:
    """Reads a result file (JSON lines).

    Raises:
        ConfigError: it cannot be read, or is no result file.
    """
    sent: set[tuple[str, str, str]] = set()
    declared: frozenset[str] | None = None
    sdks: frozenset[str] | None = None
    known = 0
    for record in _records(file):
        schema = str(record.get("schema", ""))
        known += schema.startswith("leaktap.")
        if schema.startswith("leaktap.finding/"):
            sent.update(_sent(record))
            if len(sent) > MOST_PAIRS:
                raise ConfigError(file, None, "", f"has more than {MOST_PAIRS:,} pairs of class and recipient")
        elif schema.startswith("leaktap.summary/"):
            said = _mapping(_mapping(record.get("case")).get("declared"))
            declared = _names(said.get("identifiers")) if said else declared
            sdks = _names(said.get("sdks")) if said else sdks
    if not known:
        raise ConfigError(file, None, "", "is no result file of leaktap: write one with -o results.jsonl")
    return Baseline(str(file), frozenset(sent), declared, sdks)


def _records(file: Path) -> Iterator[Mapping[str, Any]]:
    number = 0
    try:
        with file.open("rb") as stream:
            while line := stream.readline(MOST_LINE):
                number += 1
                if line.strip():
                    try:
                        yield _mapping(json.loads(line))
                    except (ValueError, RecursionError):
                        if stream.read(1):
                            raise ConfigError(
                                file, number, "", "is no record: this is no result file, or broken"
                            ) from None
    except FileNotFoundError:
        raise ConfigError(file, None, "", "there is no such file: check the path") from None
    except OSError as error:
        raise ConfigError(file, None, "", f"cannot be read: {error.strerror}") from None


def _sent(record: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    owner = _mapping(record.get("owner"))
    if record.get("direction") == "response" or owner.get("party") == "platform":
        return
    package = _mapping(record.get("app")).get("package", "")
    for recipient in (owner.get("company"), _mapping(record.get("destination")).get("host")):
        if recipient:
            yield str(record.get("identifier", "")), str(recipient), str(package)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, (dict, list)) else frozenset()
