"""Known values: the needles of all devices' profiles, and which hits of them are telling enough where they stand.

- 48 bits or more (`forms.bits`): wherever it stands, also glued to other text;
- 24 bits or more: where it is not part of a longer run of the same characters (bytes that are no text: as the whole
  value of a leaf); its hashes anywhere, shortened ones where they stand apart;
- below that, or a check sum: where it, or a hash of it, is the whole value of a leaf under one of its class's names.

The first or the last characters of a value count for what they are by themselves, without those that many devices
share (`Identifier.shared`).
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote_from_bytes

from leaktap.config import DeviceProfile
from leaktap.identifiers import find
from leaktap.identifiers._api import Identifier, Variant
from leaktap.identifiers._digests import Digest, Digests, Hit, Input, inputs, joined, once, salted, twice
from leaktap.identifiers._keys import Names
from leaktap.identifiers._places import MARK, Marks, apart, bare
from leaktap.identifiers._spelling import writings
from leaktap.identifiers.forms import Form, bits, crc32, is_placeholder, usual
from leaktap.model import Leaf, Match

ANYWHERE = 48
APART = 24
"""Bits from which a known value is found anywhere, and from which it is found standing apart."""

_FEWEST_KEPT, _LONGEST_KEPT = 8, 15
"""Of a value that was cut short; what is longer is an opaque run in any encoding."""

_NUMBER = 5
_OF_HEX, _FEWEST_DISTINCT = 4, 5
"""Bits of a hexadecimal digit, and how many different ones a piece has that no padding has."""

_VISIBLE = 32
_FOR_URLS = bytes.maketrans(b"+/", b"-_")
_CHARSETS = {"utf-16-le", "utf-16-be", "gb18030"}

type Span = tuple[int, int]
type Stand = Literal["anywhere", "apart", "alone", "named"]
"""Where a hit counts: anywhere, apart from its like, as a leaf's whole value, or as one under its class's name."""


@dataclass(frozen=True, slots=True, eq=False)
class Secret:
    """A value of a device's profile. `bits` is how telling it is."""

    device: str
    identifier: Identifier
    plain: str
    bits: float


@dataclass(frozen=True, slots=True)
class Known:
    """Bytes to look for, whose value they write and how. `more` digits of any kind follow them, but not the value."""

    secret: Secret
    value: bytes
    form: Form
    stand: Stand
    confidence: float
    binary: bool = False
    more: int = 0

    def span(self, data: bytes, end: int) -> Span | None:
        """Returns what the value takes up where its bytes end at `end`."""
        start, stop = end - len(self.value), end + self.more
        if self.more:
            after = data[end:stop]
            if len(after) < self.more or not after.isdigit() or data.startswith(self.secret.plain.encode(), start):
                return None
        return start, stop


@dataclass(frozen=True, slots=True)
class Piece:
    """The first or last characters of a value: `value` are the fewest of them, `whole` is all that it may go on to."""

    secret: Secret
    value: bytes
    whole: bytes
    form: Form
    first: bool

    def span(self, data: bytes, end: int) -> tuple[Span, Form, Stand]:
        """Returns what stands of the value around a hit, its form, and where that counts."""
        start = end - len(self.value)
        size, most = len(self.value), len(self.whole)
        if self.first:
            while size < most and data[start + size : start + size + 1] == self.whole[size : size + 1]:
                size += 1
        else:
            while size < most and start > 0 and data[start - 1] == self.whole[most - size - 1]:
                start, size = start - 1, size + 1
        name = f"{'first' if self.first else 'last'}-{size}"
        return (start, start + size), (*self.form, name), "apart" if self._tells(size) else "named"

    def telling(self) -> list[bytes]:
        """Returns what tells the value where little of it is left, from the fewest characters on."""
        sizes = range(len(self.value), min(len(self.whole), _LONGEST_KEPT + 1))
        return [self.whole[:size] if self.first else self.whole[-size:] for size in sizes if self._tells(size)]

    def _tells(self, size: int) -> bool:
        """Tells whether so many characters are enough; those of a value in hexadecimal digits may all be decimal."""
        kept = _signs(self.whole[:size] if self.first else self.whole[-size:])
        shared, whole = self.secret.identifier.shared, _signs(self.whole)
        own = kept[shared:] if self.first else kept[-max(len(whole) - shared, 1) :]
        spelt = _OF_HEX * len(own) if bits(whole) >= _OF_HEX * len(whole) and len(set(own)) >= _FEWEST_DISTINCT else 0
        return max(bits(own), spelt) >= ANYWHERE


def _beginning(value: bytes) -> bytes:
    """Returns as much of a value as tells it, no character cut in two."""
    return value if len(value) <= _VISIBLE else value[:_VISIBLE].decode("utf-8", "ignore").encode() or value[:_VISIBLE]


def _signs(value: bytes) -> str:
    return "".join(filter(str.isalnum, value.decode()))


def _stand(telling: float, identifier: Identifier, binary: bool = False) -> Stand:
    """A class with a gatherer leaves short values to it."""
    if telling >= ANYWHERE:
        return "anywhere"
    if telling < APART and not identifier.gather:
        return "named"
    return "alone" if binary else "apart"


def _sure(stand: Stand) -> float:
    return {"anywhere": 1.0, "apart": 0.9, "alone": 0.9, "named": 0.8}[stand]


def _secrets(devices: Iterable[DeviceProfile], identifiers: Sequence[Identifier]) -> Iterator[tuple[str, list[Secret]]]:
    """Yields each device's values, placeholders left out."""
    structured = [identifier.name for identifier in identifiers if identifier.values]
    for device in devices:
        found: list[Secret] = []
        for identifier in map(find, dict.fromkeys([*device.identifiers, *structured])):
            values = identifier.values(device) if identifier.values else device.identifiers.get(identifier.name, ())
            for plain in dict.fromkeys(identifier.canonical(value) for value in values):
                if not is_placeholder(plain, identifier):
                    found.append(Secret(device.name, identifier, plain, bits(plain)))
        yield device.name, found


def _plain(secret: Secret, variants: Sequence[Variant]) -> Iterator[Known]:
    """Yields the ways to write a value; what only spells it otherwise is as telling as itself."""
    written = {variant.value for variant in variants}
    for variant in variants:
        telling = secret.bits
        if not variant.binary:
            telling = bits(variant.value.decode("utf-8", "replace"))
            if variant.form and "pinyin" not in variant.form:
                telling = min(telling, secret.bits) if secret.bits >= APART else telling
        elif not secret.plain.isascii() and _CHARSETS.intersection(variant.form) and telling >= APART:
            telling = ANYWHERE
        stand = _stand(telling, secret.identifier, variant.binary)
        yield Known(secret, variant.value, variant.form, stand, _sure(stand), variant.binary)
        if variant.binary and (stand == "anywhere" or (stand == "alone" and len(variant.value) >= _NUMBER)):
            where: Stand = "apart" if stand == "anywhere" else "alone"
            for value, how in _spelt(variant.value):
                if value in written or secret.plain.encode() in value:
                    continue
                yield Known(secret, value, (*variant.form, how), where, _sure(stand))
        if variant.form == ("no-check-digit",) and len(variant.value) == 14:
            yield Known(secret, variant.value, ("imeisv",), "apart", 0.9, more=2)


def _spelt(value: bytes) -> Iterator[tuple[bytes, str]]:
    """Yields the ways to write few bytes, with their names: nothing but the value itself tells them from a word."""
    text = base64.b64encode(value)
    for each in dict.fromkeys((text, text.rstrip(b"="), text.translate(_FOR_URLS).rstrip(b"="))):
        yield each, "base64"
    yield value.hex().encode(), "hex"
    yield value.hex().upper().encode(), "hex-upper"
    percent = quote_from_bytes(value, safe="").encode()
    if b"%" in percent:
        yield percent, "percent"


def _check_sums(secret: Secret, given: Iterable[Input]) -> Iterator[Known]:
    for value, form in given:
        number = crc32(value)
        for written, how in (
            (f"{number:08x}", ("hex",)),
            (f"{number:08X}", ("hex-upper",)),
            (str(number), ()),
            (str(number - (number >> 31 << 32)), ("signed",)),
        ):
            yield Known(secret, written.encode(), (*form, "crc32", *how), "named", 0.3)


def _pieces(secret: Secret, variants: Iterable[Variant]) -> Iterator[Piece]:
    for variant in variants:
        value = variant.value
        if set(variant.form) <= {"no-separator", "upper", "lower"} and len(value) > _FEWEST_KEPT and value.isascii():
            yield Piece(secret, value[:_FEWEST_KEPT], value, variant.form, True)
            yield Piece(secret, value[-_FEWEST_KEPT:], value, variant.form, False)


class KnownValues:
    """All needles of all profiles.

    `digits` are looked for in any case, `needles` as they are; `visible` are those whose wrapped looks the sieve must
    know, and `whole` begin what is wrapped by itself, or are all of it.
    """

    def __init__(
        self, devices: Sequence[DeviceProfile], identifiers: Sequence[Identifier], salts: Sequence[str] = ()
    ) -> None:
        """Writes out every disguise; `identifiers` are all classes, `salts` what the app under test may hash with."""
        self._plain: dict[bytes, list[Known | Piece]] = {}
        self._digests: Digests[Secret] = Digests()
        self.visible: list[bytes] = []
        self.whole: list[bytes] = []
        self.inputs: list[tuple[Secret, list[Input]]] = []
        used: dict[str, Identifier] = {}
        for (_, secrets), device in zip(_secrets(devices, identifiers), devices, strict=True):
            mine: list[tuple[Secret, str, Sequence[Input]]] = []
            for secret in secrets:
                used[secret.identifier.name] = secret.identifier
                hashable = self._write(secret)
                if not secret.identifier.gather and hashable:
                    mine.append((secret, secret.identifier.name, hashable))
            self.inputs += [(secret, list(given)) for secret, _, given in mine]
            for secret, _, given in mine:
                for value, form in twice(given):
                    self._digests.add(Digest(value, secret, form))
                for salt in dict.fromkeys((*salts, *device.salts)):
                    for value, form in salted(given, salt):
                        self._digests.add(Digest(value, secret, form))
            for digest in joined([each for each in mine if each[0].identifier.category in ("device_id", "contact")]):
                self._digests.add(digest)
        plain, self.digits, in_base64 = list(self._plain), self._digests.hexadecimal, self._digests.base64
        self.needles = [*plain, *in_base64, *self._digests.raw]
        self._plain_to, self._base64_to = len(plain), len(plain) + len(in_base64)
        self._names = Names(list(used.values()), known=True)

    def _write(self, secret: Secret) -> list[Input]:
        """Takes a value in every plain form and hashed once; returns what may be hashed in other ways as well."""
        identifier = secret.identifier
        variants = writings(identifier, secret.plain)
        for known in _plain(secret, variants):
            self._plain.setdefault(known.value, []).append(known)
            if known.stand != "named" or not known.form:
                self.visible.append(_beginning(known.value))
        if not identifier.gather:
            for piece in _pieces(secret, variants):
                self._plain.setdefault(piece.value, []).append(piece)
                telling = piece.telling()
                self.visible += telling[:1]
                self.whole += telling[1:]
        if not identifier.hashed:
            return []
        given = inputs(variants)
        for value, form in once(given, usual().items() if identifier.gather else None):
            self._digests.add(Digest(value, secret, form), parts=not identifier.gather)
            if form[-1] in ("md5", "sha1", "sha256", "sm3"):
                digits = value.hex()
                pieces = dict.fromkeys((digits[:16], digits[8:24], digits[-16:]))
                self.visible.append(value[:16])
                self.whole += (written.encode() for piece in pieces for written in (piece, piece.upper()))
                self.whole.append(base64.b64encode(value)[:16])
        if not identifier.gather:
            for known in _check_sums(secret, given):
                self._plain.setdefault(known.value, []).append(known)
        return given

    def matches(
        self, leaf: Leaf, hits: Iterable[tuple[int, int]], taken: Marks, device: str
    ) -> Iterator[tuple[Identifier, Match]]:
        """Yields the known values in a leaf, each form of each once, and marks in `taken` the bytes they have.

        `hits` are numbers of expressions (`needles`, then `digits`) and where they end. Of overlapping ones the longest
        wins. Bytes that are several classes' value are taken for the one that the leaf is named for, else for the first
        in the order of the profile; `device`'s own go before another device's.
        """
        spots = set(hits)
        if not spots:
            return
        fitting = {named.identifier.name for named in self._names.classes(leaf.keys[-2:])}
        found: dict[Span, list[Known]] = {}
        for number, end in spots:
            for span, known in self._standing(leaf, number, end, fitting):
                found.setdefault(span, []).append(known)
        seen: set[tuple[str, ...]] = set()
        for span in sorted(found, key=lambda span: (span[0] - span[1], span[0])):
            if taken.find(MARK, *span) >= 0:
                continue
            owner = min(found[span], key=lambda known: _order(known, fitting, device))
            taken[slice(*span)] = MARK * (span[1] - span[0])
            secret = owner.secret
            mark = (secret.device, secret.identifier.name, secret.plain, *owner.form)
            if mark not in seen:
                seen.add(mark)
                yield secret.identifier, _match(owner, leaf, span)

    def _standing(self, leaf: Leaf, number: int, end: int, fitting: set[str]) -> Iterator[tuple[Span, Known]]:
        """Yields what a hit is, where that is telling enough."""
        for span, known in self._read(leaf.value, number, end):
            match known.stand:
                case "anywhere":
                    holds = True
                case "apart":
                    holds = apart(leaf.value, span)
                case "alone" | "named":
                    fits = known.stand == "alone" or known.secret.identifier.name in fitting
                    holds = fits and span in (bare(leaf.value), (0, len(leaf.value)))
            if holds:
                yield span, known

    def _read(self, data: bytes, number: int, end: int) -> Iterator[tuple[Span, Known]]:
        """Yields what a hit may be."""
        if number < self._plain_to:
            for known in self._plain[self.needles[number]]:
                if isinstance(known, Piece):
                    span, form, stand = known.span(data, end)
                    if span[1] - span[0] < len(known.whole):
                        yield span, Known(known.secret, b"", form, stand, _sure(stand))
                else:
                    whole = known.span(data, end)
                    if whole:
                        yield whole, known
            return
        if number < self._base64_to:
            read, binary = self._digests.in_base64, False
        elif number < len(self.needles):
            read, binary = self._digests.in_bytes, True
        else:
            read, binary = self._digests.in_hex, False
        for hit in read(data, end):
            yield hit.span, _digested(hit, binary)


def _digested(hit: Hit[Secret], binary: bool) -> Known:
    secret = hit.digest.owner
    stand: Stand = "anywhere"
    if secret.bits < APART and not secret.identifier.gather:
        stand = "named"
    elif hit.part and not binary:
        stand = "apart"
    confidence = {"named": 0.8}.get(stand, 1.0 if secret.bits >= APART else 0.8)
    return Known(secret, b"", hit.form, stand, confidence, binary)


def _order(known: Known, fitting: set[str], device: str) -> tuple[bool, bool, int, float, Form]:
    """The class that the leaf is named for, the device that sent it, the simplest form, the surest."""
    named = known.secret.identifier.name in fitting
    return not named, known.secret.device != device, len(known.form), -known.confidence, known.form


def _match(known: Known, leaf: Leaf, span: Span) -> Match:
    value = leaf.value[slice(*span)]
    secret = known.secret
    charset = _CHARSETS.intersection(known.form[-1:])
    if charset and not secret.identifier.gather:
        text = value.decode(charset.pop(), "replace")
    else:
        text = value.hex() if known.binary else value.decode("utf-8", "replace")
    return Match(
        leaf,
        secret.identifier.name,
        secret.identifier.category,
        text,
        span,
        known.form,
        "known",
        known.confidence,
        secret.plain,
        secret.device,
    )
