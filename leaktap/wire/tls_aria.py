"""The block cipher ARIA (RFC 5794), over many blocks at once: no library that fits has it.

Substitution and diffusion of a byte are one row of a table; a round is sixteen look-ups per block and their sum, which
numpy does for all blocks together. The S-boxes are computed from their definition (sections 2.4.2 and 2.4.3).
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

type _Bytes = NDArray[np.uint8]
type _Words = NDArray[np.uint64]

_CONSTANTS = (
    0x517CC1B727220A94FE13ABE8FA9A6EE0,
    0x6DB14ACC9E21C820FF28B1D5EF5DE2B0,
    0xDB92371D2126E9700324977504E8C90E,
)
"""CK1 to CK3 of a 128-bit key; longer keys take them in another order (section 2.2)."""

_DIFFUSION = """
3,4,6,8,9,13,14 2,5,7,8,9,12,15 1,4,6,10,11,12,15 0,5,7,10,11,13,14
0,2,5,8,11,14,15 1,3,4,9,10,14,15 0,2,7,9,10,12,13 1,3,6,8,11,12,13
0,1,4,7,10,13,15 0,1,5,6,11,12,14 2,3,5,6,8,13,15 2,3,4,7,9,12,14
1,2,6,7,9,11,12 0,3,6,7,8,10,13 0,3,4,5,9,11,14 1,2,4,5,8,10,15
"""
"""Of each byte that comes out of the diffusion layer, which bytes it is the sum of (section 2.4.3)."""

_AFFINE = (0b01111010, 0b10111100, 0b11101011, 0b10111001, 0b00110100, 0b10000001, 0b10111010, 0b11001011)
"""The rows of the matrix of the second S-box, the least significant bit first (section 2.4.2)."""

_MASK = (1 << 128) - 1


class Aria:
    """ARIA with a key of 16, 24 or 32 bytes: whole blocks in, whole blocks out, each by itself."""

    def __init__(self, key: bytes) -> None:
        """Makes the round keys."""
        keys = _schedule(key)
        self._forth = [_words(one) for one in keys]
        middle = [_number(_diffused(_words(one))) for one in keys[-2:0:-1]]
        self._back = [_words(one) for one in (keys[-1], *middle, keys[0])]

    def encrypt(self, blocks: bytes) -> bytes:
        """Returns the blocks enciphered."""
        return _rounds(blocks, self._forth).tobytes()

    def decrypt(self, blocks: bytes) -> bytes:
        """Returns the blocks deciphered."""
        return _rounds(blocks, self._back).tobytes()

    def chained(self) -> Callable[[bytes], bytes]:
        """Returns what deciphers blocks chained to each other (CBC): the first comes out as nonsense."""

        def decrypt(blocks: bytes) -> bytes:
            plain = _rounds(blocks, self._back)
            plain[1:] ^= np.frombuffer(blocks, np.uint64).reshape(-1, 2)[:-1]
            return plain.tobytes()

        return decrypt


def _schedule(key: bytes) -> list[int]:
    """Returns the round keys (section 2.2)."""
    size = len(key)
    turn = (size - 16) // 8
    constants = [_words(number) for number in (_CONSTANTS[turn:] + _CONSTANTS[:turn])]
    whole = key.ljust(32, b"\0")
    left, right = (int.from_bytes(part) for part in (whole[:16], whole[16:]))
    first = left
    second = _number(_layer(_words(first) ^ constants[0], 0)) ^ right
    third = _number(_layer(_words(second) ^ constants[1], 1)) ^ first
    fourth = _number(_layer(_words(third) ^ constants[2], 0)) ^ second
    words = (first, second, third, fourth)
    keys = []
    for turned in (19, 31, 128 - 61, 128 - 31, 128 - 19):
        keys += [words[at] ^ _right(words[at + 1], turned) for at in range(3)]
        keys.append(_right(first, turned) ^ fourth)
    return keys[: size // 4 + 9]


def _rounds(blocks: bytes, keys: list[_Words]) -> _Words:
    state = np.frombuffer(blocks, np.uint64).reshape(-1, 2)
    for number, key in enumerate(keys[:-2]):
        state = _layer(state ^ key, number & 1)
    last = (state ^ keys[-2]).view(np.uint8)
    boxes = _boxes()
    out = np.empty_like(last)
    for column in range(16):
        out[:, column] = boxes[(column + 2) % 4][last[:, column]]
    return out.view(np.uint64) ^ keys[-1]


def _layer(state: _Words, kind: int) -> _Words:
    """Substitution of type 1 (`kind` 0) or 2, and diffusion."""
    table, data = _tables()[kind], state.view(np.uint8)
    out = table[0].take(data[:, 0], axis=0)
    for column in range(1, 16):
        out ^= table[column].take(data[:, column], axis=0)
    return out


def _diffused(state: _Words) -> _Words:
    data = state.view(np.uint8)
    out = np.zeros_like(data)
    for row, columns in enumerate(_DIFFUSION.split()):
        for column in columns.split(","):
            out[:, row] ^= data[:, int(column)]
    return out.view(np.uint64)


@cache
def _tables() -> list[list[_Words]]:
    """Returns for each type of substitution and each place in a block what its bytes add to the layer's result."""
    boxes, made = _boxes(), []
    for kind in (0, 1):
        table = []
        for column in range(16):
            data = np.zeros((256, 16), np.uint8)
            data[:, column] = boxes[(column + 2 * kind) % 4]
            table.append(_diffused(data.view(np.uint64)))
        made.append(table)
    return made


@cache
def _boxes() -> list[_Bytes]:
    """Returns the S-boxes SB1 to SB4."""
    first, second = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    for number in range(256):
        inverse = _power(number, 254)
        turned = [(inverse << by | inverse >> (8 - by)) & 255 for by in range(5)]
        first[number] = turned[0] ^ turned[1] ^ turned[2] ^ turned[3] ^ turned[4] ^ 0x63
        power = _power(number, 247)
        bits = [(row & power).bit_count() & 1 for row in _AFFINE]
        second[number] = sum(bit << place for place, bit in enumerate(bits)) ^ 0xE2
    return [first, second, np.argsort(first).astype(np.uint8), np.argsort(second).astype(np.uint8)]


def _power(number: int, exponent: int) -> int:
    """Returns a power in the field of 256 elements that AES has."""
    result = 1
    for _ in range(exponent):
        product, factor, other = 0, result, number
        while other:
            product ^= factor * (other & 1)
            factor = factor << 1 ^ 0x11B * (factor >> 7)
            other >>= 1
        result = product
    return result


def _right(number: int, count: int) -> int:
    return (number >> count | number << (128 - count)) & _MASK


def _words(number: int) -> _Words:
    return np.frombuffer(number.to_bytes(16), np.uint64).reshape(1, 2)


def _number(words: _Words) -> int:
    return int.from_bytes(words.tobytes())
