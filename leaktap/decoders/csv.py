"""Tables in text (RFC 4180): separated by commas, tabs, semicolons or bars, the columns' names in the first row.

A cell is `[row].name`. Where nobody says that a text is a table, the names are plain ones, and all rows are as long as
the first. It is looked into whatever a search sees in it: names stand far from the values.
"""

import csv
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._plain import step

_SEPARATORS = {"text/csv": ",", "application/csv": ",", "text/tab-separated-values": "\t"}
_NAME = rb'"?[A-Za-z_][\w.-]{0,63}"?'
_SHAPE = re.compile(rb"(?:\xef\xbb\xbf)?" + _NAME + rb"([,\t;|])" + _NAME + rb"(?:\1" + _NAME + rb")*\r?\n[^\r\n]")
_MARK = b"\xef\xbb\xbf"
_LEAST_CELLS = 3
_LEAST_CELLS_OF_TABS = 2


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the cells under their columns' names."""
    said, seen = _SEPARATORS.get(context.content_type, ""), _SHAPE.match(data)
    separator = seen[1].decode() if seen else said
    if not separator:
        return None
    text = data.removeprefix(_MARK).decode("utf-8", "surrogateescape")
    rows = csv.reader(text.splitlines(keepends=True), delimiter=separator)
    parts: list[Part] = []
    try:
        header = [name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name in next(rows, [])]
        if not said and not _is_header(header, separator):
            return None
        for index, row in enumerate(rows):
            if not said and row and len(row) != len(header):
                return None
            if len(parts) + len(row) > context.most:
                raise LimitReached("parts", parts)
            parts += _cells(index, row, header)
    except csv.Error as error:
        if said:
            raise DecodeError(str(error), parts) from None
        return None
    return parts or None


def _is_header(row: list[str], separator: str) -> bool:
    """Tells whether a first row names columns, rather than being the first line of a poem."""
    least = _LEAST_CELLS_OF_TABS if separator == "\t" else _LEAST_CELLS
    return len(set(row)) == len(row) >= least


def _cells(index: int, row: list[str], header: list[str]) -> list[Part]:
    """Returns the cells of a row; those that no column is named for go by their index."""
    parts: list[Part] = []
    for column, cell in enumerate(row):
        if cell:
            name = header[column] if column < len(header) else ""
            path = f"[{index}]{step(name) if name else f'[{column}]'}"
            parts.append(Part(cell.encode("utf-8", "surrogateescape"), path, (name,) if name else ()))
    return parts


DECODER = Decoder("csv", decode, rank=39, minimum=8, needs=b"\n", shape=_SHAPE, types=tuple(_SEPARATORS))
