"""Shifts and geohashes against published vectors."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.identifiers._geo import bd09, degrees, gcj02, geohash_cell, pair_cues, shown


@pytest.mark.parametrize(
    ("point", "shifted", "within"),
    [
        # The example of github.com/wandergis/coordtransform.
        ((39.915, 116.404), (39.91640428150164, 116.41024449916938), 1e-9),
        # The tests of github.com/googollee/eviltransform, which has another ellipsoid.
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215), 2e-7),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363), 2e-7),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657), 2e-7),
        # The tests of the crate geotool.
        ((30.6107779, 121.0917077), (30.608604331756705, 121.09626935575027), 2e-7),
        # London is in no map of China.
        ((51.5072, -0.1276), (51.5072, -0.1276), 0),
    ],
)
def test_gcj02(point, shifted, within):
    assert gcj02(*point) == pytest.approx(shifted, abs=within)


def test_bd09():
    assert bd09(30.6107779, 121.0917077) == pytest.approx((30.61484572185035, 121.10271732371203), abs=2e-7)


def test_what_is_not_shifted_is_there_once():
    assert [form for form, _ in shown(31.23, 121.47)] == [(), ("gcj-02",), ("bd-09",)]
    assert [form for form, _ in shown(51.5072, -0.1276)] == [()]


@pytest.mark.parametrize(
    ("text", "point"),
    [("u4pruydqqvj", (57.64911, 10.40744)), ("ezs42", (42.605, -5.603)), ("wtw3sj", (31.2292, 121.4703))],
)
def test_geohashes(text, point):
    """The first two from https://en.wikipedia.org/wiki/Geohash."""
    middle, half = geohash_cell(text)
    assert all(abs(at - to) <= reach + 1e-5 for at, to, reach in zip(point, middle, half, strict=True))


@pytest.mark.parametrize("text", ["u4pra", "hello", "wtw-3", "Wtw3s"])
def test_no_geohashes(text):
    assert geohash_cell(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("31.2304", [((), 31.2304, 0.00005)]),
        ("-31.2", [((), -31.2, 0.05)]),
        ("31230410", [(("e6",), 31.23041, 5e-7), (("e7",), 3.123041, 5e-8)]),
        ("1214737000", [(("e7",), 121.4737, 5e-8)]),
        ("3123041", [(("e5",), 31.23041, 5e-6), (("e6",), 3.123041, 5e-7), (("e7",), 0.3123041, 5e-8)]),
        ("31", []),
        ("12345", []),
    ],
)
def test_ways_to_write_degrees(text, expected):
    found = list(degrees(text))
    assert [form for form, _, _ in found] == [form for form, _, _ in expected]
    for (_, number, rounded), (_, value, slack) in zip(found, expected, strict=True):
        assert (number, rounded) == pytest.approx((value, slack))


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_shift_is_never_far(latitude, longitude):
    for north, east in (gcj02(latitude, longitude), bd09(latitude, longitude)):
        assert (abs(north - latitude) < 0.03 and abs(east - longitude) < 0.1) or abs(latitude) > 55


_PAIR = re.compile(rb"\.[0-9]{3,20} ?(?:[,;|_ ]|%(?:25){0,3}2[Cc]) ?-?[0-9]{1,3}\.[0-9]{3}")
_CUES = [re.compile(cue) for cue in pair_cues()]
_NUMBERS = st.from_regex(r"-?[0-9]{0,4}\.[0-9]{1,22}", fullmatch=True)


@given(_NUMBERS, st.text(" ,;|_%25cC/", max_size=5), _NUMBERS)
def test_pair_has_a_cue_however_it_is_joined(first, joint, second):
    text = f"{first}{joint}{second}".encode()
    ends = {found.end() for cue in _CUES for found in cue.finditer(text)}
    assert ends == {found.end() for found in _PAIR.finditer(text)}
