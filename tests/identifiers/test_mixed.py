"""What is mixed is found to be so wherever it stands; words, numbers and times are not."""

import hashlib
from base64 import b64encode
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.identifiers._mixed import LONGEST, MARKS, is_mixed, mixed, with_kinds
from leaktap.identifiers._stretches import NEITHER, table

MIXED = [b"a1b2", b"1x2y", b"Ab3Cd4", b"aB1cD", b"%2Fa%2Fb", b"5f4dcc3b5aa7", b"XZ1x%z", b"iPhone14Pro3x"]
ORDINARY = [
    b"",
    b"a",
    b"1",
    b"homePageView",
    b"checkout_settings",
    b"1760000000123",
    b"2026-11-22 12:16:32.123+08:00",
    b"-39.935097, 116.3273",
    b"ABCDEFGHIJK",
    b"a1b.............2c",
    b'{"index": 12, "name": "Home", "price": 104.25}',
    "设备名称: 手机".encode(),
    bytes(range(128, 256)),
]


@pytest.mark.parametrize("value", MIXED)
def test_what_is_mixed(value):
    assert is_mixed(value)
    for before in (0, 1, 7, 8, 9, 63, 64, 65_530, 65_536, 200_000):
        text = b"." * before + value + b"." * 100
        ((begin, end),) = mixed(text.translate(MARKS))
        assert begin <= before and before + len(value) <= end < before + 120
        assert begin > before - 3 * LONGEST


@pytest.mark.parametrize("value", ORDINARY)
def test_what_is_not(value):
    assert not is_mixed(value)
    assert not mixed((value + b" " * 9).translate(MARKS))


def test_in_any_case_only_digits_among_letters_count():
    assert is_mixed(b"aBcDeFg1H") and not is_mixed(b"aBcDeFg1H", True)
    assert is_mixed(b"a1b2c", True)


values = st.text("abyzABYZ0189%!.:/-_ ", min_size=4, max_size=LONGEST).map(str.encode).filter(is_mixed)
around = st.text("abyzABYZ019%.:/- \"'\n中", max_size=120).map(str.encode)


@given(values, around, around, st.integers(0, 3))
def test_wherever_it_stands_all_of_it_is_within_a_place(value, before, behind, more):
    before = before * 50**more
    text = before + value + b"\n" * 9 + behind
    places = mixed(text.translate(MARKS))
    assert any(begin <= len(before) and len(before) + len(value) <= end for begin, end in places)
    assert all(0 <= begin < end <= len(text) for begin, end in places)
    assert all(one[1] < other[0] for one, other in pairwise(places))


def test_places_apart():
    text = b"a1b2" + b" " * 500 + b"c3d4" + b" " * 20 + b"e5f6" + b" " * 500
    first, second = mixed(text.translate(MARKS))
    assert first[0] == 0 and first[1] < 100
    assert second[0] <= 504 and 528 < second[1] < 600


def test_nearly_all_digests_are_mixed():
    digests = [hashlib.md5(bytes([i, j])).digest() for i in range(50) for j in range(20)]
    assert sum(is_mixed(digest.hex().encode(), True) for digest in digests) > 990
    assert sum(is_mixed(b64encode(digest)) for digest in digests) > 950


def test_other_marks_change_nothing():
    random = Random(3)
    text = bytes(random.choices(b"abAB01 .\0%", k=5000))
    both = with_kinds(table(frozenset(b"abAB01"), frozenset({0})))
    assert mixed(text.translate(both)) == mixed(text.translate(MARKS))
    assert text.translate(both)[text.index(0)] == NEITHER
