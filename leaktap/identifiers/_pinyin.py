"""Chinese names in Latin letters: with spaces or without, with capitals, the family name first or last.

Needs the package pypinyin, which knows which reading a character has in a family name and in its word; without it
there are no such forms.
"""

import itertools
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType

from leaktap.identifiers._api import Variant

_NAME = re.compile(r"[㐀-鿿]{2,6}")
_LONG_FAMILY_NAMES = re.compile(
    "欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|东方|独孤|南宫|司徒|端木|闻人"
)
_DOUBLE = 2
_MOST_READINGS = 4


@cache
def _library() -> ModuleType | None:
    try:
        return import_module("pypinyin")
    except ImportError:
        return None


def pinyin(text: str) -> Iterator[Variant]:
    """Yields the ways to write a Chinese name in Latin letters, without tones; nothing for any other text.

    A family name is written in each reading that its characters have.
    """
    library = _library() if _NAME.fullmatch(text) else None
    if library is None:
        return
    size = _DOUBLE if _LONG_FAMILY_NAMES.match(text) and len(text) > _DOUBLE else 1
    readings = library.pinyin(text[:size], style=library.Style.NORMAL, heteronym=True)
    given = library.lazy_pinyin(text[size:])
    for family in itertools.islice(itertools.product(*readings), _MOST_READINGS):
        yield from _written(list(family), given)


def _written(family: list[str], given: list[str]) -> Iterator[Variant]:
    last, first = "".join(family), "".join(given)
    apart = [(" ".join((*family, *given)), ("space",)), (f"{last} {first}", ("space",))]
    for text, form in ((last + first, ()), *apart, (f"{first} {last}", ("family-last", "space"))):
        for cased, case in ((text, ()), (text.upper(), ("upper",)), (text.title(), ("title",))):
            yield Variant(cased.encode(), ("pinyin", *form, *case), hashed=not form)
    yield Variant((first + last).encode(), ("pinyin", "family-last"), hashed=False)
    yield Variant((last.title() + first.title()).encode(), ("pinyin", "title"))
    yield Variant((first.title() + last.title()).encode(), ("pinyin", "family-last", "title"), hashed=False)
