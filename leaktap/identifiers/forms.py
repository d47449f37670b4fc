"""The disguises of a known value: every plain way to write it, and the hashes of each, written in every usual way.

A form is the chain of names for how the bytes came about, outermost last: `()` is the canonical value itself,
`("no-separator", "upper", "md5", "hex")` the hexadecimal MD5 of the upper-case value without separators. A digest is
written in lower hex (`hex`), upper hex (`hex-upper`), base64 with or without padding (`base64`), base64 with the
URL-safe alphabet (`base64url`) or as it is (nothing appended). The names before the hash are those that the class's
`variants` give: `upper`, `lower`; `no-separator`, `dash`, `dot`, `space` for how groups are joined; `+86`, `86`, `0086`
for a country code put before a number; `no-check-digit` for an IMEI of 14 digits.
"""

import base64
import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from leaktap.identifiers._api import Identifier, Variant, fold_value

type Form = tuple[str, ...]
type Hash = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for and how they came about. `hashed` says that they are or write a digest."""

    value: bytes
    form: Form
    hashed: bool = False

    @property
    def is_short(self) -> bool:
        """Whether it is no longer than a value by itself: base64 of it need not hold text enough to be seen as such."""
        return len(self.value) <= 32 or not self.hashed


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
        return known
    return {**known, "sm3": _sm3}


def written(digest: bytes) -> Iterator[Needle]:
    """Yields the ways to write a digest, with the part of the form that says so."""
    yield Needle(digest.hex().encode(), ("hex",), True)
    yield Needle(digest.hex().upper().encode(), ("hex-upper",), True)
    yield Needle(digest, (), True)
    standard = base64.b64encode(digest)
    yield Needle(standard, ("base64",), True)
    yield Needle(standard.rstrip(b"="), ("base64",), True)
    safe = base64.urlsafe_b64encode(digest)
    if safe != standard:
        yield Needle(safe, ("base64url",), True)
        yield Needle(safe.rstrip(b"="), ("base64url",), True)


def needles(variants: Iterable[Variant], hashed: bool = True) -> Iterator[Needle]:
    """Yields every disguise of a value that is plainly written as `variants`: plain ones first, no bytes twice."""
    seen: set[bytes] = set()
    plain = [variant for variant in variants if variant.value]
    found = [Needle(variant.value, variant.form) for variant in plain]
    for variant in [variant for variant in plain if variant.hashed and hashed]:
        for name, function in algorithms().items():
            digest = function(variant.value)
            found += [Needle(n.value, (*variant.form, name, *n.form), True) for n in written(digest)]
    for needle in found:
        if needle.value not in seen:
            seen.add(needle.value)
            yield needle


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
    return frozenset(f(text.encode()).hex() for f in algorithms().values() for text in plain)
