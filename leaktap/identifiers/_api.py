"""What an identifier class is: the names it goes by, the forms of a known value, and a judge for unknown ones."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from leaktap.model import Basis, Leaf, Match


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to write a value before it is hashed or encoded: the bytes and the chain of names for how they came about."""

    value: bytes
    form: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something in a leaf that has the shape of an identifier. `key` is the innermost name, folded by `fold_key`."""

    leaf: Leaf
    text: str
    span: tuple[int, int]
    key: str
    named: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a candidate is taken for an identifier, and how sure that is (0 to 1)."""

    basis: Basis
    confidence: float
    form: tuple[str, ...] = ()


type Variants = Callable[[str], Iterable[Variant]]
"""Yields every plain way to write a known value; hashes and encodings of each are added by `forms`."""

type Judge = Callable[[Candidate], Verdict | None]
"""Decides about a candidate without a device profile; None is "not mine"."""

type Gather = Callable[[Sequence[Leaf]], Iterator[Match]]
"""Finds what only many leaves of one message show together (a list of contacts)."""


def as_written(value: str) -> Iterable[Variant]:
    """Yields the value as it stands, and in upper and lower case where that differs."""
    yield Variant(value.encode())
    if value.lower() != value:
        yield Variant(value.lower().encode(), ("lower",))
    if value.upper() != value:
        yield Variant(value.upper().encode(), ("upper",))


@dataclass(frozen=True, slots=True)
class Identifier:
    """A class of personal information.

    `keys` are regular expressions for whole key names, folded by `fold_key`. `shapes` are regular expressions over bytes
    (Hyperscan's dialect) for what a value without a profile looks like; each occurrence becomes a candidate for
    `judge`. A class without `judge` is found by known values alone. `placeholders` are values, folded by
    `fold_value`, that are never anybody's. `hashed` is false for classes whose hash nobody sends (a location).
    """

    name: str
    category: str
    keys: tuple[str, ...] = ()
    shapes: tuple[bytes, ...] = ()
    variants: Variants = as_written
    judge: Judge | None = None
    gather: Gather | None = None
    placeholders: frozenset[str] = frozenset()
    hashed: bool = True


def fold_key(key: str) -> str:
    """Makes key names comparable: lower case, without separators (`Device-ID`, `device_id`, `$deviceId`: `deviceid`)."""
    return "".join(c for c in key.lower() if c.isalnum())


def fold_value(value: str) -> str:
    """Makes values comparable: lower case, without separators."""
    return "".join(c for c in value.lower() if c.isalnum())
