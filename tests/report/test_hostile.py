"""What hides, reorders or piles up is shown by its number; everything else stays as it is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.report._hostile import MOST, harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("示例商城　设备", "示例商城　设备"),
        ("العربية", "العربية"),
        ("é and ế", "é and ế"),
        ("<b onclick=x>&amp;", "<b onclick=x>&amp;"),
        ("a\u202egpj.exe", "a⟨U+202E⟩gpj.exe"),
        ("a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩"),
        ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("two\nlines\r\t", "two⟨U+000A⟩lines⟨U+000D⟩⟨U+0009⟩"),
        ("\x1b[31mred\x00", "⟨U+001B⟩[31mred⟨U+0000⟩"),
        ("\u3164\u2800", "⟨U+3164⟩⟨U+2800⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("a\u0301\u0301\u0301\u0301\u0301", "a\u0301\u0301\u0301⟨U+0301⟩⟨U+0301⟩"),
        ("", ""),
    ],
)
def test_text_shows_what_it_holds(text, shown):
    assert harmless(text) == shown


@given(st.text())
def test_nothing_invisible_is_left(text):
    shown = harmless(text)
    assert not [c for c in shown if unicodedata.category(c)[0] == "C"]
    assert harmless(shown, len(shown)) == shown


@given(st.text(min_size=MOST + 1))
def test_long_text_is_cut(text):
    assert harmless(text).endswith("…")
    assert len(harmless(text)) <= MOST * len("⟨U+10FFFF⟩") + 1
