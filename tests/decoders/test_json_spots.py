"""What lies at places of a JSON text: numbers by themselves, strings, names with what stands under them."""

import pytest

from leaktap.decoders._json_spots import wanted

TEXT = (
    rb'{"price": 39.72, "imei" : 867530912345673, "list": [1,-2.5e3 ,7], "x": "a 12 b", "t": "9, 8, 6", "e":"\u0041"}'
)


@pytest.mark.parametrize(
    ("place", "among", "not_among"),
    [
        (rb"39.72", {39.72}, {"price"}),
        (rb"9.7", {39.72}, {"price"}),
        (rb'imei"', {"imei"}, {"price", 39.72}),
        (rb'imei" :', {"imei"}, {"price"}),
        (rb"67530912345673", {867530912345673}, {"imei"}),
        (rb"-2.5e3", {-2500.0}, {"list", 7}),
        (rb"e3 ,7", {7}, {"list"}),
        (rb"a 12", {"a 12 b", 12}, set()),
        (rb"9, 8", {"9, 8, 6", 8}, set()),
        (rb"\u0041", {"A"}, {r"\u0041"}),
    ],
)
def test_what_lies_at_a_place(place, among, not_among):
    assert TEXT.count(place) == 1
    found = wanted(TEXT, [TEXT.index(place) + len(place)])
    assert among <= found
    assert not not_among & found


def test_several_places_between_the_same_quotes():
    spots = [TEXT.index(sign) + len(sign) for sign in (b"39.72", b"imei", b'imei"', b"8675309")]
    assert {39.72, "imei", 867530912345673} <= wanted(TEXT, spots)


def test_what_is_no_string_cannot_be_told():
    assert wanted(rb'{"a": "\x41 imei"}', [14]) is None
