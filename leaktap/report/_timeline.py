"""The timeline: a lane for each recipient, a dot where findings are, lines for the case's events.

Long stretches without anything are folded, so that runs of several days stay readable.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from leaktap.model import SEVERITIES
from leaktap.report._svg import WIDTHS, element, measured, picture, text
from leaktap.report._texts import Texts

_SECOND = 1_000_000
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_LONG_GAP = 600 * _SECOND
_FOLD = 34.0
_MOST_FOLDS = 5
_APART = 6
_BOLD = 1.15
"""How much wider bold letters are: the consent's events are said in them."""
_MOST_TIPS = 800


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in words; `consent` marks those that change the consent."""

    time: int
    words: str
    consent: bool
    agreed: bool = False

    @property
    def kind(self) -> str:
        """The style of its line and its name."""
        return "agreed" if self.agreed else "against" if self.consent else "event"


@dataclass(frozen=True, slots=True)
class Row:
    """A lane: its name and its dots (time, index of the worst severity, count)."""

    name: str
    dots: Sequence[tuple[int, int, int]]


class _Scale:
    """From times to places, with long empty stretches folded to a fixed width."""

    def __init__(self, times: Sequence[int], left: float, right: float) -> None:
        known = sorted(set(times)) or [0]
        margin = max((known[-1] - known[0]) // 50, _SECOND // 2)
        rest = known[-1] - known[0]
        folds = []
        for gap, start in sorted(((b - a, a) for a, b in pairwise(known)), reverse=True)[:_MOST_FOLDS]:
            if gap < _LONG_GAP or gap < 0.3 * rest:
                break
            folds.append(start)
            rest -= gap
        pieces, begin = [], known[0] - margin
        for one, other in pairwise(known):
            if one in folds:
                pieces.append((begin, one + margin))
                begin = other - margin
        pieces.append((begin, known[-1] + margin))
        room = right - left - _FOLD * (len(pieces) - 1)
        whole = sum(end - start for start, end in pieces)
        self.pieces: list[tuple[int, int, float, float]] = []
        at, least = left, min(50.0, room / len(pieces))
        spare = room - least * len(pieces)
        for start, end in pieces:
            wide = least + spare * (end - start) / whole
            self.pieces.append((start, end, at, at + wide))
            at += wide + _FOLD

    def at(self, time: int) -> float:
        """Returns the place of a time; what lies in a fold is at its edge."""
        for start, end, left, right in self.pieces:
            if time <= end:
                return left + max(time - start, 0) / (end - start) * (right - left)
        return self.pieces[-1][3]

    def ticks(self) -> list[tuple[float, int, int]]:
        """Returns the marks of the axis: place, time, step in seconds."""
        marks = []
        for start, end, left, right in self.pieces:
            seconds = (end - start) / _SECOND
            wanted = seconds * 84 / max(right - left, 1)
            step = next((step for step in _STEPS if step >= wanted), math.ceil(wanted / 86400) * 86400)
            first = -(-start // (step * _SECOND)) * step * _SECOND
            times = range(first, end + 1, step * _SECOND)
            marks += [(self.at(time), time, step) for time in times]
        return marks


@dataclass(frozen=True, slots=True)
class _Flag:
    """An event's line: its place, the row of its name (none where there is no room), to which side the name stands."""

    event: Event
    x: float
    row: int | None
    left: bool


def timeline(rows: Sequence[Row], events: Sequence[Event], texts: Texts, kind: str, label: str) -> Markup:
    """Returns the picture of a kind (`WIDTHS`)."""
    width, narrow = WIDTHS[kind], kind == "narrow"
    left, right = (8.0 if narrow else 150.0 if kind == "paper" else 214.0), width - 10.0
    height = 40 if narrow else 24
    shown = [event for event in events if event.consent] if narrow else list(events)
    times = [time for row in rows for time, _, _ in row.dots] + [event.time for event in shown]
    scale = _Scale(times, left, right)
    flags = _flags(shown, scale, width)
    top = 10.0 + 16 * max((flag.row + 1 for flag in flags if flag.row is not None), default=0)
    bottom = top + height * len(rows)
    parts = [*_without(shown, scale, left, right, top, bottom), *_axis(scale, texts, top, bottom, width)]
    middles = [top + height * number + (28 if narrow else 12) for number in range(len(rows))]
    parts += [element("line", x1=left, x2=right, y1=middle, y2=middle, class_="lane") for middle in middles]
    parts += [_line(flag, top, bottom) for flag in flags]
    tips = sum(len(row.dots) for row in rows) <= _MOST_TIPS
    for number, row in enumerate(rows):
        middle = middles[number]
        if narrow:
            parts.append(text(row.name, left, middle - 13, right - left, "name"))
        else:
            parts.append(text(row.name, left - 12, middle + 4, left - 16, "name", "end"))
        parts += _dots(row, scale, middle, texts, tips)
    parts += [_name(flag) for flag in flags if flag.row is not None]
    return picture(parts, width, bottom + 24, label, kind)


def _flags(events: Sequence[Event], scale: _Scale, width: int) -> list[_Flag]:
    """Places the events' names on as few rows as they need, those of consent first."""
    taken: list[list[tuple[float, float]]] = [[], [], []]
    flags = []
    for event in sorted(events, key=lambda event: not event.consent):
        x = scale.at(event.time)
        need = measured(event.words) * (_BOLD if event.consent else 1) + 8
        left = x + need > width
        span = (x - need, x) if left else (x, x + need)
        free = (n for n, spans in enumerate(taken) if all(span[1] < a or b < span[0] for a, b in spans))
        row = next(free, None)
        if row is not None:
            taken[row].append(span)
        flags.append(_Flag(event, x, row, left))
    return flags


def _line(flag: _Flag, top: float, bottom: float) -> Markup:
    begin = top - 6 if flag.row is None else 3.0 + 16 * flag.row
    return element("line", x1=flag.x, x2=flag.x, y1=begin, y2=bottom, class_=flag.event.kind)


def _name(flag: _Flag) -> Markup:
    """Returns the event's name; names are drawn last, so that no line crosses one."""
    x = flag.x - 4 if flag.left else flag.x + 4
    return text(flag.event.words, x, 13.0 + 16 * (flag.row or 0), 400, flag.event.kind, "end" if flag.left else "")


def _without(
    events: Sequence[Event], scale: _Scale, left: float, right: float, top: float, bottom: float
) -> list[Markup]:
    """Returns the ground behind the stretches without consent; none where the case knows no consent."""
    changes = [event for event in events if event.consent]
    if not changes:
        return []
    parts, start = [], left
    agreed = False
    for event in [*changes, None]:
        x = scale.at(event.time) if event else right
        if not agreed and x > start:
            parts.append(element("rect", x=start, y=top, width=x - start, height=bottom - top, class_="without"))
        start, agreed = x, bool(event and event.agreed)
    return parts


def _axis(scale: _Scale, texts: Texts, top: float, bottom: float, width: int) -> list[Markup]:
    parts, last = [], -100.0
    for x, time, step in scale.ticks():
        parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom + 4, class_="tick"))
        moment = texts.local(time)
        words = f"{moment:%m-%d}" if step >= 86400 else f"{moment:%H:%M}" if step >= 60 else f"{moment:%H:%M:%S}"
        if x - last >= 58:
            at = min(max(x, 26.0), width - 26.0)
            parts.append(text(words, at, bottom + 18, 90, "axis", "middle"))
            last = x
    for one, other in pairwise(scale.pieces):
        middle = (one[3] + other[2]) / 2
        parts.append(element("rect", x=one[3], y=top, width=other[2] - one[3], height=bottom - top, class_="fold"))
        parts.append(element("title", texts.say("timeline.gap", time=texts.duration((other[0] - one[1]) / _SECOND))))
        parts.append(text("⋯", middle, bottom + 18, 40, "axis", "middle"))
    return parts


def _dots(row: Row, scale: _Scale, middle: float, texts: Texts, tips: bool) -> list[Markup]:
    places: dict[int, tuple[float, int, int, int]] = {}
    for time, worst, count in row.dots:
        x = scale.at(time)
        known = places.get(round(x / _APART), (x, worst, 0, time))
        places[round(x / _APART)] = (known[0], min(worst, known[1]), known[2] + count, known[3])
    parts = []
    for x, worst, count, time in sorted(places.values(), key=lambda place: -place[1]):
        words = f"{texts.local(time):%Y-%m-%d %H:%M:%S}, {texts.say('timeline.many', n=count)}"
        tip = element("title", f"{row.name}: {words}, {texts.word('severity', SEVERITIES[worst])}") if tips else ""
        radius = min(3.4 + 1.3 * math.log2(count), 9.0)
        parts.append(element("path", tip, d=shape(worst, x, middle, radius), class_=f"dot s{worst}"))
    return parts


def shape(worst: int, x: float, y: float, radius: float) -> str:
    """Returns a diamond, circle, square, triangle or small circle, so that severity does not hang on colour."""
    match worst:
        case 0:
            r = radius * 1.25
            return f"M{x:.1f} {y - r:.1f}l{r:.1f} {r:.1f}l{-r:.1f} {r:.1f}l{-r:.1f} {-r:.1f}z"
        case 2:
            r = radius * 0.9
            return f"M{x - r:.1f} {y - r:.1f}h{2 * r:.1f}v{2 * r:.1f}h{-2 * r:.1f}z"
        case 3:
            r = radius * 1.1
            return f"M{x:.1f} {y - r:.1f}l{r:.1f} {1.8 * r:.1f}h{-2 * r:.1f}z"
        case _:
            r = radius if worst == 1 else radius * 0.8
            return f"M{x - r:.1f} {y:.1f}a{r:.2f} {r:.2f} 0 1 0 {2 * r:.2f} 0a{r:.2f} {r:.2f} 0 1 0 {-2 * r:.2f} 0z"
