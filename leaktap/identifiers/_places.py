"""Where in a message something lies: the list that several leaves belong to, and which of two readings to keep."""

import mmap
import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from itertools import takewhile

from leaktap.model import Leaf, Match

_ALNUM = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_DIGITS = frozenset(b"0123456789")
_PADDING = b" \t\r\n\"'"
_LAST = re.compile(r"(?:\[\d+\]|\.[^.|\[]*)$")
_ENTRY = re.compile(r"^(.*)\[\d+\]")
_SHOWN = 64 << 10
_STEP = 256
_LARGE = 1 << 20

MARK = b"\x01"

type Marks = bytearray | mmap.mmap
"""Which bytes of a value belong to what was found in it already: `MARK`."""


def unmarked(size: int) -> Marks:
    """Returns zeros for a value of this size; a large one's take no memory where nothing is marked."""
    return bytearray(size) if size < _LARGE else mmap.mmap(-1, size)


def bare(value: bytes) -> tuple[int, int]:
    """Returns the span of a value without spaces and quotes around it; no large value is copied for it."""
    begin, end = 0, len(value)
    if end <= _STEP:
        end = len(value.rstrip(_PADDING))
        return min(len(value) - len(value.lstrip(_PADDING)), end), end
    while end and not (kept := len(value[max(end - _STEP, 0) : end].rstrip(_PADDING))):
        end = max(end - _STEP, 0)
    end = max(end - _STEP, 0) + kept if end else 0
    while begin < end and not (kept := len(value[begin : begin + _STEP].lstrip(_PADDING))):
        begin += _STEP
    return (min(begin + _STEP, len(value)) - kept if begin < end else end), end


def apart(data: bytes, span: tuple[int, int]) -> bool:
    """Says whether the bytes of `span` are not part of a longer run of their kind.

    A number runs on in digits, everything else in ASCII letters and digits. A separator that stands in the value itself
    (and a dot after a number) carries the run on when more of it follows.
    """
    start, end = span
    value = data[start:end]
    signs = _ALNUM.intersection(value)
    number = bool(signs) and signs <= _DIGITS
    kind = _DIGITS if number else _ALNUM
    joints = frozenset(value).intersection(b".:-_@").union(b"." if number else b"")

    def goes_on(edge: int, near: bytes) -> bool:
        if not near or edge not in _ALNUM:
            return False
        if near[0] in kind:
            return True
        return len(near) > 1 and near[0] in joints and (near[1] in kind or near == b"::")

    return not goes_on(value[0], data[max(start - 2, 0) : start][::-1]) and not goes_on(value[-1], data[end : end + 2])


def above(path: str) -> str:
    """Returns a path without its last index or name."""
    return _LAST.sub("", path)


def list_of(path: str) -> str:
    """Returns the path of the innermost list that `path` leads through, or nothing."""
    entry = _ENTRY.match(path)
    return entry[1] if entry else ""


def list_within(path: str, lists: Container[str]) -> str:
    """Returns the path of the innermost list that `path` leads through, one of `lists`, or nothing.

    The first of several members of one name has no index: it is the entry whose path is the list's own.
    """
    outer = path.rpartition(".")[0]
    return path if path in lists else outer if outer in lists else list_of(path)


def entry_of(path: str) -> str:
    """Returns the path of the list entry that `path` lies in, or of what is around its last name."""
    entry = _ENTRY.match(path)
    return entry[0] if entry else path[: max(path.rfind("."), path.rfind("|"), 0)]


def _shared(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Yields what all rows begin with."""
    return (column[0] for column in takewhile(lambda column: len(set(column)) == 1, zip(*rows, strict=False)))


def common_path(paths: Sequence[str]) -> str:
    """Returns the innermost path that holds all of `paths`."""
    shared = "".join(_shared(paths))
    if all(path == shared or path[len(shared)] in ".|[" for path in paths):
        return shared
    return re.sub(r"[.|\[][^.|\[]*$", "", shared)


def together(matches: Sequence[Match], form: tuple[str, ...] = (), confidence: float = 1.0, why: str = "") -> Match:
    """Makes one match of several of one class: it lies at the path that holds them all and counts the distinct ones.

    Its leaf has no bytes of its own, so it shows what was found, a line each. `why` as in `Match`.
    """
    first = matches[0]
    shown = list(dict.fromkeys(match.value for match in matches))
    value = "\n".join(shown)[:_SHOWN]
    if len({match.leaf.path for match in matches}) == 1 and len(shown) == 1:
        leaf, span = first.leaf, first.span
    else:
        path = common_path([match.leaf.path for match in matches])
        keys = tuple(_shared([match.leaf.keys for match in matches]))
        via = tuple(_shared([match.leaf.via for match in matches]))
        leaf, span = Leaf(path, value.encode(), keys, via), (0, len(value.encode()))
    plain = list(dict.fromkeys(match.plain for match in matches))
    count = len({match.plain or match.value for match in matches})
    return replace(
        first,
        leaf=leaf,
        value=value,
        span=span,
        form=form,
        confidence=confidence,
        count=count,
        plain="\n".join(plain)[:_SHOWN],
        why=why,
    )


def closest(matches: Iterable[Match]) -> list[Match]:
    """Drops what another one of the matches shows within: in what a decoder made of the same value."""
    found = list(matches)
    around = {outer for match in found for outer in _outer(match.leaf.path)}
    return [match for match in found if match.leaf.path not in around]


_ALSO = {"communication": ("contact",), "network_id": ("device_id",)}
"""What the records of a list are made of beside things of its category: the numbers of a call log, the addresses of
access points.
"""


def part_of(lists: Sequence[Match]) -> Callable[[Match], bool]:
    """Returns a test for matches that say again what one of the matches for whole lists says."""
    taken = {
        (match.leaf.path, category) for match in lists for category in (match.category, *_ALSO.get(match.category, ()))
    }

    def inside(match: Match) -> bool:
        path = match.leaf.path
        inner = list_of(path)
        around = (inner, list_of(inner), path, path.rpartition(".")[0])
        return not taken.isdisjoint({(outer, match.category) for outer in around})

    return inside if taken else lambda match: False


def _whole(match: Match) -> bool:
    return bare(match.leaf.value) == match.span or match.span == (0, len(match.leaf.value))


def _outer(path: str) -> Iterable[str]:
    """Yields the paths that `path` is a reading of, outermost first: a URL's path is that of each of its segments, a
    field's of protobuf that of its own fields.
    """
    if segment := _SEGMENT.match(path):
        yield segment[1]
    end = path.find("|")
    while end >= 0:
        yield path[:end]
        if fields := _FIELDS.match(path, end):
            yield from (path[: step.start()] for step in _FIELD.finditer(path, fields.start(1) + 1, fields.end()))
        end = path.find("|", end + 1)


_FIELDS, _FIELD = re.compile(r"\|protobuf((?:\.\d+|\[\d+\])+)"), re.compile(r"[.\[]")
_TWICE = re.compile(r"(\|(\w+)(?:\.\d+|\[\d+\])+)\|\2(?=\.\d)")
_SEGMENT = re.compile(r"([^|]*\.path)\[\d+\](?=\||$)")
_WRITTEN = (("hex",), ("hex-upper",), ("base64",), ("base64url",))


def one_reading(matches: Sequence[Match]) -> list[Match]:
    """Drops what another reading of the same bytes shows better.

    Where the walk keeps a value beside its decoded parts, one thing is found in both. The reading whose match covers
    the whole value is kept; of two such the outer one, and of none such the one that has less around it. What the inner
    one undoes may be how a digest is written. A field that is a message itself may be read with it, and then alone.
    """
    told = {(match.leaf.path, match.identifier, match.value) for match in matches}
    matches = [
        match
        for match in matches
        if (at := _as_field(match.leaf.path)) == match.leaf.path or (at, match.identifier, match.value) not in told
    ]
    found: dict[tuple[str, str, str, str], list[int]] = {}
    for index, match in enumerate(matches):
        found.setdefault((match.leaf.path, match.identifier, match.device, match.plain or match.value), []).append(
            index
        )
    dropped: set[int] = set()
    for index, match in enumerate(matches):
        for path in _outer(match.leaf.path):
            for other in found.get((path, match.identifier, match.device, match.plain or match.value), ()):
                outer = matches[other]
                if _whole(outer):
                    dropped.add(index)
                elif match.form == outer.form or (outer.form[-1:] in _WRITTEN and match.form == outer.form[:-1]):
                    closer = _whole(match) or len(match.leaf.value) < len(outer.leaf.value)
                    dropped.add(other if closer else index)
    return [match for index, match in enumerate(matches) if index not in dropped]


def _as_field(path: str) -> str:
    """Returns the path of what lies in a message within a message as that of a field of a field."""
    while path != (merged := _TWICE.sub(r"\1", path)):
        path = merged
    return path


def one_of_several(matches: Sequence[Match]) -> list[Match]:
    """Keeps one where two decoders read the same value beside each other, each in its way.

    What reads all of a value goes before what begins somewhere within it, and then what leaves a step out before the
    same ones.
    """
    kept: list[Match] = []
    for match in sorted(matches, key=lambda match: _within(match.leaf.path)):
        path = match.leaf.path
        beside = (at for at, other in enumerate(kept) if match.plain == other.plain and _beside(path, other.leaf.path))
        if (at := next(beside, None)) is None:
            kept.append(match)
        elif kept[at].leaf.path.endswith("|" + path[len(_before(path, kept[at].leaf.path)) :]):
            kept[at] = match
    return [match for match in matches if match in kept]


def _within(path: str) -> tuple[bool, int]:
    """Tells whether a path leads to something within a value, and minus after how many steps it does."""
    before, begins, _ = path.partition("|offset[")
    return bool(begins), -before.count("|")


def _before(path: str, other: str) -> str:
    """Returns the steps that two paths share."""
    shared = "".join(_shared((path, other)))
    return shared[: shared.rfind("|") + 1]


def _beside(path: str, other: str) -> bool:
    """Tells whether paths part at the name of a decoder."""
    shared = "".join(_shared((path, other)))
    if shared in (path, other):
        return False
    decoder = shared.rpartition("|")
    return bool(decoder[1]) and not re.search(r"[.\[]", decoder[2]) and "|" in shared
