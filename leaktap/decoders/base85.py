"""Base85 of RFC 1924's alphabet (git's, Python's `b85encode`) and ZeroMQ's Z85 (rfc.zeromq.org/spec/32).

Nothing marks them, so a reading is kept only if it is readable or begins as compressed data does. Adobe's is `ascii85`.
"""

import base64
import math
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote_from_bytes

from leaktap.decoders._api import Context, DecodeError, Decoder, Part
from leaktap.decoders._charsets import may_read, reads
from leaktap.decoders._pace import in_pieces
from leaktap.decoders._plain import NO_ID
from leaktap.decoders.ascii85 import DECODER as ASCII85

_RFC1924 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_TO_RFC1924 = bytes.maketrans(_Z85, _RFC1924)
_TO_Z85 = bytes.maketrans(_RFC1924, _Z85)
_SHAPE = re.compile(NO_ID + rb"[!#-&(-+\--~]{10}")
_SHORTEST = 10
_SAMPLE, _LONGER, _PIECE = 10, 60, 5 << 13
"""Characters that are tried first: the library takes its time."""

_LONGEST_TRIED = 4096
"""Of what is longer, the beginning tells."""

_BLANKS = b" \t\n\r"


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns what either alphabet makes of a value; Z85's under `.z85`."""
    if len(data) % 5 == 1:
        return None
    found = []
    for path, alphabet, table in (("", _RFC1924, None), (".z85", _Z85, _TO_RFC1924)):
        if data[:_SAMPLE].translate(None, alphabet):
            continue
        start = _decoded(data[:_SAMPLE].translate(table))
        if not start or not may_read(start) or data.translate(None, alphabet):
            continue
        if not may_read(_decoded(data[:_LONGER].translate(table))):
            continue
        decoded = _decoded(data.translate(table), context.deadline)
        if decoded and reads(decoded):
            found.append(Part(decoded, path))
    return found[: context.most] or None


def is_base85(data: bytes) -> bool:
    """Tells whether a value reads in any of the three alphabets, whose punctuation may look like another format's."""
    if len(data) > _LONGEST_TRIED:
        signs = data[:_LONGEST_TRIED].translate(None, _BLANKS)
        data = signs[: len(signs) // 5 * 5]
    for decoder in (DECODER, ASCII85):
        if decoder.shape and decoder.shape.match(data):
            try:
                if decoder.decode(data, Context()):
                    return True
            except DecodeError:
                continue
    return False


def _decoded(data: bytes, deadline: float = math.inf) -> bytes:
    """Returns the bytes; nothing where five characters are more than 32 bits."""
    try:
        return in_pieces(data, _PIECE, base64.b85decode, deadline)
    except ValueError:
        return b""


def _beginnings() -> Iterator[bytes]:
    """Yields how escapes look in either alphabet that follow each other: entities of HTML, percent, `\\u` and `\\x`."""
    digits = b"0123456789abcdefABCDEF"
    for first in digits:
        for second in digits:
            for escape in (b"&#%c%c", b"&#x%c", b"%%%c%c%%", b"\\x%c%c", b"\\u%c%c"):
                signs = base64.b85encode((escape % (first, second)[: escape.count(b"%c")]).ljust(4, b"0"))[:3]
                for look in (signs, signs.translate(_TO_Z85)):
                    yield from (look, quote_from_bytes(look, safe="").encode())


_HINTS = tuple(sorted({re.escape(signs) for signs in _beginnings() if not signs.isalnum()}))

DECODER = Decoder("base85", decode, rank=67, hints=_HINTS, minimum=_SHORTEST, shape=_SHAPE)
