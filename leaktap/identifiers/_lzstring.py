"""LZ-String (https://pieroxy.net/blog/pages/lz-string) of short texts: LZ78 over UTF-16 units, spelt as base64.

A phrase that was said before is told by its number, a unit that was not by itself, behind a mark of how long it is.
Each number has as many bits as the largest that there may be, the lowest first.
"""

import base64
import struct

_NEW, _NEW_WIDE, _END, _FIRST = range(4)
_BYTE, _UNIT = 8, 16
_SIGN, _GROUP = 6, 24


def lz_string(text: str) -> bytes:
    """Returns what `compressToBase64` makes of a text, without its padding."""
    units = "".join([chr(unit) for (unit,) in struct.iter_unpack("<H", text.encode("utf-16-le"))])
    bits: list[str] = []
    codes: dict[str, int] = {}
    largest, at, phrase = _END, 0, ""
    while at < len(units):
        unit, width = units[at], largest.bit_length()
        is_new = unit not in codes
        if is_new:
            codes[unit] = len(codes) + _FIRST
        if phrase:
            codes[phrase + unit] = len(codes) + _FIRST
        phrase = _longest(units, at, codes)
        if is_new:
            wide = ord(unit) >= 1 << _BYTE
            bits += _bits(_NEW_WIDE if wide else _NEW, width), _bits(ord(unit), _UNIT if wide else _BYTE)
        else:
            bits.append(_bits(codes[phrase], width))
        largest += 1 + is_new
        at += len(phrase)
    row = "".join([*bits, _bits(_END, largest.bit_length()), "0"])
    signs, groups = -(-len(row) // _SIGN), -(-len(row) // _GROUP)
    return base64.b64encode(int(row.ljust(groups * _GROUP, "0"), 2).to_bytes(groups * _GROUP // 8))[:signs]


def _longest(units: str, at: int, codes: dict[str, int]) -> str:
    """Returns the longest phrase with a code that stands at a place."""
    end = at + 1
    while end < len(units) and units[at : end + 1] in codes:
        end += 1
    return units[at:end]


def _bits(number: int, count: int) -> str:
    return f"{number:0{count}b}"[::-1]
