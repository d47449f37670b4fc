"""Skippable frames, which zstd (RFC 8878, section 3.1.2) and lz4 share: anything that a sender wants to keep beside."""

import re

from leaktap.decoders._inflate import MOST_MEMBERS

_MAGIC = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_HEAD = 8


def skippable(data: bytes, at: int) -> tuple[list[bytes], int]:
    """Returns what is in the skippable frames from the offset `at` on, and the offset after them."""
    skipped: list[bytes] = []
    while len(skipped) < MOST_MEMBERS and _MAGIC.match(data, at):
        begin = at + _HEAD
        at = begin + int.from_bytes(data[at + 4 : begin], "little")
        skipped.append(data[begin:at])
    return skipped, min(at, len(data))
