"""The first party: which hosts are the app's developer's, and which companies are of the developer's kin.

The case's domains are the developer's; else a host whose registrable domain is like the reversed package name
(com.example.shop: example.com), or which has the developer's name in front of a carrier's domain; else what the
catalogue knows of the company that makes the app.
"""

import re
from dataclasses import dataclass

from leaktap.attribution._catalogue import Catalogue, Company
from leaktap.attribution._suffixes import suffixes
from leaktap.config import AppUnderTest
from leaktap.model import Owner

_NOBODYS = re.compile(
    "android|apps?|client|cloud|com|company|demo|dev|games?|ios|mobile|my|net|org|soft(ware)?|studio|team|test|tools?|web|www"
)
"""Words that stand for no organisation where a package name has one (com.app.shop, com.android.browser)."""

_SHORTEST_NAME = 4
"""Letters of a name that is believed as a part of a label."""

CASE, LIKE_PACKAGE, IN_LABEL = 1.0, 0.8, 0.6
"""How sure it is that a host is the developer's: by the case, by the package, by a label."""


@dataclass(frozen=True, slots=True)
class Kin:
    """How a company is related to the app's developer: it is the `same`, or of the same `group`, or named alike."""

    same: bool = False
    group: str = ""
    basis: str = ""


_STRANGERS = Kin()


class Developer:
    """The developer of the app under test."""

    def __init__(self, app: AppUnderTest, known: Catalogue) -> None:
        """Takes the app under test and the catalogue, which may know who makes it."""
        self._app = app
        labels = app.package.lower().split(".")
        self._words = frozenset(labels[1:])
        self._domain = registrable(".".join(reversed(labels)))
        self._made_by = known.maker(app.package)

    def of_case(self, host: str) -> Owner | None:
        """Returns the owner of a host that the case claims."""
        for domain in self._app.domains:
            if host == domain or host.endswith("." + domain):
                return self._owner(f"case domain {domain}", CASE)
        return None

    def of_name(self, host: str) -> Owner | None:
        """Returns the owner of a host whose domain is like the package."""
        if self._words.intersection(host.split(".")):
            domain = registrable(host)
            if _same_organisation(domain, self._domain):
                return self._owner(f"domain {domain} like package {self._app.package}", LIKE_PACKAGE)
        return None

    def in_front(self, host: str, carrier: str) -> Owner | None:
        """Returns the owner of a host below a carrier's domain that has the developer's name in a label."""
        name = self._domain.partition(".")[0]
        if len(name) < _SHORTEST_NAME or _NOBODYS.fullmatch(name):
            return None
        front = host.removesuffix(carrier).strip(".")
        if name in re.split(r"[._-]", front):
            return self._owner(f"{front} in front of {carrier} like package {self._app.package}", IN_LABEL)
        return None

    def kin(self, company: Company) -> Kin:
        """Returns how a company is related to the developer.

        It is the same where the catalogue knows it as the app's maker, or where the case has exactly its name; a
        developer whose name only begins like it may be somebody else.
        """
        developer, names = self._app.developer.casefold(), (company.company, company.name_zh)
        for name in (*names, company.group):
            said = name.casefold()
            if said and re.search(rf"(?<![a-z0-9]){re.escape(said)}(?![a-z0-9])", developer):
                same = said == developer and name in names
                return Kin(same, "" if name in names else name, f"{name} is the app's developer")
        if self._made_by is None:
            return _STRANGERS
        package, maker = self._made_by
        if maker.company == company.company:
            return Kin(True, "", f"{maker.company} makes {package}")
        common = {maker.company, maker.group}.intersection((company.company, company.group)) - {""}
        if not common:
            return _STRANGERS
        group = min(common)
        return Kin(False, group, f"{maker.company} makes {package}, and both belong to {group}")

    def _owner(self, basis: str, confidence: float) -> Owner:
        return Owner("first", company=self._app.developer, basis=basis, confidence=confidence)


def registrable(host: str) -> str:
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
