"""How much work the connections between any two hosts of a capture are: for processes that are to share it evenly.

Counted is what the headers of packets tell, a window at a time; that takes a twentieth of reading the capture.
"""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from leaktap.share import Ends
from leaktap.wire.container import windows
from leaktap.wire.groups import group
from leaktap.wire.packets import TCP, Packets

_TURN = 20_000
"""As how many bytes a turn of talk counts beside its own: each packet with payload of the side that sent fewer."""


def loads(stream: BinaryIO, name: str) -> Iterator[Counter[Ends]]:
    """Yields of each window of a capture what the TCP connections between two hosts are worth."""
    packets = Packets(name)
    for window in windows(stream, name):
        columns = packets.columns(window)
        groups = group(columns, np.flatnonzero((columns.protocol == TCP) & (columns.size > 0)))
        found: Counter[Ends] = Counter()
        if groups.keys:
            begin, end = groups.begin[:-1], groups.begin[1:]
            sizes = np.add.reduceat(columns.size[groups.rows], begin)
            turns = np.minimum(groups.middle - begin, end - groups.middle)
            for key, load in zip(groups.keys, (sizes + turns * _TURN).tolist(), strict=True):
                found[key[1:]] += load
        yield found
