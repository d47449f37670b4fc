"""Takes messages apart with all that is known of a case: its schemas and alphabets, and the keys at hand.

Prepared once per run, for whoever needs the leaves of messages.
"""

from collections.abc import Iterator

from leaktap.config import Case
from leaktap.decoders._api import Sieve, Watch
from leaktap.decoders._choice import hints
from leaktap.decoders._keyring import Keyring
from leaktap.decoders._message import parts
from leaktap.decoders._walk import LIMITS, Limited, Limits, Named, walk
from leaktap.decoders.alphabet64 import shipped
from leaktap.keyring import NO_KEYS, Keys
from leaktap.model import Direction, Exchange, Fault, Leaf, Message


class Opener:
    """Opens messages. `limits` is how far each is followed."""

    def __init__(self, case: Case, keys: Keys = NO_KEYS, limits: Limits = LIMITS) -> None:
        """Takes what the case says of formats; `keys` undo encryption beside those that leaktap knows."""
        self.limits = limits
        self._schemas, self._alphabets = case.schemas, tuple(case.decode.alphabets.items())
        self._keyring = Keyring(keys)
        self._plain: set[Named] = set()

    @property
    def hints(self) -> tuple[bytes, ...]:
        """The expressions for what may hide something: where none occurs in a text, nothing in it is wrapped."""
        return (*hints(), *self._keyring.hints)

    @property
    def alphabets(self) -> list[str]:
        """The alphabets of base64 that are undone, beside the RFC's."""
        return [signs for _, signs in (*self._alphabets, *shipped())]

    def open(
        self,
        exchange: Exchange,
        direction: Direction,
        message: Message,
        sieve: Sieve | None = None,
        watch: Watch | None = None,
    ) -> Iterator[Leaf | Fault | Limited]:
        """Yields the leaves of an exchange's message and what went wrong on the way, as `walk` does."""
        target = exchange.request.start[1]
        ring = self._keyring.ring(message, exchange.host, target)
        path = target.partition("?")[0]
        if ring.placed:
            sieve = None  # what a key is made for says nothing before it is opened
        roots = parts(message, direction, exchange.host, path, self._schemas, sieve, self._alphabets)
        return walk(roots, self.limits, sieve, ring, watch, self._plain)
