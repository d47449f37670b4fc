"""Messages that are written like HTTP's: a first line, header fields, a blank line, a body (RFC 822, RFC 3261)."""

import re
from typing import NamedTuple

from leaktap.model import Headers

_BLANK = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_MOST_FIELDS = 4096


class Head(NamedTuple):
    """The first line in three parts, the fields, and where the body begins."""

    start: tuple[str, str, str]
    headers: Headers
    end: int

    def header(self, *names: bytes) -> bytes:
        """Returns the first value of a field that has one of these names (lower case), or nothing."""
        return next((value for name, value in self.headers if name.lower() in names), b"")


def head_end(data: bytes | bytearray, at: int = 0) -> int:
    """Returns where the head that begins at `at` ends, with its blank line; 0 if it does not."""
    blank = _BLANK.search(data, at)
    return blank.end() if blank else 0


def read_head(data: bytes) -> Head:
    """Returns the head that `data` begins with; one without a blank line is all there is."""
    end = head_end(data) or len(data)
    first, *lines = _FOLD.sub(b" ", data[:end]).split(b"\n", _MOST_FIELDS)
    fields = []
    for line in lines[:_MOST_FIELDS]:
        name, colon, value = line.partition(b":")
        if colon:
            fields.append((name.strip(), value.strip()))
    words = first.strip().decode("utf-8", "surrogateescape").split(" ", 2)
    start = (words[0], words[1] if len(words) > 1 else "", words[2] if len(words) > 2 else "")
    return Head(start, tuple(fields), end)
