"""Hashes of known values: all that are computed when a profile is read, and how they are found in bytes.

Hashed once or twice, with a salt before it or behind it, keyed (HMAC, RFC 2104), or joined with another identifier of
the same device. There are tens of thousands of them, so the scan looks for six bytes of each, in hexadecimal, in base64
and as they are; what stands around is compared here. So a digest that was cut short is found too: the first or last 16
hexadecimal digits or more, the middle 16 of an MD5.
"""

import hmac
import itertools
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from leaktap.identifiers._api import Variant
from leaktap.identifiers._mixed import is_mixed
from leaktap.identifiers._places import apart, bare
from leaktap.identifiers.forms import Form, Hash, algorithms, usual

HEAD = 6
"""Bytes of a digest that the scan looks for: 12 hexadecimal digits, 8 signs of base64."""

_FEWEST, _FEWEST_DIGITS = 8, 16
_MIDDLE = (8, 24)
_MOST_JOINED = 24
_JOINTS = ("", "_", "-", "|", ":", ",")
_CASED = {"lower", "upper", "no-separator"}
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")

type Span = tuple[int, int]


class Digest[Owner](NamedTuple):
    """A digest, whose it is, and how it came about."""

    value: bytes
    owner: Owner
    form: Form


class Hit[Owner](NamedTuple):
    """Where a digest stands, and its whole form. `part` says that it was cut short."""

    span: Span
    digest: Digest[Owner]
    form: Form
    part: bool


class Input(NamedTuple):
    """Bytes that an app may hash, and the form they are in."""

    value: bytes
    form: Form


def inputs(variants: Iterable[Variant]) -> list[Input]:
    """Returns those ways of writing a value that may be hashed."""
    return [Input(variant.value, variant.form) for variant in variants if variant.hashed]


def once(given: Iterable[Input], hashes: Iterable[tuple[str, Hash]] | None = None) -> Iterator[tuple[bytes, Form]]:
    """Yields the digests of inputs by every hash, or by those given."""
    table = list(algorithms().items() if hashes is None else hashes)
    for value, form in given:
        for name, function in table:
            yield function(value), (*form, name)


def twice(given: Iterable[Input]) -> Iterator[tuple[bytes, Form]]:
    """Yields the digests of digests, the inner one written in hexadecimal or as it is."""
    table = list(usual("md5", "sha1", "sha256", "sm3").items())
    for digest, form in once(given, table):
        text = digest.hex()
        for inner, how in ((text, ("hex",)), (text.upper(), ("hex-upper",))):
            data = inner.encode()
            for name, function in table:
                yield function(data), (*form, *how, name)
        for name, function in table[:3]:
            yield function(digest), (*form, name)


def salted(given: Iterable[Input], salt: str, names: Sequence[str] = ()) -> Iterator[tuple[bytes, Form]]:
    """Yields the digests of inputs, and of their MD5, with a salt before or behind them or as the key.

    `names` are the hashes; without them the five that apps use.
    """
    key = salt.encode()
    shown = salt if len(salt) <= 40 else salt[:39] + "…"
    before, behind, keyed = f"salt-before={shown}", f"salt-after={shown}", f"salt-key={shown}"
    table = list(usual(*names).items())
    md5 = algorithms()["md5"]
    for value, form in given:
        inner = md5(value).hex().encode()
        for name, function in table:
            yield function(key + value), (*form, before, name)
            yield function(value + key), (*form, behind, name)
            yield function(inner + key), (*form, "md5", "hex", behind, name)
            yield function(key + inner), (*form, "md5", "hex", before, name)
            yield _hmac(name, key, value), (*form, keyed, f"hmac-{name}")


_BLOCK = {"md5": 64, "sha1": 64, "sha256": 64, "sha512": 128, "sm3": 64}


def _hmac(name: str, key: bytes, value: bytes) -> bytes:
    if name != "sm3":
        return hmac.digest(key, value, name)
    function, block = algorithms()[name], _BLOCK[name]
    padded = (function(key) if len(key) > block else key).ljust(block, b"\0")
    inner = function(bytes(byte ^ 0x36 for byte in padded) + value)
    return function(bytes(byte ^ 0x5C for byte in padded) + inner)


def joined[Owner](
    values: Sequence[tuple[Owner, str, Sequence[Input]]],
) -> Iterator[Digest[Owner]]:
    """Yields the digests of each value with each other one behind it; `values` are owner, class and inputs.

    Of many values only the way they are usually written takes part.
    """
    given = [(owner, name, [i for i in all_inputs if set(i.form) <= _CASED]) for owner, name, all_inputs in values]
    if sum(len(each) for _, _, each in given) > _MOST_JOINED:
        given = [(owner, name, [i for i in each if i.form in ((), ("no-separator",))]) for owner, name, each in given]
    table = list(usual("md5", "sha1", "sha256").items())
    for (owner, _, first), (other, name, second) in itertools.permutations(given, 2):
        if owner is other:
            continue
        steps = [(joint.encode(), f"join({joint}):{name}" if joint else f"join:{name}") for joint in _JOINTS]
        for one, two in itertools.product(first, second):
            for joint, step in steps:
                data = one.value + joint + two.value
                form = (*one.form, step, *two.form)
                for algorithm, function in table:
                    yield Digest(function(data), owner, (*form, algorithm))


class Digests[Owner]:
    """The digests that are looked for, by six bytes of each."""

    def __init__(self) -> None:
        """Begins with none."""
        self._found_by: dict[bytes, list[tuple[Digest[Owner], int]]] = {}
        self._known: set[bytes] = set()
        self._hex: dict[bytes, None] = {}
        self._base64: dict[bytes, None] = {}
        self.values: list[Digest[Owner]] = []

    def add(self, digest: Digest[Owner], parts: bool = False) -> None:
        """Takes a digest; with `parts` also where only its middle or its end stands. The first of equal ones stays."""
        value = digest.value
        if value in self._known:
            return
        self._known.add(value)
        self.values.append(digest)
        kept = (0, 4, len(value) - _FEWEST) if parts and len(value) == 16 else (0, len(value) - _FEWEST)
        offsets = {_telling(value, offset) for offset in kept[: None if parts else 1]}
        self._hex.update(dict.fromkeys(value[offset : offset + HEAD] for offset in offsets))
        for at in range(0, len(value) - HEAD + 1, 3):
            sign = b64encode(value[at : at + HEAD])
            if sign.isalnum() and is_mixed(sign):
                self._base64[sign] = None
                offsets.add(at)
                break
        else:
            sign = b64encode(value[:HEAD])
            offsets.add(0)
            self._base64[sign] = self._base64[sign.translate(bytes.maketrans(b"+/", b"-_"))] = None
        for offset in offsets:
            self._found_by.setdefault(value[offset : offset + HEAD], []).append((digest, offset))

    @property
    def hexadecimal(self) -> list[bytes]:
        """What to look for in any case."""
        return [head.hex().encode() for head in self._hex]

    @property
    def base64(self) -> list[bytes]:
        """What to look for in base64."""
        return list(self._base64)

    @property
    def raw(self) -> list[bytes]:
        """What to look for in bytes."""
        return list(self._hex)

    def in_hex(self, data: bytes, end: int) -> Iterator[Hit[Owner]]:
        """Yields the digests written in hexadecimal of which six bytes end at `end`."""
        start = end - 2 * HEAD
        for digest, offset in self._at(bytes.fromhex(data[start:end].decode())):
            text = digest.value.hex().encode()
            at = start - 2 * offset
            if at >= 0 and data[at : at + len(text)].lower() == text:
                span, kept = (at, at + len(text)), None
            else:
                reach = _reach(data[max(at, 0) : at + len(text)].lower(), text, 2 * offset, start - max(at, 0))
                kept = _kept(reach, len(text))
                span = (at + reach[0], at + reach[1])
                if kept is None or not apart(data, span):
                    continue
            upper = data[slice(*span)] != data[slice(*span)].lower()
            yield Hit(
                span,
                digest,
                (*digest.form, *([kept] if kept else []), "hex-upper" if upper else "hex"),
                kept is not None,
            )

    def in_base64(self, data: bytes, end: int) -> Iterator[Hit[Owner]]:
        """Yields the digests written in base64 of which eight signs end at `end`; padding behind them is theirs."""
        start = end - HEAD // 3 * 4
        for digest, offset in self._at(b64decode(data[start:end].translate(_TO_STANDARD))):
            padded = b64encode(digest.value)
            text = padded.rstrip(b"=")
            at = start - offset // 3 * 4
            if at < 0 or offset % 3 or data[at : at + len(text)].translate(_TO_STANDARD) != text:
                continue
            safe = data[at : at + len(text)] != text
            last = at + (len(padded) if data[at + len(text) : at + len(padded)].count(b"=") else len(text))
            stop = last if data[at + len(text) : last] == padded[len(text) :] else at + len(text)
            yield Hit((at, stop), digest, (*digest.form, "base64url" if safe else "base64"), False)

    def in_bytes(self, data: bytes, end: int) -> Iterator[Hit[Owner]]:
        """Yields the digests of which six bytes end at `end`; one that was cut short has to be the whole value."""
        start = end - HEAD
        for digest, offset in self._at(data[start:end]):
            at, size = start - offset, len(digest.value)
            if at >= 0 and data[at : at + size] == digest.value:
                yield Hit((at, at + size), digest, digest.form, False)
                continue
            whole = bare(data)
            value = data[slice(*whole)]
            if (position := digest.value.find(value)) >= 0:
                kept = _kept((2 * position, 2 * (position + len(value))), 2 * size)
                if kept:
                    yield Hit(whole, digest, (*digest.form, kept), True)

    def _at(self, head: bytes) -> Sequence[tuple[Digest[Owner], int]]:
        return self._found_by.get(head, ())


def _telling(value: bytes, offset: int) -> int:
    """Returns where six of the fewest bytes begin that are kept at `offset`: such that are soonest told from others."""
    heads = ((at, value[at : at + HEAD]) for at in range(offset, offset + _FEWEST - HEAD + 1))
    return next((at for at, head in heads if not head.isascii() and is_mixed(head.hex().encode(), True)), offset)


def _reach(data: bytes, text: bytes, known: int, start: int) -> Span:
    """Returns how far `text` goes on in `data` around its head, which begins at `known` and in `data` at `start`."""
    first, last = known, known + 2 * HEAD
    while first > 0 and start + first - known > 0 and data[start + first - known - 1] == text[first - 1]:
        first -= 1
    while last < len(text) and start + last - known < len(data) and data[start + last - known] == text[last]:
        last += 1
    return first, last


def _kept(reach: Span, size: int) -> str | None:
    """Returns the name for what is left of a digest of `size` hexadecimal digits, or None if nobody cuts so."""
    first, last = reach
    if last - first < _FEWEST_DIGITS:
        return None
    if first == 0:
        return f"first-{last}"
    if last == size:
        return f"last-{size - first}"
    return "middle-16" if size == 32 and reach == _MIDDLE else None
