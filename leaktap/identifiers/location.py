"""Where the phone is: coordinates in degrees with three decimals (about a hundred metres) or more.

With a profile, whatever lies within its place's radius, if a name or the shape of a pair says that it is a coordinate.
Without one, a latitude and a longitude that stand together under such names; a list of them is a list of shops.
"""

import math
import re
from collections.abc import Iterator, Sequence

from leaktap.config import DeviceProfile
from leaktap.config import Location as Place
from leaktap.identifiers._api import Candidate, Identifier, Scene
from leaktap.identifiers._places import entry_of
from leaktap.model import Match

_METRES = 111_195.0
"""Metres in a degree of latitude, on a sphere of the Earth's mean radius."""

_NUMBER = r"-?[0-9]{1,3}\.[0-9]{3,20}"
_PAIR = re.compile(rf"({_NUMBER})\s?(?:[,;|_ ]|%2[Cc])\s?({_NUMBER})")
_LATITUDE = re.compile(r".*lat(?:itude)?[0-9]?")
_LONGITUDE = re.compile(r".*(?:lng|lon|long|longitude)[0-9]?")
_MOST_PAIRS = 3


type _Coordinate = tuple[Candidate, str, tuple[int, int]]


def _coordinates(candidate: Candidate) -> tuple[list[_Coordinate], bool]:
    """Returns the coordinates in a candidate, and whether they are a pair."""
    pair = _PAIR.fullmatch(candidate.text)
    if pair:
        start = candidate.span[0]
        return [(candidate, pair[i], (start + pair.start(i), start + pair.end(i))) for i in (1, 2)], True
    if candidate.named and re.fullmatch(_NUMBER, candidate.text):
        return [(candidate, candidate.text, candidate.span)], False
    return [], False


def _near(place: Place, latitude: float | None, longitude: float | None) -> bool:
    """Says whether a point lies within the place's radius; of a lone coordinate only its own axis is known."""
    north = 0.0 if latitude is None else (latitude - place.lat) * _METRES
    east = 0.0 if longitude is None else (longitude - place.lon) * _METRES * math.cos(math.radians(place.lat))
    return math.hypot(north, east) <= place.radius_m


def _match(coordinate: _Coordinate, device: DeviceProfile | None, plain: float | None, confidence: float) -> Match:
    candidate, text, span = coordinate
    known = device is not None and plain is not None
    return Match(
        candidate.leaf,
        "location",
        "location",
        text,
        span,
        (),
        "known" if known else "key",
        confidence,
        plain=str(plain) if known else "",
        device=device.name if device else "",
    )


def _known(found: Sequence[_Coordinate], devices: Sequence[DeviceProfile]) -> list[Match]:
    """Returns matches for a pair or a lone coordinate that lies in a profile's place."""
    numbers = [float(text) for _, text, _ in found]
    for device in devices:
        for place in device.location:
            if len(found) == 2:
                for order in ((0, 1), (1, 0)):
                    if _near(place, numbers[order[0]], numbers[order[1]]):
                        plain = {order[0]: place.lat, order[1]: place.lon}
                        return [_match(found[i], device, plain[i], 1.0) for i in (0, 1)]
            else:
                key = found[0][0].key
                if _LATITUDE.fullmatch(key) and _near(place, numbers[0], None):
                    return [_match(found[0], device, place.lat, 0.95)]
                if _LONGITUDE.fullmatch(key) and _near(place, None, numbers[0]):
                    return [_match(found[0], device, place.lon, 0.95)]
    return []


def _plausible(first: float, second: float) -> bool:
    return abs(first) <= 90 and abs(second) <= 180 and abs(first) >= 0.001 and abs(second) >= 0.001


def _gather(scene: Scene) -> Iterator[Match]:
    pairs: list[list[_Coordinate]] = []
    halves: dict[str, dict[bool, _Coordinate]] = {}
    for candidate in scene.candidates:
        found, paired = _coordinates(candidate)
        known = _known(found, scene.devices) if found else []
        yield from known
        if known or not found or not candidate.named:
            continue
        if paired:
            numbers = sorted((float(text) for _, text, _ in found), key=abs)
            if _plausible(*numbers):
                pairs.append(found)
        else:
            half = halves.setdefault(entry_of(candidate.leaf.path), {})
            half.setdefault(bool(_LATITUDE.fullmatch(candidate.key)), found[0])
    for half in halves.values():
        if len(half) == 2 and _plausible(float(half[True][1]), float(half[False][1])):
            pairs.append([half[True], half[False]])
    if len(pairs) <= _MOST_PAIRS:
        for pair in pairs:
            yield from (_match(coordinate, None, None, 0.75) for coordinate in pair)


_WHOSE = "(?:gps|geo|my|user|cur|current|device|client|loc|location|last|real|poi_user|map|x|c)"

IDENTIFIERS = (
    Identifier(
        "location",
        "location",
        keys=(
            f"(?:{_WHOSE}_)?lat(?:itude)?",
            f"(?:{_WHOSE}_)?(?:lng|lon|long|longitude)",
            f"(?:{_WHOSE}_)?(?:location|loc|lbs|gps|geo|coordinates?|coords?|position|pos|geolocation)",
            "(?:lat|latitude)_(?:lng|lon|long)|(?:lng|lon)_lat|ll|ip_location|gps_info",
        ),
        shapes=(_PAIR.pattern.replace(r"\s", " ").encode(),),
        cues=(rb"\.[0-9]{3,20} ?(?:[,;|_ ]|%(?:25){0,3}2[Cc]) ?-?[0-9]{1,3}\.[0-9]{3}",),
        gather=_gather,
        hashed=False,
        values=lambda _device: (),
    ),
)
