"""A writer of LZ-String (https://pieroxy.net/blog/pages/lz-string): LZ78 over UTF-16 units, each code's lowest bit
first, in base64 or for URLs.
"""

from collections.abc import Sequence
from random import Random

from benchmarks._members import Wrapped

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FOR_URLS = _BASE64[:-2] + "+-"
_NEW_8, _NEW_16, _END, _FIRST = range(4)
_LONGEST = 1 << 16


def lz_string(random: Random, data: bytes, _: Sequence[int]) -> Wrapped:
    """Writes a text as `compressToBase64` or `compressToEncodedURIComponent` does."""
    bits = _bits(data.decode())
    bits += [0] * (-len(bits) % 6)
    digits = [int("".join(map(str, bits[at : at + 6])), 2) for at in range(0, len(bits), 6)]
    if random.random() < 0.5:
        return Wrapped("".join(_FOR_URLS[digit] for digit in digits).encode(), "|lzstring")
    text = "".join(_BASE64[digit] for digit in digits)
    return Wrapped((text + "=" * (-len(text) % 4)).encode(), "|lzstring")


def _bits(text: str) -> list[int]:
    """Returns the codes' bits, of which the last character may end early."""
    raw = text.encode("utf-16-be")
    units = [chr(int.from_bytes(raw[at : at + 2])) for at in range(0, len(raw), 2)]
    bits: list[int] = []
    codes: dict[str, int] = {}
    new: set[str] = set()
    width, room, word = 2, 2, ""

    def put(value: int, count: int) -> None:
        bits.extend(value >> place & 1 for place in range(count))

    def grow() -> None:
        nonlocal width, room
        room -= 1
        if not room:
            room = 1 << width
            width += 1

    def say(known: str) -> None:
        if known in new:
            new.discard(known)
            size = 8 if ord(known[0]) < 1 << 8 else 16
            put(_NEW_8 if size == 8 else _NEW_16, width)
            put(ord(known[0]), size)
            grow()
        else:
            put(codes[known], width)
        grow()

    for unit in units:
        if unit not in codes:
            codes[unit] = len(codes) + _FIRST
            new.add(unit)
        if word + unit in codes:
            word += unit
            continue
        say(word)
        codes[word + unit] = len(codes) + _FIRST
        word = unit
    if word:
        say(word)
    put(_END, width)
    return [*bits, 0]
