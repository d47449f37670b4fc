"""What a request's contents say of its sender and its recipient: names of packages, an app's keys, SDKs' marks.

Looked for where the contents are at hand, decoded, and handed on as a few words: whoever judges later need not have the
body. A package counts where a key or a header says that it is the sender's (`package_name`, `bundle_id`; Google's
interfaces are sent `X-Android-Package`). Requests name other packages too, such as those that are installed: what is in
lists counts only where it is one and the same.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from leaktap.attribution._catalogue import Catalogue, catalogue
from leaktap.attribution._packages import PACKAGE, is_package
from leaktap.config import AppUnderTest
from leaktap.model import App, Exchange, Leaf

_KEYS = re.compile(
    r"x?(android|ios|referer)?(host|app)?(package|pkg|bundle)(name|nm|id|identifier)?|applicationid|appidentifier"
)
"""Names under which requests say which app they come from, without `_`, `-`, `.` and `$`, in lower case."""
_LONGEST_NAME, _LONGEST_VALUE = 64, 256
_SIGNS = str.maketrans("", "", "_-.$")
_LIST = re.compile(r"\[\d+\]")
_QUERY = re.compile(r"[?&]([\w.$-]{2,32})=([A-Za-z][\w.:%-]{2,200})")
_MOST_TARGET = 8 << 10
_MOST_BODY = 64 << 10


@dataclass(frozen=True, slots=True)
class Clues:
    """What a request's contents say: the app that sent it, and the numbers of the marks that it bears."""

    app: App | None = None
    marks: tuple[int, ...] = ()


NO_CLUES = Clues()


class Witness:
    """Reads clues, with one app under test."""

    def __init__(self, app: AppUnderTest, known: Catalogue | None = None) -> None:
        """Takes the app under test; `known` replaces the catalogue."""
        self._tested = app
        self._keys = frozenset(key.encode() for key in app.keys)
        self._marks = (known or catalogue()).marks

    def read(self, exchange: Exchange, leaves: Sequence[Leaf] = ()) -> Clues:
        """Returns the clues in a request; `leaves` is what was decoded of it."""
        app = self._said(exchange, leaves)
        marks = self._marks.held(exchange.host, exchange.request, leaves)
        return Clues(app, marks) if app or marks else NO_CLUES

    def _said(self, exchange: Exchange, leaves: Sequence[Leaf]) -> App | None:
        target = exchange.request.start[1][:_MOST_TARGET]
        alone: dict[str, str] = {}
        listed: dict[str, str] = {}
        for key, value in _QUERY.findall(target) if "." in target else ():
            if _is_senders(key):
                self._note(alone, value, f"query {key}")
        for name, said in exchange.request.headers:
            if len(said) <= _LONGEST_VALUE and _is_header(name):
                self._note(alone, said.decode("latin-1"), f"header {name.decode('latin-1')}")
        for leaf in leaves:
            if leaf.keys and _is_senders(leaf.keys[-1]) and len(leaf.value) <= _LONGEST_VALUE:
                into = listed if _LIST.search(leaf.path) else alone
                self._note(into, leaf.value.decode("utf-8", "replace"), f"{leaf.key} in the {_place(leaf)}")
        tested = self._tested.package
        for found in (alone, listed):
            if tested and tested in found:
                return self._app(tested, found[tested])
            if len(found) == 1:
                return self._app(*found.popitem())
            if found:
                break
        return self._app(tested, "an app's key") if tested and self._keys and self._has_key(exchange, leaves) else None

    def _note(self, found: dict[str, str], value: str, where: str) -> None:
        package = value.partition(":")[0].strip()
        if PACKAGE.fullmatch(package) and is_package(package, self._tested.package):
            found.setdefault(package, where)

    def _has_key(self, exchange: Exchange, leaves: Sequence[Leaf]) -> bool:
        """Tells whether one of the case's app keys stands in a request."""
        request = exchange.request
        places: Collection[bytes] = (
            request.start[1][:_MOST_TARGET].encode("utf-8", "replace"),
            request.body[:_MOST_BODY],
            *(value for _, value in request.headers),
        )
        return any(leaf.value in self._keys for leaf in leaves) or any(
            key in place for key in self._keys for place in places
        )

    def _app(self, package: str, basis: str) -> App:
        return App(package, self._tested.name if package == self._tested.package else "", basis)


@lru_cache(4096)
def _is_senders(key: str) -> bool:
    return _KEYS.fullmatch(key.translate(_SIGNS).lower()) is not None


@lru_cache(4096)
def _is_header(name: bytes) -> bool:
    return len(name) <= _LONGEST_NAME and _is_senders(name.decode("latin-1"))


def _place(leaf: Leaf) -> str:
    """Returns the part of the message that a leaf is in."""
    return leaf.path.removeprefix("request.").partition(".")[0].partition("|")[0]
