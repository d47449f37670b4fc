"""Every plain way to write a known value: the class's own `variants`, and what can be done to any value.

Groups and their separators, the characters backwards, other charsets, numbers and bytes (`_numbers`), pinyin
(`_pinyin`). Values of classes with a gatherer (address books are long) are only written in other charsets.
"""

import re
from collections.abc import Iterable, Iterator

from leaktap.identifiers._api import Identifier, Variant
from leaktap.identifiers._checks import luhn
from leaktap.identifiers._numbers import of_digits, of_hex
from leaktap.identifiers._pinyin import pinyin

_SEPARATORS = {"dash": "-", "dot": ".", "colon": ":", "space": " ", "underscore": "_"}
_HEX = re.compile(r"[0-9a-fA-F]{12}|[0-9a-fA-F]{14}|[0-9a-fA-F]{16}|[0-9a-fA-F]{32}|[0-9a-fA-F]{40}")
_HEX_JOINED = re.compile(r"[0-9a-fA-F]+(?:[-:][0-9a-fA-F]+)*")
_DIGIT_GROUPS = {15: ((2, 6, 6, 1), (6, 2, 6, 1), (8, 6, 1))}
_DIGITS = range(8, 41)
_CHARSETS = ("utf-16-le", "utf-16-be")


def writings(identifier: Identifier, plain: str) -> list[Variant]:
    """Returns every way to write a value of a class, no bytes twice; the likeliest first."""
    own = [variant for variant in identifier.variants(plain) if variant.value]
    rest = _charsets(plain) if identifier.gather else _rest(plain, own)
    found: dict[bytes, Variant] = {}
    for variant in (*own, *rest):
        if variant.value:
            found.setdefault(variant.value, variant)
    return list(found.values())


def _rest(plain: str, own: Iterable[Variant]) -> Iterator[Variant]:
    yield from _charsets(plain)
    yield from pinyin(plain)
    digits = plain if plain.isascii() and plain.isdigit() and len(plain) in _DIGITS else ""
    if digits:
        yield from _of_number(digits)
    elif (bare := _bare_hex(plain)) and _HEX.fullmatch(bare):
        yield from _of_hex(bare)
    for variant in own:
        if set(variant.form) <= {"no-separator"}:
            backwards = variant.value.decode()[::-1].encode()
            yield Variant(backwards, (*variant.form, "reversed"), hashed=False)


def _bare_hex(plain: str) -> str:
    return re.sub(r"[-:]", "", plain) if _HEX_JOINED.fullmatch(plain) else ""


def _of_number(digits: str) -> Iterator[Variant]:
    if len(digits) >= 14 and luhn(digits):
        yield Variant(digits[:-1].encode(), ("no-check-digit",))
    yield from of_digits(digits)
    for sizes in ((4,) * 8, (3,) * 8, (2,) * 16, *_DIGIT_GROUPS.get(len(digits), ())):
        yield from _joined(_cut(digits, sizes))


def _of_hex(digits: str) -> Iterator[Variant]:
    lower = digits.lower()
    yield from of_hex(digits)
    sizes = [(2,) * len(digits), (4,) * len(digits)] if len(digits) != 32 else []
    if len(digits) == 12:
        sizes.append((6, 6))
    for size in sizes:
        yield from _joined(_cut(lower, size))
        for variant in _joined(_cut(lower.upper(), size)):
            yield Variant(variant.value, (*variant.form, "upper"), hashed=False)


def _joined(groups: list[str]) -> Iterator[Variant]:
    for name, separator in _SEPARATORS.items():
        yield Variant(separator.join(groups).encode(), (name,), hashed=False)


def _cut(text: str, sizes: Iterable[int]) -> list[str]:
    groups, at = [], 0
    for size in sizes:
        if at < len(text):
            groups.append(text[at : at + size])
            at += size
    return groups


def _charsets(plain: str) -> Iterator[Variant]:
    """Yields a value as other charsets write it; only text that ASCII cannot write is hashed so."""
    for charset in _CHARSETS:
        yield Variant(plain.encode(charset, "replace"), (charset,), not plain.isascii(), binary=True)
    if not plain.isascii():
        yield Variant(plain.encode("gb18030", "replace"), ("gb18030",), binary=True)
