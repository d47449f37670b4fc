"""Checks that several classes share: check digits, UUIDs, ways to write separators."""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Variant

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def luhn(digits: str) -> bool:
    """Says whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = [int(d) for d in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(2 * d - 9 * (d > 4) for d in doubled)) % 10 == 0


def is_uuid(text: str) -> bool:
    """Says whether this is a UUID with dashes (RFC 9562, section 4), of any version, not the nil one."""
    return bool(_UUID.fullmatch(text)) and len(set(text)) > 2


def is_hex(text: str, *lengths: int) -> bool:
    """Says whether this is hexadecimal, in one case, and of one of these lengths."""
    return len(text) in lengths and bool(re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text))


def mixed(text: str) -> bool:
    """Says whether this has both letters and digits."""
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)


def cases(text: str, form: tuple[str, ...] = (), hashed: bool = True) -> Iterator[Variant]:
    """Yields the text, and its lower and upper case where they differ from it; `hashed` as in `Variant`."""
    yield Variant(text.encode(), form, hashed)
    for name, other in (("lower", text.lower()), ("upper", text.upper())):
        if other != text:
            yield Variant(other.encode(), (*form, name), hashed)


def uuid_variants(value: str) -> Iterator[Variant]:
    """Yields a UUID (or another id) in both cases, with and without dashes."""
    yield from cases(value)
    if "-" in value:
        yield from cases(value.replace("-", ""), ("no-separator",))
