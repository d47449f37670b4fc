"""Kinds of fields that the files of users share: lists of one, times, names of identifiers; and strictness."""

import difflib
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

from leaktap.model import Time


def listed(value: object) -> object:
    """Lets a single value stand for a list of one."""
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else [value]


def to_time(moment: datetime) -> Time:
    """Returns microseconds since the epoch of an aware datetime."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return delta.days * 86_400_000_000 + delta.seconds * 1_000_000 + delta.microseconds


def parse_time(text: str) -> Time:
    """Returns the time that `text` (RFC 3339, with a zone: the laptop's and the phone's need not be alike) says.

    Raises:
        ValueError: it is no time, or has no zone; the message says the cure.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is no time ({error}): write it as 2026-11-21T10:00:03Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone: append Z for UTC or an offset such as +08:00")
    try:
        return to_time(moment)
    except OverflowError:
        raise ValueError(f"{text!r} is before any calendar") from None


def _moment(value: object) -> object:
    """Reads times that are text; numbers are microseconds already."""
    return parse_time(value) if isinstance(value, str) else value


type Texts = Annotated[tuple[str, ...], BeforeValidator(listed)]
type Moment = Annotated[int, BeforeValidator(_moment)]


class Strict(BaseModel):
    """A mapping that has the fields of its class and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def at(key: str, why: str) -> PydanticCustomError:
    """Returns an error about `key` of the mapping that is being validated."""
    return PydanticCustomError("at", "{why}", {"key": key, "why": why})


def only_known(names: object, info: ValidationInfo) -> object:
    """Refuses names of identifiers that there are not, where the context says which there are."""
    known: Collection[str] = (info.context or {}).get("identifiers", ())
    for name in names if known and isinstance(names, (dict, list, tuple)) else ():
        if name not in known and not str(name).startswith("custom."):
            raise at(str(name), f"is no identifier{nearest(str(name), known)}; custom.NAME is free")
    return names


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns the cure for a misspelt word: ", did you mean ...?", or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""
