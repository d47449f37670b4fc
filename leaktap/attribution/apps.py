"""Which app sent something: what the source knew, what the request says of itself, or the case's only app.

A source that knows the app's name alone (PCAPdroid's trailer, which cuts it) means the case's app where the names
agree, and else an app whose package the request may tell, but never the case's for want of another.
A WebView names its app in X-Requested-With; some SDKs and apps begin their User-Agent with the package name
(`com.example.shop/110501 (...)`). There a name counts as a package if its first label is a top-level domain, as in any
reversed domain, or if the case names it: other clients have dots in their names, too.
"""

import re

from leaktap.attribution._catalogue import suffixes
from leaktap.config import AppUnderTest
from leaktap.model import App, Exchange, Message

_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,64}){1,15}")
_ENOUGH = 2048
"""Bytes of a header that are looked at: more than any name that the pattern takes."""

_CUT = 16
"""Bytes from which on a name may be cut: PCAPdroid keeps 19, less the rest of a character."""

_AGENT = re.compile(rf"({_PACKAGE.pattern})(?:[/ (:;]|$)")


class Apps:
    """Finds apps, with one under test."""

    def __init__(self, app: AppUnderTest) -> None:
        """Takes the app under test."""
        self._tested = app

    def app(self, exchange: Exchange) -> App | None:
        """Returns the app that sent the request, with the reason in `basis`; None where nothing says."""
        known = exchange.app
        if known is None:
            return self._said(exchange.request) or self._only
        if known.package or not known.name:
            return known
        if self._tested.package and self._is_named(known.name):
            return App(self._tested.package, self._tested.name, known.basis)
        said = self._said(exchange.request)
        return App(said.package, said.name or known.name, f"{known.basis}, {said.basis}") if said else known

    def _said(self, request: Message) -> App | None:
        """Returns the app that a request says it comes from."""
        if match := _PACKAGE.fullmatch(_text(request.header(b"x-requested-with"))):
            return self._named(match[0], "X-Requested-With")
        if (match := _AGENT.match(_text(request.header(b"user-agent")))) and self._is_package(match[1]):
            return self._named(match[1], "User-Agent")
        return None

    @property
    def _only(self) -> App | None:
        return self._named(self._tested.package, "case") if self._tested.package else None

    def _is_named(self, name: str) -> bool:
        """Tells whether an app with this name, of which the end may be missing, is the tested one."""
        tested = self._tested.name
        return name == tested or (len(name.encode()) >= _CUT and tested.startswith(name))

    def _is_package(self, name: str) -> bool:
        return name == self._tested.package or bool(suffixes().publicsuffix(name.partition(".")[0].lower()))

    def _named(self, package: str, basis: str) -> App:
        return App(package, self._tested.name if package == self._tested.package else "", basis)


def _text(value: bytes) -> str:
    return value[:_ENOUGH].decode("latin-1").strip()
