"""Literals and copies, of which lz4 and snappy are made: what a broken block holds, or one larger than it may become.

Whole blocks are for the libraries; these give nothing where anything is wrong, or nothing of too much.
"""

from collections.abc import Iterable

from leaktap.decoders._inflate import FULL, Outlet

_MOST = 4 << 20
"""It is slow, and needs its own memory for what it makes."""

_BETWEEN_LOOKS = 0xFFF

type Copy = tuple[bytes, int, int]
"""Literal bytes, and then how far back something is and how many bytes of it come again."""


def replay(copies: Iterable[Copy], out: Outlet) -> str:
    """Puts out what the copies make, up to one that cannot be; returns the limit that was reached, or nothing."""
    room, made = min(out.left, _MOST), bytearray()
    problem = ""
    for count, (literal, distance, length) in enumerate(copies):
        made += literal
        if not length:
            continue
        if not 0 < distance <= len(made):
            break
        begin = len(made) - distance
        piece = made[begin : begin + min(length, room)]
        if length > distance:
            piece = (piece * (min(length, room) // distance + 1))[:length]
        made += piece
        if len(made) >= room:
            problem = FULL
            break
        if not count & _BETWEEN_LOOKS and (problem := out.spent):
            break
    out.add(made)
    return problem
