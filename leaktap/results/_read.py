"""Reads result files back: JSON lines as `-o FILE.jsonl` writes them, each line checked, one record at a time.

Memory stays flat however many records there are. Fields that are not known here, of a later leaktap, are handed on as
they are; kinds and versions of records that are not known are refused, and so is whatever is no record at all.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from leaktap.records import PublishedRecord, adapter

_LONGEST = 64 << 20
"""Bytes of a line: far more than any record has."""

_MOST_SHOWN = 60
_BEGIN = re.compile(rb'\s*\{\s*"schema"\s*:\s*"leaktap\.')


class ResultError(Exception):
    """A result file cannot be read on: `str()` names file, line, what is wrong and the cure where there is one."""


def read_results(path: str | Path) -> Iterator[PublishedRecord]:
    """Yields the records of a result file in their order; `-` is standard input. Empty lines are passed over.

    Raises:
        ResultError: the file cannot be opened, or a line is no record; what came before it has been yielded.
    """
    name = "standard input" if path == "-" else str(path)
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as stream:
            yield from _records(stream, name)
    except OSError as error:
        raise ResultError(f"{name}: cannot be read ({error.strerror or error}): check the path") from None


def is_result(path: str | Path) -> bool:
    """Tells whether a file begins as a result does; `-` and what cannot be read does not."""
    try:
        with Path(path).open("rb") as stream:
            return bool(_BEGIN.match(stream.read(64)))
    except OSError:
        return False


def _records(stream: BinaryIO, name: str) -> Iterator[PublishedRecord]:
    check = _checker().validate_json
    number = 0
    while line := stream.readline(_LONGEST):
        number += 1
        if line.isspace():
            continue
        try:
            yield check(line)
        except ValidationError as error:
            raise ResultError(f"{name}: line {number}: {_why(error, line, number)}") from None


@cache
def _checker() -> TypeAdapter[PublishedRecord]:
    return adapter()


def _why(error: ValidationError, line: bytes, number: int) -> str:
    """Returns what is wrong with a line, in words."""
    first = error.errors(include_url=False)[0]
    match first["type"]:
        case "json_invalid" if number == 1:
            return "is no JSON: a result file is what leaktap scan INPUT -o FILE.jsonl writes"
        case "json_invalid" if not line.endswith(b"\n"):
            return "is cut off: the run that wrote it did not come to its end"
        case "json_invalid":
            return f"is no JSON ({first['ctx']['error']})"
        case "union_tag_not_found" | "model_type" | "dict_type" | "model_attributes_type":
            return "has no schema: it is no record of leaktap"
        case "union_tag_invalid":
            return _unknown(str(first["ctx"]["tag"]), str(first["ctx"]["expected_tags"]))
    tag, *place = first["loc"]
    field = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).removeprefix(".")
    what = "is missing" if first["type"] == "missing" else f"is not as it should be ({first['msg']})"
    return f"{field} of {tag} {what}"


def _unknown(tag: str, known: str) -> str:
    """Says that a schema is not known, and which one of its kind is."""
    kind = tag.rpartition("/")[0]
    shown = tag if len(tag) <= _MOST_SHOWN else tag[:_MOST_SHOWN] + "…"
    if f"'{kind}/" in known:
        return f"{shown!r} is of another version than this leaktap reads: use the leaktap that wrote it, or a later one"
    return f"{shown!r} is no kind of record that this leaktap knows: a later leaktap may"
