"""Clauses as data: the files under `clauses/`, typed, and refused where they say something that no condition knows.

A clause fires when every condition of one entry of its `when` holds. A clause without `when` is in the book and not
judged: `evidence: none` means that traffic cannot show it, `produces` that a record of ours is what it asks for.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from leaktap.config import ConfigError, Texts, load_yaml, nearest, validate
from leaktap.model import Basis, Party, PhaseName, Severity
from leaktap.policy import FormKind
from leaktap.rules._facts import CODE

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}

MOST_COUNTED = 10_000
"""The highest limit of a count: what is counted is remembered."""


def _duration(value: object) -> object:
    """Reads `30s`, `5min`, `1h`, `1d` into microseconds."""
    if isinstance(value, str):
        found = re.fullmatch(r"(\d{1,9})\s*(s|min|h|d)", value)
        if not found:
            raise ValueError(f"{value!r} is no duration: write 30s, 5min, 1h or 1d")
        return int(found[1]) * _UNITS[found[2]] * 1_000_000
    return value


type Duration = Annotated[int, BeforeValidator(_duration)]
type Count = Annotated[int, Field(ge=0, le=MOST_COUNTED)]
type _Said = Annotated[str, Field(min_length=1)]
type Code = Literal["apk", "jar", "dex", "so", "js"]


@dataclass(frozen=True)
class Vocabulary:
    """The words that conditions may use for what other rooms find: classes and categories, and kinds of SDKs.

    Words of a kind that is empty are not checked. `custom.NAME` is free beside the classes.
    """

    identifier: frozenset[str] = field(default=frozenset())
    category: frozenset[str] = field(default=frozenset())
    kind: frozenset[str] = field(default=frozenset())


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """The same words in Chinese and English."""

    zh: _Said
    en: _Said


class Condition(_Strict):
    """One way in which a clause is broken; what is not said does not matter. Durations are microseconds.

    Lists hold where one of their words does. What each key asks is explained where it is judged, in `_conditions`.
    """

    identifier: Texts = ()
    category: Texts = ()
    code: tuple[Code, ...] = ()
    form: tuple[FormKind, ...] = ()
    basis: tuple[Basis, ...] = ()
    party: tuple[Party, ...] = ()
    kind: Texts = ()
    phase: tuple[PhaseName, ...] = ()
    background: bool | None = None
    own: bool | None = None
    unnecessary: bool = False
    undeclared: Literal["identifier", "sdk"] | None = None
    promised: Literal["not_collected", "not_shared"] | None = None
    weaker_than_declared: bool = False
    changed: Literal["identifier", "recipient"] | None = None
    denied: bool = False
    personalisation: Literal["off", "on"] | None = None
    opening: bool = False
    never: Literal["notice", "consent"] | None = None
    session_ended: bool = False
    without_action: Duration | None = None
    after_other_launch: Duration | None = None
    after_code: bool = False
    more_than: Count | None = None
    within: Duration | None = None
    more_often_than_declared: bool = False
    classes_more_than: Count | None = None
    classes_in_request_more_than: Count | None = None
    evidence: Literal["direct", "case", "indicator"] | None = None

    @field_validator("identifier", "category", "kind")
    @classmethod
    def _there_are(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known: Collection[str] = getattr((info.context or {}).get("words"), info.field_name or "", ())
        for word in value if known else ():
            if word not in known and not (info.field_name == "identifier" and word.startswith("custom.")):
                raise ValueError(f"{word!r} is no {info.field_name}{nearest(word, known)}")
        return value

    @model_validator(mode="after")
    def _whole(self) -> "Condition":
        if (self.more_than is None) != (self.within is None):
            raise ValueError("more_than and within go together")
        if self.code and self.identifier != (CODE,):
            raise ValueError(f"code is of {CODE} alone: add identifier: [{CODE}]")
        if CODE in self.identifier and len(self.identifier) > 1:
            raise ValueError(f"{CODE} is no personal information: give it a condition of its own")
        return self


def _not_empty(value: tuple[Condition, ...]) -> tuple[Condition, ...]:
    if any(not condition.model_fields_set - {"evidence"} for condition in value):
        raise ValueError("an empty condition would fire on everything")
    return value


class Clause(_Strict):
    """A clause. `gist` is what it forbids or asks, in short; `remedy` what an app's maker can do about it.

    `by_form` replaces the severity for hashed and salted values. `produces` names the record that a clause asks for.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")]
    title: Words
    gist: Words | None = None
    remedy: Words | None = None
    evidence: Literal["direct", "case", "indicator", "produces", "none"]
    severity: Severity = "info"
    by_form: dict[Literal["hashed", "salted"], Severity] = {}
    produces: Literal["inventory", "declared"] | None = None
    when: Annotated[tuple[Condition, ...], AfterValidator(_not_empty)] = ()

    @model_validator(mode="after")
    def _observable(self) -> "Clause":
        if self.evidence in ("none", "produces") and self.when:
            raise ValueError(
                f"clause {self.id} has conditions although nothing can show it (evidence: {self.evidence})"
            )
        if (self.evidence == "produces") != (self.produces is not None):
            raise ValueError(f"clause {self.id}: evidence: produces and the record that it produces go together")
        return self


class Document(_Strict):
    """A document of the rules. `document` is its id here, `number` the official one."""

    document: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    number: _Said
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


def load_document(file: Path, words: Vocabulary | None = None) -> Document:
    """Reads one document; classes, categories and kinds that `words` does not know are refused.

    Raises:
        ConfigError: it is not usable; the message says file, line, column and key.
    """
    data, lines = load_yaml(file)
    return validate(file, data, lines, Document, {"words": words}, columns=True)


@cache
def load_documents(words: Vocabulary | None = None) -> tuple[Document, ...]:
    """Returns the bundled documents, by file name.

    Raises:
        ConfigError: as `load_document`, and where two files are the same document.
    """
    folder: Any = files("leaktap.rules") / "clauses"
    found = [Path(str(file)) for file in sorted(folder.iterdir()) if file.name.endswith(".yaml")]
    documents = tuple(load_document(file, words) for file in found)
    ids = [document.document for document in documents]
    for file, name in zip(found, ids, strict=True):
        if ids.count(name) > 1:
            raise ConfigError(file, 1, "document", f"{name!r} has two files")
    return documents
