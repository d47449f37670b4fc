"""Draws messages with a planted value, has them examined, and judges what was found: what, and by which path and form.

A draw is an identifier in some form, in one to five wrappers, at some place of a request, with more or less around it.
Everything about it follows from its key (`SEED/NUMBER`), so that it can be drawn again; and each piece of it follows
from the key and its own name, so that it can be made smaller and stay the same otherwise.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from urllib.parse import quote, quote_from_bytes

from benchmarks import _given as given
from benchmarks._ciphers import KEYS
from benchmarks._encodings import OWN_ALPHABET
from benchmarks._identities import DOMAIN, PACKAGE, Identity, identity
from benchmarks._members import ANYWHERE, FEW, MANY, Header, Home, Wrapped, filler
from benchmarks._wrappers import WRAPPERS, Kind
from benchmarks._writing import Form, Writing
from leaktap.config import AppUnderTest, Case, Decode
from leaktap.decoders import Limits
from leaktap.decoders._choice import all_decoders
from leaktap.examine import Examiner, Found
from leaktap.model import Blind, Endpoint, Exchange, Fault, Match, Message, Origin

DEEPEST = 5
_SECONDS = 60.0
"""What a message may take: what is found shall not hang on what else the machine or its collector of garbage does."""
_PLACES: dict[str, Kind] = {
    "body": "bytes", "query": "bytes", "whole query": "text", "header": "text", "cookie": "text", "path": "text",
    "referer": "text",
}  # fmt: skip
_LIES = (b"gzip", b"deflate", b"br", b"zstd", b"rc4,gzip")
_FIELDS = ("X-Device", "X-Client-Data", "Authorization-Info", "User-Agent", "Token")
_SAME_PROTOBUF = re.compile(r"(\|protobuf(?:\.\d+|\[\d+\])+)\|protobuf(?=\.)")
_CHINESE_DOCUMENT = re.compile(r"\|charset\.(?:gb18030|big5)(?=\|json\.)")
_CHARSETS = {
    "|charset.utf-16-le": "utf-16-le",
    "|charset.utf-16-be": "utf-16-be",
    "|text": "utf-16-le",
    "|charset.gb18030": "gb18030",
}
_ENDS = {"|base64": "base64", "|hex": "hex", "|percent": "percent"}


@dataclass(frozen=True, slots=True)
class Draw:
    """What is planted where. `wrappers` are names, innermost first; `much` says that much stands beside the value."""

    key: str
    writing: Writing
    wrappers: tuple[str, ...]
    place: str
    much: bool

    def __str__(self) -> str:
        form = ", ".join(self.writing.form) or "plain"
        inside = " in ".join((f"{self.writing.identifier} ({form})", *self.wrappers, self.place))
        return f"{self.key}: {inside}{', much beside it' if self.much else ''}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the value was found, and whether at the right path in the right form. `seen` says what was seen."""

    found: bool
    right: bool
    expected: str
    seen: tuple[str, ...] = field(default=())


class Matrix:
    """Draws and judges; `seed` decides about everything, also about the phone that the values are of."""

    def __init__(self, seed: str) -> None:
        """Invents the phone and compiles its profile."""
        self.seed = seed
        self._identity: Identity = identity(Random(seed))
        decode = Decode(alphabets={"own": OWN_ALPHABET.decode()})
        case = Case(
            app=AppUnderTest(package=PACKAGE, domains=(DOMAIN,)), decode=decode,
            protobuf=given.PROTOBUF, flatbuffers=given.FLATBUFFERS, avro=given.AVRO,
        )  # fmt: skip
        self._examiner = Examiner(case, [self._identity.profile], keys=KEYS, limits=Limits(seconds=_SECONDS))
        self._examiner.warm()

    @property
    def identity(self) -> Identity:
        """The phone."""
        return self._identity

    def draw(self, number: int) -> Draw:
        """Returns the draw of this number."""
        key = f"{self.seed}/{number}"
        random = Random(key)
        writings = self._identity.writings[random.choice(list(self._identity.writings))]
        family = random.choice(list(dict.fromkeys(writing.family for writing in writings)))
        writing = random.choice([writing for writing in writings if writing.family == family])
        place = random.choice((*["body"] * 5, *list(_PLACES)[1:]))
        much = random.random() < 0.5
        chain: tuple[str, ...] = ()
        depth = random.randint(1, DEEPEST)
        for left in reversed(range(depth)):
            data, kind = _inside(key, writing, chain, much)
            fitting = [name for name in _drawn() if _fits(name, data, kind, place, not left, chain)]
            while fitting and _is_text_too(key, (*chain, chosen := random.choice(fitting)), data, much):
                fitting.remove(chosen)
            if not fitting:
                break
            chain = (*chain, chosen)
        data, kind = _inside(key, writing, chain, much)
        if (_PLACES[place] == "text" and kind == "bytes") or (place == "header" and b"\n" in data):
            place = "body"
        return Draw(key, writing, chain, place, much)

    def judge(self, draw: Draw) -> Verdict:
        """Makes the message, has it examined, and compares what was found with what was planted."""
        request, path, ways = _request(draw)
        exchange = Exchange(
            draw.key, 0, Endpoint("192.0.2.7", 40_000), Endpoint("198.51.100.1", 443), "https",
            request.header(b"host").decode(), request, None, Origin("drawn"),
        )  # fmt: skip
        items = self._examiner.examine(exchange).found
        known = [item.match for item in items if isinstance(item, Found) and item.match.basis == draw.writing.basis]
        mine = [match for match in known if self._is_planted(match, draw.writing)]
        forms = self._identity.forms
        wanted = {_unfolded(way, form) for way, data in ways for form in forms.get((draw.writing.identifier, data), ())}
        right = any(_unfolded(match.leaf.path, match.form) in wanted for match in mine)
        seen = [f"{match.identifier} {', '.join(match.form) or 'plain'} at {match.leaf.path}" for match in known]
        seen += [f"{item.where.rpartition(': ')[2]}: {item.why}" for item in items if isinstance(item, Fault)]
        seen += [item.detail for item in items if isinstance(item, Blind)]
        return Verdict(bool(mine), right, path, tuple(seen))

    def message(self, draw: Draw) -> Message:
        """Returns the message of a draw."""
        return _request(draw)[0]

    def shrunk(self, draw: Draw) -> Draw:
        """Returns the draw without what it fails as well without: wrappers, the place, what stands beside, the hash."""
        verdict = self.judge(draw)
        again = True
        while again:
            again = False
            for smaller in self._smaller(draw):
                judged = self.judge(smaller)
                if (judged.found, judged.right) == (verdict.found, verdict.right):
                    draw, again = smaller, True
                    break
        return draw

    def _smaller(self, draw: Draw) -> Iterator[Draw]:
        fewer = [draw.wrappers[:index] + draw.wrappers[index + 1 :] for index in range(len(draw.wrappers))]
        plain = self._identity.writings[draw.writing.identifier][0]
        candidates = [
            replace(draw, place="body"),
            *(replace(draw, wrappers=each) for each in fewer),
            replace(draw, writing=plain),
            replace(draw, much=False),
        ]
        return (each for each in candidates if each != draw and each.wrappers and is_possible(each))

    def _is_planted(self, match: Match, writing: Writing) -> bool:
        if match.identifier != writing.identifier or match.count < writing.count:
            return False
        return not writing.plain or self._plain(match, writing)

    def _plain(self, match: Match, writing: Writing) -> bool:
        return match.plain.casefold() == writing.plain.casefold()


@cache
def _drawn() -> tuple[str, ...]:
    """Returns the wrappers whose decoders there are."""
    known = {decoder.name for decoder in all_decoders()}
    return tuple(name for name, wrapper in WRAPPERS.items() if wrapper.decoder in known)


def _kind(data: bytes) -> Kind:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "bytes"
    return "text" if text.isprintable() else "bytes"


def _fits(name: str, data: bytes, kind: Kind, place: str, last: bool, inner: Sequence[str]) -> bool:
    """Tells whether a wrapper takes what there is, in the wrappers so far.

    One that has to be said must be a body's outermost; one that is given is the only such one, and leaves the path of
    where it is sent as it is.
    """
    wrapper = WRAPPERS[name]
    if wrapper.given and (place == "path" or any(WRAPPERS[other].given for other in inner)):
        return False
    return wrapper.fits(data, kind) and (not wrapper.said or (place == "body" and last))


def _inside(key: str, writing: Writing, chain: Sequence[str], much: bool) -> tuple[bytes, Kind]:
    """Returns a value in its wrappers so far."""
    data = writing.data
    for index in range(len(chain)):
        data = _wrap(key, chain, index, data, much).data
    return data, WRAPPERS[chain[-1]].gives if chain else _kind(data)


def _wrap(key: str, chain: Sequence[str], index: int, data: bytes, much: bool) -> Wrapped:
    """Wraps once more: by what follows from the name, and from how often it stands there already."""
    name = chain[index]
    random = Random(f"{key}/{name}/{chain[:index].count(name)}")
    return WRAPPERS[name].wrap(random, data, MANY if much else FEW)


def _is_text_too(key: str, chain: Sequence[str], data: bytes, much: bool) -> bool:
    """Tells whether what the last wrapper makes is bytes by name but text throughout: `$` and an UUID behind a `b`.

    It is as well that text, which stands there in plain sight, and nothing tells whether anybody meant more.
    """
    return WRAPPERS[chain[-1]].gives == "bytes" and _kind(_wrap(key, chain, len(chain) - 1, data, much).data) == "text"


def is_possible(draw: Draw) -> bool:
    """Tells whether each wrapper takes what is in it, and the place all of it."""
    data, kind = draw.writing.data, _kind(draw.writing.data)
    for index, name in enumerate(draw.wrappers):
        if not _fits(name, data, kind, draw.place, index == len(draw.wrappers) - 1, draw.wrappers[:index]):
            return False
        if _is_text_too(draw.key, draw.wrappers[: index + 1], data, draw.much):
            return False
        data, kind = _wrap(draw.key, draw.wrappers, index, data, draw.much).data, WRAPPERS[name].gives
    return (kind == "text" or _PLACES[draw.place] == "bytes") and not (draw.place == "header" and b"\n" in data)


def _request(draw: Draw) -> tuple[Message, str, list[tuple[str, bytes]]]:
    """Returns the request, the path to the value in it, and what stands on the way there, with the path to each."""
    data, steps = draw.writing.data, [draw.writing.step]
    headers: list[Header] = []
    home = ANYWHERE
    values = [data]
    for index, name in enumerate(draw.wrappers):
        wrapped = _wrap(draw.key, draw.wrappers, index, data, draw.much)
        data = wrapped.data
        values.append(data)
        steps = [*(wrapped.step + step for step in steps), ""]
        home = wrapped.home if wrapped.home != ANYWHERE else home
        headers = [*wrapped.headers, *_announced(Random(f"{draw.key}/{name}/said"), name, headers, wrapped)]
    message, path = _placed(Random(f"{draw.key}/{draw.place}"), draw, data, headers, home)
    return message, path + steps[0], [(path + step, value) for step, value in zip(steps, values, strict=True)]


def _announced(random: Random, name: str, inner: Sequence[Header], wrapped: Wrapped) -> list[Header]:
    """Returns how a body is announced: now and then by its type, or by its coding, whose inside keeps its type and may
    have told its own coding; and seldom as what it is not.
    """
    wrapper = WRAPPERS[name]
    if not wrapped.headers and not wrapper.said and random.random() < 0.05:
        return [(b"Content-Encoding", random.choice(_LIES))]
    if not wrapper.headers or wrapped.headers or not (wrapper.said or random.random() < 0.5):
        return []
    header = random.choice(wrapper.headers)
    if header[0] != b"Content-Encoding":
        return [header]
    codings = [value for key, value in inner if key == header[0]] if random.random() < 0.5 else []
    return [(header[0], b", ".join((*codings, header[1]))), *(each for each in inner if each[0] != header[0])]


def _placed(random: Random, draw: Draw, data: bytes, headers: list[Header], home: Home) -> tuple[Message, str]:
    """Puts what is planted where it belongs; returns the path to it."""
    name = random.choice(("d", "data", "info", "v", "device"))
    others = [(key, str(value)) for key, value in filler(random, MANY if draw.much else FEW)]
    target, head, body = home.path, [(b"Host", home.host.encode()), *home.headers], b""
    match draw.place:
        case "body":
            head, body, path = [*head, *headers], data, "request.body"
        case "query":
            fields = [f"{key}={quote(value)}" for key, value in others]
            fields.insert(random.randint(0, len(fields)), f"{name}={quote_from_bytes(data, safe='')}")
            target, path = f"{target}?{'&'.join(fields)}", f"request.query.{name}"
        case "whole query":
            target, path = f"{target}?{quote_from_bytes(data, safe='')}", "request.query"
        case "header":
            field_name = random.choice(_FIELDS)
            head.append((field_name.encode(), data))
            path = f"request.header.{field_name.lower()}"
        case "referer":
            fields = [f"{key}={quote(value)}" for key, value in others]
            fields.insert(random.randint(0, len(fields)), f"{name}={quote_from_bytes(data, safe='')}")
            head.append((b"Referer", f"https://m.example/page?{'&'.join(fields)}".encode()))
            path = f"request.header.referer|url.query.{name}"
        case "cookie":
            pairs = [f"{key}={quote(value)}" for key, value in others]
            pairs.insert(random.randint(0, len(pairs)), f"{name}={quote_from_bytes(data, safe='')}")
            head.append((b"Cookie", "; ".join(pairs).encode()))
            path = f"request.header.cookie|cookie.{name}"
            path += "|percent" * (quote_from_bytes(data, safe="").encode() != data)
        case _:
            target, path = f"{target}/{quote_from_bytes(data, safe='')}/x", f"request.path[{home.path.count('/')}]"
    return Message(("POST", target, "HTTP/1.1"), tuple(head), body), path


def _unfolded(path: str, form: Form) -> tuple[str, Form]:
    """Returns path and form in one of the ways to tell the same.

    A digest in base64 is in base64 by its path as well as by its form, so is a text in its charset; and a protobuf
    message in a protobuf field is a field of a field. A document may be read before its charset, value by value.
    """
    path = _CHINESE_DOCUMENT.sub("", path)
    while path != (merged := _SAME_PROTOBUF.sub(r"\1", path)):
        path = merged
    for step, name in _CHARSETS.items():
        if path.endswith(step):
            return _unfolded(path.removesuffix(step), (*form, name))
    for step, name in _ENDS.items():
        if path.endswith(step) and form:
            return _unfolded(path.removesuffix(step), (*form, name))
    return path, tuple({"hex-upper": "hex", "base64url": "base64"}.get(name, name) for name in form)
