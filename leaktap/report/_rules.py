"""Clauses in the words of a language: the bundled rule book's, else what the record itself says."""

from dataclasses import dataclass
from functools import cache

from leaktap.records import ClauseFields
from leaktap.rulebook import rule_book
from leaktap.rules import Clause, Document


@dataclass(frozen=True, slots=True)
class Said:
    """A clause: `document` is its document's number and title, empty for a clause that is not in the rule book."""

    id: str
    title: str
    gist: str = ""
    remedy: str = ""
    document: str = ""


@cache
def _book() -> dict[str, tuple[Document, Clause]]:
    return {
        f"{document.document}/{clause.id}": (document, clause)
        for document in rule_book()
        for clause in document.clauses
    }


def said(hit: ClauseFields, language: str) -> Said:
    """Returns a broken clause."""
    known = about(hit["id"], language)
    return known if known.document else Said(hit["id"], hit["title"], "", hit.get("remedy", ""))


def about(id_: str, language: str) -> Said:
    """Returns a clause by its id."""
    if id_ not in _book():
        return Said(id_, "")
    document, clause = _book()[id_]
    gist = getattr(clause.gist, language, "")
    remedy = getattr(clause.remedy, language, "")
    title = f"{document.number} {getattr(document.title, language)}"
    return Said(id_, getattr(clause.title, language), gist, remedy, title)
