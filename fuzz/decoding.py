"""Bytes for every decoder, and for the walk over all of them.

An input is two bytes that choose who reads it and what its headers say, and the value itself. A failure is an exception
outside the three outcomes, more output than allowed, an outcome without a word, or more than two seconds of processor
time; it is noted, and each kind is saved once.
"""

import hashlib
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._choice import all_decoders, by_first_byte, by_type, candidates
from leaktap.decoders._walk import Limited, Limits, walk
from leaktap.model import Fault, Leaf
from tests.decoders.test_contract import SAMPLES, TOLD

SECONDS = 2.0
ROOM, MOST = 1 << 20, 2000
_LIMITS = Limits(bytes=ROOM, parts=MOST, ratio_from=ROOM, seconds=1.0)
_NAMES = frozenset(("depth", "parts", "bytes", "ratio", "seconds"))


class Failure(Exception):
    """A decoder breaks its contract: `str()` says how."""


@dataclass(slots=True)
class Target:
    """Reads inputs. `kinds` counts the failures by where they come from; the first of each is saved in `folder`."""

    folder: Path
    decoders: tuple[Decoder, ...] = field(default_factory=all_decoders)
    contexts: tuple[Context, ...] = ()
    kinds: Counter[str] = field(default_factory=Counter)
    inputs: int = 0

    def __post_init__(self) -> None:
        """Lists what may be said of a value: the usual things, and what the samples need."""
        said = [*TOLD, *(facts for _, facts in SAMPLES.values() if facts not in TOLD)]
        self.contexts = tuple(Context(room=ROOM, most=MOST, **facts) for facts in said)
        by_first_byte()

    def samples(self) -> Iterator[bytes]:
        """Yields an input for every sample: for its decoder, and for the walk."""
        for at, decoder in enumerate(self.decoders):
            data, facts = SAMPLES[decoder.name]
            said = self.contexts.index(Context(room=ROOM, most=MOST, **facts))
            yield bytes((at, said)) + data
            yield bytes((len(self.decoders), said)) + data

    def __call__(self, data: bytes) -> None:
        """Reads an input and notes how it failed, if it did."""
        self.inputs += 1
        try:
            self.read(data)
        except Exception as error:  # noqa: BLE001 (that is what is looked for)
            place = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {str(error)[:80]}"
            self.kinds[kind] += 1
            if self.kinds[kind] == 1:
                self.save(data, kind)

    def read(self, data: bytes) -> None:
        """Reads an input; what breaks the contract is raised."""
        if len(data) < 3:
            return
        which, said, value = data[0] % (len(self.decoders) + 1), data[1] % len(self.contexts), data[2:]
        context = self.contexts[said]
        began = time.process_time()
        if which == len(self.decoders):
            name = "walk"
            walked(value, context)
        else:
            name = self.decoders[which].name
            decoded(self.decoders[which], value, context)
        if (took := time.process_time() - began) > SECONDS:
            raise Failure(f"{name} took {took:.0f} s")

    def save(self, data: bytes, kind: str) -> None:
        """Keeps an input that failed, and says how."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / hashlib.sha256(data).hexdigest()[:16]
        place.write_bytes(data)
        print(f"{kind}: saved as {place}", flush=True)


def decoded(decoder: Decoder, value: bytes, context: Context) -> None:
    """Calls a decoder as the walk would.

    Raises:
        Failure: it breaks its contract.
    """
    told = decoder.name in by_type(context.content_type) or set(context.encoding[:1]) & set(decoder.codings)
    if not told and decoder not in candidates(value, by_first_byte()[value[0]]):
        return
    try:
        parts: Sequence[Part] = decoder.decode(value, context) or ()
    except LimitReached as error:
        if str(error) not in _NAMES:
            raise Failure(f"{decoder.name}: no limit is called {error}") from None
        parts = error.parts
    except DecodeError as error:
        if not str(error):
            raise Failure(f"{decoder.name}: no word of what is broken") from None
        parts = error.parts
    if len(parts) > context.most:
        raise Failure(f"{decoder.name}: {len(parts)} parts, {context.most} allowed")
    for part in parts:
        (part.path + "".join(part.keys)).encode()
        bytes(part.value)


def walked(value: bytes, context: Context) -> None:
    """Walks a value to its leaves.

    Raises:
        Failure: a decoder raised, or there is more than the limits allow.
    """
    leaves = 0
    for item in walk([Part(value, "request.body", (), context)], _LIMITS):
        match item:
            case Leaf():
                leaves += 1
            case Fault() if " in decoder " in item.why:
                raise Failure(item.why)
            case Limited() if item.which not in _NAMES:
                raise Failure(f"no limit is called {item.which}")
    if leaves > MOST + 1:
        raise Failure(f"{leaves} leaves, {MOST} parts allowed")
