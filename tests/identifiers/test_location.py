import pytest

from leaktap.identifiers.matcher import Matcher
from tests.identifiers.leaves import leaf, profile

PLACE = {"lat": "31.23041", "lon": "121.4737", "radius_m": 300}


@pytest.fixture(scope="module")
def there():
    return Matcher([profile(location=PLACE)])


def query(**values: str) -> list:
    return [leaf(value, name, path=f"request.query.{name}") for name, value in values.items()]


def values(matches) -> list[tuple]:
    return [(m.leaf.path.rpartition(".")[2], m.value, m.basis, m.confidence) for m in matches]


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        (query(lat="31.23041", lng="121.4737"), ["31.23041", "121.4737"]),
        (query(latitude="31.231", longitude="121.474"), ["31.231", "121.474"]),
        (query(lat="31.230412345678", lon="121.47371234567"), ["31.230412345678", "121.47371234567"]),
        (query(gps="121.4737,31.23041"), ["121.4737", "31.23041"]),
        (query(whatever="31.2304, 121.4737"), ["31.2304", "121.4737"]),
        (query(note="at 31.23041,121.4737 now"), ["31.23041", "121.4737"]),
        (query(url="https://a.example/?lat=31.23041&x=1"), ["31.23041"]),
        (query(lat="31.23041"), ["31.23041"]),
        (query(lat="31.23", lng="121.47"), ["31.23", "121.47"]),
        (query(lat="31.2"), []),
        (query(lat="31"), []),
        (query(lat="31.26", lng="121.45"), []),
        (query(gps="121.47,31.23"), ["121.47", "31.23"]),
        (query(note="121.47,31.23"), []),
        (query(lat="31230410", lng="121473700"), ["31230410", "121473700"]),
        (query(latitudeE7="312304100"), ["312304100"]),
        (query(lat="31930410"), []),
        (query(count="31230410"), []),
        (query(lat="31.2504"), []),
        (query(lat="121.4737"), []),
        (query(lng="31.23041"), []),
        (query(price="31.23041"), []),
        (query(version="31.23041"), []),
        (query(note="121.4737,31.9304"), []),
        (query(lat="0.0", lng="0.0"), []),
    ],
)
def test_near_the_profiles_place(there, leaves, expected):
    matches = [match for match in there.match(leaves) if match.basis == "known"]
    assert [match.value for match in matches] == expected
    for match in matches:
        assert match.leaf.value[slice(*match.span)].decode() == match.value
        assert (match.identifier, match.category, match.device) == ("location", "location", "phone")
        assert match.plain == ("31.23041" if match.value.startswith("31") else "121.4737")


@pytest.mark.parametrize(
    ("leaves", "forms", "confidence"),
    [
        (query(lat="31.23041", lng="121.4737"), [(), ()], 0.95),
        (query(lat="31.22850", lng="121.47824"), [("gcj-02",), ("gcj-02",)], 0.95),
        (query(ll="31.22850,121.47824"), [("gcj-02",)] * 2, 1.0),
        (query(ll="31.23437,121.48476"), [("bd-09",)] * 2, 1.0),
        (query(ll="31228500,121478240"), [("gcj-02", "e6")] * 2, 1.0),
        (query(lat="31228500", lng="121478240"), [("gcj-02", "e6")] * 2, 0.95),
        (query(lat="3123041", lng="12147370"), [("e5",)] * 2, 0.95),
        (query(lat="31228500"), [], 0),
        (query(lat="3123041", lng="12197370"), [], 0),
        (query(lat="312304100", lng="1214737000"), [("e7",)] * 2, 0.95),
        (query(ll="31.2,121.5"), [()] * 2, 0.7),
        (query(lat="31.23", lng="121.47"), [()] * 2, 0.7),
        (query(geohash="wtw3sj"), [("geohash",)], 0.95),
        (query(geohash="wtw3s"), [("geohash",)], 0.95),
        (query(geohash="wtw9sj"), [], 0),
        (query(hash="wtw3sj"), [], 0),
        (query(geohash="wtw3"), [], 0),
    ],
)
def test_how_a_place_is_written(there, leaves, forms, confidence):
    found = [match for match in there.match(leaves) if match.basis == "known"]
    assert [match.form for match in found] == forms
    assert all(match.confidence == confidence for match in found)


def test_neighbours_are_of_one_map():
    """Where a map's shift is all to the east, a latitude by itself may be shifted or not."""
    there = Matcher([profile(location={"lat": "41.6863", "lon": "95.79", "radius_m": 300})])
    both = query(lat="41687132", lng="95790260")
    assert [(match.form, match.confidence) for match in there.match(both)] == [(("e6",), 0.95)] * 2
    twice = query(lat="41687132", shopLat="41.9", lng="95790260", shopLng="95.9")
    assert [match.value for match in there.match(twice)] == ["41687132", "95790260"]
    assert there.match(query(lat="41687132", lng="96790260")) == []


@pytest.mark.parametrize(
    ("paths", "values", "form"),
    [
        (("body|json.$.at[0]", "body|json.$.at[1]"), ("121.4737", "31.23041"), ()),
        (("body|protobuf.4.1", "body|protobuf.4.2"), ("31.230412", "121.47369"), ()),
        (("body|json.$.a", "body|json.$.b"), ("31.22850", "121.47824"), ("gcj-02",)),
        (("body|json.$.a", "body|json.$.c.b"), ("31.23041", "121.4737"), None),
        (("body|json.$.a", "body|json.$.b"), ("31.23041", "121.9737"), None),
        (("body|json.$.a", "body|json.$.b"), ("31.23", "121.47"), None),
    ],
)
def test_a_place_whose_coordinates_have_no_names(there, paths, values, form):
    found = there.match([leaf(value, "x", path=path) for path, value in zip(paths, values, strict=True)])
    if form is None:
        assert found == []
    else:
        assert {(m.leaf.path, m.value, m.form, m.confidence) for m in found} == {
            (path, value, form, 0.9) for path, value in zip(paths, values, strict=True)
        }


def test_the_sieve_sees_coordinates_without_names(there):
    filler = b'{"event": "none"}' * 20
    for text in (b'{"a":31.230412,"b":121.47369}', b"[121.47369,31.230412]", b'{"a":31.22850}', b'{"a":121.48476}'):
        assert there.sieve(filler + text)
    assert not there.sieve(filler + b'{"a":31.93041,"b":121.9737}')


def test_the_radius_is_a_circle_on_the_ground():
    """At 60 degrees north a degree of longitude is half as long as one of latitude."""
    north = Matcher([profile(location={"lat": "60.0001", "lon": "25.0001", "radius_m": 300})])
    assert north.match(query(lng="25.0051"))
    assert not north.match(query(lat="60.0051"))


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        (query(lat="31.23041", lng="121.4737"), ["31.23041", "121.4737"]),
        (query(location="121.4737,31.23041"), ["121.4737", "31.23041"]),
        (query(lat="-33.8688", lon="151.2093"), ["-33.8688", "151.2093"]),
        (query(lat="31.23041"), []),
        (query(lat="31.23041", price="121.4737"), []),
        (query(lat="91.23041", lng="121.4737"), []),
        (query(lat="31.23041", lng="181.4737"), []),
        (query(lat="0.000000", lng="0.000000"), []),
        (query(lat="31.2", lng="121.4"), []),
        (query(note="121.4737,31.23041"), []),
        (query(poiLat="31.23041", poiLng="121.4737"), []),
    ],
)
def test_without_a_profile(stranger, leaves, expected):
    matches = stranger.match(leaves)
    assert [match.value for match in matches] == expected
    assert all((match.basis, match.confidence, match.device) == ("key", 0.75, "") for match in matches)


def test_a_list_of_places_is_no_location(stranger):
    shops = [
        leaf(f"{number}.{index}2041", name, path=f"request.body|json.$.shops[{index}].{name}")
        for index in range(9)
        for name, number in (("lat", 31), ("lng", 121))
    ]
    assert stranger.match(shops) == []
    assert len(stranger.match(shops[:2])) == 2
