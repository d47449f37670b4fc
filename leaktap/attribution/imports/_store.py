"""Imported databases: read, made sound, kept in the user's folder, asked where our catalogue has nothing.

One file per import, `leaktap/sdk/NAME.json` in XDG_DATA_HOME (or ~/.local/share), which is the user's alone: a
database stays under the licence that it came with. A file holds its SDKs once, and by host the number of its SDK.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from leaktap.attribution import imports
from leaktap.attribution._catalogue import CARRIER, Catalogue, Company, Entry, Host, Kind, Sdk, is_host
from leaktap.attribution._suffixes import suffixes
from leaktap.attribution.imports._api import BadEntry, Document, Fact, Format
from leaktap.attribution.imports._reading import documents
from leaktap.config import ConfigError
from leaktap.discover import discover

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST = 120
"""Characters of a name that are kept: more than any company's."""


class Named(BaseModel):
    """An SDK of a company, as a database names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    company: str
    sdk: str
    kind: Kind
    group: str = ""
    packages: tuple[str, ...] = ()


class Kept(BaseModel):
    """An imported database as it lies in the user's folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: Literal["leaktap.sdk-import/1"] = "leaktap.sdk-import/1"
    name: str
    format: str
    sdks: tuple[Named, ...]
    hosts: dict[str, int]
    """The number of the SDK, from 0, by host."""

    @model_validator(mode="after")
    def _numbered(self) -> "Kept":
        if any(not 0 <= number < len(self.sdks) for number in self.hosts.values()):
            raise ValueError("a host is of an SDK that is not there")
        return self


@dataclass
class Import:
    """What was read: the database, and what was passed over, by reason, with how many and the first of them."""

    kept: Kept
    passed: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)


class Imported:
    """An import that can be asked for hosts, as the catalogue can."""

    def __init__(self, kept: Kept) -> None:
        """Takes what was kept."""
        self.kept = kept
        self._owner = lru_cache(1024)(self._made)

    def candidates(self, host: str) -> Iterator[Entry]:
        """Yields what may own `host` (lower case), the longest host first."""
        while host:
            number = self.kept.hosts.get(host)
            if number is not None:
                company, sdk = self._owner(number)
                source = f"imported from {self.kept.name}"
                yield Entry(Host.model_construct(host=host, source=source), sdk, company, self.kept.name)
            host = host.partition(".")[2]

    def _made(self, number: int) -> tuple[Company, Sdk]:
        named = self.kept.sdks[number]
        purpose = f"{named.kind}, as {self.kept.name} has it"
        sdk = Sdk.model_construct(name=named.sdk, kind=named.kind, purpose=purpose, packages=named.packages)
        return Company.model_construct(company=named.company, group=named.group, sdks=(sdk,)), sdk


def folder() -> Path:
    """Returns the user's folder of imports."""
    base = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".local/share") / "leaktap" / "sdk"


def formats() -> list[Format]:
    """Returns every format; the one that takes any text comes last."""
    return sorted(discover(imports, "FORMAT"), key=lambda each: each.name == "hosts")


def read(path: Path, name: str) -> Import:
    """Reads a database, whatever format it is of; of a folder with several formats, the one of most files.

    Raises:
        ConfigError: it cannot be read, is of no known format, or breaks its format at a place.
    """
    if not _NAME.fullmatch(name):
        why = f"{name!r} is no name for an import: letters, digits, dots and dashes; give another with --name"
        raise ConfigError(path, None, "", why)
    known: dict[str, tuple[Format, list[Document]]] = {}
    for document in documents(path):
        found = next((each for each in formats() if each.knows(document)), None)
        if found is not None:
            known.setdefault(found.name, (found, []))[1].append(document)
    if not known:
        raise ConfigError(path, None, "", f"is none of these: {', '.join(each.name for each in formats())}")
    form, of_it = max(known.values(), key=lambda each: (each[0].name != "hosts", len(each[1])))
    result = Import(Kept(name=name, format=form.name, sdks=(), hosts={}))
    numbers: dict[tuple[str, str], int] = {}
    sdks: list[Named] = []
    hosts: dict[str, int] = {}
    try:
        for host, named in _sound(form.facts(of_it), result):
            key = named.company, named.sdk
            if key not in numbers:
                numbers[key] = len(sdks)
                sdks.append(named)
            hosts[host] = numbers[key]
    except BadEntry as error:
        where = path if error.document.name == path.name else f"{path}: {error.document.name}"
        raise ConfigError(where, None, error.where, error.why) from None
    if not hosts:
        raise ConfigError(path, None, "", f"is of the format {form.name}, but names no host that can be used")
    result.kept = Kept(name=name, format=form.name, sdks=tuple(sdks), hosts=hosts)
    return result


def _sound(facts: Iterable[Fact], result: Import) -> Iterator[tuple[str, Named]]:
    """Yields usable hosts, each once, with a company; counts the others."""
    seen: set[str] = set()
    for fact in facts:
        host = fact.host.lower().removeprefix("*.").strip(".")
        company = _clean(fact.company)
        if not company:
            why = "without a company"
        elif host in seen:
            why = "named before"
        else:
            why = _why_not(host, fact.kind)
        if why:
            result.passed[why] += 1
            result.first.setdefault(why, fact.host[:_LONGEST])
            continue
        seen.add(host)
        group = _clean(fact.group)
        packages = tuple(filter(None, map(_clean, fact.packages)))
        sdk = _clean(fact.sdk) or company
        group = "" if group == company else group
        yield host, Named(company=company, sdk=sdk, kind=fact.kind, group=group, packages=packages)


def _why_not(host: str, kind: Kind) -> str:
    if _is_address(host):
        return "addresses"
    if not is_host(host):
        return "no host names"
    if suffixes(private=kind != CARRIER).publicsuffix(host) == host:
        return "public suffixes"
    return ""


def _clean(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:_LONGEST]


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def save(kept: Kept) -> Path:
    """Writes an import into the user's folder, whole or not at all, in place of one of the same name.

    Raises:
        ConfigError: the folder cannot be written.
    """
    file = folder() / f"{kept.name}.json"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, suffix=".new", delete=False) as new:  # created 0600
            try:
                new.write(kept.model_dump_json().encode())
                Path(new.name).replace(file)
            except OSError:
                Path(new.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ConfigError(file, None, "", f"cannot be written: {error.strerror}") from None
    imported.cache_clear()
    return file


def remove(name: str) -> bool:
    """Removes an import; tells whether there was one."""
    file = folder() / f"{name}.json"
    if not _NAME.fullmatch(name) or not file.is_file():
        return False
    file.unlink()
    imported.cache_clear()
    return True


@cache
def imported() -> tuple[Imported, ...]:
    """Returns the user's imports, by name.

    Raises:
        ConfigError: a file is not as `save` wrote it.
    """
    found = []
    for file in sorted(folder().glob("*.json")):
        try:
            found.append(Imported(Kept.model_validate_json(file.read_bytes())))
        except (OSError, ValidationError) as error:
            why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
            cure = f"import it again, or remove it with: leaktap sdk import --remove {file.stem}"
            raise ConfigError(file, None, "", f"is no import of this leaktap ({why}): {cure}") from None
    return tuple(found)


def conflicts(kept: Kept, known: Catalogue) -> Iterator[tuple[str, str, str]]:
    """Yields hosts that an import gives to another company than our catalogue: host, theirs, ours."""
    for host, number in kept.hosts.items():
        ours = known.find(host)
        if ours is None or ours.imported or ours.sdk.kind == CARRIER:
            continue
        theirs = kept.sdks[number]
        names = (ours.company.company, ours.company.name_zh, ours.company.group, ours.sdk.name)
        if not _same((theirs.company, theirs.group, theirs.sdk), names):
            yield host, theirs.company, ours.company.company


def _same(theirs: Sequence[str], ours: Sequence[str]) -> bool:
    """Tells whether companies may be one: a word of one's names that is no common one is a word of the other's."""
    words = {word for name in theirs for word in _words(name)}
    return any(word in words for name in ours for word in _words(name))


def _words(name: str) -> Iterator[str]:
    squeezed = re.sub(r"[\W_]", "", name.casefold())
    if squeezed:
        yield squeezed
    yield from (word for word in re.findall(r"\w+", name.casefold()) if word not in _COMMON)


_COMMON = frozenset(
    {"ad", "ads", "advertising", "analytics", "and", "co", "com", "company", "corp", "corporation", "data", "digital"}
    | {"gmbh", "group", "holdings", "inc", "interactive", "international", "limited", "llc", "ltd", "marketing"}
    | {"media", "mobile", "network", "networks", "of", "online", "sa", "services", "software", "solutions", "systems"}
    | {"tech", "technologies", "technology", "the"}
)
