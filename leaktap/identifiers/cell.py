"""Radio cells: country, network, area and cell number together, which stand for a place of some hundred metres to
kilometres (3GPP TS 23.003, sections 4.3 and 19.6). Country and network alone only name the operator.
"""

import re
from collections.abc import Iterator

from leaktap.identifiers._api import Candidate, Identifier, Scene
from leaktap.identifiers._networks import is_network
from leaktap.identifiers._records import Record, field, objects, text_of
from leaktap.model import Match

_MCC = re.compile(r"(?:.*)mcc")
_MNC = re.compile(r"(?:.*)mnc|sid|networkid")
_AREA = re.compile(r"(?:.*)(?:lac|tac|areacode|nid)")
_CELL = re.compile(r"(?:.*)(?:cellid|cell|cid|ci|eci|nci|bid|基站id|小区号?)")
_WIDEST = 1 << 36
_NOTHING = frozenset({0, 0x7FFFFFFF, 0xFFFF, 0xFFFFFFF, 0xFFFFFFFF})
_WRITTEN = re.compile(
    r"([2-7][0-9]{2})([^0-9a-zA-Z]{1,3})([0-9]{1,3})\2([0-9]{1,8})\2([0-9]{1,11})(?:\2.{0,400})?", re.DOTALL
)


def _is_cell(country: str, network: str, area: str, cell: str) -> bool:
    if not (area.isdecimal() and cell.isdecimal() and is_network(country, network)):
        return False
    return (
        0 < int(area) < 1 << 24 and int(area) not in _NOTHING and 0 < int(cell) < _WIDEST and int(cell) not in _NOTHING
    )


def _match(leaf_match: Match | Candidate, text: str, confidence: float, why: str) -> Match:
    return Match(leaf_match.leaf, "cell", "location", text, leaf_match.span, (), "structure", confidence, why=why)


def _together(record: Record) -> Iterator[Match]:
    """Yields a match where the four numbers are fields of one object."""
    cell = field(record, _CELL)
    numbers = [text_of(field(record, names)) for names in (_MCC, _MNC, _AREA)]
    number = text_of(cell)
    if cell and _is_cell(numbers[0], numbers[1], numbers[2], number):
        why = f"cell of network {numbers[0]}-{numbers[1]}"
        yield Match(cell, "cell", "location", number, (0, len(cell.value)), (), "structure", 0.9, why=why)


def _gather(scene: Scene) -> Iterator[Match]:
    if scene.known:
        return
    for record in objects(scene.leaves).values():
        yield from _together(record)
    for candidate in scene.candidates:
        written = _WRITTEN.fullmatch(candidate.text)
        if written and _is_cell(written[1], written[3], written[4], written[5]):
            yield _match(candidate, candidate.text, 0.85, f"cell of network {written[1]}-{written[3]}")


IDENTIFIERS = (
    Identifier(
        "cell",
        "location",
        keys=(
            "(?:.*_)?(?:lac|tac|cell_id|cell_info|cells|cell_list|base_station_(?:info|id)?|bts|cgi|ecgi|jizhan|cell_towers?)",
            "(?:当前)?基站(?:信息|id|列表)?|小区号?",
        ),
        known_keys=("(?:.*_)?(?:cell_id|cid|lac|tac|eci|ci|base_station)",),
        structure=_gather,
        hashed=False,
    ),
)
