"""Names: what a leaf is called, which classes go by that name, and how a name looks in raw text.

The patterns in `Identifier.keys` are written once, with `_` where words meet, and read two ways: against whole names
folded by `fold_key`, and as expressions that find the name before a `:`, `=` or `>` in undecoded text.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from leaktap.identifiers._api import Identifier, fold_key

_GENERIC = {"id", "value", "val", "v", "data", "text", "content", "string", "str", "raw", "code", "number"}
_HASH = "(?:md5|sha1|sha256|sha512|sm3|sha|hash(?:ed)?|digest)"
_HASHED = re.compile(rf"^{_HASH}|(?:hex)?{_HASH}(?:hex|hash|lower|upper|low|up)?$")
_NAME_BACKWARDS = re.compile(rb"[:=>]\s{0,2}[\"'\\\]]{0,16}([A-Za-z0-9_.$\[\]\x80-\xff-]{1,64})")
_AND = rb"(?:&|%(?:25){0,3}26)(?:amp(?:;|%(?:25){0,3}3[Bb])){0,3}"
_SEPARATOR = re.compile(
    rb"(?:[\"'\\\]]|%(?:25){0,3}(?:2[27]|5[BbCcDd])"
    rb"|" + _AND + rb"(?:quot|apos|(?:#|%(?:25){0,3}23)(?:34|39|[xX]2[27]))(?:;|%(?:25){0,3}3[Bb])){0,16}"
    rb"(?:\s|\+|%(?:25){0,3}20){0,2}"
    rb"(?:[:=>]|%(?:25){0,3}3[ADEade]|" + _AND + rb"gt(?:;|%(?:25){0,3}3[Bb])|\\{1,8}u003[ADEade])"
)
"""What stands between a name and its value in a text."""

_WIDE = re.compile(r"[^\x00-\x7f]")
_JOINT = r"(?:[-_. $]|__|--)?"
_ONE_OF = re.compile(r"\[([^\]\x00-\x7f]+)\]")

AROUND = rb"\"(?:user|device|client|push|install|hardware|phone|wifi|app)[A-Za-z_]{0,8}\"\s{0,2}:\s{0,2}\{"
"""Objects whose own name makes names of those in them (`device.id`)."""

_AROUND_END = re.compile(rb"\"([A-Za-z_]{1,40})\"\s{0,2}:\s{0,2}\{$")
_INNER = re.compile(rb"\"([^\"\\]*)\"\s*:")
_LONGEST_OBJECT = 512

_VALUE = re.compile(rb"\s{0,2}[\"'\\]{0,4}([^\"'&,;\s<>{}\\\x00-\x1f]{1,512})")


def names(keys: Sequence[str]) -> tuple[str, ...]:
    """Returns the folded names that the innermost of `keys` may go by, the likeliest first.

    A header's `x-` is no part of a name; a name that says nothing by itself (`id` in `oaid.id`) borrows the one around
    it, and any name may be read together with it (`device.id` is a `deviceid`).
    """
    if not keys:
        return ()
    inner = fold_key(keys[-1])
    found = [inner]
    if keys[-1][:2] in ("x-", "X-"):
        found.append(inner[1:])
    if len(keys) > 1:
        outer = fold_key(keys[-2])
        found.append(outer + inner)
        if inner in _GENERIC:
            found.append(outer)
    return tuple(dict.fromkeys(name for name in found if name))


class Named(NamedTuple):
    """A class and the name that says so; `weak` and `hashed` as in `Candidate`."""

    identifier: Identifier
    key: str
    weak: bool = False
    hashed: bool = False


class Names:
    """Which classes go by which names."""

    def __init__(self, identifiers: Sequence[Identifier], known: bool = False) -> None:
        """Reads the classes' `keys` and `weak_keys`; for `known` values also their `known_keys`, as weak ones."""
        self._patterns = [
            (each, _compiled(each.keys), _compiled(each.weak_keys + (each.known_keys if known else ())))
            for each in identifiers
        ]
        self.classes = lru_cache(maxsize=8192)(self._classes)

    def _classes(self, keys: tuple[str, ...]) -> tuple[Named, ...]:
        """Returns the classes that go by the innermost of `keys`.

        `imei_md5` names the class imei as well; only the two innermost of `keys` matter.
        """
        found: dict[str, Named] = {}
        for name in names(keys):
            bare = _HASHED.sub("", name)
            for identifier, strong, weak in self._patterns:
                if strong.fullmatch(name):
                    found.setdefault(identifier.name, Named(identifier, name))
                elif bare != name and strong.fullmatch(bare):
                    found.setdefault(identifier.name, Named(identifier, name, hashed=True))
                elif weak.fullmatch(name):
                    found.setdefault(identifier.name, Named(identifier, name, True))
        return tuple(found.values())


def _compiled(keys: Sequence[str]) -> re.Pattern[str]:
    """Returns one pattern for folded names; without keys it fits nothing."""
    return re.compile("|".join(f"(?:{key.replace('_', '')})" for key in keys) or r"(?!)")


def in_text(key: str) -> bytes:
    """Returns the expression (for any case) that finds a name of `keys` before its value in raw text.

    Its words may be joined by a sign or two. It ends with the first byte of what `_SEPARATOR` has to match whole.
    """
    inner = re.sub(r"^(?:\.\*|\(\?:\.\*_\)\?)", "", key)
    pattern = _ONE_OF.sub(lambda signs: f"(?:{'|'.join(signs[1])})", inner).replace("_", _JOINT)
    pattern = _WIDE.sub(_escaped, pattern)
    before = r"(?:^|[^A-Za-z0-9]|%(?:25){0,8}[2-7][0-9A-Fa-f]|u00[2-7][0-9A-Fa-f])" if inner == key else ""
    return (before + f"(?:{pattern})" + r"[\"'\\\]:=>\s%&]").encode()


def _escaped(sign: re.Match[str]) -> str:
    """Returns the expression for a character that is no ASCII, also as JSON and URLs escape it."""
    in_url = "".join(f"%(?:25){{0,3}}{byte:02X}" for byte in sign[0].encode())
    return rf"(?:{sign[0]}|\\{{1,8}}u{ord(sign[0]):04x}|{in_url})"


def names_inside(data: bytes, end: int) -> Iterator[tuple[str, str]] | None:
    """Yields the names of an object's members, each with the object's own; None where it is long or holds others.

    `end` is where `AROUND` ends.
    """
    close = data.find(b"}", end, end + _LONGEST_OBJECT)
    outer = _AROUND_END.search(data, max(end - 48, 0), end)
    members = data[end:close]
    if close < 0 or outer is None or b"{" in members:
        return None
    name = outer[1].decode()
    return ((name, inner.decode("utf-8", "replace")) for inner in _INNER.findall(members))


def is_name(data: bytes, end: int) -> bool:
    """Tells whether what `in_text` found to end at `end` stands before a value."""
    return _SEPARATOR.match(data, end - 1) is not None


def read_pair(data: bytes, end: int) -> tuple[tuple[str, ...], tuple[int, int]] | None:
    """Returns the name that `in_text` found to end at `end`, and the span of the value after it."""
    separator = _SEPARATOR.match(data, end - 1)
    if separator is None:
        return None
    end = separator.end()
    name = _NAME_BACKWARDS.match(data[max(end - 80, 0) : end][::-1])
    value = _VALUE.match(data, end)
    if name is None or value is None:
        return None
    written = name[1][::-1].decode("utf-8", "ignore")
    return tuple(part for part in re.split(r"[.\[\]]+", written) if part), value.span(1)
