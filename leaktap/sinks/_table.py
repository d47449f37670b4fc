"""Records as rows of a table, for CSV and spreadsheets: the columns, and the cells of a record.

A text cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV Injection:
https://owasp.org/www-community/attacks/CSV_Injection), and control characters become `�`. Numbers are never text.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from leaktap.records import PublishedRecord
from leaktap.sinks._words import harmless

type Cell = str | int | float | None

FINDING = (
    "id", "time", "severity", "identifier", "category", "value", "value_ref", "count", "form", "basis", "confidence",
    "why", "path", "direction", "phase", "background", "seconds_to_consent", "clauses",
    "destination.scheme", "destination.host", "destination.ip", "destination.port", "destination.method",
    "destination.url", "owner.party", "owner.sdk", "owner.company", "owner.kind", "owner.group", "owner.carrier",
    "owner.purpose", "owner.basis", "owner.confidence", "app.package", "app.name", "app.basis",
    "device.name", "device.mac", "device.ip", "evidence.source", "evidence.frames", "evidence.stream",
    "evidence.flow", "evidence.decrypted", "evidence.frame_filter",
)  # fmt: skip
BLIND = (
    "time", "why", "protocol", "host", "ip", "port", "bytes", "source", "frames", "stream", "detail",
    "owner.party", "owner.sdk", "owner.company",
)  # fmt: skip
INVENTORY = (
    "identifier", "category", "direction", "owner.party", "owner.sdk", "owner.company", "owner.purpose", "hosts",
    "app.package", "app.name", "device.name", "count", "values", "first", "last", "phases", "background", "forms",
    "severity", "confidence", "findings",
)  # fmt: skip
DECLARED = (
    "subject", "name", "verdict", "form", "max_per_hour", "company", "sdks", "identifiers", "recipients", "count",
    "exchanges", "per_hour", "forms", "first", "last", "confidence", "proof", "findings", "coverage",
)  # fmt: skip
FAULT = ("stage", "where", "why")
_LONGEST = 32_000
"""Characters of a cell; a spreadsheet takes 32,767."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def kind(fields: PublishedRecord) -> str:
    """Returns what a record is, without its version: `finding`, `blind`, ..."""
    return fields["schema"].removeprefix("leaktap.").partition("/")[0]


def cell(fields: Mapping[str, Any], column: str) -> Cell:
    """Returns what stands in a column (`owner.sdk`); text may still be a formula."""
    value: Any = fields
    for name in _names(column):
        value = value.get(name) if isinstance(value, dict) else None
    return _plain(value)


@cache
def _names(column: str) -> tuple[str, ...]:
    return tuple(column.split("."))


def no_formula(value: Cell) -> Cell:
    """Returns a cell that no spreadsheet computes."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def _plain(value: Any) -> Cell:
    if isinstance(value, str):
        return harmless(value, _LONGEST)
    match value:
        case None | bool() | int() | float():
            return ("yes" if value else "no") if isinstance(value, bool) else value
        case dict() if "form" in value and "count" in value:
            return f"{' '.join(value['form']) or 'plain'}: {value['count']}"
        case dict() if "id" in value:
            return harmless(str(value["id"]), _LONGEST)
        case dict():
            return harmless("; ".join(f"{name}: {_plain(item)}" for name, item in value.items()), _LONGEST)
        case list():
            return harmless("; ".join(str(_plain(item)) for item in value), _LONGEST)
    return harmless(str(value), _LONGEST)
