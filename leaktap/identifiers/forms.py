"""The disguises of a known value, and the names that they go by.

A form is the chain of names for how the bytes came about, outermost last: `()` is the canonical value itself,
`("no-separator", "upper", "md5", "hex")` the hexadecimal MD5 of the upper-case value without separators.

- How the value is written (the classes' `variants`, `_spelling`): `upper`, `lower`; `no-separator`, `dash`, `dot`,
  `colon`, `space`, `underscore` for how groups are joined; `reversed`; `first-8`, `last-8` and so on for the characters
  that are left of it; `+86`, `86`, `0086` for a country code put before a number; `no-check-digit`, `imeisv`;
  `utf-16-le`, `utf-16-be`, `gb18030`; `pinyin`.
- As a number (`_numbers`): `decimal`, `signed`, `hex-number`, and `float`, `exponent` for text with a point;
  `int64-be`, `int64-le`, `double-be`, `double-le`, `varint`, `zigzag`, `bcd`, `bcd-swapped`; `bytes`, `bytes-reversed`,
  `guid` of hexadecimal digits.
- Hashed (`_digests`): the name of a hash (`md5`, `sha1`, `sha224` ... `sha3-512`, `sm3`), once or twice; before it
  `salt-before=...`, `salt-after=...`, or in its place `hmac-md5` with `salt-key=...` before it; `join(-):mac_wifi` for
  another identifier put behind the value (here with a dash between).
- A digest is written in lower hex (`hex`), upper hex (`hex-upper`), base64 with or without padding (`base64`), base64
  with the URL-safe alphabet (`base64url`) or as it is (nothing appended). What is left of a shortened one is counted
  in hexadecimal digits: `first-16`, `last-16`, `middle-16`. `crc32` is no hash, but used as one.
- A place (`_geo`): `gcj-02`, `bd-09`; `e5`, `e6`, `e7` for degrees as whole numbers; `geohash`.
"""

import hashlib
import math
import re
import zlib
from collections.abc import Callable, Iterable
from functools import cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from leaktap.identifiers._api import Identifier, fold_value

type Form = tuple[str, ...]
type Hash = Callable[[bytes], bytes]


def _sm3(data: bytes) -> bytes:
    """SM3 (GB/T 32905-2016) by OpenSSL through cryptography: hashlib knows it only with some builds."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


@cache
def algorithms() -> dict[str, Hash]:
    """Returns the hash functions by their name in a form; SM3 is missing where OpenSSL was built without it."""
    known: dict[str, Hash] = {
        "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
        "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
        "sha256": lambda data: hashlib.sha256(data).digest(),
        "sha512": lambda data: hashlib.sha512(data).digest(),
    }
    try:
        _sm3(b"")
    except UnsupportedAlgorithm:
        pass
    else:
        known["sm3"] = _sm3
    return {
        **known,
        "sha224": lambda data: hashlib.sha224(data).digest(),
        "sha384": lambda data: hashlib.sha384(data).digest(),
        "sha3-224": lambda data: hashlib.sha3_224(data).digest(),
        "sha3-256": lambda data: hashlib.sha3_256(data).digest(),
        "sha3-384": lambda data: hashlib.sha3_384(data).digest(),
        "sha3-512": lambda data: hashlib.sha3_512(data).digest(),
    }


def usual(*names: str) -> dict[str, Hash]:
    """Returns those of the named hashes that there are; without names the five that apps use."""
    wanted = names or ("md5", "sha1", "sha256", "sha512", "sm3")
    return {name: function for name, function in algorithms().items() if name in wanted}


def crc32(data: bytes) -> int:
    """Returns the CRC-32 of ISO/IEC 3309 (zlib's)."""
    return zlib.crc32(data)


_HEX_FORMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def guess_hash(text: str, key: str = "") -> Form | None:
    """Returns the form of a hexadecimal digest by its length (and its folded name, for SM3), or None."""
    name = _HEX_FORMS.get(len(text))
    if name is None or not re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text):
        return None
    if name == "sha256" and "sm3" in key:
        name = "sm3"
    return (name, "hex-upper" if text != text.lower() else "hex")


def bits(text: str) -> float:
    """Estimates the entropy of a value in bits, from what its characters are; separators count nothing.

    A text of hexadecimal digits has 4 bits per character, decimal digits have log2(10) each, ASCII letters 2 (they are
    mostly words), other letters 10 (of the 3,500 usual Chinese ones); a few characters repeated count as what they are.
    """
    signs = [c for c in text if c.isalnum()]
    digits = sum(c.isdigit() for c in signs)
    if not signs:
        return 0
    if len(signs) >= 8 and 0 < digits < len(signs) and re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", "".join(signs)):
        estimate = 4.0 * len(signs)
    else:
        letters = sum(c.isascii() for c in signs) - digits
        estimate = digits * math.log2(10) + letters * 2 + (len(signs) - digits - letters) * 10
    distinct = len(set(signs))
    return min(estimate, 10 * distinct + len(signs) * math.log2(distinct))


NOBODYS = frozenset(
    re.findall(
        r"\w+",
        """
        unknown null nil none default undefined unset empty nan na notset test unavailable notavailable true false error
        invalid denied nopermission android ios 020000000000 0123456789abcdef 1234567890abcdef 123456789012345
        1234567890 123456789
        """,
    )
)
"""Values, folded by `fold_value`, that mean "there is none", whatever the class."""


_LONGEST_PLACEHOLDER = 80


def is_placeholder(text: str, identifier: Identifier | None = None) -> bool:
    """Says whether a value is nobody's: a word for nothing, one character repeated, or the class's own placeholders."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return len(set(text)) < 2
    folded = fold_value(text)
    return folded in NOBODYS or len(set(folded)) < 2 or (identifier is not None and folded in identifier.placeholders)


def placeholder_digests(identifiers: Iterable[Identifier]) -> frozenset[str]:
    """Returns the digests, in lower hex, that hide nothing: those of placeholders of any class, however written."""
    texts = {"", "0", "-1", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "02:00:00:00:00:00", "(null)", "<unknown ssid>"}
    texts |= {"00000000-0000-0000-0000-000000000000", *("0" * n for n in (12, 14, 15, 16, 17, 32))}
    for identifier in identifiers:
        texts |= identifier.placeholders
    texts |= NOBODYS
    plain = {case for text in texts for case in (text, text.lower(), text.upper(), text.capitalize())}
    plain |= {text.replace(":", separator) for text in plain for separator in ("-", "")}
    return frozenset(f(text.encode()).hex() for f in usual().values() for text in plain)
