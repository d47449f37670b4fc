"""Places as they are sent: pairs and members of documents, in degrees and their parts, shifted, as geohashes.

The shifts are the published formulas of `eviltransform` (https://github.com/googollee/eviltransform), of which only the
numbers are taken; geohashes follow https://en.wikipedia.org/wiki/Geohash.
"""

import math
from collections.abc import Iterator
from random import Random

from benchmarks._writing import Form, Writing

_AXIS, _FLATNESS, _BAIDU = 6378245.0, 0.00669342162296594323, math.pi * 3000 / 180
_SIGNS = "0123456789bcdefghjkmnpqrstuvwxyz"
_NAMES = (("lat", "lng"), ("latitude", "longitude"))
_TOLD_APART = 0.003
"""Degrees by which a map has to shift a place, so that it is no other point near the place."""


def a_place(random: Random) -> tuple[float, float]:
    """Returns a latitude and a longitude that the maps of China shift."""
    while True:
        latitude, longitude = round(random.uniform(20, 50), 4), round(random.uniform(75, 130), 4)
        shown = _gcj02(latitude, longitude)
        if math.dist(shown, (latitude, longitude)) >= _TOLD_APART:
            return latitude, longitude


def places(latitude: float, longitude: float, random: Random) -> Iterator[Writing]:
    """Yields writings of points within some hundred metres."""
    for digits in (4, 5, 6, 7, 12):
        near = [f"{degrees:.{digits}f}" for degrees in _near(latitude, longitude, random)]
        for first, second in ((0, 1), (1, 0)):
            for sign in (",", ", "):
                yield Writing("location", "", (near[first] + sign + near[second]).encode(), (), "plain")
    for form, shift in ((("gcj-02",), _gcj02), (("bd-09",), _bd09), ((), lambda north, east: (north, east))):
        north, east = shift(*_near(latitude, longitude, random))
        yield from _members(f"{north:.6f}", f"{east:.6f}", form)
        if form:
            yield Writing("location", "", f"{north:.6f},{east:.6f}".encode(), form, "shifted")
    north, east = _near(latitude, longitude, random)
    for name, scale in (("e6", 1e6), ("e7", 1e7)):
        yield from _members(str(round(north * scale)), str(round(east * scale)), (name,))
    for size in (9, 10, 12):
        data = f'{{"geohash":"{_geohash(north, east, size)}"}}'.encode()
        yield Writing("location", "", data, ("geohash",), "place under its name", "|json.$.geohash")


def _near(latitude: float, longitude: float, random: Random) -> tuple[float, float]:
    return latitude + random.uniform(-0.0009, 0.0009), longitude + random.uniform(-0.0009, 0.0009)


def _members(north: str, east: str, form: Form) -> Iterator[Writing]:
    for first, second in _NAMES:
        for quote in ("", '"'):
            data = f'{{"{first}":{quote}{north}{quote},"{second}":{quote}{east}{quote}}}'.encode()
            yield Writing("location", "", data, form, "place under its name", f"|json.$.{first}")


def _gcj02(lat: float, lon: float) -> tuple[float, float]:
    x, y, pi = lon - 105, lat - 35, math.pi
    both = (20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)) * 2 / 3
    north = both - 100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * pi) + 320 * math.sin(y / 30 * pi)) * 2 / 3
    east = both + 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3
    magic = 1 - _FLATNESS * math.sin(math.radians(lat)) ** 2
    north *= 180 / (_AXIS * (1 - _FLATNESS) / (magic * math.sqrt(magic)) * pi)
    east *= 180 / (_AXIS / math.sqrt(magic) * math.cos(math.radians(lat)) * pi)
    return lat + north, lon + east


def _bd09(lat: float, lon: float) -> tuple[float, float]:
    y, x = _gcj02(lat, lon)
    radius = math.hypot(x, y) + 0.00002 * math.sin(y * _BAIDU)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * _BAIDU)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065


def _geohash(lat: float, lon: float, size: int) -> str:
    ends = [[-180.0, 180.0], [-90.0, 90.0]]
    text, number = "", 0
    for bit in range(size * 5):
        low, high = ends[bit % 2]
        middle = (low + high) / 2
        upper = (lon, lat)[bit % 2] >= middle
        ends[bit % 2] = [middle, high] if upper else [low, middle]
        number = number << 1 | upper
        if bit % 5 == 4:
            text, number = text + _SIGNS[number & 31], 0
    return text
