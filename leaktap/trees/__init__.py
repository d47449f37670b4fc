"""The decode tree of one payload, for whoever shows it: built by `Tree`, drawn by `lines` and `document`."""

from leaktap.model import Endpoint, Exchange, Message, Origin
from leaktap.trees._picture import document, lines
from leaktap.trees._tree import ROOT, Shown, Tree

__all__ = ["ROOT", "Shown", "Tree", "carrier", "document", "lines"]


def carrier(payload: bytes, host: str = "", path: str = "/", content_type: str = "", coding: str = "") -> Exchange:
    """Returns a request that would carry the payload as its body."""
    said = (b"Content-Type", content_type), (b"Content-Encoding", coding)
    headers = tuple((name, value.encode("utf-8", "surrogateescape")) for name, value in said if value)
    request = Message(("POST", path, "HTTP/1.1"), headers, payload)
    return Exchange("payload", 0, Endpoint(""), Endpoint(""), "https", host, request, None, Origin("payload"))
