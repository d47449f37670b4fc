"""A known value as a number or as bytes: integers in both byte orders, varints, doubles, BCD, and numbers as text.

Varints and ZigZag: protocolbuffers.dev/programming-guides/encoding. BCD: two digits to the byte, the first in the high
half, or swapped as telephone networks do (TBCD, 3GPP TS 29.002, section 17.7.8), an odd digit filled up with F.
A GUID's bytes: the first three groups of a UUID little-endian (RFC 9562, section 4).
"""

import re
import struct
import uuid
from collections.abc import Iterator

from leaktap.identifiers._api import Variant

_EXACT = 1 << 53
_FEWEST_BYTES = 5


def of_digits(digits: str) -> Iterator[Variant]:
    """Yields a number of decimal digits in every binary form, and as text with a point."""
    yield from _bcd(digits)
    if digits[0] != "0" and int(digits) < 1 << 63:
        yield from _integer(int(digits))
        yield Variant(str(int(digits) << 1).encode(), ("zigzag",), hashed=False)
        yield from _hex_number(int(digits))
        if int(digits) < _EXACT:
            yield from _with_point(digits)


def _with_point(digits: str) -> Iterator[Variant]:
    """Yields a number as languages write it that know no integers of this size."""
    yield Variant(f"{digits}.0".encode(), ("float",), hashed=False)
    for sign in ("E", "e+", "E+", "e"):
        written = f"{digits[0]}.{digits[1:].rstrip('0') or '0'}{sign}{len(digits) - 1}"
        yield Variant(written.encode(), ("exponent",), hashed=False)


def of_hex(digits: str) -> Iterator[Variant]:
    """Yields hexadecimal digits as the bytes that they spell and as the number that these are.

    The bytes themselves are hashed as well: some apps hash a hardware address so.
    """
    raw = bytes.fromhex(digits)
    yield Variant(raw, ("bytes",), binary=True)
    yield Variant(raw[::-1], ("bytes-reversed",), hashed=False, binary=True)
    number = int.from_bytes(raw)
    yield Variant(str(number).encode(), ("decimal",))
    if len(raw) == 16:
        yield Variant(uuid.UUID(bytes=raw).bytes_le, ("guid",), hashed=False, binary=True)
        halves = raw[7::-1] + raw[:7:-1]
        yield Variant(halves, ("int64-le",), hashed=False, binary=True)
    elif len(raw) <= 8:
        yield from _integer(number)
        if number >> 63:
            yield Variant(str(number - (1 << 64)).encode(), ("signed",), hashed=False)


def _integer(number: int) -> Iterator[Variant]:
    big, little = struct.pack(">Q", number), struct.pack("<Q", number)
    yield Variant(big, ("int64-be",), hashed=False, binary=True)
    yield Variant(little, ("int64-le",), hashed=False, binary=True)
    yield Variant(little.hex().encode(), ("int64-le", "hex"), hashed=False)
    yield Variant(little.hex().upper().encode(), ("int64-le", "hex-upper"), hashed=False)
    for name, value in (("varint", number), ("zigzag", number << 1)):
        if len(written := varint(value)) >= _FEWEST_BYTES:
            yield Variant(written, (name,), hashed=False, binary=True)
    if number < _EXACT:
        yield Variant(struct.pack(">d", number), ("double-be",), hashed=False, binary=True)
        yield Variant(struct.pack("<d", number), ("double-le",), hashed=False, binary=True)


def _hex_number(number: int) -> Iterator[Variant]:
    yield Variant(f"{number:x}".encode(), ("hex-number",), hashed=False)
    yield Variant(f"{number:X}".encode(), ("hex-number", "upper"), hashed=False)


def _bcd(digits: str) -> Iterator[Variant]:
    fillings = (digits,) if len(digits) % 2 == 0 else (f"{digits}f", f"0{digits}", f"{digits}0")
    for filled in fillings:
        yield Variant(bytes.fromhex(filled), ("bcd",), hashed=False, binary=True)
        yield Variant(bytes.fromhex(_swapped(filled)), ("bcd-swapped",), hashed=False, binary=True)
    if len(digits) % 2:
        # A mobile identity (3GPP TS 24.008, section 10.5.1.4) has its type beside the first digit.
        yield Variant(bytes.fromhex(_swapped(digits[1:])), ("bcd-swapped",), hashed=False, binary=True)


def _swapped(digits: str) -> str:
    return re.sub(r"(.)(.)", r"\2\1", digits)


def varint(number: int) -> bytes:
    """Returns an unsigned number in base 128, the lowest seven bits first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
