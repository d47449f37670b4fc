"""LZ-String (pieroxy.net/blog/pages/lz-string): JavaScript's LZ78 over UTF-16, as mini-programs and web pages send it.

Read are `compressToBase64`, `compressToEncodedURIComponent`, `compressToUTF16`, `compress` and `compressToUint8Array`:
the same bits, 6, 15 or 16 to a character, the highest first; each code in them has its lowest bit first. Nothing marks
a stream but its end, so it is believed where every code is known, the end code is at the end, and a text comes out.
"""

import binascii
import re
from array import array
from collections.abc import Sequence
from sys import byteorder

from leaktap.decoders._api import Context, Decoder, LimitReached, Part, Sole
from leaktap.decoders._plain import NO_ID, is_text

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4,}={0,3}\Z")
_URI = re.compile(rb"[A-Za-z0-9+ $-]{4,}\Z")
_URI_TO_BASE64 = bytes.maketrans(b"-$ ", b"/A+")
_LETTER = rb"[A-Za-z0-9+/ $-]"
_CODE = b"[" + re.escape(bytes(byte for byte in range(256) if byte & 0x38 not in (0x18, 0x28, 0x38))) + b"]"
_SHAPE = re.compile(
    NO_ID + rb"(?s:[A-P](?:[AEIMQUYcgkosw048$]L|L[A-Za-f$])L|[g-v]LL(?![Y-fo-v4-9+/ -])L|".replace(b"L", _LETTER)
    + rb"(?=[\x01-\x7f]{256}|[\x01-\x7f]*+[\x00\x80-\xff])(?:[\x00-\x3f]" + _CODE + rb"|[\x80-\xbf]." + _CODE
    + rb"|[\x01-\x7f]{256}|(?:[\x01-\x7f]++|(?=[^\xe7\xec-\xff]))(?:\x00|[\xc2-\xf4][\x80-\xbf])))"
)  # fmt: skip
"""How a stream may begin in letters, in bytes, and in UTF-8: its first code is 0 or 1, which is a character of 8 or 16
bits, and its second of three bits 4 at most, for no more is known by then. In UTF-8, the first character says so.
"""

_LAST = re.compile(rb"[\xc0-\xff]?[\x80-\xbf]*$")
_CHARACTER, _WIDE_CHARACTER, _END = range(3)
_FIRST_CODE = 3
_TRIAL = 64
"""Bytes that are tried before all of a long value is: what is no LZ-String breaks within a few codes."""

_SURE = 48
"""Letters of which no token is a text: in base64, they are nothing but the same bits again."""

_LARGEST = 1 << 18
_SPARE_BITS = 32
_OFFSET, _UNIT = 32, 15


class _Broken(Exception):
    """The bits are no LZ-String, or end within a code (`cut`)."""

    def __init__(self, cut: bool) -> None:
        super().__init__()
        self.cut = cut


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the text in UTF-8."""
    if len(data) > 2 * _TRIAL and not any(_begins(bits) for bits in _streams(_LAST.sub(b"", data[:_TRIAL]))):
        return None
    if len(data) > _LARGEST:
        raise LimitReached("bytes")
    for bits in _streams(data):
        try:
            text = _decompress(bits, context.room)
        except _Broken:
            continue
        if len(text) > 1 and is_text(text):
            return Sole((Part(text),)) if len(data) >= _SURE else (Part(text),)
    return None


def _begins(bits: str) -> bool:
    """Tells whether a stream is right as far as it is there."""
    try:
        _decompress(bits, _LARGEST)
    except _Broken as broken:
        return broken.cut
    return False


def _streams(data: bytes) -> list[str]:
    """Returns the bits that a value may mean, as zeros and ones."""
    if not data.isascii() or b"\0" in data:
        return [bits for bits in (_bits(data), _units(data)) if bits]
    found = []
    if _BASE64.match(data):
        found.append(data.rstrip(b"="))
    if (b"-" in data or b"$" in data or b" " in data or not found) and _URI.match(data):
        found.append(data.rstrip(b"$").translate(_URI_TO_BASE64))
    return [_bits(_whole(text))[: len(text) * 6] for text in found]


def _whole(text: bytes) -> bytes:
    return binascii.a2b_base64(text + b"A" * (-len(text) % 4))


def _bits(data: bytes) -> str:
    return f"{int.from_bytes(data):0{len(data) * 8}b}"


def _units(data: bytes) -> str:
    """Returns the bits of a text of 15 to a character, or of 16 where a character does not fit; nothing for no text."""
    try:
        units = data.decode("utf-8", "surrogatepass").encode("utf-16-be", "surrogatepass")
    except UnicodeDecodeError:
        return ""
    numbers = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    if all(_OFFSET <= number < _OFFSET + (1 << _UNIT) for number in numbers):
        return "".join([f"{number - _OFFSET:0{_UNIT}b}" for number in numbers])
    return _bits(units)


def _decompress(bits: str, room: int) -> bytes:
    """Returns the text in UTF-8; `room` bounds it in UTF-16.

    An entry of the dictionary is a stretch of what came out already, so that it needs no memory of its own.

    Raises:
        _Broken: it is none.
        LimitReached: there is more, and it is text so far.
    """
    reader = _Reader(bits)
    out = array("H")
    kind = reader.number(2)
    if kind == _END:
        raise _Broken(cut=False)
    out.append(_literal(reader, kind))
    entries: list[tuple[int, int]] = [(0, 0), (0, 0), (0, 0), (0, 1)]
    width, left = _FIRST_CODE, 4
    last = (0, 1)
    while True:
        code = reader.number(width)
        if code == _END:
            break
        here = len(out)
        if code < _END:
            out.append(_literal(reader, code))
            entries.append((here, 1))
            left -= 1
            if not left:
                left, width = 1 << width, width + 1
            size = 1
        elif code < len(entries):
            start, size = entries[code]
            out.extend(out[start : start + size])
        elif code == len(entries):
            start, size = last[0], last[1] + 1
            out.extend(out[start : start + size - 1])
            out.append(out[start])
        else:
            raise _Broken(cut=False)
        if len(out) * out.itemsize > room:
            if is_text(_utf8(out)):
                raise LimitReached("bytes")
            raise _Broken(cut=False)
        entries.append((last[0], last[1] + 1))
        last = (here, size)
        left -= 1
        if not left:
            left, width = 1 << width, width + 1
    reader.end()
    return _utf8(out)


def _utf8(units: "array[int]") -> bytes:
    order = "utf-16-le" if byteorder == "little" else "utf-16-be"
    return units.tobytes().decode(order, "surrogatepass").encode("utf-8", "replace")


def _literal(reader: "_Reader", kind: int) -> int:
    if kind not in (_CHARACTER, _WIDE_CHARACTER):
        raise _Broken(cut=False)
    return reader.number(16 if kind == _WIDE_CHARACTER else 8)


class _Reader:
    """Codes out of a row of bits, which is kept backwards, for the codes are."""

    def __init__(self, bits: str) -> None:
        self._bits = bits[::-1]
        self._left = len(bits)

    def number(self, width: int) -> int:
        """Returns the next code."""
        end = self._left
        self._left = end - width
        if self._left < 0:
            raise _Broken(cut=True)
        return int(self._bits[self._left : end], 2)

    def end(self) -> None:
        """Refuses what goes on behind the end code."""
        if self._left > _SPARE_BITS or "1" in self._bits[: self._left]:
            raise _Broken(cut=False)


DECODER = Decoder("lzstring", decode, rank=59, minimum=4, shape=_SHAPE)
