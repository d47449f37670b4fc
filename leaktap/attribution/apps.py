"""Which app sent something: what the source knew, what the request says of itself, or the case's only app.

A WebView names its app in X-Requested-With; some SDKs and apps begin their User-Agent with the package name
(`com.example.shop/110501 (...)`). There a name counts as a package if its first label is a top-level domain, as in any
reversed domain, or if the case names it: other clients have dots in their names, too.
"""

import re

from leaktap.attribution._catalogue import suffixes
from leaktap.config import AppUnderTest
from leaktap.model import App, Exchange

_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,64}){1,15}")
_ENOUGH = 2048
"""Bytes of a header that are looked at: more than any name that the pattern takes."""

_AGENT = re.compile(rf"({_PACKAGE.pattern})(?:[/ (:;]|$)")


class Apps:
    """Finds apps, with one under test."""

    def __init__(self, app: AppUnderTest) -> None:
        """Takes the app under test."""
        self._tested = app

    def app(self, exchange: Exchange) -> App | None:
        """Returns the app that sent the request, with the reason in `basis`; None where nothing says."""
        if exchange.app is not None:
            return exchange.app
        request = exchange.request
        if match := _PACKAGE.fullmatch(_text(request.header(b"x-requested-with"))):
            return self._named(match[0], "X-Requested-With")
        if (match := _AGENT.match(_text(request.header(b"user-agent")))) and self._is_package(match[1]):
            return self._named(match[1], "User-Agent")
        if self._tested.package:
            return self._named(self._tested.package, "case")
        return None

    def _is_package(self, name: str) -> bool:
        return name == self._tested.package or bool(suffixes().publicsuffix(name.partition(".")[0].lower()))

    def _named(self, package: str, basis: str) -> App:
        return App(package, self._tested.name if package == self._tested.package else "", basis)


def _text(value: bytes) -> str:
    return value[:_ENOUGH].decode("latin-1").strip()
