"""Places as maps of China show them, and as geohashes.

GCJ-02 is what all maps in China are drawn in, BD-09 is Baidu's shift on top of it. Neither is published; the constants
are those of the form that leaked and that everybody uses (https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China,
with the ellipsoid of Krasovsky 1940). Geohash: https://en.wikipedia.org/wiki/Geohash.
"""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

from leaktap.config import Location
from leaktap.identifiers.forms import Form

_AXIS = 6_378_245.0
_ECCENTRICITY = 0.00669342162296594323
_BAIDU = math.pi * 3000 / 180
_BASE32 = "0123456789bcdefghjkmnpqrstuvwxyz"
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271

_MOST_BEGINNINGS = 32
METRES = 111_195.0
"""Metres in a degree of latitude, on a sphere of the Earth's mean radius."""

type Point = tuple[float, float]
"""Latitude and longitude in degrees."""


def _waves(at: float, *pairs: tuple[float, float]) -> float:
    return sum(height * math.sin(at * math.pi * rate) for height, rate in pairs) * 2 / 3


def gcj02(latitude: float, longitude: float) -> Point:
    """Returns where a map of China shows a point; outside of China the point itself."""
    if not (_WEST <= longitude <= _EAST and _SOUTH <= latitude <= _NORTH):
        return latitude, longitude
    x, y = longitude - 105, latitude - 35
    ripple = _waves(x, (20, 6), (20, 2))
    root = math.sqrt(abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += _waves(y, (20, 1), (40, 1 / 3), (160, 1 / 12), (320, 1 / 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += _waves(x, (20, 1), (40, 1 / 3), (150, 1 / 12), (300, 1 / 30))
    angle = math.radians(latitude)
    flat = 1 - _ECCENTRICITY * math.sin(angle) ** 2
    metres_north = _AXIS * (1 - _ECCENTRICITY) / flat**1.5
    metres_east = _AXIS / math.sqrt(flat) * math.cos(angle)
    return latitude + math.degrees(north / metres_north), longitude + math.degrees(east / metres_east)


def bd09(latitude: float, longitude: float) -> Point:
    """Returns where Baidu's map shows a point; outside of China the point itself."""
    y, x = gcj02(latitude, longitude)
    if (y, x) == (latitude, longitude):
        return y, x
    radius = math.hypot(x, y) + 0.00002 * math.sin(y * _BAIDU)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * _BAIDU)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065


@lru_cache(256)
def shown(latitude: float, longitude: float) -> tuple[tuple[Form, Point], ...]:
    """Returns a point as each kind of map has it, with the name of the shift."""
    shifts = (
        ((), (latitude, longitude)),
        (("gcj-02",), gcj02(latitude, longitude)),
        (("bd-09",), bd09(latitude, longitude)),
    )
    return tuple({point: (form, point) for form, point in reversed(shifts)}.values())[::-1]


def degrees(text: str) -> Iterator[tuple[Form, float, float]]:
    """Yields what a coordinate may be in degrees: the form, the number, and by how much it may be rounded."""
    whole, _, decimals = text.partition(".")
    if decimals:
        yield (), float(text), 0.5 * 10.0 ** -len(decimals)
    elif 6 <= len(whole.lstrip("-")) <= 10:
        for name, scale in (("e5", 1e5), ("e6", 1e6), ("e7", 1e7)):
            if abs(number := int(whole) / scale) <= 180:
                yield (name,), number, 0.5 / scale


def geohash_cell(text: str) -> tuple[Point, Point] | None:
    """Returns the middle of a geohash's cell and half its height and width in degrees, or None if it is none."""
    bits: list[list[int]] = [[], []]
    for index, sign in enumerate(text):
        value = _BASE32.find(sign)
        if value < 0:
            return None
        for place in range(5):
            bits[(index * 5 + place) % 2].append(value >> (4 - place) & 1)
    east, north = bits
    middle, half = [], []
    for span, path in ((90.0, north), (180.0, east)):
        at = 0.0
        for bit in path:
            span /= 2
            at += span if bit else -span
        middle.append(at)
        half.append(span)
    return (middle[0], middle[1]), (half[0], half[1])


def maps(place: Location) -> list[Location]:
    """Returns a place as each kind of map has it."""
    return [place.model_copy(update={"lat": lat, "lon": lon}) for _, (lat, lon) in shown(place.lat, place.lon)]


@lru_cache(256)
def beginnings(place: Location) -> frozenset[bytes]:
    """Returns what coordinates in a place begin with, up to two decimals; nothing where it is larger than a city."""
    found: set[bytes] = set()
    for each in maps(place):
        north = place.radius_m / METRES
        for at, reach in ((each.lat, north), (each.lon, north / math.cos(math.radians(place.lat)))):
            first, last = (int((at + way) * 100) for way in (-reach, reach))
            for step in range(first, last + 1) if last - first < _MOST_BEGINNINGS else ():
                found.add(f"{step / 100:.2f}".encode())
    return frozenset(found)


def pair_cues() -> Iterator[bytes]:
    """Yields expressions for two numbers with three decimals and more beside each other, in any way that joins them.

    One for each joint and the digit next to it: a point or a comma by itself stands in every text.
    """
    for before, sign, behind in product(("", " "), ",;|_", ("", " ")):
        joint = re.escape(before + sign + behind).encode()
        for digit in range(10):
            yield rb"\.[0-9]{3,20}%s%d[0-9]{0,2}\.[0-9]{3}" % (joint, digit)
        yield rb"\.[0-9]{3,20}%s-[0-9]{1,3}\.[0-9]{3}" % joint
    for digit, spaces in product(range(10), (1, 2, 3)):
        yield rb"\.[0-9]{2,19}%d%s-?[0-9]{1,3}\.[0-9]{3}" % (digit, b" " * spaces)
    yield rb"\.[0-9]{3,20} ?%(?:25){0,3}2[Cc] ?-?[0-9]{1,3}\.[0-9]{3}"
