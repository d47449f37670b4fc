"""A content view: what leaktap's decoders make of a message, as a tree, with the identifiers where they are.

It is drawn when the user looks at a message, from the bytes as they were on the wire.
"""

import logging
from collections.abc import Iterator
from typing import Any

from mitmproxy import contentviews
from mitmproxy.contentviews import Contentview, Metadata
from mitmproxy.http import HTTPFlow

from leaktap.addon._settings import Settings
from leaktap.addon.live import Live
from leaktap.examine import Examiner
from leaktap.sinks._words import disguise, harmless
from leaktap.trees import Shown, Tree, carrier, lines

log = logging.getLogger("leaktap")

_MOST_BYTES = 2 << 20
"""The largest message that is drawn: mitmproxy waits for it."""


class View(Contentview):
    """The view, chosen by its name and never by itself."""

    name = "leaktap"

    def __init__(self, live: Live) -> None:
        """Draws with the case and the profiles of the session of `live`."""
        self._live = live
        self._about: Settings | None = None
        self._examiner: Examiner | None = None

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """Returns the tree, behind it what was found elsewhere in the flow.

        Raises:
            ValueError: the message is too large to draw.
        """
        about = self._live.about
        if self._examiner is None or about is not self._about:
            self._about, self._examiner = about, Examiner(about.case, about.devices, keys=about.keys)
        payload, host, path, kind, coding = _message(data, metadata)
        if len(payload) > _MOST_BYTES:
            raise ValueError(f"larger than {_MOST_BYTES >> 20} MB: save it, and take leaktap decode")
        tree = Tree(payload)
        tree.hang(self._examiner.examine(carrier(payload, host, path, kind, coding), tree.watch))
        drawn = "\n".join(line.plain for line in lines(tree, Shown(tree.matches, about.reveal)))
        return "\n".join([drawn, *_elsewhere(metadata)])

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """Leaves the choice to the views that know a format."""
        return 0 if data else -1


class Views:
    """The addon that registers it."""

    def __init__(self, live: Live) -> None:
        """Makes the view."""
        self._view = View(live)

    def load(self, _loader: object) -> None:
        """Registers the view, in the place of the one that was there before the script was reloaded."""
        registry = getattr(contentviews, "registry", None)
        if registry is not None:
            registry._by_name.pop(self._view.name, None)
        contentviews.add(self._view)


def _message(data: bytes, metadata: Metadata) -> tuple[bytes, str, str, str, str]:
    """Returns a message's bytes as they were on the wire, its host and path, and its headers' word on them."""
    flow, message = metadata.flow, metadata.http_message
    if not isinstance(flow, HTTPFlow):
        return data, getattr(flow and flow.client_conn, "sni", None) or "", "/", "", ""
    host, path = flow.request.pretty_host.lower(), flow.request.path.partition("?")[0]
    if message is None:
        return data, host, path, "", ""
    headers = message.headers
    return (
        message.raw_content or b"",
        host,
        path,
        headers.get("content-type", ""),
        headers.get("content-encoding", ""),
    )


def _elsewhere(metadata: Metadata) -> Iterator[str]:
    """Yields what the session found in the flow and is not in the body that is shown."""
    flow, message = metadata.flow, metadata.http_message
    kept: dict[str, Any] = flow.metadata.get("leaktap") or {} if flow else {}
    shown = "response.body" if isinstance(flow, HTTPFlow) and message is flow.response else "request.body"
    for found in kept.get("findings", ()):
        if not found["path"].startswith(shown):
            what = f"{found['identifier']} {found['value']} ({disguise(found['form'])}), {found['phase']}"
            yield harmless(f"◀ {what}: {found['path']}")
