"""Captured text made harmless for a page: what is invisible or changes the direction of writing is shown by its number.

Escaping is the template engine's; this is about characters that are no markup. `⟨U+202E⟩` stands for a character that
could hide or reorder what is around it (Unicode, UAX #9 and UTR #36). More than a few marks on one letter (which pile
up over neighbouring lines) are shown by number as well, and long texts are cut.
"""

import re
import unicodedata

from markupsafe import Markup

MOST = 400
_MOST_MARKS = 3
_BLANK = "\u115f\u1160\u2800\u3164\uffa0\u2028\u2029"
"""Letters and symbols that look like nothing, and separators that break lines."""
_MARKS = re.compile(rf"[^\x00-\u02ff]{{{_MOST_MARKS + 1},}}")


class Whole(str):
    """Text that is harmless and as long as it may be: it is not cut again."""

    __slots__ = ()


def harmless(text: str, most: int = MOST) -> Whole:
    """Returns text that shows what it holds, cut to `most` characters."""
    cut = text[:most]
    if not (cut.isascii() and cut.isprintable()):
        cut = _MARKS.sub(_unpiled, "".join(map(_visible, cut)))
    return Whole(cut if len(text) <= most else cut + "…")


def finalize(value: object) -> object:
    """Is what the template engine passes every value through that a template prints."""
    if isinstance(value, str) and not isinstance(value, Whole | Markup):
        return harmless(value)
    return value


def _visible(character: str) -> str:
    plain = character.isprintable() or unicodedata.category(character) == "Zs"
    return character if plain and character not in _BLANK else f"⟨U+{ord(character):04X}⟩"


def _unpiled(found: re.Match[str]) -> str:
    """Shows the marks of a run that go beyond what a letter may carry."""
    out, marks = [], 0
    for character in found[0]:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        out.append(character if marks <= _MOST_MARKS else f"⟨U+{ord(character):04X}⟩")
    return "".join(out)
