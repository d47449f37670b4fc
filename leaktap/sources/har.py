"""HAR 1.1 and 1.2 as browsers, proxies and phone tools write it, one entry at a time.

The file is never parsed as a whole: a window of text slides over it, and each element of `entries` is parsed where it
begins. So memory stays flat, a file that ends in the middle gives every complete entry, and a broken entry costs only
itself. How an entry becomes Exchanges is in `_entry.py`. http://www.softwareishard.com/blog/har-12-spec/
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from leaktap.model import Fault, Progress, Seen
from leaktap.sources._api import Reading, Source
from leaktap.sources._entry import BadEntry, exchanges

_WINDOW = 1 << 20
_MOST_ENTRY = 1 << 28
"""Characters that one entry may have: a quarter of a gigabyte."""
_MOST_WASTE = 1 << 26
"""Characters that may be parsed in vain while looking for entries behind a broken one."""

_KEY = 4096
"""Characters kept of a window in which nothing was found: a key may straddle its end."""
_TOKEN = 16
"""Characters at the window's end in which an error may only mean that a token is cut."""

_ENTRIES = re.compile(r'"entries"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_NEXT = re.compile(r",\s*(?=\{)")
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def sniff(head: bytes) -> bool:
    """Recognises an object whose first keys include "log"."""
    text = head.decode(_encoding(head), "replace")
    return re.match(r"\s*\{", text) is not None and re.search(r'"log"\s*:', text) is not None


def read(stream: BinaryIO, name: str, reading: Reading) -> Iterator[Seen]:
    """Yields the exchanges of each entry, in the file's order."""
    for item in _entries(_Window(stream), name):
        if isinstance(item, (Fault, Progress)):
            yield item
            continue
        index, entry = item
        try:
            yield from exchanges(entry, index, name)
        except BadEntry as error:
            yield Fault("source", f"{name}, entry {index}", str(error))


SOURCE = Source("HAR", sniff, read)


def _encoding(head: bytes) -> str:
    return next((encoding for bom, encoding in _BOMS if head.startswith(bom)), "utf-8-sig")


class _Window:
    """The part of the text that is being looked at: `text` from `at` on."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder: codecs.IncrementalDecoder | None = None
        self.text, self.at, self.read, self.ended = "", 0, 0, False

    def fill(self, wanted: int) -> bool:
        """Reads until `wanted` characters lie behind `at`; says whether anything came."""
        pieces, count = [self.text[self.at :]], len(self.text) - self.at
        before = count
        while count < wanted and not self.ended:
            data = self._stream.read(_WINDOW) or b""
            if self._decoder is None:
                errors = "surrogateescape" if _encoding(data) == "utf-8-sig" else "replace"
                self._decoder = codecs.getincrementaldecoder(_encoding(data))(errors)
            self.ended = not data
            self.read += len(data)
            pieces.append(self._decoder.decode(data, final=self.ended))
            count += len(pieces[-1])
        self.text, self.at = "".join(pieces), 0
        return count > before


def _entries(window: _Window, name: str) -> Iterator[tuple[int, Any] | Fault | Progress]:
    """Yields each element of `entries` with its index, and what is wrong with those that are none."""
    while not (found := _ENTRIES.search(window.text, window.at)):
        window.at = max(window.at, len(window.text) - _KEY)
        if not window.fill(_WINDOW):
            yield Fault("source", name, "has no list of entries: save the HAR again")
            return
    window.at = found.end()
    scan = json.JSONDecoder(parse_int=float).raw_decode
    index, lost, waste = 0, False, 0
    while waste < _MOST_WASTE:
        here = _NEXT.search(window.text, window.at) if lost else _BETWEEN.match(window.text, window.at)
        window.at = max(window.at, here.end() if here else len(window.text) - _KEY)
        if not lost and window.text.startswith("]", window.at):
            return
        if not here or window.at == len(window.text):
            if not window.fill(_WINDOW):
                break
            yield Progress(name, window.read)
            continue
        try:
            entry, window.at = scan(window.text, window.at)
        except (json.JSONDecodeError, RecursionError) as error:
            if _unfinished(error, window):
                if len(window.text) - window.at >= _MOST_ENTRY or not window.fill(2 * (len(window.text) - window.at)):
                    break
                yield Progress(name, window.read)
                continue
            waste += max(getattr(error, "pos", 0) - window.at, 1 << 14)
            if not lost:
                yield Fault("source", f"{name}, entry {index}", f"is no JSON ({error}): skipped to the next that is")
                index += 1
            lost = True
            continue
        if lost and not (isinstance(entry, dict) and "request" in entry):
            continue
        lost = False
        yield index, entry
        index += 1
    if lost and window.ended:
        return
    why = "is cut off" if window.ended else "is too broken or too large to read on"
    yield Fault("source", name, f"{why} in entry {index}: every entry before it was read")


def _unfinished(error: json.JSONDecodeError | RecursionError, window: _Window) -> bool:
    """Tells text that merely goes on behind the window from text that is wrong."""
    if isinstance(error, RecursionError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos > len(window.text) - _TOKEN
