"""Who received something: the app's own developer, an SDK's company, the phone's system, or nobody we know.

Asked in this order: the case's own domains; the catalogue, longest host first, then longest path; the app's package
name, whose organisation (com.example.shop: example) is compared with the host's registrable domain; else unknown, with
the reason. A host that belongs to the app's developer by the catalogue is still an SDK's, and the basis says both.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address

from leaktap.attribution._catalogue import Catalogue, Company, Entry, catalogue, suffixes
from leaktap.config import AppUnderTest
from leaktap.model import Exchange, Owner, Party

_LONGEST_NAME = 253
"""Characters of the longest host name (RFC 1035, section 2.3.4, less the root)."""

_LOCAL = frozenset({"llmnr", "mdns", "nbns", "ssdp"})
"""Protocols by which machines of a local network find each other; a phone's system speaks them by itself."""

_NOBODYS = re.compile(
    "android|apps?|client|cloud|com|company|demo|dev|games?|ios|mobile|my|net|org|soft(ware)?|studio|team|test|tools?|web|www"
)
"""Words that stand for no organisation where a package name has one (com.app.shop, com.android.browser)."""


_CARRIER = "cdn"
"""The kind of what carries other people's traffic: clouds and networks that deliver content."""

_YIELDING = frozenset({_CARRIER, "app", "mini-program"})
"""Kinds that are no SDK's: where the host is the app's own by its name, it is the app's own."""


class Owners:
    """Finds owners, with one app in view. Hosts are remembered, as many as a session has."""

    def __init__(self, app: AppUnderTest, known: Catalogue | None = None) -> None:
        """Takes the app under test; `known` replaces the catalogue that leaktap carries."""
        self._app = app
        self._known = known or catalogue()
        self._words = frozenset(app.package.lower().split(".")[1:])
        self._candidates = lru_cache(8192)(lambda host: tuple(self._find(host)))

    def owner(self, exchange: Exchange) -> Owner:
        """Returns who received the exchange's request; what stays in the local network is the system's affair."""
        if exchange.origin.protocol in _LOCAL and not _is_global(exchange.server.ip):
            return Owner("platform", basis=f"{exchange.origin.protocol} within the local network")
        return self.of_host(exchange.host, exchange.request.start[1])

    def of_host(self, host: str, path: str = "") -> Owner:
        """Returns who is behind a host; `path` is the request's target in origin form."""
        if len(host) > _LONGEST_NAME:
            return Owner("unknown", basis="the host name is too long to be one")
        candidates = self._candidates(host.lower().rstrip("."))
        return next(owner for prefix, owner in candidates if path.startswith(prefix))

    def _find(self, host: str) -> Iterator[tuple[str, Owner]]:
        """Yields who may own a host, each with the path prefix that it needs, the best first and one without last."""
        for domain in self._app.domains:
            if host == domain or host.endswith("." + domain):
                yield "", Owner("first", company=self._app.developer, basis=f"case domain {domain}")
                return
        named = self._of_name(host)
        for entry in self._known.candidates(host):
            if entry.sdk.kind in _YIELDING and named.party == "first":
                break
            yield entry.host.path, self._of_entry(entry)
        yield "", named

    def _of_entry(self, entry: Entry) -> Owner:
        """Returns the owner of a host; a carrier delivers for others, and who they are its name does not say."""
        place = f"host {entry.host.host}" + (f" path {entry.host.path}" if entry.host.path else "")
        basis = f"{place} in catalogue"
        kin = _kin(entry.company, self._app.developer)
        if kin:
            basis += f"; {kin} is the app's developer"
        party: Party = "unknown" if entry.sdk.kind == _CARRIER else entry.party
        return Owner(party, entry.sdk.name, entry.company.company, entry.sdk.purpose, basis)

    def _of_name(self, host: str) -> Owner:
        if not host:
            return Owner("unknown", basis="no host name")
        if _is_address(host):
            return Owner("unknown", basis=f"address {host} without a name")
        if self._words.intersection(host.split(".")):
            registrable = _registrable(host)
            if _same_organisation(registrable, _registrable(".".join(reversed(self._app.package.lower().split("."))))):
                basis = f"domain {registrable} like package {self._app.package}"
                return Owner("first", company=self._app.developer, basis=basis)
        return Owner("unknown", basis=f"host {host} neither the app's nor in catalogue")


def _registrable(host: str) -> str:
    """Returns the public suffix and one label more; a package name read backwards is a host (com.example.shop)."""
    return suffixes().privatesuffix(host) or ""


def _same_organisation(one: str, other: str) -> bool:
    """Tells whether registrable domains have one owner, going by their first label (example.com, example.cn).

    Labels of two characters are too often somebody else's under another suffix.
    """
    label = one.partition(".")[0]
    if _NOBODYS.fullmatch(label):
        return False
    return one == other or (len(label) > 2 and label == other.partition(".")[0])


def _kin(company: Company, developer: str) -> str:
    """Returns the name under which a company is the developer: its own or its group's, as a word of the other."""
    developer = developer.casefold()
    for name in (company.company, company.name_zh, company.group):
        if name and re.search(rf"(?<![a-z0-9]){re.escape(name.casefold())}(?![a-z0-9])", developer):
            return name
    return ""


def _is_global(address: str) -> bool:
    """Tells an address that is reached through the internet; a multicast group is not."""
    return _is_address(address) and ip_address(address).is_global and not ip_address(address).is_multicast


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
