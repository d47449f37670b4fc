"""HPACK (RFC 7541): the header blocks of one direction, as an onlooker reads them.

How large the dynamic table may be is taken from the size updates in the blocks, which the sender owes its peer (section
4.2), so nothing depends on when the other side's SETTINGS are read. Where the beginning was not seen, what the table
held before is unknown: a block that refers to it is `Unknown` as a whole, but its own entries are kept in step.
"""

from collections import deque
from functools import lru_cache

from hpack.huffman_table import HUFFMAN_COMPLETE, HUFFMAN_EMIT_SYMBOL, HUFFMAN_FAIL, HUFFMAN_TABLE
from hpack.table import HeaderTable

from leaktap.model import Headers

MOST_BLOCK = 256 << 10
"""Bytes of a header block, and of the headers in it as section 4.1 counts them."""
_MOST_TABLE = 1 << 20
_DEFAULT_TABLE = 4096
_OVERHEAD = 32
_STATIC = HeaderTable.STATIC_TABLE
_STATICS = len(_STATIC)
_MOST_INTEGER = 5
_DEAD = 256

type _Entry = tuple[bytes, bytes] | None


class BadBlock(Exception):
    """A header block that makes no sense: those behind it cannot be read either. `why` is a reason of a `Blind`."""

    def __init__(self, how: str, why: str = "unreadable") -> None:
        """Keeps the reason."""
        super().__init__(how)
        self.why = why


class Unknown(Exception):
    """A header block refers to what was sent before the capture began."""


class HeaderBlocks:
    """The header blocks of one direction, in order. `whole` says whether the first one is the connection's first."""

    def __init__(self, whole: bool) -> None:
        """Begins with an empty dynamic table, or one that is not known."""
        self._whole = whole
        self._table: deque[_Entry] = deque()
        self._size = 0
        self._most = _DEFAULT_TABLE if whole else _MOST_TABLE

    def decode(self, block: bytes) -> Headers:
        """Returns the headers of a block in order, pseudo headers included.

        Raises:
            BadBlock: it breaks the rules, or is larger than `MOST_BLOCK` when unpacked.
            Unknown: it refers to an entry that was not seen; later blocks can be decoded nevertheless.
        """
        headers: list[tuple[bytes, bytes]] = []
        at, end, room, unknown = 0, len(block), MOST_BLOCK, False
        try:
            while at < end:
                byte = block[at]
                if byte & 0x80:
                    index, at = (byte & 0x7F, at + 1) if byte != 0xFF else integer(block, at, 0x7F)
                    entry = _STATIC[index - 1] if 0 < index <= _STATICS else self._entry(index)
                elif byte & 0xE0 == 0x20:
                    size, at = integer(block, at, 0x1F)
                    self._resize(size)
                    continue
                else:
                    mask = 0x3F if byte & 0x40 else 0x0F
                    index, at = integer(block, at, mask)
                    if index:
                        known = self._entry(index)
                        name = known[0] if known else None
                    else:
                        name, at = string(block, at)
                    value, at = string(block, at)
                    entry = None if name is None else (name, value)
                    if byte & 0x40:
                        self._add(entry)
                if entry is None:
                    unknown = True
                    continue
                headers.append(entry)
                room -= _OVERHEAD + len(entry[0]) + len(entry[1])
                if room < 0:
                    raise BadBlock(f"a header list of more than {MOST_BLOCK} bytes", "limit")
        except IndexError:
            raise BadBlock("a header block that ends in a header") from None
        if unknown:
            raise Unknown
        return tuple(headers)

    def _entry(self, index: int) -> _Entry:
        """Returns an entry of the tables, or None for one that was not seen."""
        if 0 < index <= _STATICS:
            return _STATIC[index - 1]
        if _STATICS < index <= _STATICS + len(self._table):
            return self._table[index - _STATICS - 1]
        if index and not self._whole:
            return None
        raise BadBlock(f"a reference to header {index}, which there is not")

    def _add(self, entry: _Entry) -> None:
        size = _cost(entry)
        if not self._whole and size > _DEFAULT_TABLE:
            self._forget()
            return
        self._table.appendleft(entry)
        self._size += size
        self._shrink()

    def _forget(self) -> None:
        """Whether the sender's table took in an entry is uncertain: so is where those before it are now."""
        self._table.clear()
        self._size = 0

    def _resize(self, size: int) -> None:
        if size > _MOST_TABLE:
            raise BadBlock(f"a header table of {size} bytes", "limit")
        self._whole = self._whole or not size
        if self._whole:
            self._most = size
        self._shrink()

    def _shrink(self) -> None:
        while self._size > self._most:
            self._size -= _cost(self._table.pop())


def _cost(entry: _Entry) -> int:
    """Returns the size of an entry (section 4.1); for one that is not known, its least."""
    return _OVERHEAD + (len(entry[0]) + len(entry[1]) if entry else 0)


def integer(block: bytes | bytearray, at: int, mask: int) -> tuple[int, int]:
    """Returns an integer (section 5.1) and where it ends; raises BadBlock or IndexError."""
    number = block[at] & mask
    at += 1
    if number < mask:
        return number, at
    for shift in range(0, 7 * _MOST_INTEGER, 7):
        byte = block[at]
        at += 1
        number += (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise BadBlock("an integer that is too long")


def string(block: bytes, at: int, mask: int = 0x7F) -> tuple[bytes, int]:
    """Returns a string (section 5.2) and where it ends; raises BadBlock or IndexError.

    `mask` is the part of the first byte that its length has; the bit above says whether it is Huffman coded.
    """
    huffman = block[at] & mask + 1
    length, at = integer(block, at, mask)
    end = at + length
    if end > len(block):
        raise IndexError
    text = block[at:end]
    if not huffman:
        return text, end
    return (_remembered(text) if length <= 128 else unhuffman(text)), end


def unhuffman(data: bytes) -> bytes:
    """Returns what is Huffman coded in `data` (section 5.2 and appendix B); raises BadBlock."""
    rows, pieces = _ROWS, []
    state, accepted = 0, True
    for byte in data:
        state, piece, accepted = rows[state][byte]
        pieces.append(piece)
    if not accepted:
        raise BadBlock("a Huffman code that there is not")
    return b"".join(pieces)


_remembered = lru_cache(maxsize=4096)(unhuffman)


class _Rows(dict[int, list[tuple[int, bytes, bool]]]):
    """What each byte does in each state of the decoder, two steps of hpack's table of nibbles; made when needed."""

    def __missing__(self, state: int) -> list[tuple[int, bytes, bool]]:
        row = self[state] = [_step(state, byte) for byte in range(256)]
        return row


def _step(state: int, byte: int) -> tuple[int, bytes, bool]:
    """Returns the next state, the symbols that are complete, and whether the code may end here."""
    piece, flags = b"", 0
    for nibble in (byte >> 4, byte & 15):
        if state == _DEAD:
            return _DEAD, b"", False
        state, flags, symbol = HUFFMAN_TABLE[state * 16 + nibble]
        if flags & HUFFMAN_FAIL:
            return _DEAD, b"", False
        if flags & HUFFMAN_EMIT_SYMBOL:
            piece += bytes((symbol,))
    return state, piece, bool(flags & HUFFMAN_COMPLETE)


_ROWS = _Rows()
