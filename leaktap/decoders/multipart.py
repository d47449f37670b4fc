"""Multipart bodies (RFC 2046, section 5.1; RFC 7578 for forms): by the boundary that is said, or by the first line.

A part's own headers become its context, so that a gzip file or a multipart within is read as what it says it is.
"""

import re
from collections.abc import Iterator, Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._headers import codings, parameterised
from leaktap.decoders._pace import paced
from leaktap.decoders._plain import Steps

_FIRST_LINE = re.compile(rb"\s*--([\x21-\x7e][\x20-\x7e]{0,199}?)\r?\n(?=content-)", re.IGNORECASE)
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_MOST_HEADER_BYTES = 16_384


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the parts by their names, or `[i]`; a file's name is a part of its own (`.NAME.filename`)."""
    said = dict(context.parameters).get("boundary", "") if context.content_type.startswith("multipart/") else ""
    boundary = b"--" + said.encode("utf-8", "replace")
    if not said or boundary not in data:
        seen = _FIRST_LINE.match(data)
        if not seen:
            if said:
                raise DecodeError(f"the boundary {said!r} does not occur")
            return None
        boundary = b"--" + seen[1].rstrip()
    steps = Steps()
    parts: list[Part] = []
    for index, piece in enumerate(paced(_pieces(data, boundary), context.deadline, parts)):
        if piece is None:
            return parts
        if len(parts) >= context.most:
            raise LimitReached("parts", parts)
        parts += _part(piece, index, steps, context)
    raise DecodeError("the closing boundary is missing", parts)


def _pieces(data: bytes, boundary: bytes) -> Iterator[bytes | None]:
    """Yields what stands between boundaries at the beginning of lines, and None for the closing one."""
    line = b"\n" + boundary
    begin = len(boundary)
    if not data.startswith(boundary):
        begin = data.find(line) + len(line)
        if begin < len(line):
            return
    while not data.startswith(b"--", begin):
        end = data.find(line, begin)
        if end < 0:
            yield data[begin:].removesuffix(b"\r")
            return
        yield data[begin:end].removesuffix(b"\r")
        begin = end + len(line)
    yield None


def _part(piece: bytes, index: int, steps: Steps, context: Context) -> list[Part]:
    start = piece.find(b"\n") + 1
    blank = _HEADERS_END.search(piece, max(start - 2, 0), start + _MOST_HEADER_BYTES)
    head, body = (piece[start : blank.start()], piece[blank.end() :]) if blank else (b"", piece[start:])
    fields: dict[str, bytes] = {}
    for line in re.split(rb"\r?\n(?![ \t])", head):
        name, _, value = line.partition(b":")
        fields.setdefault(name.strip().lower().decode("latin-1"), value.strip())
    disposition = dict(parameterised(fields.get("content-disposition", b""))[1])
    name = disposition.get("name", "")
    here = steps.step(name) if name else f"[{index}]"
    keys = (name,) if name else ()
    content_type, parameters = parameterised(fields.get("content-type", b""))
    encoding = _transfer(fields) + codings((fields.get("content-encoding", b""),))
    inside = None
    if content_type or encoding:
        inside = Context(
            content_type,
            parameters,
            encoding,
            context.host,
            context.path,
            context.direction,
            schemas=context.schemas,
            alphabets=context.alphabets,
        )
    found = [Part(body, here, keys, inside)]
    for key in ("filename", "filename*"):
        if disposition.get(key):
            found.append(Part(disposition[key].encode("utf-8", "replace"), f"{here}.filename", (*keys, "filename")))
    return found


def _transfer(fields: dict[str, bytes]) -> tuple[str, ...]:
    """Returns the Content-Transfer-Encoding where it changes anything (RFC 2045, section 6): the outermost coding."""
    said = fields.get("content-transfer-encoding", b"").decode("latin-1").strip().lower()
    return (said,) if said in ("base64", "quoted-printable") else ()


DECODER = Decoder(
    "multipart",
    decode,
    rank=25,
    certain=True,
    minimum=8,
    starts=b"-\r\n",
    needs=b"-",
    shape=_FIRST_LINE,
    types=("multipart/*",),
    hints=(rb"[cC]ontent-[tT]ransfer-[eE]ncoding",),
    strain=1,
)
