"""What an identifier class is: the names it goes by, the forms of a known value, and a judge for unknown ones."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from leaktap.config import DeviceProfile
from leaktap.model import Basis, Direction, Leaf, Match, Message


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to write a value: the bytes, and the names for how they came about.

    `hashed` is false for a way that people read and nobody hashes, which keeps the needles few. `binary` says that the
    bytes are no text: what stands beside them tells nothing.
    """

    value: bytes
    form: tuple[str, ...] = ()
    hashed: bool = True
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something in a leaf that may be an identifier: it has a class's shape, or stands under one of its names.

    `key` is the name, folded by `fold_key`: the leaf's innermost one, or the one that stands before the text inside the
    leaf (`imei=...`). `named` says that it is one of the class's `keys` or `weak_keys`, `weak` that it is only one
    of the latter, `hashed` that the name speaks of a hash (`imei_md5`). `span` counts bytes of the leaf's value.
    """

    leaf: Leaf
    text: str
    span: tuple[int, int]
    key: str
    named: bool
    weak: bool = False
    hashed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a candidate is taken for an identifier, and how sure that is (0 to 1).

    `why` adds to the basis in a few words what spoke for it or against it ("right check digit").
    """

    basis: Basis
    confidence: float
    form: tuple[str, ...] = ()
    why: str = ""


type Variants = Callable[[str], Iterable[Variant]]
"""Yields every plain way to write a known value; hashes and encodings of each are added by `forms`."""

type Judge = Callable[[Candidate], Verdict | None]
"""Decides about a candidate without a device profile; None is "not mine"."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One message, as a gatherer sees it.

    `candidates` are those of its class, `known` where its class's known values were found, `app` the package name of
    the sender where that is known.
    """

    leaves: Sequence[Leaf]
    candidates: Sequence[Candidate]
    known: Sequence[Match]
    devices: Sequence[DeviceProfile]
    app: str = ""


type Gather = Callable[[Scene], Iterator[Match]]
"""Finds what only several leaves of one message show together (a list of contacts, a pair of coordinates)."""

type Whole = Callable[[Message, Direction], Iterator[Match]]
"""Finds what only a message as a whole shows (a program that was downloaded)."""

type Values = Callable[[DeviceProfile], Iterable[str]]
"""Returns a profile's values of a class, as written."""


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

    `keys` are regular expressions for whole key names, in lower case, with `_` where words meet: nothing in a name
    folded by `fold_key`, some separator or nothing in raw text. What stands under such a name becomes a candidate.
    `weak_keys` are names that other things go by as well: what stands there is not taken for a hash of this class.
    `shapes` are regular expressions over bytes (the common part of Hyperscan's and Python's dialect) for what a value
    without a name looks like; each occurrence becomes a candidate too. `cues`, one for each shape, are cheaper
    expressions of which every occurrence holds a match, or several expressions, of one of which it does; best are two
    or three characters that are rare together, for a single one is searched for slowly. `judge` decides about each
    candidate; a class without it is found by known values alone. With `gather`, candidates and known values
    are not matches by themselves: the gatherer makes the matches. `structure` does so for candidates alone; it is asked
    wherever there is one. `placeholders` are values, folded by `fold_value`, that are never anybody's.
    `hashed` is false for classes whose hash nobody sends (a location). `canonical` is the one way to write a value that
    `variants` starts from. `values` takes the class's values out of a profile where they are not in `identifiers`.
    With `digest_like`, values themselves may look like a digest: only a name that says so makes them one.
    The first `shared` characters of the canonical value are those of many devices (a type's, a network's).
    With `long_values`, the beginning of a leaf that is longer than a candidate may be is one all the same.
    With `always`, the gatherer is asked about every message, whatever was found in it.
    Without `in_text`, names count only as names of leaves, not inside undecoded text. `known_keys` are further names of
    leaves, too common to judge by; they decide only about known values too short to be telling.
    `whole` looks at messages before they are taken apart.
    """

    name: str
    category: str
    keys: tuple[str, ...] = ()
    shapes: tuple[bytes, ...] = ()
    cues: tuple[bytes | tuple[bytes, ...], ...] = ()
    variants: Variants = as_written
    judge: Judge | None = None
    gather: Gather | None = None
    structure: Gather | None = None
    placeholders: frozenset[str] = frozenset()
    hashed: bool = True
    canonical: Callable[[str], str] = str.strip
    values: Values | None = None
    whole: Whole | None = None
    weak_keys: tuple[str, ...] = ()
    digest_like: bool = False
    in_text: bool = True
    shared: int = 0
    always: bool = False
    known_keys: tuple[str, ...] = ()
    long_values: bool = False


def fold_key(key: str) -> str:
    """Makes key names comparable: lower case, no separators (`Device-ID`, `device_id`, `$deviceId`: `deviceid`)."""
    return "".join(filter(str.isalnum, key.lower()))


def fold_value(value: str) -> str:
    """Makes values comparable: lower case, without separators."""
    return "".join(filter(str.isalnum, value.lower()))
