"""CSV (RFC 4180, UTF-8): one row a record, written as it comes; the first column says what it is.

Findings and what was not inspected share the columns they have in common; filter by `record`. Faults and the summary
are rows of that kind too, so that nobody takes silence for absence.
"""

import csv
import io
from collections.abc import Mapping
from typing import Any

from leaktap.model import Record
from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._lines import Lines
from leaktap.sinks._record import record
from leaktap.sinks._table import FINDING, Cell, cell, kind, no_formula

_OF_BLIND = {
    "time": "time",
    "why": "why",
    "destination.scheme": "protocol",
    "destination.host": "host",
    "destination.ip": "ip",
    "destination.port": "port",
    "owner.party": "owner.party",
    "owner.sdk": "owner.sdk",
    "owner.company": "owner.company",
    "evidence.source": "source",
    "evidence.frames": "frames",
    "evidence.stream": "stream",
    "bytes": "bytes",
    "detail": "detail",
}
_OF_FAULT = {"category": "stage", "evidence.source": "where", "why": "why"}
_OF_SUMMARY = {"evidence.source": "inputs", "count": "exchanges", "bytes": "bytes", "detail": "findings"}
_COLUMNS = ("record", *FINDING, "bytes", "detail")


def open_csv(target: str, options: Options) -> Lines:
    """Opens the target and writes the names of the columns.

    Raises:
        SinkError: it cannot be written.
    """
    return Lines(target, options, lambda item: _line(_cells(item, options.reveal)), _line(_COLUMNS))


def _cells(item: Record, reveal: bool) -> list[Cell]:
    fields = record(item, reveal)
    return [kind(fields), *(no_formula(_find(fields, column)) for column in _COLUMNS[1:])]


def _find(fields: Mapping[str, Any], column: str) -> Cell:
    match fields["schema"]:
        case "leaktap.blind/1":
            column = _OF_BLIND.get(column, "")
        case "leaktap.fault/1":
            column = _OF_FAULT.get(column, "")
        case "leaktap.summary/1":
            column = _OF_SUMMARY.get(column, "")
    return cell(fields, column) if column else None


def _line(cells: "list[Cell] | tuple[str, ...]") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode("utf-8", "replace")


SINK = SinkKind("csv", open_csv, endings=(".csv",))
