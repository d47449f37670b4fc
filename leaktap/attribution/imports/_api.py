"""What an import is made of: documents that are read, formats that know them, and the facts that come out.

A format is one module here that defines `FORMAT`. It is asked by content, never by a file's name. It sees every
document of its kind at once, for some databases keep companies and hosts in files of their own.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leaktap.attribution._catalogue import Kind

type Json = Any
"""What the JSON reader returns: dict, list, str, int, float, bool or None."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its name within what is imported, and its content as JSON or else as text."""

    name: str
    data: Json = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A host that a database gives to a company; `packages` are the SDK's where it knows them."""

    host: str
    company: str
    sdk: str = ""
    kind: Kind = "tracker"
    group: str = ""
    packages: tuple[str, ...] = ()


class BadEntry(Exception):
    """A document is of a format, but says something that the format cannot say, at a dotted place."""

    def __init__(self, document: Document, where: str, why: str) -> None:
        """Keeps all three."""
        super().__init__(f"{document.name}: {where}: {why}")
        self.document, self.where, self.why = document, where, why


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of database: whether a document is of it, and the facts of all that are.

    `facts` raises BadEntry and nothing else. `any_text` is true for the format that takes text nobody else knows.
    """

    name: str
    knows: Callable[[Document], bool]
    facts: Callable[[Sequence[Document]], Iterator[Fact]]


def mapping(document: Document, where: str, value: Json) -> dict[str, Json]:
    """Returns a value that must be a JSON object.

    Raises:
        BadEntry: it is something else.
    """
    if not isinstance(value, dict):
        raise BadEntry(document, where, f"is {_called(value)}, not an object")
    return value


def listing(document: Document, where: str, value: Json) -> list[Json]:
    """Returns a value that must be a JSON array.

    Raises:
        BadEntry: it is something else.
    """
    if not isinstance(value, list):
        raise BadEntry(document, where, f"is {_called(value)}, not a list")
    return value


def text(document: Document, where: str, value: Json) -> str:
    """Returns a value that must be text; what is missing or null is the empty text.

    Raises:
        BadEntry: it is something else.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadEntry(document, where, f"is {_called(value)}, not text")
    return value


def _called(value: Json) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"\bad|advert|action pixel|porn", "ads"),
    (r"analytic|audience|measure|session replay|telemetry", "analytics"),
    (r"crash|bug", "crash"),
    (r"location", "location"),
    (r"consent", "consent"),
    (r"login|sso|federat", "login"),
    (r"pay", "pay"),
    (r"social|comment", "social"),
    (r"chat|customer.interaction|support", "im"),
    (r"fraud|security|bot", "risk-control"),
    (r"identif|profil", "id"),
    (r"mail|marketing", "marketing"),
    (r"tag.manager|essential", "config"),
    (r"\bcdn\b|hosting", "cdn"),
)


def kind(*categories: str) -> Kind:
    """Returns our kind for a database's categories: what most bears on privacy among them."""
    words = " | ".join(categories).lower().replace("_", " ")
    return next((ours for pattern, ours in _KINDS if re.search(pattern, words)), "tracker")
