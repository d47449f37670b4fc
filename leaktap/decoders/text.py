"""Text in another charset than UTF-8: by byte order mark, or by the charset that the content type names.

A digest may begin with two bytes of a mark as well: what nobody said to be text stays a leaf beside it, unless it is
ASCII or Chinese.
"""

import codecs
import re
from collections.abc import Sequence

from leaktap.decoders._api import Beside, Context, DecodeError, Decoder, Part
from leaktap.decoders._charsets import MARKS, guess
from leaktap.decoders._plain import is_utf8

_MEANT = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "utf-8"}
"""Charsets that are said where a superset is meant (as in the WHATWG encoding standard)."""

_FAMILIES = ("utf", "gb", "big5", "euc", "shift_jis", "cp", "iso8859", "iso2022", "koi8", "hz", "mac")
"""How Python's names of charsets begin; its other codecs are no charsets."""

_SAMPLE = 1024


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the text as UTF-8, without its mark. A charset that is said of valid UTF-8 is not believed."""
    for mark, charset in MARKS:
        if data.startswith(mark):
            rest = data[len(mark) :]
            if context.content_type:
                return _converted(rest, charset, context)
            if not _is_prose(rest, charset):
                return None
            parts = _converted(rest, charset, context)
            return parts if charset == "utf-8" or charset in guess(rest) else Beside(parts)
    said = dict(context.parameters).get("charset", "").strip().lower()
    charset = _name(_MEANT.get(said, said)) if said else "utf-8"
    if charset == "utf-8" or (not charset.startswith("utf") and is_utf8(data)):
        return None
    return _converted(data, charset, context)


def _name(said: str) -> str:
    """Returns Python's name of a charset."""
    try:
        name = codecs.lookup(said).name
    except (LookupError, ValueError):
        name = ""
    if not name.startswith(_FAMILIES):
        raise DecodeError(f"charset {said[:40]!r} is not known")
    return name


def _is_prose(data: bytes, charset: str) -> bool:
    """Tells whether bytes that nobody said to be text are: two bytes of a mark may be chance."""
    try:
        return all(c.isprintable() or c in "\t\r\n" for c in data[:_SAMPLE].decode(charset))
    except UnicodeDecodeError as error:
        return len(data) > _SAMPLE and error.start > _SAMPLE - 4


def _converted(data: bytes, charset: str, context: Context) -> Sequence[Part]:
    inside = context._replace(parameters=tuple(p for p in context.parameters if p[0] != "charset"))
    try:
        text = data.decode(charset)
    except UnicodeDecodeError as error:
        text = data.decode(charset, "replace")
        parts = (Part(text.encode("utf-8", "replace"), context=inside),)
        raise DecodeError(f"no {charset} at byte {error.start}: {error.reason}", parts) from None
    return (Part(text.encode("utf-8", "replace"), context=inside),)


DECODER = Decoder(
    "text",
    decode,
    rank=30,
    certain=True,
    minimum=2,
    starts=b"\xef\xfe\xff\x00",
    shape=re.compile(b"|".join(re.escape(mark) for mark, _ in MARKS)),
    types=("text/*", "*json", "*xml", "*javascript", "application/x-www-form-urlencoded"),
)
