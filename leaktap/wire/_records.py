"""What the capture formats share: reading a buffer column-wise, what a walk over its records gives, and its failure."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

type Ints = npt.NDArray[np.int64]

SLACK = 256
"""Zero bytes behind the contents of every buffer: more than any header, so that reading one never leaves the buffer."""

MOST_PACKET = 256 << 10
"""The longest packet that is believed, unless the file itself announces longer ones."""

MOST_RECORD = 64 << 20
"""The longest record that is believed."""

LAST_TIME = 253_402_300_799_999_999
"""The end of the year 9999, the last time that can be written; lying clocks stop there."""


class Broken(Exception):
    """A record makes no sense: `str()` says how; `at` is its offset in the buffer."""

    def __init__(self, why: str, at: int) -> None:
        """Remembers the place."""
        super().__init__(why)
        self.at = at


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on packet `row` of a batch; where `row` is -1, on what `whose` says."""

    text: str
    row: int = -1
    whose: str = ""


@dataclass(slots=True)
class Batch:
    """What a walk over the records of a buffer gives.

    The arrays have one element per packet: where its bytes begin in the buffer, how many were captured, how long it was
    on the wire, when it came (microseconds UTC) and its link type; `uid` is the user id of the app that sent it, -1
    where that is unknown, and None where no packet says. `end` is where the walk stopped; `need` how many bytes from
    there on the next record takes, 0 if the walk has to be called again on the same buffer. `broken` says why nothing
    behind `end` can be read. `comments` are those that may hold a mark.
    """

    start: Ints
    captured: Ints
    original: Ints
    time: Ints
    link: Ints
    end: int
    need: int
    uid: Ints | None = None
    secrets: list[bytes] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    broken: Broken | None = None


def view(data: memoryview, code: str) -> npt.NDArray[np.generic]:
    """Returns a view of `data` whose element n is the number of type `code` (`<u4`, `>u2`) that begins at byte n."""
    width = int(code[-1])
    return np.ndarray((max(len(data) - width + 1, 0),), code, data, 0, (1,))


def read(data: memoryview, code: str, at: Ints) -> Ints:
    """Returns the numbers of type `code` that begin at the offsets `at`."""
    return view(data, code)[at].astype(np.int64)
