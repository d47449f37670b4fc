"""What the decoders know of bytes in general: whether they are text, whether they are worth a closer look, their names.

A path names members as `.name`; what is no plain name is quoted (`['a.b']`), so that a path can be read back.
"""

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import numpy as np

_CONTROL = bytes(i for i in range(32) if i not in b"\t\n\r") + b"\x7f"
_PLAIN_NAME = re.compile(r"[\w$@-]+")
_COLUMNS_FROM, _WINDOW = 1024, 1 << 19
_NIBBLE = np.array([int(chr(i), 16) if chr(i) in "0123456789abcdefABCDEF" else 255 for i in range(256)], np.uint8)
_LONGEST_NAME = 100
_BEGIN, _SAMPLE = 64, 4096

DATA_NAME = re.compile(r"^(?:\D*+\d){6}|[^\w$ -]|[^\x00-\x7f]")
"""A member's name that may be data itself (of a map keyed by phone numbers)."""

MAGICS = (
    *(b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"),
    *(b"\x04\x22\x4d\x18", b"LZ4Block", b"\xff\x06\x00\x00sNaPpY", b"\x82SNAPPY\x00"),
    *(b"\xfd7zXZ\x00", b"\x5d\x00\x00", b"BZh", b"PK\x03\x04"),
)
"""How compressed data begins: gzip (RFC 1952), zstd (RFC 8878), zlib with a 32 KB window (RFC 1950); frames of lz4 and
snappy; xz, LZMA, bzip2 and ZIP. Their decoders say where that is described."""


NO_ID = rb"(?![0-9a-f]{512}|[0-9A-F]{512}|[0-9a-f]+$|[0-9A-F]+$|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-)"
"""Begins the shape of what spells bytes letter by letter: numbers, hexadecimal digits and UUIDs are none of it."""


def is_text(data: bytes) -> bool:
    """Tells whether `data` is UTF-8 without control characters, judged by its first 4 KB."""
    sample = data[:_SAMPLE]
    if len(sample.translate(None, _CONTROL)) != len(sample):
        return False
    if sample.isascii():
        return True
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        # The sample may have cut a character in two.
        return len(data) > _SAMPLE and error.start > _SAMPLE - 4
    return True


def is_utf8(data: bytes) -> bool:
    """Tells whether all of `data` is UTF-8, of whatever characters."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_binary(data: bytes) -> bool:
    """Tells by its first bytes whether `data` is no text in any charset that is a byte or more to the sign."""
    return len(data[:_BEGIN].translate(None, _CONTROL)) != len(data[:_BEGIN])


def makes_sense(data: bytes) -> bool:
    """Tells whether `data` is readable as it stands or begins as compressed data does."""
    return data.startswith(MAGICS) or is_text(data)


def unquote(data: bytes) -> bytes:
    """Undoes percent-encoding (RFC 3986, section 2.1); a `%` that begins no escape stays."""
    if b"%" not in data:
        return data
    if len(data) < _COLUMNS_FROM:
        return unquote_to_bytes(data)
    if len(data) <= _WINDOW:
        return _unquoted(data)
    out = bytearray()
    at = 0
    while at < len(data):
        end = at + _WINDOW
        if b"%" in data[end - 2 : end]:
            end = data.index(b"%", end - 2)
        out += _unquoted(data[at:end])
        at = end
    return bytes(out)


def _unquoted(data: bytes) -> bytes:
    signs = np.frombuffer(data, np.uint8)
    at = np.flatnonzero(signs == ord("%"))
    at = at[at < len(signs) - 2]
    high, low = _NIBBLE[signs[at + 1]], _NIBBLE[signs[at + 2]]
    whole = (high < 16) & (low < 16)
    at = at[whole]
    out = signs.copy()
    out[at] = high[whole] << 4 | low[whole]
    kept = np.ones(len(signs), bool)
    kept[at + 1] = kept[at + 2] = False
    return out[kept].tobytes()


@lru_cache(4096)
def step(name: str) -> str:
    """Returns the piece of a path that leads to the member `name`; a very long name is cut."""
    if len(name) > _LONGEST_NAME:
        name = name[:_LONGEST_NAME] + "…"
    if _PLAIN_NAME.fullmatch(name):
        return f".{name}"
    if not name.isprintable():
        name = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in name)
    quoted = name.replace("'", "\\'")
    return f"['{quoted}']"


class Steps:
    """Counts the names of one value's members, so that a repeated name gets its index (from the second on)."""

    def __init__(self) -> None:
        """Begins with no names."""
        self._counts: dict[str, int] = {}

    def step(self, name: str) -> str:
        """Returns the piece of a path for the next member of this name."""
        count = self._counts.get(name, 0)
        self._counts[name] = count + 1
        return f"{step(name)}[{count}]" if count else step(name)
