"""A spreadsheet (`.xlsx`): a sheet for findings, what was not inspected, the inventory, declared, faults, the summary.

Cells are written as text, never as formulas or links, and rows as they come, so memory stays flat. A sheet ends at the
1,048,576 rows that Excel takes; the summary says what is left out.
"""

import io
from typing import TYPE_CHECKING

from leaktap.model import Record
from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._output import Output
from leaktap.sinks._record import record
from leaktap.sinks._table import BLIND, DECLARED, FAULT, FINDING, INVENTORY, Cell, cell, kind

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_SHEETS = {
    "finding": ("Findings", FINDING),
    "blind": ("Not inspected", BLIND),
    "inventory": ("Inventory", INVENTORY),
    "declared": ("Declared", DECLARED),
    "fault": ("Faults", FAULT),
}
_MOST = 1_048_576
_WIDTHS = {"time": 26, "path": 40, "value": 24, "clauses": 30, "destination.url": 40, "destination.host": 26}


class Workbook:
    """Writes rows as they come, and the file when closed."""

    def __init__(self, target: str, options: Options) -> None:
        """Opens the target.

        Raises:
            SinkError: it cannot be written.
        """
        import xlsxwriter

        self._output, self._reveal = Output(target), options.reveal
        self._whole = io.BytesIO()
        self._book = xlsxwriter.Workbook(
            self._whole,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "nan_inf_to_errors": True,
            },
        )
        bold = self._book.add_format({"bold": True})
        self._sheets: dict[str, Worksheet] = {}
        self._rows: dict[str, int] = {}
        for name, (title, columns) in _SHEETS.items():
            sheet = self._sheets[name] = self._book.add_worksheet(title)
            for index, column in enumerate(columns):
                sheet.set_column(index, index, _WIDTHS.get(column, 14))
                sheet.write_string(0, index, column, bold)
            sheet.freeze_panes(1, 0)
            self._rows[name] = 1
        self._summary = self._book.add_worksheet("Summary")
        self._summary.set_column(0, 1, 40)
        self._said = 0

    def write(self, record_: Record) -> None:
        """Writes a row."""
        fields = record(record_, self._reveal)
        name = kind(fields)
        if name == "summary":
            for key in fields:
                self._say(key, cell(fields, key))
            return
        row = self._rows[name]
        self._rows[name] += 1
        if row < _MOST:
            for index, column in enumerate(_SHEETS[name][1]):
                _put(self._sheets[name], row, index, cell(fields, column))

    def close(self) -> None:
        """Writes the file."""
        for name, rows in self._rows.items():
            title, columns = _SHEETS[name]
            self._sheets[name].autofilter(0, 0, min(rows, _MOST) - 1, len(columns) - 1)
            if rows > _MOST:
                self._say(f"{title}: rows left out", rows - _MOST)
        try:
            self._book.close()
            self._output.write(self._whole.getvalue())
        finally:
            self._output.close()

    def _say(self, name: str, value: Cell) -> None:
        _put(self._summary, self._said, 0, name)
        _put(self._summary, self._said, 1, value)
        self._said += 1


def _put(sheet: "Worksheet", row: int, column: int, value: Cell) -> None:
    match value:
        case None:
            return
        case str():
            sheet.write_string(row, column, value)
        case _:
            sheet.write_number(row, column, value)


SINK = SinkKind("xlsx", Workbook, endings=(".xlsx",))
