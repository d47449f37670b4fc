"""Marks: what tells an SDK's requests by themselves, on whatever host, and the addresses that SDKs have built in.

SDKs whose servers customers run themselves (Sensors Analytics, Matomo) and several SDKs behind one host cannot be told
by the host. A mark names what such requests look like: a path, query keys, headers, words of the body. All must hold.
The body is looked at as it is on the wire, and its words are also sought among the keys that were decoded from it.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from leaktap.config import Texts
from leaktap.model import Leaf, Message

_MOST_BODY = 64 << 10
"""Bytes of a body that are looked at."""
_MOST_TARGET = 8 << 10

type _Said = Annotated[str, Field(min_length=1)]
type _Network = IPv4Network | IPv6Network


def _listed(value: object) -> object:
    return value if isinstance(value, (list, tuple)) else [value]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Mark(_Strict):
    """What requests of an SDK look like; with a `host` only at or below it, where it tells a company's SDKs apart.

    `path` is a regular expression that the path matches from its beginning; `query` are keys of the query, `headers`
    names of headers, in lower case, `body` texts that the body has.
    """

    host: str = ""
    path: str = ""
    query: Texts = ()
    headers: Texts = ()
    body: Texts = ()
    source: _Said

    @field_validator("path")
    @classmethod
    def _expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from None
        return value

    @field_validator("headers")
    @classmethod
    def _lower(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.lower() for name in value)

    @model_validator(mode="after")
    def _something(self) -> "Mark":
        if not (self.path or self.query or self.headers or self.body):
            raise ValueError("says nothing: give path, query, headers or body")
        return self

    @property
    def weight(self) -> int:
        """How much it asks for: of several marks that hold, the one that asks for most is believed."""
        return len(self.query) + len(self.headers) + len(self.body) + bool(self.path) + bool(self.host)

    def __str__(self) -> str:
        """Says it in words."""
        parts = (
            ("path", [self.path]),
            ("query", self.query),
            ("headers", self.headers),
            ("body", self.body),
        )
        return "; ".join(f"{name} {', '.join(values)}" for name, values in parts if any(values))


class Address(_Strict):
    """Addresses that an SDK has built in: a network, or one address; with `ports` only these."""

    network: Annotated[str, BeforeValidator(str)]
    ports: Annotated[tuple[int, ...], BeforeValidator(_listed)] = ()
    transport: Literal["tcp", "udp", ""] = ""
    source: _Said

    @field_validator("network")
    @classmethod
    def _written(cls, value: str) -> str:
        return str(ip_network(value))

    @property
    def range(self) -> _Network:
        """The network."""
        return ip_network(self.network)

    def __str__(self) -> str:
        """Says it in words."""
        return self.network.removesuffix("/32").removesuffix("/128")


class Ranges[T]:
    """Things by address: the smallest network first."""

    def __init__(self, addresses: Sequence[tuple[Address, T]]) -> None:
        """Takes addresses, each with what it stands for."""
        known = [(address.range, address, thing) for address, thing in addresses]
        self._known = sorted(known, key=lambda one: one[0].prefixlen, reverse=True)

    def find(self, ip: str, port: int, transport: str) -> tuple[Address, T] | None:
        """Returns what stands for an address; `port` may be 0 and `transport` nothing where they are not known."""
        try:
            at: IPv4Address | IPv6Address = ip_address(ip)
        except ValueError:
            return None
        for network, address, thing in self._known:
            there = at in network and (not address.ports or not port or port in address.ports)
            if there and (not address.transport or transport in ("", address.transport)):
                return address, thing
        return None


class Marks:
    """Every mark, compiled. A mark is known by its number among them."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        """Compiles the marks."""
        compiled = [_Compiled(mark, number) for number, mark in enumerate(marks)]
        self._marks = sorted(compiled, key=lambda one: -one.mark.weight)

    def held(self, host: str, request: Message, leaves: Sequence[Leaf]) -> tuple[int, ...]:
        """Returns the numbers of the marks that a request bears, those that ask for most first."""
        look = _Look(request, leaves)
        return tuple([one.number for one in self._marks if one.holds(host, look)])


class _Compiled:
    """A mark with its number, and all that it names in the form in which it is sought."""

    __slots__ = ("_body", "_headers", "_host", "_path", "_query", "mark", "number")

    def __init__(self, mark: Mark, number: int) -> None:
        self.mark, self.number = mark, number
        self._host = mark.host
        self._path = re.compile(mark.path).match if mark.path else None
        self._query = mark.query
        self._headers = tuple(name.encode() for name in mark.headers)
        self._body = tuple((word.encode(), word) for word in mark.body)

    def holds(self, host: str, look: "_Look") -> bool:
        """Tells whether all of it holds, beginning with what is cheapest."""
        if (self._path and not self._path(look.path)) or (self._host and not _is_below(host, self._host)):
            return False
        return (
            (not self._query or (look.target_query != "" and look.query.issuperset(self._query)))
            and (not self._headers or look.headers.issuperset(self._headers))
            and all(look.says(word, text) for word, text in self._body)
        )


class _Look:
    """A look at a request: what of it was needed once is kept."""

    def __init__(self, request: Message, leaves: Sequence[Leaf]) -> None:
        self.path, _, self.target_query = request.start[1][:_MOST_TARGET].partition("?")
        self._request, self._leaves = request, leaves
        self._body = request.body[:_MOST_BODY]

    @cached_property
    def query(self) -> set[str]:
        """The keys of the query."""
        return {part.partition("=")[0] for part in self.target_query.split("&")}

    @cached_property
    def headers(self) -> set[bytes]:
        """The names of the headers, in lower case."""
        return {name.lower() for name, _ in self._request.headers}

    @cached_property
    def _keys(self) -> set[str]:
        return {key for leaf in self._leaves for key in leaf.keys}

    def says(self, word: bytes, text: str) -> bool:
        """Tells whether the body has a word, or a key that was decoded from it is the word."""
        return word in self._body or (bool(self._leaves) and text in self._keys)


def _is_below(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)
