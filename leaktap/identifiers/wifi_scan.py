"""The Wi-Fi networks around: several access points with their addresses, in a list or in one text.

Who knows them knows the place to some ten metres. One access point alone is a `bssid`.
"""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Identifier, Scene
from leaktap.identifiers._places import closest, together
from leaktap.identifiers._records import Record, field, gathered, lists, text_of
from leaktap.model import Leaf, Match

_FEWEST = 2
_FEWEST_IN_TEXT = 3
_MAC = r"[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}"
_ADDRESS = re.compile(rf"{_MAC}|[0-9a-fA-F]{{12}}")
_BSSID = re.compile(r"(?:wifi|ap|router)?(?:bssid|mac|macaddress|macaddr)|b|m|热点mac")
_NAME = re.compile(r"(?:wifi)?ssid|(?:wifi)?name|wifiname|热点名称")
_STRENGTH = re.compile(
    r"(?:wifi)?(?:rssi|level|signal|strength|signalstrength|dbm|ss|frequency|freq|channel)|xinhao|信号强度?"
)
_IN_TEXT = re.compile(rf"(?<![0-9a-fA-F:-])(?:{_MAC}|[0-9a-f]{{12}}|[0-9A-F]{{12}})(?![0-9a-fA-F:-])".encode())
_LEVEL = re.compile(rb"(?<![0-9])-(?:1[01][0-9]|[2-9][0-9])(?![0-9.])")
_NOBODYS = frozenset({"02:00:00:00:00:00", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})


def _telling(record: Record) -> Leaf | None:
    address = field(record, _BSSID)
    text = text_of(address).lower()
    if not _ADDRESS.fullmatch(text) or text in _NOBODYS:
        return None
    return address if field(record, _NAME) or field(record, _STRENGTH) else None


def _in_text(leaf: Leaf) -> Iterator[Match]:
    """Yields a match for a text of several addresses with the strength of their signals."""
    found = list(_IN_TEXT.finditer(leaf.value))
    if len({each[0].lower() for each in found}) < _FEWEST_IN_TEXT or len(_LEVEL.findall(leaf.value)) < _FEWEST_IN_TEXT:
        return
    matches = [
        Match(leaf, "wifi_scan", "network_id", each[0].decode(), each.span(), (), "structure", 0.85) for each in found
    ]
    yield together(matches, confidence=0.85, why=f"{len(found)} addresses with signal strengths")


def _gather(scene: Scene) -> Iterator[Match]:
    if scene.known:
        return
    found: list[Match] = []
    for records in lists(scene.leaves).values():
        found += gathered(records, _telling, "wifi_scan", "network_id", _FEWEST, 0.9, "address with name or strength")
    seen: set[str] = set()
    for candidate in scene.candidates:
        leaf = candidate.leaf
        if leaf.path not in seen:
            seen.add(leaf.path)
            found += _in_text(leaf)
    yield from closest(found)


IDENTIFIERS = (
    Identifier(
        "wifi_scan",
        "network_id",
        keys=(
            "(?:.*_)?(?:bssid|wifi_list|wifis|wifi_infos?|scan_results?|wifi_scan|aps|ap_list|near_wifi|nearby_wifi)",
            "(?:.*_)?wifi_(?:array|aps|around|scan_list)|附近wifi|wifi列表",
        ),
        known_keys=("(?:.*_)?(?:wifi_list|wifis|scan_result|bssid|ssid)s?",),
        shapes=(rb"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}",),
        cues=(rb":[0-9a-fA-F]{2}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}:",),
        structure=_gather,
    ),
)
