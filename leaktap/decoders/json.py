"""JSON (RFC 8259): also several documents in a row, behind an anti-hijacking prefix, in a JSONP call, or cut off.

A path is `.$` for the document (`[i].$` for one of several) with `.name`, `['odd name']` and `[index]`. A member's name
that is data itself (a map keyed by phone numbers) is a leaf at the member's path with `#key` behind it. Numbers keep
the digits they were written with wherever a double or 64 bits would not hold them. `true`, `false` and `null` are
nobody's data and no leaves.

orjson parses; what it refuses goes to the standard library, which takes control characters, lone surrogates and NaN,
and tells where a document ends. Of a large document with few places of interest only what is around them is parsed.
"""

import contextlib
import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._json_around import around
from leaktap.decoders._json_spots import wanted
from leaktap.decoders._pace import PER_LOOK
from leaktap.decoders._plain import DATA_NAME, step

_DEEPEST = 64
"""Deeper members stay in the raw leaf: each level makes the paths and names of all leaves below it longer."""

_WEIGHED_FROM = 1 << 18
_OF_OBJECT, _OF_ARRAY, _OF_MEMBER, _OF_PART = 200, 72, 40, 240
"""Bytes of memory that each takes once it is parsed, beside its text."""

_SHARE = 0.9
"""Of the room, for the parsed document: the rest is for what is listed."""

_RECOVERABLE = 1 << 20
_PIECES_FROM, _PIECES_TO, _MOST_OF_PIECES = 4096, 4 << 20, 0.5
"""Of a document of so many bytes only what is around places of interest is parsed, if that is no more than its half."""

_LARGEST_EXACT = 2.0**63

_PREFIX = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\)\]\}'?,?\s*|for\s*\(;;\);\s*|while\s*\(1\);\s*)?")
_CALL = re.compile(rb"(?:/\*.{0,80}?\*/)?\s*[\w$.]{1,200}\s*\(\s*(?=[\[{])", re.DOTALL)
_CALL_END = re.compile(rb"\)\s*;?\s*$")
_BEGIN = re.compile(rb'\s*[\[{"]')
_MEMBER = re.compile(rb'\s*(?:\[\s*)*\{\s*"')
_BETWEEN = re.compile(r"[\s\x1e,]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},"]', re.DOTALL)
_CLOSING = {"[": "]", "{": "}"}


class _Number(str):
    """A number as it was written."""


class _Document(NamedTuple):
    """A document, or a value within one, and the way to it. `above` are names on this way that are data themselves."""

    value: Any
    path: str = ".$"
    keys: tuple[str, ...] = ()
    above: Sequence[Part] = ()


class _Inexact(Exception):
    """A number does not fit."""


_LENIENT = json.JSONDecoder(strict=False, parse_int=_Number, parse_float=_Number, parse_constant=lambda name: None)


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the strings and numbers of the documents."""
    begin = 0
    if call := _CALL.match(data):
        end = _CALL_END.search(data, max(call.end(), len(data) - 16))
        begin, data = call.end(), data[: end.start() if end else len(data)]
    elif prefix := _PREFIX.match(data):
        begin = prefix.end()
    near = None if context.spots is None else wanted(data, context.spots)
    data = data[begin:] if begin else data
    if not _BEGIN.match(data):
        return None
    if near is not None and context.spots and _PIECES_FROM <= len(data) <= _PIECES_TO:
        pieces = _pieces(data, [spot - begin for spot in context.spots])
        if pieces is not None:
            with contextlib.suppress(_Inexact):
                return _parts(pieces, context.most, context.deadline, near)
    most = _most(data, context) if len(data) >= _WEIGHED_FROM else context.most
    try:
        return _parts([_Document(orjson.loads(data))], most, context.deadline, near)
    except orjson.JSONDecodeError:
        sure = "json" in context.content_type or _MEMBER.match(data) is not None
        return _leniently(data, most, context.deadline) if sure else None
    except _Inexact:
        return _leniently(data, most, context.deadline)


def _pieces(data: bytes, spots: Sequence[int]) -> list[_Document] | None:
    """Returns the innermost objects and arrays around places; None if they cannot be told, or are most of the text."""
    found = around(data, spots)
    if found is None or sum(end - begin for begin, end, _ in found) > len(data) * _MOST_OF_PIECES:
        return None
    told: set[str] = set()
    try:
        return [_document(orjson.loads(data[begin:end]), steps, told) for begin, end, steps in found]
    except orjson.JSONDecodeError:
        return None


def _document(value: Any, steps: Sequence[str | int], told: set[str]) -> _Document:
    """Returns what is at the end of some steps, with those names on the way that are data themselves."""
    path = ".$"
    keys: tuple[str, ...] = ()
    parts: list[Part] = []
    for each in steps:
        if isinstance(each, int):
            path = f"{path}[{each}]"
            continue
        path += step(each)
        if DATA_NAME.search(each) and path not in told:
            told.add(path)
            parts.append(Part(_encoded(each), path + "#key", keys))
        keys = (*keys, _encoded(each).decode("utf-8", "replace"))
    return _Document(value, path, keys, parts)


def _most(data: bytes, context: Context) -> int:
    """Returns how many values of a large document may be listed.

    Raises:
        LimitReached: it may not even be parsed.
    """
    members, containers = data.count(b","), data.count(b"{") * _OF_OBJECT + data.count(b"[") * _OF_ARRAY
    weight = len(data) + members * _OF_MEMBER + containers
    if weight > context.room * _SHARE:
        raise LimitReached("parts")
    return min(context.most, (context.room - weight) // _OF_PART)


def _leniently(data: bytes, most: int, deadline: float) -> Sequence[Part]:
    """Reads document by document, and of a broken one what precedes the break."""
    text = data.decode("utf-8", "surrogateescape")
    documents: list[Any] = []
    why, limit, at = "", "", 0
    while not (why or limit) and (at := _after(_BETWEEN, text, at)) < len(text):
        try:
            document, at = _LENIENT.raw_decode(text, at)
        except json.JSONDecodeError as error:
            document, why = _before_break(text, at, error.pos), f"{error.msg} at character {error.pos}"
        except RecursionError:
            raise LimitReached("depth") from None
        documents.append(document)
        if len(documents) > most:
            limit = "parts"
        elif not len(documents) % PER_LOOK and time.thread_time() > deadline:
            limit = "seconds"
    if len(documents) == 1:
        parts = _parts([_Document(documents[0])], most, deadline)
    else:
        parts = _parts([_Document(document, f"[{i}].$") for i, document in enumerate(documents)], most, deadline)
    if limit:
        raise LimitReached(limit, parts)
    if why:
        raise DecodeError(why, parts)
    return parts


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _before_break(text: str, start: int, end: int) -> Any:
    """Closes the brackets that are open where a document breaks, and reads it; None if that does not help."""
    text = text[start : min(end, start + _RECOVERABLE)]
    closing: list[str] = []
    cut = 0
    for token in _TOKEN.finditer(text):
        kind = token[0]
        if kind == '"':
            break
        if kind in _CLOSING:
            closing.append(_CLOSING[kind])
        elif kind in "]}":
            if not closing:
                break
            closing.pop()
        elif kind != ",":
            continue
        cut = token.start() if kind == "," else token.end()
    for whole in (text, text[:cut]):
        try:
            return _LENIENT.decode(whole + "".join(reversed(closing)))
        except (ValueError, RecursionError):
            continue
    return None


def _parts(
    documents: Sequence[_Document],
    most: int,
    deadline: float,
    near: frozenset[str | int | float] | None = None,
) -> list[Part]:
    """Lists the values of documents in their order.

    With `near`, only those that are in it or under such a name, and those beside them, which are marked as such.

    Raises:
        LimitReached: there are more than `most`, they nest too deeply, or there is no time for all of them.
        _Inexact: orjson read an integer as a float.
    """
    parts: list[Part] = []
    known: dict[str, tuple[str, bool, str]] = {}
    too_deep = False
    everything = near is None
    near = near or frozenset()
    leading = {} if everything else _leading([document.value for document in documents], near)
    stack: list[tuple[Iterator[tuple[Any, Any]], str, tuple[str, ...], bool]]
    stack = [(iter([(document, document.value) for document in documents]), "", (), everything)]
    names: tuple[str, ...] = ()
    look = min(PER_LOOK, most)
    while stack:
        members, path, keys, whole = stack[-1]
        for name, value in members:
            if len(parts) >= look:
                if len(parts) >= most or time.thread_time() > deadline:
                    raise LimitReached("parts" if len(parts) >= most else "seconds", parts)
                look = min(len(parts) + PER_LOOK, most)
            if len(stack) == 1:
                here, names, above, name = name.path, name.keys, name.above, None
                parts += above
            elif type(name) is int:
                here, names = f"{path}[{name}]", keys
            else:
                if name not in known:
                    known[name] = (
                        step(name),
                        DATA_NAME.search(name) is not None,
                        _encoded(name).decode("utf-8", "replace"),
                    )
                end, is_data, clean = known[name]
                here, names = path + end, (*keys, clean)
                if is_data:
                    parts.append(Part(_encoded(name), here + "#key", keys))
            kind = type(value)
            if kind is dict or kind is list:
                if len(stack) > _DEEPEST:
                    too_deep = True
                    continue
                inside = whole or name in near
                if not inside and id(value) not in leading:
                    continue
                items: Iterable[tuple[Any, Any]] = value.items() if kind is dict else enumerate(value)
                if not inside and not leading[id(value)]:
                    items = [item for item in items if id(item[1]) in leading]
                stack.append((iter(items), here, names, inside))
                break
            if kind is str:
                raw = _encoded(value)
            elif kind is int or kind is _Number:
                raw = str(value).encode()
            elif kind is float:
                if abs(value) >= _LARGEST_EXACT:
                    raise _Inexact
                raw = repr(value).encode()
            else:
                continue
            beside = not (whole or value in near or name in near)
            parts.append(Part(raw, here, names, None, kind is not str, beside))
        else:
            stack.pop()
    if too_deep:
        raise LimitReached("depth", parts)
    return parts


def _leading(documents: Sequence[Any], near: frozenset[str | int | float]) -> dict[int, bool]:
    """Returns the containers on the way to what is in `near`, by `id`: whether it is among their own members."""
    found: dict[int, bool] = {}
    numbers = any(type(each) is not str for each in near)
    above = [-1] * len(documents)
    containers = list(documents)
    for at, container in enumerate(containers):  # which grows
        kind = type(container)
        own = False
        if kind is dict:
            own = not near.isdisjoint(container)
            container = container.values()
        elif kind is not list:
            continue
        for value in container:
            kind = type(value)
            if kind is str:
                if value in near:
                    own = True
            elif kind is dict or kind is list:
                containers.append(value)
                above.append(at)
            elif numbers and value in near:
                own = True
        if own:
            found[id(containers[at])] = True
            up = above[at]
            while up >= 0 and id(containers[up]) not in found:
                found[id(containers[up])] = False
                up = above[up]
    return found


def _encoded(text: str) -> bytes:
    """Returns the bytes behind a text: those that were no UTF-8 as they were."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return text.encode("utf-8", "replace")


DECODER = Decoder(
    "json",
    decode,
    rank=40,
    certain=True,
    hints=(rb"\\u00(?:3[0-9Aa]|[46][0-9A-Fa-f]|[57][0-9Aa])",),
    transparent=True,
    minimum=2,
    starts=b' \t\r\n[{")\xeffw',
    shape=re.compile(rb"""\s*[\[{"]|\)\]\}|\xef\xbb\xbf|for\s*\(;;|while\s*\(1"""),
    types=("application/json", "text/json", "*+json", "*/javascript", "application/x-javascript"),
)
