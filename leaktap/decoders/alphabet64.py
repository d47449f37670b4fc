"""Base64 with another alphabet: those of `_alphabets.yaml`, and those that the case names (`decode.alphabets`).

All alphabets decode everything, so a reading is kept only if it is readable or begins as compressed data does.
"""

import binascii
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from leaktap.config import load_yaml
from leaktap.decoders._api import Context, Decoder, Part
from leaktap.decoders._charsets import may_read, reads
from leaktap.decoders._plain import NO_ID

_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SHORTEST = 11
_SAMPLE = 64
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
    for name, signs in (*context.alphabets, *shipped()):
        alphabet, table, padding = _table(signs)
        bare = data.rstrip(padding)
        if len(bare) < _SHORTEST or len(bare) % 4 == 1 or len(data) - len(bare) > 2:
            continue
        start = bare[:_SAMPLE]
        if start.translate(None, alphabet) or not may_read(_decoded(start.translate(table))):
            continue
        if bare.translate(None, alphabet):
            continue
        decoded = _decoded(bare.translate(table))
        if reads(decoded):
            found.append(Part(decoded, f".{name}"))
    return found[: context.most] or None


def _decoded(standard: bytes) -> bytes:
    return binascii.a2b_base64(standard + b"=" * (-len(standard) % 4))


DECODER = Decoder("alphabet64", decode, rank=62, minimum=_SHORTEST, shape=_SHAPE)
