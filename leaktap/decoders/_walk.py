"""The one recursion over all decoders: from the parts of a message to its leaves, with the limits and the one except.

Depth first, in the order of the document, on a stack of its own: how deep the data nests does not matter to Python.
Which decoders there are, and which of them a value is for, is `_choice`'s.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from leaktap.decoders._api import Beside, Context, DecodeError, Decoder, LimitReached, Part, Ring, Sieve, Sole, Watch
from leaktap.decoders._choice import DECRYPT, by_first_byte, by_type, candidates, decrypting, in_turn, known_codings
from leaktap.decoders._ciphertext import dense, is_opaque
from leaktap.decoders._plain import is_text
from leaktap.decoders._sense import Sense
from leaktap.model import Fault, Leaf

SIEVED_FROM = 256
"""Values shorter than this are not worth a pass of the sieve before they are parsed."""

_QUOTE_OR_SPACE, _NO_ASCII85 = re.compile(rb'[\s"]'), re.compile(rb"[ \tv-y{-~]")
"""What no text has that spells bytes letter by letter, but in Ascii85 or in lines; and what Ascii85 has none of."""

OF_PART = 400
"""Bytes of memory that a part takes beside its value: its path, its keys, the leaf that it becomes."""

OF_DECODING = 0.5
"""Share of a message's time for taking it apart; the rest is for looking at what came of it."""

_STRAINING = 64 << 10
"""Smaller values never take much."""

_LEAVES_PER_LOOK, _VALUES_PER_LOOK = 32, 8
_REMEMBERED = 1024
_MOST_REMEMBERED = 8192
"""How many values that nothing is made of are remembered from message to message."""

_NOTHING = Context()


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one message is followed.

    `depth` counts decoders on the way to a value, `parts` what all decoders put out, `bytes` their sum, with `OF_PART`
    for what each of them needs besides. `ratio` is how many times larger than itself a value of over
    `ratio_from / ratio` bytes may become. `seconds` is the thread's processor time, of which decoding gets
    `OF_DECODING`.
    """

    depth: int = 16
    parts: int = 100_000
    bytes: int = 40 << 20
    ratio: int = 1000
    ratio_from: int = 1 << 20
    seconds: float = 1.0


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Limited:
    """The limit `which` (a field of `Limits`) was reached at `path`; `bytes` is the size of the value not followed."""

    path: str
    which: str
    bytes: int


type Named = tuple[bytes, str]
"""A value and the name that it stands under."""


@dataclass(slots=True)
class _Frame:
    """Parts still to be visited, and where they hang: `all` of them, and the frame of the value they are parts of."""

    parts: Iterator[Part]
    path: str
    keys: tuple[str, ...]
    via: tuple[str, ...]
    context: Context
    all: Sequence[Part] = ()
    outer: "_Frame | None" = None

    def find(self, name: str) -> bytes | None:
        """Looks a value up by its name or path, here and then further out."""
        frame: _Frame | None = self
        while frame is not None:
            for part in frame.all:
                if part.keys[-1:] == (name,) or part.path.lstrip(".") == name:
                    return part.value
            frame = frame.outer
        return None


def walk(
    parts: Iterable[Part],
    limits: Limits,
    sieve: Sieve | None = None,
    ring: Ring | None = None,
    watch: Watch | None = None,
    plain: set[Named] | None = None,
) -> Iterator[Leaf | Fault | Limited]:
    """Yields the leaves of a message, in its order, and what went wrong on the way.

    `parts` are roots: their `path` is a leaf's whole path. `sieve` tells where a text can hold anything of interest; a
    transparent structure of at least `SIEVED_FROM` bytes in which it sees nothing yields no leaves at all, and one with
    few such places may yield only the leaves around them. Reaching a
    limit yields one `Limited` of its kind; the values beyond it are leaves as they stand. Empty values are no leaves.
    `ring` are the keys that may fit this message. `watch` is told of everything that is opened. `plain` remembers from
    one message to the next, all with the same alphabets, what small values nothing is made of, whatever is around them.
    """
    return _Walk(limits, sieve, ring, watch, set() if plain is None else plain).leaves(parts)


@dataclass(slots=True)
class _Walk:
    """One message's walk: what it has used up of the limits, and what it reports with the next leaf."""

    limits: Limits
    sieve: Sieve | None
    ring: Ring | None = None
    watch: Watch | None = None
    always_plain: set[Named] = field(default_factory=set)
    parts_out: int = 0
    bytes_out: int = 0
    deadline: float = 0.0
    late: bool = False
    asked: int = 0
    sense: Sense = field(init=False)
    reached: set[str] = field(default_factory=set)
    plain: set[Named] = field(default_factory=set)
    notes: list[Fault | Limited] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)

    def leaves(self, roots: Iterable[Part]) -> Iterator[Leaf | Fault | Limited]:
        """Runs the stack empty."""
        table = by_first_byte()  # the first time it takes a second
        self.deadline = time.thread_time() + self.limits.seconds * OF_DECODING
        self.sense = Sense(lambda value: candidates(value, table[value[0]]), self.deadline)
        stack, notes, ring, always_plain = self.stack, self.notes, self.ring, self.always_plain
        seen = 0
        firsts = ring.firsts if ring is not None else frozenset[int]()
        stack.append(_Frame(iter(roots), "", (), (), _NOTHING))
        while stack:
            frame = stack[-1]
            prefix, above, via = frame.path, frame.keys, frame.via
            for part in frame.parts:
                value = part.value
                if not value:
                    continue
                path = prefix + part.path
                keys = above + part.keys if part.keys else above
                context = part.context or frame.context
                locked = value[0] in firsts and DECRYPT not in via
                if part.final or (part.beside and not locked):
                    yield Leaf(path, value, keys, via, part.beside)
                    continue
                seen += 1
                if not seen % _LEAVES_PER_LOOK and self._late():
                    self._limit("seconds", path, value)
                name = keys[-1] if keys else ""
                bare = not context.content_type and not context.encoding
                if bare and not locked and (value, name) in always_plain:
                    yield Leaf(path, value, keys, via)
                    continue
                likely = [] if self.late else candidates(value, table[value[0]])
                if locked and ring and ring.fits(value, name):
                    likely = list(dict.fromkeys((decrypting(), *likely)))
                if (bare and not likely) or self._open(value, path, keys, frame, context, likely):
                    yield Leaf(path, value, keys, via)
                if notes:
                    yield from notes
                    notes.clear()
                if stack[-1] is not frame:
                    break
            else:
                stack.pop()

    def _open(
        self,
        value: bytes,
        path: str,
        keys: tuple[str, ...],
        frame: _Frame,
        context: Context,
        likely: Sequence[Decoder],
    ) -> bool:
        """Puts what the decoders make of a value on the stack; returns whether the value is a leaf as it stands."""
        via = frame.via
        memory = (value, keys[-1] if keys else "")
        bare = not context.content_type and not context.encoding
        if bare and memory in self.plain:
            return True
        if which := self._used_up(via):
            self._limit(which, path, value)
            return True
        if context.encoding and context.encoding[0] not in known_codings():
            self.notes.append(Fault("decode", path, f"content coding {context.encoding[0]!r} is not known"))
            context = context._replace(encoding=context.encoding[1:])
        named = by_type(context.content_type) if context.content_type else {}
        room, most, by_ratio = self._room(value)
        c = self.sense.outside = context
        ring = self.ring if DECRYPT not in via else None
        given = Context(  # by position, for `_replace` takes three times as long
            c.content_type,
            c.parameters,
            c.encoding,
            c.host,
            c.path,
            c.direction,
            keys,
            len(via),
            room,
            most,
            c.schemas,
            None,
            c.alphabets,
            self.deadline,
            ring,
            frame.find,
            self.sense.opens,
        )
        passed = c if bare else c._replace(content_type="", parameters=(), encoding=())
        sieve = self.sieve if len(value) >= SIEVED_FROM else None
        frames: list[_Frame] = []
        names = {decoder.name for decoder in likely}
        is_leaf, nothing = True, False
        order = in_turn(likely, named, context.encoding)
        strains = len(value) >= _STRAINING
        for decoder in order:
            coded = bool(given.encoding) and given.encoding[0] in decoder.codings
            told = coded or decoder.name in named
            if not told and decoder.name not in names:
                continue
            if strains and (which := self._too_much(decoder, value)):
                self._limit(which, path, value)
                continue
            if decoder.transparent and sieve is not None and not given.schemas:
                spots = sieve(value)
                text = is_text(value)
                asked = given.direction == "request"
                if spots is not None and asked and not text and (blocks := dense(value)):
                    spots = sorted((*spots, *blocks))
                if spots is not None and not spots:
                    nothing = True
                    is_leaf = asked and not text and is_opaque(value)
                    if text and decoder.name in names and _is_plain(value):
                        break
                given = given._replace(spots=spots)
                sieve = None
            if nothing and decoder.transparent and not (decoder.binary and asked):
                continue
            parts, whole = self._call(decoder, value, path, given, by_ratio)
            if coded and not whole:
                # It was not applied; the next one may have been.
                given = given._replace(encoding=given.encoding[1:])
            if parts is None:
                continue
            if kept := self._account(parts, path, value):
                way = f"{path}|{decoder.name}"
                if self.watch is not None:
                    self.watch(way, value, kept)
                frames.append(_Frame(iter(kept), way, keys, (*via, decoder.name), passed, kept, frame))
            if whole and (told or decoder.certain or isinstance(parts, Sole)) and not isinstance(parts, Beside):
                is_leaf = False
                break
            if which := self._used_up(via):
                self._limit(which, path, value)
                break
        if bare and is_leaf and not frames and len(value) <= _REMEMBERED:
            self.plain.add(memory)
            if not (self.reached or self.notes or c.schemas or DECRYPT in names):
                self._remember(memory)
        self.stack.extend(reversed(frames))
        return is_leaf

    def _remember(self, memory: Named) -> None:
        """Remembers for the messages to come what nothing is made of, if that was no matter of time."""
        if max(map(len, memory)) < SIEVED_FROM and time.thread_time() < self.deadline:
            if len(self.always_plain) >= _MOST_REMEMBERED:
                self.always_plain.clear()
            self.always_plain.add(memory)

    def _call(
        self, decoder: Decoder, value: bytes, path: str, context: Context, by_ratio: bool
    ) -> tuple[Sequence[Part] | None, bool]:
        """Calls a decoder; returns its parts and whether they are the whole. What went wrong is noted."""
        where = f"{path}|{decoder.name}"
        try:
            return decoder.decode(value, context), True
        except DecodeError as error:
            self.notes.append(Fault("decode", where, str(error)))
            return error.parts, False
        except LimitReached as error:
            self._limit("ratio" if by_ratio and str(error) == "bytes" else str(error), where, value)
            return error.parts, False
        except Exception as error:  # noqa: BLE001 (a decoder's bug must not cost the message: it is reported)
            self.notes.append(Fault("decode", where, f"{type(error).__name__} in decoder {decoder.name}"))
            return None, False

    def _room(self, value: bytes) -> tuple[int, int, bool]:
        """Returns how many bytes and parts a decoder may make of a value, and whether the ratio bounds the bytes."""
        left = self.limits.bytes - self.bytes_out
        by_ratio = max(self.limits.ratio_from, self.limits.ratio * len(value))
        most = min(self.limits.parts - self.parts_out, left // OF_PART + 1)
        return min(left, by_ratio), most, by_ratio < left

    def _too_much(self, decoder: Decoder, value: bytes) -> str:
        """Returns the name of a limit that does not allow to read a large value, or nothing."""
        if decoder.strain * len(value) > self.limits.bytes - self.bytes_out:
            return "bytes"
        self.late = self.late or time.thread_time() > self.deadline
        return "seconds" if self.late else ""

    def _account(self, parts: Sequence[Part], path: str, value: bytes) -> Sequence[Part]:
        """Counts what a decoder put out; returns as much of it as the limits leave."""
        if self.parts_out + len(parts) > self.limits.parts:
            self._limit("parts", path, value)
            parts = parts[: self.limits.parts - self.parts_out]
        size = sum([len(part.value) for part in parts])
        if self.bytes_out + size > self.limits.bytes:
            self._limit("bytes", path, value)
            return ()
        self.parts_out += len(parts)
        self.bytes_out += size + OF_PART * len(parts)
        return parts

    def _used_up(self, via: tuple[str, ...]) -> str:
        """Returns the name of a limit that allows no further decoding, or nothing."""
        if len(via) >= self.limits.depth:
            return "depth"
        if self.parts_out >= self.limits.parts:
            return "parts"
        if self.bytes_out >= self.limits.bytes:
            return "bytes"
        return "seconds" if self._late() else ""

    def _late(self) -> bool:
        """Tells whether the time is up; the clock is slow, so for small values it is looked at now and then."""
        if not self.late and not self.asked % _VALUES_PER_LOOK:
            self.late = time.thread_time() > self.deadline
        self.asked += 1
        return self.late

    def _limit(self, which: str, path: str, value: bytes) -> None:
        """Notes that a limit was reached, once per kind."""
        if which not in self.reached:
            self.reached.add(which)
            self.notes.append(Limited(path, which, len(value)))


def _is_plain(text: bytes) -> bool:
    """Tells by its beginning that a text spells no bytes letter by letter."""
    return bool(_QUOTE_OR_SPACE.search(text, 0, SIEVED_FROM) and _NO_ASCII85.search(text, 0, SIEVED_FROM))
