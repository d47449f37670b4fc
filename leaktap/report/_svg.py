"""Pictures as SVG, written by hand: shapes take the page's colours by class, and all text is escaped here.

A plotting library would cost seconds of start-up and megabytes of page, and its pictures know no dark mode.
"""

import unicodedata
from collections.abc import Iterable

from markupsafe import Markup, escape

from leaktap.report._hostile import harmless

type Attribute = str | float

WIDTHS = {"wide": 980, "paper": 695, "narrow": 350}
"""The pictures' widths in CSS pixels: of a large screen, of A4 less its margins, and of a phone."""


def element(name: str, inside: Markup | str = "", **attributes: Attribute) -> Markup:
    """Returns an element; text inside and attributes are escaped, `_` in a name is `-`, a final `_` is dropped."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_said(value))}"' for key, value in attributes.items()
    )
    content = inside if isinstance(inside, Markup) else escape(harmless(inside))
    return Markup(f"<{name}{said}>{content}</{name}>")


def text(words: str, x: float, y: float, room: float, class_: str, anchor: str = "") -> Markup:
    """Returns a line of text cut to `room` (user units, letters of 12), whole in a tooltip where it is cut."""
    shown = fitted(words, room)
    more = {"text_anchor": anchor} if anchor else {}
    whole = element("title", harmless(words)) if shown != harmless(words) else ""
    return element("text", Markup("").join([escape(shown), whole]), x=x, y=y, class_=class_, **more)


def picture(parts: Iterable[Markup], width: float, height: float, label: str, class_: str) -> Markup:
    """Returns a whole picture that scales to its place, with what it shows in words."""
    return element(
        "svg",
        Markup("").join(parts),
        viewBox=f"0 0 {_said(width)} {_said(height)}",
        role="img",
        aria_label=label,
        class_=class_,
    )


_LETTERS = ((11.8, "mwMW@%"), (10.2, "<>=+~#^&"), (4.9, "ftr-()[]"), (4.0, " .,:;|!ijlI'/\\"))
"""How wide letters of 12 are in the widest of the page's fonts; the others are 8.6 in capitals and else 7.6."""


def fitted(words: str, room: float) -> str:
    """Returns words cut to a width in user units, at letters of 12."""
    shown, used = harmless(words), 0.0
    if measured(shown) <= room:
        return shown
    for place, character in enumerate(shown):
        used += _wide(character)
        if used > room - 12:
            return shown[: max(place, 1)] + "…"
    return shown


def measured(words: str) -> float:
    """Returns about how wide a text is at letters of 12."""
    return sum(map(_wide, harmless(words)))


def _wide(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 12.2
    for width, characters in _LETTERS:
        if character in characters:
            return width
    return 8.6 if character.isupper() else 7.6 if character.isascii() else 9.0


def _said(value: Attribute) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else harmless(str(value))
