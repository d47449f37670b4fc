"""Which charset unnamed bytes are in: UTF-16 and UTF-32 without a mark, GBK or GB18030, and Big5, where they read so.

Chinese is believed where most characters are the frequent ones that both standards sort first: GB 2312's level 1
(rows B0 to D7) and Big5's level 1 (rows A4 to C6). Of random bytes, three in a hundred are two such characters.
"""

import codecs
import re

from leaktap.decoders._plain import MAGICS, makes_sense

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks, and the charset of what is behind them."""

_MARKED = tuple(mark for mark, _ in MARKS)
_SAMPLE = 4096
_CONTROL = bytes(i for i in range(32) if i not in b"\t\n\r") + b"\x7f"
_BLANKS = str.maketrans("\t\r\n", "   ")
_SIGN = rb"[\x20-\x7e\t\r\n]"
_WIDE = (
    ("utf-32-le", 4, re.compile(rb"(?:" + _SIGN + rb"\0\0\0){3}")),
    ("utf-32-be", 4, re.compile(rb"(?:\0\0\0" + _SIGN + rb"){3}")),
    ("utf-16-le", 2, re.compile(rb"(?:" + _SIGN + rb"\0){3}")),
    ("utf-16-be", 2, re.compile(rb"(?:\0" + _SIGN + rb"){3}")),
)
_WIDE_CHINESE = (  # rows of ASCII, of punctuation, of ideographs, of full width
    ("utf-16-le", re.compile(rb"(?:[\x00-\xff][\x00\x20\x30\x4e-\x9f\xff]){3}")),
    ("utf-16-be", re.compile(rb"(?:[\x00\x20\x30\x4e-\x9f\xff][\x00-\xff]){3}")),
)
_CHINESE = (
    (
        "gb18030",
        re.compile(rb"(?:[\x20-\x7e\t\r\n]|[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x81-\xfe][0-9][\x81-\xfe][0-9])*+"),
        re.compile(rb"[\xb0-\xd7][\xa1-\xfe]"),
    ),
    (
        "big5",
        re.compile(rb"(?:[\x20-\x7e\t\r\n]|[\xa1-\xf9][\x40-\x7e\xa1-\xfe])*+"),
        re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]"),
    ),
)
_DOUBLE = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_PUNCTUATION = re.compile(rb"[\xa1-\xa3][\x40-\xfe]")
_FEWEST, _FEWEST_WIDE = 2, 3
_SHARE = 0.6


def guess(data: bytes, cut: bool = False) -> tuple[str, ...]:
    """Returns the charsets that bytes which are no UTF-8 read well in: mostly none, of Chinese sometimes both.

    With `cut`, a character may be incomplete at the end.
    """
    for name, width, shape in _WIDE:
        if len(data) % width == 0 and shape.match(data):
            return (name,) if _text(data, name) else ()
    found: list[str] = []
    if len(data.translate(None, _CONTROL)) == len(data):
        sample = data[:_SAMPLE]
        shares = {name: _share(sample, whole, frequent, cut) for name, whole, frequent in _CHINESE}
        least = max(*shares.values(), _SHARE / 0.9) * 0.9
        found += [name for name, share in shares.items() if share >= least and _text(data, name)]
    if len(data) % 2 == 0:
        found += [name for name, shape in _WIDE_CHINESE if shape.match(data) and _is_wide_chinese(data, name)]
    return tuple(found)


def may_read(start: bytes) -> bool:
    """Tells quickly whether what begins so may be text of one or two bytes to the character, or is compressed."""
    return len(start.translate(None, _CONTROL)) == len(start) or start.startswith(MAGICS)


def reads(data: bytes, cut: bool = False) -> bool:
    """Tells whether `data` is readable in UTF-8 or another charset, or begins as compressed data does.

    With `cut`, a character may be incomplete at its end.
    """
    if makes_sense(data):
        return True
    if data.startswith(_MARKED):
        mark, name = next(each for each in MARKS if data.startswith(each[0]))
        if _text(data[len(mark) :], name):
            return True
    if cut and data[-1:] >= b"\x80":
        ends = range(len(data) - 1, max(len(data) - 4, 0), -1)
        return any(makes_sense(data[:end]) for end in ends) or bool(guess(data, cut))
    return bool(guess(data, cut))


def _share(sample: bytes, whole: re.Pattern[bytes], frequent: re.Pattern[bytes], cut: bool) -> float:
    """Returns how many of the double characters are frequent ones, 0 where the bytes do not fit at all."""
    fits = whole.match(sample)
    if fits is None or len(sample) - fits.end() > (3 if cut or len(sample) == _SAMPLE else 0):
        return 0
    pairs = [pair for pair in _DOUBLE.findall(sample) if not _PUNCTUATION.match(pair)]
    usual = sum(1 for pair in pairs if frequent.match(pair))
    return usual / len(pairs) if usual >= _FEWEST else 0


def _is_wide_chinese(data: bytes, charset: str) -> bool:
    """Tells whether there are several characters, all of them ASCII or of GB 2312 or of Big5."""
    text = _text(data[:_SAMPLE], charset)
    return len(text) >= _FEWEST_WIDE and any(_fits(text, standard) for standard in ("gb2312", "big5"))


def _fits(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _text(data: bytes, charset: str) -> str:
    """Returns the beginning of a text that is printable throughout, else nothing."""
    try:
        text = codecs.getincrementaldecoder(charset)().decode(data[:_SAMPLE], final=len(data) <= _SAMPLE)
    except UnicodeDecodeError:
        return ""
    return text if text.translate(_BLANKS).isprintable() else ""
