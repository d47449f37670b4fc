"""What is read by a schema of the case: how far its reading is to be trusted."""

from collections.abc import Callable, Sequence

from leaktap.decoders._api import Part, Sole
from leaktap.decoders._reading import Reading


def described(value: Reading, read: Callable[[], None]) -> Sequence[Part] | None:
    """Returns what `read` lists: the only reading where it was said to be of the schema, or holds enough text.

    What fits the schema and holds little but numbers may be chance: then the value stays beside its parts. None where
    it does not fit. Raises as `Reading.outcome` does.
    """
    fits = False

    def whole() -> None:
        nonlocal fits
        read()
        fits = True

    parts = value.outcome(whole)
    if parts is not None:
        return Sole(parts)
    return value.parts if fits else None
