"""Where the phone is: coordinates in degrees, as whole numbers of their parts (E5, E6, E7), or as a geohash.

With a profile, whatever lies within its place's radius, or is it when rounded, if a name or the shape of a pair says
that it is a coordinate; also shifted as maps of China are (`_geo`). Without one, a latitude and a longitude that stand
together under such names, in degrees with three decimals (about a hundred metres) or more; a list of them is a list of
shops.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, product

from leaktap.config import DeviceProfile
from leaktap.config import Location as Place
from leaktap.identifiers._api import Candidate, Identifier, Scene, fold_key
from leaktap.identifiers._geo import METRES, Point, beginnings, degrees, geohash_cell, pair_cues, shown
from leaktap.identifiers._places import above, entry_of
from leaktap.identifiers.forms import Form
from leaktap.model import Match

_NUMBER = r"-?[0-9]{1,3}\.[0-9]{3,20}"
_ANY_NUMBER = r"-?(?:[0-9]{1,3}\.[0-9]{1,20}|[0-9]{6,10})"
_PAIR = re.compile(rf"({_NUMBER})\s?(?:[,;|_ ]|%2[Cc])\s?({_NUMBER})")
_NAMED_PAIR = re.compile(rf"({_ANY_NUMBER})\s?(?:[,;|_ ]|%2[Cc])\s?({_ANY_NUMBER})")
_LATITUDE = re.compile(r".*(?:lat(?:itude)?(?:e?[0-9])?|weidu|纬度)")
_LONGITUDE = re.compile(r".*(?:lng|lon|long|longitude|jingdu|经度)(?:e?[0-9])?")
_OWN = re.compile(r"(?:gps|my|user|cur|current|device|client|last|real).+")
_BESIDE = frozenset(
    {"accuracy", "altitude", "speed", "bearing", "heading", "radius", "horizontalaccuracy", "haccuracy"}
)
"""What stands beside the coordinates of a receiver, and never beside those of a shop."""

_MOST_PAIRS = 3
_MOST_TRIED = 16
"""How many pairs of neighbours are held against a profile's place."""

_LENGTHS = range(5, 26)
_ROUGH, _ROUGHEST = 0.005, 0.05
"""Degrees by which a coordinate of two decimals, and of one, may be rounded."""

_FEWEST_SIGNS, _MOST_SIGNS = 5, 12
"""Signs of a geohash: from cells of five kilometres on."""


type _Coordinate = tuple[Candidate, str, tuple[int, int]]


def _coordinates(candidate: Candidate) -> tuple[list[_Coordinate], bool]:
    """Returns the coordinates in a candidate, and whether they are a pair."""
    pair = _PAIR.fullmatch(candidate.text) or (_NAMED_PAIR.fullmatch(candidate.text) if candidate.named else None)
    if pair:
        start = candidate.span[0]
        return [(candidate, pair[i], (start + pair.start(i), start + pair.end(i))) for i in (1, 2)], True
    if candidate.named and re.fullmatch(_ANY_NUMBER, candidate.text):
        return [(candidate, candidate.text, candidate.span)], False
    return [], False


def _off(place: Place, point: Point, latitude: float | None, longitude: float | None) -> float:
    """Returns how many metres a point lies from another; of a lone coordinate only its own axis is known."""
    north = 0.0 if latitude is None else (latitude - point[0]) * METRES
    east = 0.0 if longitude is None else (longitude - point[1]) * METRES * math.cos(math.radians(place.lat))
    return math.hypot(north, east)


def _nearest(place: Place, latitude: str | None, longitude: str | None, roughest: float) -> tuple[float, Form] | None:
    """Returns by how much coordinates that lie in a place may be rounded, and the way they are written.

    What may be rounded by more than `roughest` says nothing.
    """
    found: list[tuple[float, float, Form]] = []
    for form, north, rounded in degrees(latitude) if latitude is not None else [((), None, 0.0)]:
        for other, east, also in degrees(longitude) if longitude is not None else [(form, None, 0.0)]:
            if latitude is None:
                form = other
            slack = max(rounded, also)
            if form != other or slack > roughest:
                continue
            rough = slack >= _ROUGH
            for rank, (shift, point) in enumerate(shown(place.lat, place.lon)):
                off = _off(place, point, north, east)
                if off <= place.radius_m + (slack * METRES if rough else 0):
                    found.append((rank if rough else off, slack, (*shift, *form)))
    return min(found)[1:] if found else None


def _match(
    coordinate: _Coordinate,
    device: DeviceProfile | None,
    plain: float | None,
    confidence: float,
    why: str = "",
    form: Form = (),
) -> Match:
    candidate, text, span = coordinate
    known = device is not None and plain is not None
    return Match(
        candidate.leaf,
        "location",
        "location",
        text,
        span,
        form,
        "known" if known else "key",
        confidence,
        plain=str(plain) if known else "",
        device=device.name if device else "",
        why=why,
    )


def _known(found: Sequence[_Coordinate], devices: Sequence[DeviceProfile], is_one: bool) -> list[Match]:
    """Returns matches for a pair or a lone coordinate that lies in a profile's place.

    A pair that `is_one` value may have either coordinate first, and be rounded further.
    """
    texts = [text for _, text, _ in found]
    orders = _orders(found)[: None if is_one else 1]
    for device in devices:
        for place in device.location:
            for order in orders:
                north, east = (None if i is None else texts[i] for i in order)
                near = _nearest(place, north, east, _ROUGHEST if is_one else _ROUGH)
                if near:
                    sure = (1.0 if is_one else 0.95) if near[0] < _ROUGH else 0.7
                    plain = {order[0]: place.lat, order[1]: place.lon}
                    return [_match(each, device, plain[i], sure, form=near[1]) for i, each in enumerate(found)]
    return []


def _together(found: Iterable[_Coordinate], devices: Sequence[DeviceProfile]) -> dict[int, Match]:
    """Returns matches, by their candidates, for latitudes and longitudes side by side, both written in one way."""
    entries: dict[str, tuple[list[_Coordinate], list[_Coordinate]]] = {}
    for each in found:
        sides = entries.setdefault(entry_of(each[0].leaf.path), ([], []))
        for side, name in zip(sides, (_LATITUDE, _LONGITUDE), strict=True):
            if name.fullmatch(each[0].key):
                side.append(each)
    known: dict[int, Match] = {}
    for pair in chain.from_iterable(islice(product(*sides), _MOST_TRIED) for sides in entries.values()):
        if not any(id(candidate) in known for candidate, _, _ in pair):
            matches = _known(pair, devices, is_one=False)
            known |= {id(each[0]): match for each, match in zip(pair, matches, strict=False)}
    return known


def _is_vague(form: Sequence[str]) -> bool:
    """Tells a whole number that may be anything: alone it counts unshifted in E6 and E7 only."""
    return "e5" in form or (len(form) > 1 and form[-1] in ("e6", "e7"))


def _orders(found: Sequence[_Coordinate]) -> tuple[tuple[int | None, int | None], ...]:
    """Returns which of the coordinates may be the latitude and which the longitude."""
    if len(found) == 2:
        return (0, 1), (1, 0)
    key = found[0][0].key
    return ((0, None),) if _LATITUDE.fullmatch(key) else ((None, 0),) if _LONGITUDE.fullmatch(key) else ()


def _geohash(candidate: Candidate, devices: Sequence[DeviceProfile]) -> Match | None:
    """Returns a match for a geohash whose cell touches a profile's place."""
    text = candidate.text.lower()
    if (
        "geohash" not in candidate.key
        or not _FEWEST_SIGNS <= len(text) <= _MOST_SIGNS
        or not (cell := geohash_cell(text))
    ):
        return None
    middle, half = cell
    for device in devices:
        for place in device.location:
            for shift, (north, east) in shown(place.lat, place.lon):
                outside = [
                    max(abs(at - to) - reach, 0) for at, to, reach in zip((north, east), middle, half, strict=True)
                ]
                if _off(place, (0.0, 0.0), *outside) <= place.radius_m:
                    whole = (candidate, candidate.text, candidate.span)
                    known = _match(whole, device, place.lat, 0.95, form=(*shift, "geohash"))
                    return replace(known, plain=f"{place.lat}, {place.lon}")
    return None


def _plausible(first: float, second: float) -> bool:
    return abs(first) <= 90 and abs(second) <= 180 and abs(first) >= 0.001 and abs(second) >= 0.001


def _beside(scene: Scene, told: set[int]) -> Iterator[Match]:
    """Yields a known place's coordinates that stand beside each other under names that say nothing, or under none."""
    places = [(device, place) for device in scene.devices for place in device.location]
    if not places:
        return
    known = frozenset[bytes]().union(*(beginnings(place) for _, place in places))
    numbers = [
        (Candidate(leaf, text, (0, len(text)), "", False), above(leaf.path), float(text))
        for leaf in scene.leaves
        if len(leaf.value) in _LENGTHS
        and leaf.value[: leaf.value.find(b".") + 3] in known
        and id(leaf) not in told
        and (text := _number(leaf.value))
    ]
    for device, place in places if numbers else ():
        for form, point in shown(place.lat, place.lon):
            halves: dict[str, dict[bool, tuple[Candidate, float]]] = {}
            for candidate, beside, number in numbers:
                for is_latitude in (True, False):
                    axes = (number, None) if is_latitude else (None, number)
                    if _off(place, point, *axes) <= place.radius_m:
                        halves.setdefault(beside, {}).setdefault(is_latitude, (candidate, number))
            for half in halves.values():
                if len(half) == 2 and _off(place, point, half[True][1], half[False][1]) <= place.radius_m:
                    for is_latitude, (candidate, _) in half.items():
                        plain = place.lat if is_latitude else place.lon
                        whole = (candidate, candidate.text, candidate.span)
                        yield _match(whole, device, plain, 0.9, form=form)


def _number(value: bytes) -> str:
    text = value.decode("ascii", "replace")
    return text if re.fullmatch(_NUMBER, text) else ""


def _gather(scene: Scene) -> Iterator[Match]:
    told: set[int] = set()
    for match in _named(scene):
        told.add(id(match.leaf))
        yield match
    yield from _beside(scene, told)


def _named(scene: Scene) -> Iterator[Match]:
    pairs: list[list[_Coordinate]] = []
    halves: dict[str, dict[bool, _Coordinate]] = {}
    vague: dict[tuple[str, Sequence[str]], dict[bool, Match]] = {}
    read = [(candidate, *_coordinates(candidate)) for candidate in scene.candidates]
    together = _together((found[0] for _, found, paired in read if found and not paired), scene.devices)
    for candidate, found, paired in read:
        if hashed := _geohash(candidate, scene.devices):
            yield hashed
            continue
        if id(candidate) in together:
            yield together[id(candidate)]
            continue
        known = _known(found, scene.devices, paired) if found else []
        if len(known) == 1 and _is_vague(known[0].form):
            both = vague.setdefault((entry_of(candidate.leaf.path), known[0].form), {})
            both.setdefault(bool(_LATITUDE.fullmatch(candidate.key)), known[0])
            continue
        yield from known
        if known or not candidate.named or not all(re.fullmatch(_NUMBER, text) for _, text, _ in found):
            continue
        if paired and found:
            numbers = sorted((float(text) for _, text, _ in found), key=abs)
            if _plausible(*numbers):
                pairs.append(found)
        elif found:
            half = halves.setdefault(entry_of(candidate.leaf.path), {})
            half.setdefault(bool(_LATITUDE.fullmatch(candidate.key)), found[0])
    for both in vague.values():
        yield from both.values() if len(both) == 2 else ()
    for half in halves.values():
        if len(half) == 2 and _plausible(float(half[True][1]), float(half[False][1])):
            pairs.append([half[True], half[False]])
    if not pairs or len(pairs) > _MOST_PAIRS:
        return
    measured = {entry_of(leaf.path) for leaf in scene.leaves if fold_key(leaf.key) in _BESIDE}
    for pair in pairs:
        named = any(_OWN.fullmatch(coordinate[0].key) for coordinate in pair)
        beside = entry_of(pair[0][0].leaf.path) in measured
        why = "a pair of a receiver" if beside else "a pair named for the phone's" if named else "a pair"
        yield from (_match(each, None, None, 0.85 if named or beside else 0.75, why) for each in pair)


_WHOSE = "(?:gps|geo|my|user|cur|current|device|client|loc|location|last|real|poi_user|map|x|c)"

IDENTIFIERS = (
    Identifier(
        "location",
        "location",
        keys=(
            f"(?:{_WHOSE}_)?lat(?:itude)?(?:_e[567])?",
            "(?:.*_)?geo_hash[0-9]?",
            f"(?:{_WHOSE}_)?(?:lng|lon|long|longitude)(?:_e[567])?",
            f"(?:{_WHOSE}_)?(?:location|loc|lbs|gps|geo|coordinates?|coords?|position|pos|geolocation)",
            "(?:lat|latitude)_(?:lng|lon|long)|(?:lng|lon)_lat|ll|ip_location|gps_info",
            "jing_du|wei_du|[经纬]度|经纬度|jing_wei_du|当前位置|位置|wei_zhi",
        ),
        shapes=(_PAIR.pattern.replace(r"\s", " ").encode(),),
        cues=(tuple(pair_cues()),),
        gather=_gather,
        always=True,
        hashed=False,
        values=lambda _device: (),
    ),
)
