"""Base64 with another alphabet: those of `_alphabets.yaml`, and those that the case names (`decode.alphabets`).

All alphabets decode everything, so a reading is kept only if it is readable, begins as compressed data does, is short
and ASCII throughout, a number or digits of four bits each, or some decoder or one of the message's keys may open it; in
an alphabet of the user's it may be bytes of any kind, where the value is no name or is padded.
"""

import binascii
import re
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from leaktap.config import load_yaml
from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._charsets import may_read, reads
from leaktap.decoders._plain import NO_ID, is_text

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SHORTEST, _SHORTEST_OPAQUE, _LONGEST_PLAIN, _LONG = 11, 22, 43, 1024
_HIGH = bytes(range(0x80, 0x100))
_SAMPLE, _NUMBER = 64, 8
_NO_CHANCE = 64
"""Bytes of a text that no other alphabet makes of a value by chance."""

_LARGEST_EXACT = 2.0**53
_VARINT = re.compile(rb"[\x80-\xff]{3,9}[\x00-\x7f]")
_DIGITS = re.compile(r"[0-9]+f?[0-9]?")
_NAMES = re.compile(rb"(?:(?:[A-Z]{2,5}|[A-Z]?[a-z]+)(?:[A-Z][a-z]{2,})*+(?:[/_+-]++|$)|[A-Z]+(?:[/_+-]++|$))++")
_SHAPE = re.compile(NO_ID + rb"[!-~]{11}")


@cache
def shipped() -> tuple[tuple[str, str], ...]:
    """Returns the names and characters of the alphabets that leaktap knows."""
    data, _ = load_yaml(Path(__file__).with_name("_alphabets.yaml"))
    return tuple((name, entry["signs"]) for name, entry in data.items())


@cache
def _table(signs: str) -> tuple[bytes, bytes, bytes]:
    """Returns an alphabet's characters, the table from it to the standard one, and its padding."""
    raw = signs.encode()
    return raw[:64], bytes.maketrans(raw[:64], _STANDARD), raw[64:] or b"="


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns what the alphabets make of a value, each under the alphabet's name."""
    found = []
    own = len(context.alphabets)
    ring = context.ring if context.ring and context.ring.placed else None
    for index, (name, signs) in enumerate((*context.alphabets, *shipped())):
        alphabet, table, padding = _table(signs)
        bare = data.rstrip(padding)
        if len(bare) < _SHORTEST or len(bare) % 4 == 1 or len(data) - len(bare) > 2:
            continue
        start = bare[:_SAMPLE]
        if start.translate(None, alphabet):
            continue
        begin = _decoded(start.translate(table))
        readable, likely = may_read(begin), _may_open(begin, len(bare))
        plain = len(bare) <= _LONGEST_PLAIN and _is_plain(begin)
        opaque = index < own and (len(bare) < len(data) or _NAMES.fullmatch(bare) is None)
        if not (readable or likely or plain or opaque or ring) or bare.translate(None, alphabet):
            continue
        decoded = _decoded(bare.translate(table))
        if readable and len(decoded) >= _NO_CHANCE and is_text(decoded):
            return (Part(decoded, f".{name}"),)
        sure = opaque or plain or ((readable or likely) and reads(decoded)) or (likely and context.opens(decoded))
        if sure or (ring and ring.fits(decoded, context.name)):
            found.append(Part(decoded, f".{name}"))
    return found[: context.most] or None


def _is_plain(data: bytes) -> bool:
    """Tells whether few bytes are ASCII, digits of four bits each, or a number."""
    return data.isascii() or _is_number(data) or _DIGITS.fullmatch(data.hex()) is not None


def _is_number(data: bytes) -> bool:
    """Tells whether bytes are a varint, or one of eight bytes in either order: a whole one that leaves one of them
    empty, or such a number as a double.
    """
    if _VARINT.fullmatch(data):
        return True
    if len(data) != _NUMBER:
        return False
    doubles: tuple[float, ...] = (*struct.unpack("<d", data), *struct.unpack(">d", data))
    return 0 in (data[0], data[-1]) or any(1 < number < _LARGEST_EXACT and number.is_integer() for number in doubles)


def _may_open(start: bytes, length: int) -> bool:
    """Tells quickly whether it is worth asking what opens bytes that begin so, in a value of `length` signs.

    Half of the bytes of a token are no ASCII, and of a message's far fewer; a long value is seldom a token.
    """
    return length >= _LONG or (length >= _SHORTEST_OPAQUE and len(start.translate(None, _HIGH)) * 3 > len(start) * 2)


def _decoded(standard: bytes) -> bytes:
    return binascii.a2b_base64(standard + b"=" * (-len(standard) % 4))


DECODER = Decoder("alphabet64", decode, rank=62, minimum=_SHORTEST, shape=_SHAPE)
