"""What a receiver is: something far away that takes rows and says that it has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Row:
    """A record on its way. `id` is the same however often it is sent; `body` is its JSON."""

    seq: int
    id: str
    body: bytes


class SendError(Exception):
    """The rows were not acknowledged: `str()` says why, in words that hold no secret.

    `refused` means that the receiver does not want this row, now or later; `wait` are the seconds that it asks for.
    """

    def __init__(self, why: str, *, refused: bool = False, wait: float = 0.0) -> None:
        """Keeps them."""
        super().__init__(why)
        self.refused, self.wait = refused, wait


class Receiver(Protocol):
    """Used by one thread. `most` is how many rows it takes at once, `pause` the seconds between two sendings."""

    most: int
    pause: float

    def send(self, rows: Sequence[Row]) -> None:
        """Sends in order and returns when all are acknowledged.

        Raises:
            SendError: they may not all have arrived; they will be sent again.
        """

    def close(self) -> None:
        """Lets go of the connection; raises nothing."""
