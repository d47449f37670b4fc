"""What a decoder is: one function with three outcomes, and the facts that the walk needs to know about it."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from leaktap.config import Schema
from leaktap.decoders._plain import makes_sense


class DecodeError(Exception):
    """The value is of this format, but broken: `str()` says how and at which offset.

    `parts` are what could be read before the break; the walk goes on with them.
    """

    def __init__(self, why: str, parts: "Sequence[Part]" = ()) -> None:
        """Keeps what was readable."""
        super().__init__(why)
        self.parts = tuple(parts)


class LimitReached(Exception):
    """Decoding would exceed a limit: `str()` names it (a field of `Limits`). `parts` as in `DecodeError`."""

    def __init__(self, why: str, parts: "Sequence[Part]" = ()) -> None:
        """Keeps what was readable."""
        super().__init__(why)
        self.parts = tuple(parts)


class Opened(NamedTuple):
    """What a key made of a value. `sure` where the plaintext or the value proves the key, `believed` where it may be
    anything; `name` is the lock's.
    """

    name: str
    data: bytes
    sure: bool
    believed: bool


type Find = Callable[[str], bytes | None]
"""Looks another value of the message up by its name or path, the nearest first."""


class Ring(Protocol):
    """The keys that may fit the values of one message; `firsts` are the first bytes of values that any may open.

    `placed` says that some of them are meant for this very message.
    """

    firsts: frozenset[int]
    placed: bool

    def fits(self, value: bytes, name: str) -> bool:
        """Tells whether any may open `value` (not empty), which stands under `name`."""

    def open(self, value: bytes, name: str, find: Find | None) -> Iterator[Opened]:
        """Yields what they make of it."""


class Context(NamedTuple):
    """What is known of a value from outside it.

    `content_type` is that of the message or multipart part, lower case, without parameters (those are in `parameters`,
    lower-case names); `encoding` the content codings still to be undone, outermost first. `keys` are the names on the
    way to the value. `room` is how many bytes a decoder may still put out, `most` how many parts, `deadline` until when
    it may work (as `time.thread_time` tells it). `spots` are the offsets behind everything in a transparent value that
    may be of interest, in order; what lies nowhere near one of them may be left out. None is "look at everything".
    `alphabets` are the case's own for base64, by their names. `ring` are the keys that may fit the message (none: those
    that leaktap carries for every message), `beside` finds its other values. `opens` tells whether bytes are text or
    some decoder reads them, for a format that only what it holds tells from chance.
    """

    content_type: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    encoding: tuple[str, ...] = ()
    host: str = ""
    path: str = ""
    direction: str = "request"
    keys: tuple[str, ...] = ()
    depth: int = 0
    room: int = 64 << 20
    most: int = 100_000
    schemas: tuple[Schema, ...] = ()
    spots: Sequence[int] | None = None
    alphabets: tuple[tuple[str, str], ...] = ()
    deadline: float = math.inf
    ring: Ring | None = None
    beside: Find | None = None
    opens: Callable[[bytes], bool] = makes_sense

    @property
    def name(self) -> str:
        """The name that the value stands under, or nothing."""
        return self.keys[-1] if self.keys else ""


class Part(NamedTuple):
    """A piece of what a decoder found (a tuple, for there are many).

    `path` is appended to the decoder's name in the leaf's path (`.data_list`, `.$.a[0].b`, `[2]`, nothing for a whole);
    `keys` are appended to the names on the way. `context` replaces the value's context where the format says more of
    the part (a multipart part's content type). `final` marks a value that needs no further decoding (a number), and
    `beside` one that no spot lies in (`Context.spots`): it needs neither decoding nor a search.
    """

    value: bytes
    path: str = ""
    keys: tuple[str, ...] = ()
    context: Context | None = None
    final: bool = False
    beside: bool = False


class Sole(tuple[Part, ...]):
    """Parts that are the only reading of this value, although the decoder is not `certain` in general."""


class Beside(tuple[Part, ...]):
    """Parts that may be chance although the value was said to be of this format: it stays a leaf beside them."""


type Sieve = Callable[[bytes], Sequence[int] | None]
"""Returns where in a text something of interest may end, in order; nothing if nowhere, None for "everywhere"."""

type Watch = Callable[[str, bytes, Sequence[Part]], None]
"""Is told what a decoder made of a value: the path that leads into it, the value, and the parts."""

type Decode = Callable[[bytes, Context], Sequence[Part] | None]
"""Returns the parts, or None for "not mine"; raises DecodeError for "mine, but broken", LimitReached for "too much"."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """A format, and the cheap facts by which the walk knows that a value cannot be of it without calling `decode`.

    Decoders are tried in the order of `rank` (0 to 99; then by name). One that is `certain` ends the search: its
    reading is the only one and the undecoded value is no leaf. After one that is not, the value stays a leaf beside the
    parts, and the decoders after it are tried as well. `hints` are regular expressions over bytes (Hyperscan's
    dialect) for what hides its content inside a larger text: best a few rare letters, for each byte of all traffic is
    held against them. How values that are looked for appear in this format need not be among them: the search knows.
    `transparent` formats leave what they carry readable in the value, so that a search before decoding makes sense:
    where it finds nothing in a large value, nothing is decoded.

    Unless the format is `told_only`, a value is tried if it has at least `minimum` bytes, begins with one of `starts`
    (any, if empty), contains a byte of `needs` (two at most), matches `shape` at its beginning and, for a `binary`
    format, is no text or begins with one of `white` (line ends and tabs that may be counts). It is tried whatever it
    looks like if the outermost content coding is one of `codings`, or its content type fits one of `types` (shell
    patterns): then its reading is the only one. What a `loose` format reads may well be chance: it says nothing of what
    the value is.

    `strain` is how many times a value's size of memory its reading may take, with what it puts out (0: no more than the
    room it is given); a value for which there is not so much left stays a leaf.
    """

    name: str
    decode: Decode
    rank: int = 50
    certain: bool = False
    hints: tuple[bytes, ...] = field(default=())
    transparent: bool = False
    minimum: int = 1
    starts: bytes = b""
    needs: bytes = b""
    shape: re.Pattern[bytes] | None = None
    binary: bool = False
    white: bytes = b""
    types: tuple[str, ...] = ()
    codings: tuple[str, ...] = ()
    told_only: bool = False
    loose: bool = False
    strain: float = 3
