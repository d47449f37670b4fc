"""Literals and copies, of which lz4 and snappy are made: what a broken block holds, or one larger than it may become.

Whole blocks are for the libraries; these give nothing where anything is wrong, or nothing of too much.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from leaktap.decoders._inflate import CUT, FULL, MOST_MEMBERS, End, Outlet

_MOST = 4 << 20
"""It is slow, and needs its own memory for what it makes."""

_BETWEEN_LOOKS = 0xFFF

type Copy = tuple[bytes, int, int]
"""Literal bytes, and then how far back something is and how many bytes of it come again."""


class Block(NamedTuple):
    """Where a block is, how many bytes it makes at most (None where only itself says), and whether it is stored."""

    begin: int
    end: int
    size: int | None = None
    is_stored: bool = False


def in_lengths(data: bytes, at: int) -> list[Block]:
    """Returns the blocks that fill the data from an offset on, each behind its length in four bytes, as Hadoop writes
    them: nothing where they do not fill it, or are too many.
    """
    blocks: list[Block] = []
    while at < len(data):
        begin = at + 4
        at = begin + int.from_bytes(data[at:begin])
        if not begin < at <= len(data) or len(blocks) == MOST_MEMBERS:
            return []
        blocks.append(Block(begin, at))
    return blocks


def undo(
    data: bytes,
    blocks: Iterable[Block],
    out: Outlet,
    whole: Callable[[bytes, int], bytes | bytearray | None],
    copies: Callable[[bytes], Iterable[Copy]],
) -> End:
    """Undoes the blocks, each on its own.

    `whole` returns a block's content, or None if it is broken or larger than it may become; then its `copies` tell.
    """
    at = 0
    for block in blocks:
        at, piece = block.end, data[block.begin : block.end]
        if out.spent:
            return End(block.begin, out.spent)
        room = out.left if block.size is None else min(block.size, out.left)
        if block.is_stored:
            out.add(piece)
        elif (content := whole(piece, room)) is not None:
            out.add(content)
        elif problem := replay(copies(piece), out):
            return End(block.begin, problem)
        elif at <= len(data):
            return End(block.begin, "a block is broken")
        if at > len(data):
            return End(len(data), CUT)
    return End(at)


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
