"""Whether bytes that are no text are anything that a decoder reads: a container is told from chance by what it holds.

A struct without a magic number may hold nothing but UTF-16, or nothing but another struct. So a reader in doubt asks
what the other decoders make of what it holds, a few levels down, within bounds of its own.
"""

import time
from collections.abc import Callable, Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part, Sole
from leaktap.decoders._plain import is_text
from leaktap.decoders._reading import SURELY_READABLE

_SHORTEST, _LONGEST = 4, 1 << 18
_DEEPEST = 4
_MOST_BYTES = 4 << 20
_MOST_PARTS = 1000
_NOTHING = Context()


class Sense:
    """Asks the decoders that may read a value (`likely`), until `deadline`; remembers what they said."""

    def __init__(self, likely: Callable[[bytes], Sequence[Decoder]], deadline: float) -> None:
        """Begins with nothing read. `outside` is what is known of the message: decoders may have a schema for it."""
        self._likely, self._deadline = likely, deadline
        self.outside = _NOTHING
        self._said: dict[bytes, bool] = {}
        self._left, self._depth = _MOST_BYTES, 0

    def opens(self, value: bytes) -> bool:
        """Tells whether a value is text, or some decoder reads it."""
        if is_text(value):
            return True
        if not _SHORTEST <= len(value) <= _LONGEST:
            return False
        said = self._said.get(value)
        if said is None:
            if self._depth >= _DEEPEST or self._left < len(value) or time.thread_time() > self._deadline:
                return False
            self._left -= len(value)
            self._depth += 1
            said = self._said[value] = any(self._reads(decoder, value) for decoder in self._likely(value))
            self._depth -= 1
        return said

    def _reads(self, decoder: Decoder, value: bytes) -> bool:
        context = Context(
            host=self.outside.host, path=self.outside.path, schemas=self.outside.schemas,
            room=_LONGEST, most=_MOST_PARTS, deadline=self._deadline, opens=self.opens,
        )  # fmt: skip
        try:
            parts = decoder.decode(value, context)
        except (DecodeError, LimitReached):
            return False
        if not parts:
            return False
        return not decoder.loose or isinstance(parts, Sole) or self._is_read(parts, len(value))

    def _is_read(self, parts: Sequence[Part], size: int) -> bool:
        """Tells whether half of a value is readable in turn, or there is more text in it than chance makes."""
        strings = {part.value for part in parts if not part.final}
        if sum(len(string) for string in strings if len(string) >= _SHORTEST and is_text(string)) >= SURELY_READABLE:
            return True
        return sum(len(string) for string in strings if self.opens(string)) * 2 > size
