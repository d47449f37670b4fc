"""Clauses as data: the files under `clauses/`, typed, and refused where they say something that no condition knows.

A clause fires when every condition of one entry of its `when` holds. A clause without `when` is in the book and not
judged: `evidence: none` means that traffic cannot show it, the other kinds that nothing here judges it yet.
"""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from leaktap.config import Texts, load_yaml, validate
from leaktap.model import Party, PhaseName, Severity

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def _duration(value: object) -> object:
    """Reads `30s`, `5min`, `1h`, `1d` into microseconds."""
    if isinstance(value, str):
        found = re.fullmatch(r"(\d+)\s*(s|min|h|d)", value)
        if not found:
            raise ValueError(f"{value!r} is no duration: write 30s, 5min, 1h or 1d")
        return int(found[1]) * _UNITS[found[2]] * 1_000_000
    return value


type Duration = Annotated[int, BeforeValidator(_duration)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """The same words in Chinese and English."""

    zh: str
    en: str


class Condition(_Strict):
    """One way in which a clause is broken; what is not said does not matter. Durations are microseconds."""

    phase: tuple[PhaseName, ...] = ()
    party: tuple[Party, ...] = ()
    identifier: Texts = ()
    category: Texts = ()
    code: Texts = ()
    background: bool | None = None
    never: Literal["notice", "consent"] | None = None
    session_ended: bool = False
    more_than: int | None = Field(default=None, ge=0)
    within: Duration | None = None
    classes_more_than: int | None = Field(default=None, ge=0)
    without_action: Duration | None = None
    undeclared: Literal["identifier", "sdk"] | None = None
    unnecessary: bool = False
    denied: bool = False
    weaker_than_declared: bool = False
    more_often_than_declared: bool = False
    evidence: Literal["direct", "case", "indicator"] | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Condition":
        if (self.more_than is None) != (self.within is None):
            raise ValueError("more_than and within go together")
        return self


def _not_empty(value: tuple[Condition, ...]) -> tuple[Condition, ...]:
    if any(not condition.model_fields_set - {"evidence"} for condition in value):
        raise ValueError("an empty condition would fire on everything")
    return value


class Clause(_Strict):
    """A clause. `by_form` replaces the severity for hashed and salted values."""

    id: str
    title: Words
    evidence: Literal["direct", "case", "indicator", "produces", "none"]
    severity: Severity = "info"
    by_form: dict[Literal["hashed", "salted"], Severity] = {}
    when: Annotated[tuple[Condition, ...], AfterValidator(_not_empty)] = ()

    @model_validator(mode="after")
    def _observable(self) -> "Clause":
        if self.evidence == "none" and self.when:
            raise ValueError(f"clause {self.id} has conditions although nothing can show it (evidence: none)")
        return self


class Document(_Strict):
    """A document of the rules. `document` is its id here, `number` the official one."""

    document: str
    number: str
    issued: str
    title: Words
    clauses: tuple[Clause, ...]

    @model_validator(mode="after")
    def _unique(self) -> "Document":
        ids = [clause.id for clause in self.clauses]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"clauses {', '.join(twice)} stand twice")
        return self


def load_document(file: Path) -> Document:
    """Reads one document.

    Raises:
        ConfigError: it is not usable; the message says file, line and key.
    """
    data, lines = load_yaml(file)
    return validate(file, data, lines, Document)


@cache
def load_documents() -> tuple[Document, ...]:
    """Returns the bundled documents, by file name."""
    folder: Any = files("leaktap.rules") / "clauses"
    return tuple(load_document(Path(str(file))) for file in sorted(folder.iterdir()) if file.name.endswith(".yaml"))
