"""What stays ciphertext when all decoders are through: long values that look random and are of no known kind.

Judged are the leaves of a body and of a query, raw, in base64 or in hexadecimal, of which nothing was read. Bytes look
random where none is more or less frequent than chance makes it (chi squared against the uniform distribution). What
begins like a picture, sound, font, archive, certificate or anything else packed is none, nor is a digest, a token or a
signature, as far as its length and its name tell. Two lengths say RSA: then it is the key that stands beside.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from leaktap.decoders._plain import is_text
from leaktap.model import Leaf

FEWEST = 65
"""Shorter values may be digests and tokens."""

_FEWEST_IN_QUERY = 256
"""A page's own address may carry long tokens, which the server made."""

_MOST_PLACES = 1000
_WINDOW = 1 << 20
_BLOCK, _FEWEST_HIGH, _MOST_HIGH = 32, 6, 26
"""Of 32 random bytes 16 are no ASCII, with a standard deviation of 2.8."""

_HIGH = np.uint64(0x8080808080808080)

_CHI_LEAST, _CHI_MOST = 255 - 4 * 22, 255 + 4 * 22
"""Random bytes have 255, with a standard deviation of 22, however many they are."""
_SAMPLE = 64 << 10
_MOST_ZEROS = 1 / 24
"""Chance makes one byte of 256 zero; numbers have more of them."""

_RSA = (128, 256, 384, 512)
_MOST_RSA = 4
_HEX = re.compile(rb"(?:[0-9a-f]{2}){65,}+|(?:[0-9A-F]{2}){65,}+")
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_QUERY = "request.query"
_WAYS = ("request.body", _QUERY)

_KINDS = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF|BM|II\*\0|MM\0\*|.{4}(?:ftyp|moov|mdat)|\x1aE\xdf\xa3|FLV|OggS|fLaC|ID3"
    rb"|\xff[\xe0-\xff]|#!(?:AMR|SILK)|.#!SILK|\0\x01\0\0|OTTO|true|wOF[F2]|ttcf|PK[\x03\x05\x07]|7z\xbc\xaf|Rar!|\xfd7zXZ"
    rb"|BZh|\x1f\x8b|\x1f\x9d|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18|\xff\x06\0\0sNaPpY|x[\x01^\x9c\xda]|LZIP|Cr24"
    rb"|%PDF|\xd0\xcf\x11\xe0|SQLite|\x7fELF|dex\n|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe|MZ|bplist|ustar|\x30[\x80-\x83]"
    rb"|jP  |\0\0\0\x0cjP|\xabKTX|glTF|wasm|\0asm|AVIF|8BPS|\x5d\0\0",
    re.DOTALL,
)
"""How pictures, sounds, fonts, archives, programs and DER begin
(https://www.iana.org/assignments/media-types, https://en.wikipedia.org/wiki/List_of_file_signatures).
"""

_NAMES = re.compile(
    r"token|sign|^sig|sig$|auth|session|cookie|jwt|nonce|ticket|captcha|attest|integrity|cert|csrf|public|pubkey"
    r"|passkey|challenge|etag|digest|hash|checksum|hmac|md5|sha\d|image|img|photo|avatar|picture|audio|video|voice"
    r"|thumb|icon|logo|font",
    re.IGNORECASE,
)
"""Names of what is random without being anybody's data in disguise, or of what other formats than these pack."""

_MEDIA = ("image/", "audio/", "video/", "font/")


class Sealed(NamedTuple):
    """What of a message is ciphertext: how many bytes (as they were encrypted), and where, in words."""

    bytes: int
    detail: str


def sealed(leaves: Sequence[Leaf], content_type: bytes = b"") -> Sealed | None:
    """Returns what stayed ciphertext among the leaves of one request, all of it together; None if there is nothing.

    `content_type` is that of the request's body.
    """
    if content_type.decode("latin-1").strip().lower().startswith(_MEDIA):
        return None
    found = [(leaf, size) for leaf, size in _opaque(leaves)]
    if not found:
        return None
    inside = _inside(leaves)
    found = [(leaf, size) for leaf, size in found if not _was_read(leaf, inside)]
    keys = [(leaf, size) for leaf, size in found if size in _RSA]
    rest = [(leaf, size) for leaf, size in found if size not in _RSA] or keys
    if not rest:
        return None
    first = rest[0][0]
    detail = first.path + (f" and {len(rest) - 1} more" if len(rest) > 1 else "")
    if keys and rest is not keys and len(keys) <= _MOST_RSA:
        detail += f"; what may be its key, wrapped with RSA-{keys[0][1] * 8}, stands beside it: {keys[0][0].path}"
    elif rest is keys:
        detail += f"; as long as RSA-{keys[0][1] * 8} makes it"
    return Sealed(sum(size for _, size in rest), detail)


def _opaque(leaves: Sequence[Leaf]) -> Iterator[tuple[Leaf, int]]:
    """Yields the leaves that look random, with the number of bytes."""
    for leaf in leaves:
        value, size = leaf.value, len(leaf.value)
        if size < FEWEST or not leaf.path.startswith(_WAYS):
            continue
        if size < _FEWEST_IN_QUERY and leaf.path.startswith(_QUERY):
            continue
        if is_text(value):
            if len(value) % 2 or not _HEX.fullmatch(value[: 2 * _SAMPLE]) or value.translate(None, _HEX_DIGITS):
                continue
            size, value = size // 2, bytes.fromhex(value[: 2 * _SAMPLE].decode("ascii"))
        if not _NAMES.search(leaf.key) and "jwt" not in leaf.via and is_opaque(value):
            yield leaf, size


def dense(data: bytes) -> list[int]:
    """Returns the ends of blocks of 32 bytes that look compressed or encrypted: many of them are no ASCII."""
    ends = chain.from_iterable(_dense_in(data, start) for start in range(0, len(data), _WINDOW))
    return list(islice(ends, _MOST_PLACES))


def _dense_in(data: bytes, start: int) -> list[int]:
    window = np.frombuffer(data, np.uint8, min(len(data) - start, _WINDOW) // _BLOCK * _BLOCK, start)
    eights = np.bitwise_count(window.view(np.uint64) & _HIGH).reshape(-1, 4)
    high = eights[:, 0] + eights[:, 1] + eights[:, 2] + eights[:, 3]
    ends: list[int] = (np.flatnonzero((high >= _FEWEST_HIGH) & (high <= _MOST_HIGH)) * _BLOCK + _BLOCK + start).tolist()
    return ends


def is_opaque(data: bytes) -> bool:
    """Tells whether bytes are no text, of no known kind, and look random."""
    return not is_text(data) and not _KINDS.match(data) and looks_random(data)


def looks_random(data: bytes) -> bool:
    """Tells whether bytes look random, judged by the first 64 KB."""
    sample = data[:_SAMPLE]
    size = len(sample)
    if sample.count(0) > 1 + size * _MOST_ZEROS:
        return False
    counts = np.bincount(np.frombuffer(sample, np.uint8), minlength=256)
    chi = float((counts**2).sum()) * 256 / size - size
    return _CHI_LEAST < chi < _CHI_MOST


def _inside(leaves: Sequence[Leaf]) -> dict[str, set[str]]:
    """Returns for each path what decoders the leaves below it came through next."""
    inside: dict[str, set[str]] = {}
    for leaf in leaves:
        path = leaf.path
        at = path.find("|")
        while at >= 0:
            end = path.find("|", at + 1)
            step = path[at + 1 : end if end >= 0 else len(path)]
            inside.setdefault(path[:at], set()).add(re.split(r"[.\[]", step, maxsplit=1)[0])
            at = end
    return inside


def _was_read(leaf: Leaf, inside: dict[str, set[str]]) -> bool:
    """Tells whether another decoder made something of a value, or of the text that wraps it."""
    if leaf.path in inside:
        return True
    around, mark, step = leaf.path.rpartition("|")
    return bool(mark) and bool(inside.get(around, set()) - {re.split(r"[.\[]", step, maxsplit=1)[0]})
