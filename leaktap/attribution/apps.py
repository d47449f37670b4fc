"""Which app sent something: what the source knew, what the request says of itself, or the case's only app.

A request says it in its headers, else in its contents (`clues`). The case's only app is blamed last, and never for what
is the system's.

A source that knows the app's name alone (PCAPdroid's trailer, which cuts it) means the case's app where the names
agree, and else an app whose package the request may tell, but never the case's for want of another.
A WebView names its app in X-Requested-With; some SDKs and apps begin their User-Agent with the package name
(`com.example.shop/110501 (...)`). There a name counts as a package if its first label is a top-level domain, as in any
reversed domain, or if the case names it: other clients have dots in their names, too. Elsewhere in a User-Agent only
the tested app and those that the profile knows to be installed count.
"""

import re
from collections.abc import Iterable

from leaktap.attribution._packages import PACKAGE, is_package
from leaktap.attribution.clues import NO_CLUES, Clues
from leaktap.config import AppUnderTest
from leaktap.model import App, Exchange, Message

_ENOUGH = 2048
"""Bytes of a header that are looked at: more than any name that the pattern takes."""

_CUT = 16
"""Bytes from which on a name may be cut: PCAPdroid keeps 19, less the rest of a character."""

_AGENT = re.compile(rf"({PACKAGE.pattern})(?:[/ (:;]|$)")
_WORD = re.compile(r"[\w.-]+")


class Apps:
    """Finds apps, with one under test."""

    def __init__(self, app: AppUnderTest, installed: Iterable[str] = ()) -> None:
        """Takes the app under test, and the packages that are known to be on the phone."""
        self._tested = app
        self._installed = frozenset(package for package in (*installed, app.package) if "." in package)

    def app(self, exchange: Exchange, clues: Clues = NO_CLUES, system: bool = False) -> App | None:
        """Returns the app that sent the request, with the reason in `basis`; None where nothing says.

        `clues` are what the request's contents say. What is the `system`'s affair is nobody's who does not say so.
        """
        known = exchange.app
        if known is None:
            return self._said(exchange.request) or clues.app or (None if system else self._only)
        if known.package or not known.name:
            return known
        if self._tested.package and self._is_named(known.name):
            return App(self._tested.package, self._tested.name, known.basis)
        said = self._said(exchange.request) or clues.app
        return App(said.package, said.name or known.name, f"{known.basis}, {said.basis}") if said else known

    def _said(self, request: Message) -> App | None:
        """Returns the app that a request says it comes from."""
        if match := PACKAGE.fullmatch(_text(request.header(b"x-requested-with"))):
            return self._named(match[0], "X-Requested-With")
        agent = _text(request.header(b"user-agent"))
        if (match := _AGENT.match(agent)) and is_package(match[1], self._tested.package):
            return self._named(match[1], "User-Agent")
        inside = (word for word in _WORD.findall(agent) if word in self._installed)
        package = next(inside, "") if self._installed else ""
        return self._named(package, "User-Agent") if package else None

    @property
    def _only(self) -> App | None:
        return self._named(self._tested.package, "case") if self._tested.package else None

    def _is_named(self, name: str) -> bool:
        """Tells whether an app with this name, of which the end may be missing, is the tested one."""
        tested = self._tested.name
        return name == tested or (len(name.encode()) >= _CUT and tested.startswith(name))

    def _named(self, package: str, basis: str) -> App:
        return App(package, self._tested.name if package == self._tested.package else "", basis)


def _text(value: bytes) -> str:
    return value[:_ENOUGH].decode("latin-1").strip()
