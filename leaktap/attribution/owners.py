"""Who received something: the app's own developer, an SDK's company, the phone's system, or nobody we know.

Asked in this order, each answer with its reason in words and how sure it is:

1. The case's own domains.
2. The catalogue: longest host first, then longest path. A host whose kind is no SDK's yields to the app's own name.
3. The app's own name in the host's.
4. Marks of the request: they tell which SDK of the company it is, or whose SDK talks to a host that nobody knows.
5. The host's canonical names. The app's own host that is one of a third party's by CNAME is the third party's.
6. The name in TLS's greeting where the Host says another, and with the certificate's names and the name that was asked
   for before where the host is a bare address.
7. Addresses that SDKs have built in.

A cloud or a network that delivers content carries what is others': it is named beside whoever else is known. A host
that belongs to the app's developer by the catalogue is the developer's; one of the same group stays a third party's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address

from leaktap.attribution._catalogue import CARRIER, Catalogue, Company, Entry, Sdk
from leaktap.attribution._developer import Developer, Kin, registrable
from leaktap.attribution._known import known as all_known
from leaktap.attribution.clues import NO_CLUES, Clues
from leaktap.config import AppUnderTest
from leaktap.model import Alias, Blind, Exchange, Owner, Party

_LONGEST_NAME = 253
"""Characters of the longest host name (RFC 1035, section 2.3.4, less the root)."""

_LOCAL = frozenset({"llmnr", "mdns", "nbns", "ssdp"})
"""Protocols by which machines of a local network find each other; a phone's system speaks them by itself."""

_NAMELESS = "raw"
"""The protocol of bytes that name no host: outside of TLS, the host is the name that was asked for before."""

_YIELDING = frozenset({CARRIER, "app", "mini-program"})
"""Kinds that are no SDK's: where the host is the app's own by its name, it is the app's own."""

_HOST, _PATH, _CNAME, _GREETING, _CERTIFICATE, _ASKED, _MARK = 0.95, 0.95, 0.9, 0.85, 0.7, 0.75, 0.8
_ADDRESS, _RANGE, _LOCALLY, _LIE, _IMPORTED = 0.85, 0.6, 0.9, 0.7, 0.6
"""How sure the reasons are; `_LIE` is how much of it is left where the Host and the greeting disagree."""

_SAYS = {"sni": "SNI", "certificate": "certificate of", "dns": "DNS name"}
_SURE = {"sni": _GREETING, "certificate": _CERTIFICATE, "dns": _ASKED}

type Ranked = tuple[tuple[str, Owner], ...]
"""Who may own a host, each with the path prefix that it needs, the best first and one without last."""


class Owners:
    """Finds owners, with one app in view. Hosts are remembered, as many as a session has."""

    def __init__(self, app: AppUnderTest, known: Catalogue | None = None) -> None:
        """Takes the app under test; `known` replaces the catalogue that leaktap carries and what its user imported."""
        self._known = known or all_known()
        self._developer = Developer(app, self._known)
        self._ranked = lru_cache(8192)(self._rank)
        self._kin = lru_cache(1024)(self._developer.kin)

    def owner(self, exchange: Exchange, clues: Clues = NO_CLUES) -> Owner:
        """Returns who received the exchange's request; `clues` are what its contents say.

        What stays in the local network is the system's affair.
        """
        server, origin = exchange.server, exchange.origin
        if origin.protocol in _LOCAL and not _is_global(server.ip):
            return Owner("platform", basis=f"{origin.protocol} within the local network", confidence=_LOCALLY)
        target = exchange.request.start[1]
        owner = self._of(exchange.host, target, exchange.aliases, server.ip, server.port, origin.transport)
        if (
            origin.protocol == _NAMELESS
            and not origin.decrypted
            and owner.confidence
            and not _is_address(exchange.host)
        ):
            owner = _by(owner, f"name {exchange.host} of the address", "", _ASKED)
        return self._marked(owner, clues.marks) if clues.marks else owner

    def of_host(self, host: str, path: str = "", port: int = 0) -> Owner:
        """Returns who is behind a host or an address; `path` is the request's target in origin form."""
        return self._of(host, path, ip=host, port=port)

    def of_blind(self, blind: Blind) -> Owner | None:
        """Returns who is behind what could not be inspected, None where neither a host nor an address tells."""
        owner = self._of(blind.host, "", (), blind.ip, blind.port)
        return owner if blind.host or owner.party != "unknown" else None

    def _of(
        self, host: str, path: str, aliases: tuple[Alias, ...] = (), ip: str = "", port: int = 0, transport: str = ""
    ) -> Owner:
        if len(host) > _LONGEST_NAME:
            return _unknown("the host name is too long to be one")
        ranked = self._ranked(host.lower().rstrip("."), aliases, ip, port, transport)
        return next(owner for prefix, owner in ranked if path.startswith(prefix))

    def _rank(self, host: str, aliases: tuple[Alias, ...], ip: str, port: int, transport: str) -> Ranked:
        """Returns who may own a host, by all its names."""
        chain = [alias.name for alias in aliases if alias.kind == "cname"]
        greeted = next((alias.name for alias in aliases if alias.kind == "sni"), "")
        lies = bool(greeted) and not _is_address(host) and not self._agree(host, greeted, aliases)
        found: list[tuple[str, Owner]] = []
        if lies:
            by_greeting = [
                (path, _by(owner, f"SNI {greeted}", f"; the Host says {host}", _GREETING))
                for path, owner in self._by_name(greeted)
            ]
            told = f"; the SNI says {greeted}"
            by_host = [(path, _by(owner, "", told, _LIE)) for path, owner in self._by_host(host, chain)]
            same = {owner.company for _, owner in by_host}
            found += [one for one in by_greeting if one[1].party != "first" and one[1].company not in same]
            found += by_host if not _whole(found) else []
            found += by_greeting if not _whole(found) else []
        elif _is_address(host):
            found += self._by_alias(aliases)
        else:
            found += self._by_host(host, chain)
        if not _whole(found) and (built_in := self._by_address(ip, port, transport)):
            found.append(("", built_in))
        if not _whole(found):
            told = f"; the SNI says {greeted}" if greeted else ""
            found.append(("", _unknown(self._why_not(host, aliases) + told)))
        carrier = self._carrier(filter(None, (host, *chain, greeted)))
        return tuple((path, self._carried(owner, carrier)) for path, owner in found)

    # The reasons, one by one

    def _by_name(self, name: str) -> list[tuple[str, Owner]]:
        """Returns who may own a name by the case and the catalogue alone; a carrier owns nothing."""
        own = self._developer.of_case(name)
        if own is not None:
            return [("", own)]
        found: list[tuple[str, Owner]] = []
        named = self._developer.of_name(name)
        for entry in self._entries(name):
            if entry.sdk.kind == CARRIER:
                named = named or self._developer.in_front(name, entry.host.host)
                break
            if entry.sdk.kind in _YIELDING and named is not None:
                break
            found.append((entry.host.path, self._of_entry(entry)))
            if not entry.host.path:
                return found
        return [*found, ("", named)] if named else found

    def _by_host(self, host: str, chain: Iterable[str]) -> list[tuple[str, Owner]]:
        """Returns who may own a host by its name and its canonical names."""
        found = self._by_name(host)
        whole = found[-1][1] if _whole(found) else None
        if whole is not None and (whole.party != "first" or whole.sdk):
            return found
        for name in chain:
            behind = self._by_name(name)
            if whole:
                behind = [(path, own) for path, own in behind if own.party != "first" and own.kind not in _YIELDING]
            if behind:
                why = f"; but {whole.basis}" if whole else ""
                aliased = [(path, _by(owner, f"CNAME {name} of {host}", why, _CNAME)) for path, owner in behind]
                rest = [("", whole)] if whole and not _whole(aliased) else []
                return [*(found[:-1] if whole else found), *aliased, *rest]
        return found

    def _by_alias(self, aliases: Iterable[Alias]) -> list[tuple[str, Owner]]:
        """Returns who may own a bare address by the names that it goes by."""
        found: list[tuple[str, Owner]] = []
        for kind in _SAYS:
            for name in [alias.name for alias in aliases if alias.kind == kind]:
                chain = [alias.name for alias in aliases if alias.kind == "cname"] if kind == "dns" else []
                for path, owner in self._by_host(name.removeprefix("*."), chain):
                    found.append((path, _by(owner, f"{_SAYS[kind]} {name} of the address", "", _SURE[kind])))
                if _whole(found):
                    return found
        return found

    def _by_address(self, ip: str, port: int, transport: str) -> Owner | None:
        """Returns the SDK that has an address built in."""
        known = self._known.addresses.find(ip, port, transport) if ip else None
        if known is None:
            return None
        address, (company, sdk) = known
        ports = f" port {port or address.ports[0]}" if address.ports else ""
        single = address.range.num_addresses == 1
        sure = _ADDRESS if single else _RANGE
        return self._of_sdk(company, sdk, f"address {address}{ports} in catalogue", sure)

    def _why_not(self, host: str, aliases: Iterable[Alias]) -> str:
        if not host:
            return "no host name"
        if _is_address(host):
            names = [alias.name for alias in aliases if alias.kind == "dns"]
            return f"address {host} of {names[0]}, which nobody knows" if names else f"address {host} without a name"
        if any(entry.sdk.kind == CARRIER for entry in self._entries(host)):
            return f"host {host} is a carrier's, and nothing says whose traffic it is"
        return f"host {host} neither the app's nor in catalogue"

    # Marks

    def _marked(self, owner: Owner, marks: Iterable[int]) -> Owner:
        """Returns the owner with what the marks of a request say beside its host.

        A host that the catalogue gives to an SDK stays that SDK's unless the mark is made for it.
        """
        for number in marks:
            company, sdk, mark = self._known.marked[number]
            same = owner.company == company.company
            if same and owner.sdk == sdk.name:
                return replace(owner, basis=f"{owner.basis}; {mark} like it")
            if same and owner.sdk and not mark.host:
                continue
            if same or owner.party == "first":
                where = "" if same else ", on the app's own host"
                said = f"{owner.basis}; {mark} like {sdk.name}{where}"
                return replace(owner, sdk=sdk.name, kind=sdk.kind, purpose=sdk.purpose, basis=said)
            if owner.party == "unknown":
                found = self._of_sdk(company, sdk, f"{mark} like {sdk.name}; {owner.basis}", _MARK)
                return replace(found, carrier=owner.carrier)
        return owner

    # Companies

    def _entries(self, host: str) -> Iterator[Entry]:
        return self._known.candidates(host)

    def _of_entry(self, entry: Entry) -> Owner:
        place = f"host {entry.host.host}" + (f" path {entry.host.path}" if entry.host.path else "")
        if entry.imported:
            return self._of_sdk(entry.company, entry.sdk, f"{place} imported from {entry.imported}", _IMPORTED)
        return self._of_sdk(entry.company, entry.sdk, f"{place} in catalogue", _PATH if entry.host.path else _HOST)

    def _of_sdk(self, company: Company, sdk: Sdk, basis: str, confidence: float) -> Owner:
        """Returns an SDK's company as the owner, with how it is related to the app's developer."""
        kin: Kin = self._kin(company)
        party: Party = "first" if kin.same and sdk.party == "third" else sdk.party
        basis += f"; {kin.basis}" if kin.basis else ""
        return Owner(party, sdk.name, company.company, sdk.purpose, basis, sdk.kind, kin.group, confidence=confidence)

    # Carriers, and whether names agree

    def _carrier(self, names: Iterable[str]) -> tuple[str, str]:
        """Returns the first carrier among names, with its company."""
        for name in names:
            entry = next((one for one in self._entries(name) if not one.host.path and not one.imported), None)
            if entry is not None and entry.sdk.kind == CARRIER:
                company, sdk = entry.company.company, entry.sdk.name
                return (sdk if company.casefold() in sdk.casefold() else f"{sdk} ({company})"), company
        return "", ""

    def _carried(self, owner: Owner, carrier: tuple[str, str]) -> Owner:
        name, company = carrier
        return replace(owner, carrier=name) if name and company != owner.company else owner

    def _agree(self, host: str, greeted: str, aliases: Iterable[Alias]) -> bool:
        """Tells whether the Host and the greeting may both be true: of one site, or of one certificate."""
        if registrable(host) == registrable(greeted) != "":
            return True
        return any(_covers(alias.name, host) for alias in aliases if alias.kind == "certificate")


def _by(owner: Owner, before: str, behind: str, confidence: float) -> Owner:
    """Returns an owner that was found by a detour."""
    basis = f"{before}: {owner.basis}" if before else owner.basis
    return replace(owner, basis=basis + behind, confidence=round(owner.confidence * confidence, 2))


def _whole(found: list[tuple[str, Owner]]) -> bool:
    """Tells whether there is an owner for every path."""
    return bool(found) and not found[-1][0]


def _unknown(basis: str) -> Owner:
    return Owner("unknown", basis=basis, confidence=0.0)


def _covers(name: str, host: str) -> bool:
    """Tells whether a certificate's name is for a host (RFC 6125, section 6.4.3)."""
    return host.partition(".")[2] == name[2:] if name.startswith("*.") else name == host


def _is_global(address: str) -> bool:
    """Tells an address that is reached through the internet; a multicast group is not."""
    return _is_address(address) and ip_address(address).is_global and not ip_address(address).is_multicast


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
