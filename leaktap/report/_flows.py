"""The flow picture: bands from classes of information to the SDKs or hosts that got them and on to their companies.

Each class that goes to a recipient is one unit of width. The columns are sorted so that few bands cross.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from leaktap.report._svg import WIDTHS, element, picture, text

_MOST = (14, 16, 12)
_BAR = 6.0
_GAP = 7.0
_LEAST = 19.0
"""Height of a node: its name fits."""
_TALL = 420.0


@dataclass(frozen=True, slots=True)
class Flow:
    """A class that went to a recipient of a company; `worst` is the index of the severity."""

    identifier: str
    recipient: str
    company: str
    worst: int


@dataclass(slots=True)
class _Node:
    """A bar: where it stands, and how much of each side is taken."""

    y: float
    height: float
    weight: int
    left: float = 0.0
    right: float = 0.0


def flows(found: Sequence[Flow], heads: Sequence[str], others: str, kind: str, label: str) -> Markup:
    """Returns the picture of a kind (`WIDTHS`); `others` names (with `{n}`) what there is no room for."""
    width, narrow = WIDTHS[kind], kind == "narrow"
    told = [((flow.identifier, flow.recipient, flow.company), flow.worst) for flow in found]
    kept = [_kept(Counter(names[column] for names, _ in told), _MOST[column]) for column in range(3)]
    rest = [others.format(n=len({names[column] for names, _ in told} - kept[column])) for column in range(3)]
    named = [
        ([name if name in kept[column] else rest[column] for column, name in enumerate(names)], worst)
        for names, worst in told
    ]
    columns = _columns(named)
    unit = min(9.0, _TALL / len(named))
    tallest = max(sum(_height(weight, unit) for weight in column.values()) + _GAP * len(column) for column in columns)
    nodes = [_placed(column, tallest, unit) for column in columns]
    places = [0.0, width * (0.36 if narrow else 0.4), width - _BAR]
    parts = []
    for side in (0, 1):
        links: Counter[tuple[str, str, int]] = Counter()
        for names, severity in named:
            links[names[side], names[side + 1], severity] += 1
        first, second = ({name: place for place, name in enumerate(nodes[column])} for column in (side, side + 1))
        for link in sorted(links, key=lambda link: (first[link[0]], second[link[1]], link[2])):
            start, end = nodes[side][link[0]], nodes[side + 1][link[1]]
            parts.append(_band(start, end, links[link], (places[side] + _BAR, places[side + 1]), link[2]))
    for column, (x, head) in enumerate(zip(places, heads, strict=True)):
        last = column == 2
        parts.append(text(head, width if last else x, 12, width / 3, "head", "end" if last else ""))
        room = (places[1] if column == 0 else width * (0.31 if narrow else 0.3)) - 14
        for name, node in nodes[column].items():
            parts.append(element("rect", x=x, y=node.y, width=_BAR, height=node.height, class_="bar"))
            at = x - 6 if last else x + _BAR + 6
            parts.append(text(name, at, node.y + node.height / 2 + 4, room, "name", "end" if last else ""))
    return picture(parts, width, tallest + 26, label, kind)


def _kept(weights: Counter[str], most: int) -> set[str]:
    return {name for name, _ in weights.most_common(most if len(weights) <= most else most - 1)}


def _columns(named: Sequence[tuple[list[str], int]]) -> list[dict[str, int]]:
    """Returns the nodes of each column with their weights, ordered by where their bands come from."""
    classes: dict[str, int] = {}
    for names, _ in sorted(named, key=lambda one: (one[1], one[0])):
        classes[names[0]] = classes.get(names[0], 0) + 1
    columns = [classes]
    for column in (1, 2):
        before = {name: number for number, name in enumerate(columns[-1])}
        places: dict[str, list[int]] = {}
        for names, _ in named:
            places.setdefault(names[column], []).append(before[names[column - 1]])
        order = sorted(places, key=lambda name: (sum(places[name]) / len(places[name]), name))
        columns.append({name: len(places[name]) for name in order})
    return columns


def _height(weight: int, unit: float) -> float:
    return max(_LEAST, unit * weight)


def _placed(column: Mapping[str, int], tallest: float, unit: float) -> dict[str, _Node]:
    """Returns the bars of a column, spread over the picture's height."""
    spare = tallest - sum(_height(weight, unit) for weight in column.values())
    gap = min(spare / len(column), 4 * _GAP)
    y = 26.0 + (spare - gap * len(column)) / 2
    nodes = {}
    for name, weight in column.items():
        nodes[name] = _Node(y, _height(weight, unit), weight)
        y += _height(weight, unit) + gap
    return nodes


def _band(start: _Node, end: _Node, count: int, places: tuple[float, float], worst: int) -> Markup:
    one, other = start.height * count / start.weight, end.height * count / end.weight
    y, to = start.y + start.right, end.y + end.left
    start.right += one
    end.left += other
    x, x2 = places
    middle = (x + x2) / 2
    way = (
        f"M{x:.1f} {y:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {to:.1f} {x2:.1f} {to:.1f}v{other:.1f}"
        f"C{middle:.1f} {to + other:.1f} {middle:.1f} {y + one:.1f} {x:.1f} {y + one:.1f}z"
    )
    return element("path", d=way, class_=f"band s{worst}")
