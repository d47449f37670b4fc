"""The catalogue of SDKs: one YAML file per company, typed, checked and indexed by host.

A file names a company, its SDKs and their hosts. A host stands for itself and everything below it; with a `path` only
for request targets that begin so. Every host says its `source`; hosts that share one may stand in `lists`. Refused are
unknown keys, hosts without source, public suffixes (https://publicsuffix.org) and two owners of one host and path. A
carrier (kind `cdn`) may own a private suffix, such as cloudfront.net: whatever nobody else owns below it is at least
carried by it. Kind `app` is what a company's own apps and sites talk to: whole domains, below which SDKs have hosts.
An SDK has `marks` where it goes to customers' hosts, and `addresses` that it has built in; a company names its `apps`
by how their packages begin.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from leaktap import cache as kept
from leaktap.attribution._marks import Address, Mark, Marks, Ranges
from leaktap.attribution._suffixes import suffixes
from leaktap.config import ConfigError, Texts, load_yaml, validate
from leaktap.model import Party

FOLDER = Path(__file__).parent / "catalogue"

type Kind = Literal[
    "ads",
    "analytics",
    "apm",
    "app",
    "cdn",
    "config",
    "consent",
    "crash",
    "id",
    "im",
    "location",
    "login",
    "map",
    "marketing",
    "mini-program",
    "pay",
    "platform",
    "push",
    "risk-control",
    "rtc",
    "social",
    "speech",
    "tracker",
    "webview",
]
type _Said = Annotated[str, Field(min_length=1)]

CARRIER: Kind = "cdn"
"""The kind of what carries other people's traffic: clouds and networks that deliver content."""

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)+")


def is_host(name: str) -> bool:
    """Tells whether a name is a host's: in lower case, of two labels and more."""
    return _HOST.fullmatch(name) is not None


def _named(value: str) -> str:
    if not is_host(value):
        raise ValueError(f"{value!r} is no host name in lower case, without scheme, port and path")
    return value


type _Name = Annotated[str, AfterValidator(_named)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Host(_Strict):
    """A host name in lower case, with where it was seen; `path` narrows it to targets that begin so."""

    host: _Name
    path: str = ""
    source: _Said

    @field_validator("path")
    @classmethod
    def _rooted(cls, value: str) -> str:
        if value and not value.startswith("/"):
            raise ValueError(f"{value!r} is no path: it begins with /")
        return value


class Hosts(_Strict):
    """Hosts that were seen in one place."""

    source: _Said
    hosts: Annotated[tuple[_Name, ...], Field(min_length=1)]


class Sdk(_Strict):
    """A product of a company that apps embed, or (party `platform`) that belongs to the phone's system."""

    name: _Said
    name_zh: str = ""
    kind: Kind
    purpose: _Said
    party: Literal["third", "platform"] = "third"
    packages: Texts = ()
    marks: tuple[Mark, ...] = ()
    addresses: tuple[Address, ...] = ()
    lists: tuple[Hosts, ...] = ()
    hosts: Annotated[tuple[Host, ...], Field(validate_default=True)] = ()
    """The hosts with a source each, then those of the lists."""

    @field_validator("hosts")
    @classmethod
    def _all(cls, value: tuple[Host, ...], info: ValidationInfo) -> tuple[Host, ...]:
        lists: tuple[Hosts, ...] = info.data.get("lists", ())
        value += tuple(Host.model_construct(host=name, source=each.source) for each in lists for name in each.hosts)
        if not value and not info.data.get("marks"):
            raise ValueError("has none, no lists and no marks: name at least one host")
        return value


class OwnApps(_Strict):
    """Apps that a company makes: those of this package, and those whose packages go on behind a dot."""

    package: _Said
    source: _Said


class Company(_Strict):
    """A company; `group` names the one it belongs to, `apps` are its own."""

    company: _Said
    name_zh: str = ""
    group: str = ""
    apps: tuple[OwnApps, ...] = ()
    sdks: Annotated[tuple[Sdk, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A host of an SDK of a company, as the index holds it; `imported` names the import that it is from, if any."""

    host: Host
    sdk: Sdk
    company: Company
    imported: str = ""

    @property
    def party(self) -> Party:
        """Who owns traffic to it."""
        return self.sdk.party


class Beside(Protocol):
    """What else knows hosts, and is asked where the catalogue has nothing."""

    def candidates(self, host: str) -> Iterator[Entry]:
        """Yields what may own a host, the longest first."""


class Catalogue:
    """Companies indexed by host, and what is asked `beside` them."""

    beside: tuple[Beside, ...] = ()

    def __init__(self, companies: Iterable[Company]) -> None:
        """Takes companies whose hosts have one owner each (`load` sees to that)."""
        read = tuple(companies)
        self._take(_places(read), read.__getitem__, _telling(read), len(read))

    def _take(
        self, places: Mapping[str, Sequence[int]], company: Callable[[int], Company], telling: Iterable[int], count: int
    ) -> None:
        """Takes the numbers of each host's companies, how to get one, those that tell more, and how many there are."""
        self._places, self._company, self._count = places, company, count
        self._hosts: dict[str, list[Entry]] = {}
        told = [company(number) for number in telling]
        products = [(company, sdk) for company in told for sdk in company.sdks]
        self.marked = [(company, sdk, mark) for company, sdk in products for mark in sdk.marks]
        self.marks = Marks([mark for _, _, mark in self.marked])
        self.addresses = Ranges([(address, (company, sdk)) for company, sdk in products for address in sdk.addresses])
        self._makers = {own.package: company for company in told for own in company.apps}

    @cached_property
    def companies(self) -> tuple[Company, ...]:
        """All of them, in the order of their files."""
        return tuple(self._company(number) for number in range(self._count))

    def maker(self, package: str) -> tuple[str, Company] | None:
        """Returns who makes an app, with as much of its package as tells so; the longest that is known."""
        while package:
            if package in self._makers:
                return package, self._makers[package]
            package = package.rpartition(".")[0]
        return None

    def candidates(self, host: str) -> Iterator[Entry]:
        """Yields what may own `host` (lower case), the best first: the longest host, then the longest path.

        The first one whose path the request's target begins with is the owner. What is beside the catalogue is
        asked where it has nothing, or a carrier alone and less of the name.
        """
        ours = list(self._own(host))
        front = next((i for i, one in enumerate(ours) if one.sdk.kind == CARRIER), len(ours))
        least = len(ours[front].host.host) if front < len(ours) else 0
        yield from ours[:front]
        if all(one.host.path for one in ours[:front]):
            for other in self.beside:
                yield from (one for one in other.candidates(host) if len(one.host.host) > least)
            if front < len(ours):
                yield from self._in_front(host, ours[front].host.host)
        yield from ours[front:]

    def _in_front(self, host: str, carrier: str) -> Iterator[Entry]:
        """Yields what owns the name that stands in front of a carrier's, as a customer's does (a.example.edgekey.net).

        Up to two labels between them are the carrier's own.
        """
        name = host.removesuffix(carrier).rstrip(".")
        for _ in range(3):
            found = [one for one in self._own(name) if one.sdk.kind != CARRIER] if name.count(".") else []
            if found:
                yield from found
                return
            name = name.rpartition(".")[0]

    def _own(self, host: str) -> Iterator[Entry]:
        while host:
            if host in self._places:
                yield from self._at(host)
            host = host.partition(".")[2]

    def _at(self, host: str) -> list[Entry]:
        """Returns what owns exactly this host, the longest path first."""
        entries = self._hosts.get(host)
        if entries is None:
            companies = map(self._company, self._places[host])
            entries = [entry for company in companies for entry in _entries(company) if entry.host.host == host]
            entries.sort(key=lambda entry: len(entry.host.path), reverse=True)
            self._hosts[host] = entries
        return entries

    def find(self, host: str, path: str = "") -> Entry | None:
        """Returns what owns a host and path."""
        return next((entry for entry in self.candidates(host) if path.startswith(entry.host.path)), None)


@cache
def catalogue() -> Catalogue:
    """Returns the catalogue that leaktap carries: its files as they were read once, for as long as none changes.

    Reading YAML with its places takes far longer than everything else; of what was kept, a scan wants few companies.
    """
    files, state = kept.state(FOLDER)
    code = Path(__file__).stat()
    name = kept.name([state, f"{code.st_size} {code.st_mtime_ns}".encode()], "catalogue")
    data = kept.kept(name)
    if data is not None:
        with suppress(ValueError):  # of which pydantic's is one
            return _Kept(data)
    read = _read((FOLDER / file for file in files), suffix_check=False)
    whole = _keepable(read)
    kept.keep(name, whole, room=2 * len(whole))
    return Catalogue(company for _, company in read)


def load(folder: Path, *, suffix_check: bool = True) -> Catalogue:
    """Reads every `*.yaml` of a folder, in the order of their names.

    Only the suffix check needs the public suffix list, which takes longer to read than all the files together: for the
    catalogue that leaktap carries, its tests do that.

    Raises:
        ConfigError: the first thing that is wrong, with file, line and key.
    """
    return Catalogue(company for _, company in _read(sorted(folder.glob("*.yaml")), suffix_check=suffix_check))


def _read(files: Iterable[Path], *, suffix_check: bool) -> list[tuple[object, Company]]:
    """Returns what each file says, as it stands there and typed."""
    owners: dict[tuple[str, str], tuple[Path, str]] = {}
    names: dict[str, Path] = {}
    read: list[tuple[object, Company]] = []
    for file in files:
        data, lines = load_yaml(file)
        company = validate(file, data, lines, Company)
        other = names.setdefault(company.company.casefold(), file)
        if other != file:
            raise ConfigError(file, lines["company",], "company", f"{company.company!r} has a file: {other.name}")
        for s, sdk in enumerate(company.sdks):
            for host, key in zip(sdk.hosts, _keys(sdk, s), strict=True):
                if suffix_check and suffixes(private=sdk.kind != "cdn").publicsuffix(host.host) == host.host:
                    why = f"{host.host!r} is a public suffix: name the hosts below it"
                    raise ConfigError(file, lines[key], ".".join(map(str, key)), why)
                owner = (file, sdk.name)
                first = owners.setdefault((host.host, host.path), owner)
                if first is not owner:
                    why = f"{host.host}{host.path} already belongs to {first[1]!r} of {first[0].name}"
                    raise ConfigError(file, lines[key], ".".join(map(str, key)), why)
        read.append((data, company))
    return read


def _keys(sdk: Sdk, number: int) -> Iterator[tuple[str | int, ...]]:
    """Yields where the file has each host of an SDK, in their order."""
    listed = sum(len(each.hosts) for each in sdk.lists)
    for h in range(len(sdk.hosts) - listed):
        yield "sdks", number, "hosts", h, "host"
    for i, each in enumerate(sdk.lists):
        for h in range(len(each.hosts)):
            yield "sdks", number, "lists", i, "hosts", h


def _entries(company: Company) -> Iterator[Entry]:
    for sdk in company.sdks:
        for host in sdk.hosts:
            yield Entry(host, sdk, company)


def _places(companies: Iterable[Company]) -> dict[str, list[int]]:
    """Returns for each host the numbers of the companies that own it, or a path of it."""
    places: dict[str, list[int]] = {}
    for number, company in enumerate(companies):
        for host in dict.fromkeys(entry.host.host for entry in _entries(company)):
            places.setdefault(host, []).append(number)
    return places


def _telling(companies: Iterable[Company]) -> list[int]:
    """Returns the numbers of the companies that are known by more than hosts: by marks, addresses or their own apps."""
    return [
        number
        for number, company in enumerate(companies)
        if company.apps or any(sdk.marks or sdk.addresses for sdk in company.sdks)
    ]


class _Index(BaseModel):
    """The first line of a catalogue that was kept; each line behind it is a company's file, as JSON."""

    model_config = ConfigDict(strict=True)

    digest: str
    places: dict[str, list[int]]
    telling: list[int]


class _Kept(Catalogue):
    """A catalogue as it was kept: a company is read when something of it is asked for."""

    def __init__(self, data: bytes) -> None:
        """Takes what `_keepable` made; raises ValidationError or ValueError for anything else."""
        head, _, body = data.partition(b"\n")
        index = _Index.model_validate_json(head)
        if index.digest != _digest(body):
            raise ValueError("the catalogue that was kept is damaged")
        lines = body.split(b"\n")

        @cache
        def company(number: int) -> Company:
            return Company.model_validate_json(lines[number])

        self._take(index.places, company, index.telling, len(lines))


def _keepable(read: Sequence[tuple[object, Company]]) -> bytes:
    """Returns a catalogue as `_Kept` reads it."""
    body = b"\n".join(json.dumps(data).encode() for data, _ in read)
    companies = [company for _, company in read]
    index = _Index(digest=_digest(body), places=_places(companies), telling=_telling(companies))
    return index.model_dump_json().encode() + b"\n" + body


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
