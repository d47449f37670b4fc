"""Stretches are what a regular expression finds, in short texts and in long ones."""

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.identifiers._stretches import stretches, table

LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyz")
TABLE = table(LETTERS, frozenset({0}))
texts = st.lists(st.sampled_from([b"a", b"bcdefgh", b"ijklmnopqrstuvwxyzabc", b" ", b"\0", b"1"])).map(b"".join)


def expected(text: bytes, least: int) -> list[tuple[int, int]]:
    """Returns the same by an expression."""
    return [found.span() for found in re.finditer(rb"[a-z]{%d}[a-z\0]*" % least, text)]


@given(texts, st.integers(7, 30), st.booleans())
def test_stretches_are_what_an_expression_finds(text: bytes, least: int, long: bool) -> None:
    """However long the text is, and wherever it is searched by words."""
    text = text * 100 if long else text
    assert list(stretches(text.translate(TABLE), least)) == expected(text, least)


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("size", [21, 22, 23, 24, 25, 26, 5000])
def test_a_stretch_begins_anywhere_in_a_word(shift: int, size: int) -> None:
    """Also at the beginning and at the end of a text."""
    stretch = b"x" * size
    for text in (
        b" " * (3000 + shift) + stretch,
        stretch + b"." * (3000 + shift),
        b" " * shift + stretch + b" " * 3000,
    ):
        assert list(stretches(text.translate(TABLE), 22)) == expected(text, 22)


def test_stretches_of_mixed_text() -> None:
    """Words of all lengths, of which some follow each other closely."""
    random = Random(7)
    text = b" ".join(bytes(random.choices(sorted(LETTERS), k=random.randrange(40))) for _ in range(3000))
    assert list(stretches(text.translate(TABLE), 22)) == expected(text, 22)


def test_others_bits_do_not_matter() -> None:
    """Neither in short texts nor in long ones."""
    for text in (b"." + b"x" * 30 + b"\0" * 3 + b".", b"." * 3000 + b"x" * 30 + b"\0" * 3):
        marks = bytes(mark and mark | 0xE7 for mark in text.translate(TABLE))
        assert list(stretches(marks, 22, True)) == expected(text, 22)
