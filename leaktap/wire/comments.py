"""Comments of a capture as marks, which are events of the case."""

from collections.abc import Iterator

from leaktap.marks import marks
from leaktap.model import Fault, Mark
from leaktap.wire._records import LAST_TIME, Batch

MOST_MARKS = 1000
"""How many marks, and faults of marks, one capture may have. A tester sets a handful."""


class Comments:
    """The comments of one capture."""

    def __init__(self, name: str) -> None:
        """Begins the capture called `name`."""
        self._name = name
        self._room = MOST_MARKS

    def told(self, batch: Batch, first_frame: int) -> Iterator[Mark | Fault]:
        """Yields what the comments of a batch say, whose first packet has the number `first_frame`."""
        for comment in batch.comments:
            where, time = f"{self._name}: comment of {comment.whose}", None
            if comment.row >= 0:
                where, time = f"{self._name}: packet {first_frame + comment.row}", int(batch.time[comment.row])
                time = min(max(time, 0), LAST_TIME)
            for mark in marks(comment.text, time, where):
                self._room -= 1
                if self._room >= 0:
                    yield mark
                elif self._room == -1:
                    yield Fault("mark", where, f"is the {MOST_MARKS + 1}st mark: this and what follows is left out")
