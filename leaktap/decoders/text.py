"""Text in another charset than UTF-8: by byte order mark, or by the charset that the content type names."""

import codecs
from collections.abc import Sequence
from dataclasses import replace

from leaktap.decoders._api import Context, DecodeError, Decoder, Part

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_MEANT = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "utf-8"}
"""Charsets that are said where a superset is meant (as in the WHATWG encoding standard)."""

_FAMILIES = ("utf", "gb", "big5", "euc", "shift_jis", "cp", "iso8859", "iso2022", "koi8", "hz", "mac")
"""How Python's names of charsets begin; its other codecs are no charsets."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the text as UTF-8, without its mark. A charset that is said of valid UTF-8 is not believed."""
    inside = replace(context, parameters=tuple(p for p in context.parameters if p[0] != "charset"))
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return _converted(data[len(mark) :], charset, inside)
    said = dict(context.parameters).get("charset", "").strip().lower()
    charset = _name(_MEANT.get(said, said)) if said else "utf-8"
    if charset == "utf-8" or (not charset.startswith("utf") and _is_utf8(data)):
        return None
    return _converted(data, charset, inside)


def _name(said: str) -> str:
    """Returns Python's name of a charset."""
    try:
        name = codecs.lookup(said).name
    except (LookupError, ValueError):
        name = ""
    if not name.startswith(_FAMILIES):
        raise DecodeError(f"charset {said[:40]!r} is not known")
    return name


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _converted(data: bytes, charset: str, inside: Context) -> Sequence[Part]:
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
    starts=b"\xef\xfe\xff",
    types=("text/*", "*json", "*xml", "*javascript", "application/x-www-form-urlencoded"),
)
