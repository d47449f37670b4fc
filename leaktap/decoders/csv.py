"""Tables in text (RFC 4180): separated by commas, tabs, semicolons or bars, the columns' names in the first row.

A cell is `[row].name`. Where nobody says that a text is a table, the names are plain ones, and all rows are as long as
the first; of two columns one has numbers throughout. It is looked into whatever a search sees in it: names stand
far from the values.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._pace import paced
from leaktap.decoders._plain import is_binary, step

_SEPARATORS = {"text/csv": ",", "application/csv": ",", "text/tab-separated-values": "\t"}
_NAME = rb'"?[A-Za-z_\x80-\xff][\w.\x80-\xff-]{0,63}"?'
_SHAPE = re.compile(rb"(?:\xef\xbb\xbf)?" + _NAME + rb"([,\t;|])" + _NAME + rb"(?:\1" + _NAME + rb")*\r?\n[^\r\n]")
_HINTS = (
    rb",[A-Za-z_][\w.-]{1,40}\\{1,8}[rn]",  # the end of a first row in a JSON string
    rb"%(?:25){0,8}2[Cc][A-Za-z_][\w.-]{1,40}%(?:25){0,8}0[AaDd]",
)
_MARK = b"\xef\xbb\xbf"
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_LONGEST_CELL = (1 << 31) - 1
_LEAST_CELLS, _LEAST_CELLS_OF_TABS = 3, 2
_LEAST_ROWS_OF_TWO = 3
_NUMBER = re.compile(r"[^A-Za-z]*[0-9][^A-Za-z]*")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the cells under their columns' names."""
    said, seen = _SEPARATORS.get(context.content_type, ""), _SHAPE.match(data)
    separator = seen[1].decode() if seen else said
    if not separator or (not seen and is_binary(data)):
        return None  # what is packed once more keeps the type of what it holds
    csv.field_size_limit(_LONGEST_CELL)  # of the whole process: nobody's lower one shall hold
    rows = csv.reader(_lines(data.removeprefix(_MARK)), delimiter=separator)
    parts: list[Part] = []
    try:
        header = [name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name in next(rows, [])]
        if not said and not _is_header(header):
            return None
        narrow = not said and len(header) < (_LEAST_CELLS_OF_TABS if separator == "\t" else _LEAST_CELLS)
        count, numbers = 0, {0, 1}
        for index, row in enumerate(paced(rows, context.deadline, parts)):
            if not said and row and len(row) != len(header):
                return None
            if len(parts) + len(row) > context.most:
                raise LimitReached("parts", parts)
            parts += _cells(index, row, header)
            if narrow and row:
                count, numbers = count + 1, {column for column in numbers if _NUMBER.fullmatch(row[column])}
    except csv.Error as error:
        if said:
            raise DecodeError(str(error), parts) from None
        return None
    return None if narrow and (count < _LEAST_ROWS_OF_TWO or not numbers) else parts or None


def _lines(data: bytes) -> Iterator[str]:
    """Yields the lines with their ends: all of them at once would take many times the memory."""
    if _LONE_RETURN.search(data):
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return (line.decode("utf-8", "surrogateescape") for line in io.BytesIO(data))


def _is_header(row: list[str]) -> bool:
    """Tells whether a first row names columns, rather than being the first line of a poem."""
    return len(set(row)) == len(row) > 1


def _cells(index: int, row: list[str], header: list[str]) -> list[Part]:
    """Returns the cells of a row; those that no column is named for go by their index."""
    parts: list[Part] = []
    for column, cell in enumerate(row):
        if cell:
            name = header[column] if column < len(header) else ""
            path = f"[{index}]{step(name) if name else f'[{column}]'}"
            parts.append(Part(cell.encode("utf-8", "surrogateescape"), path, (name,) if name else ()))
    return parts


DECODER = Decoder("csv", decode, rank=39, hints=_HINTS, minimum=8, needs=b"\n", shape=_SHAPE, types=tuple(_SEPARATORS))
