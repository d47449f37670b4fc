"""What HAR entries and mitmproxy flows say in their own ways and an Exchange says in one."""

from leaktap.model import Headers

_VERSIONS = {
    "1.0": ("http/1.0", "HTTP/1.0"),
    "2": ("h2", "HTTP/2"),
    "2.0": ("h2", "HTTP/2"),
    "3": ("h3", "HTTP/3"),
    "3.0": ("h3", "HTTP/3"),
}


def version(said: str) -> tuple[str, str]:
    """Returns the protocol of an origin and the version of a start line: ("h2", "HTTP/2") of "http/2.0", "h2", …."""
    number = said.strip().lower().removeprefix("http").removeprefix("/").removeprefix("h")
    return _VERSIONS.get(number.split("-", 1)[0], ("http/1.1", "HTTP/1.1"))


def default_port(scheme: str) -> int:
    """Returns the port that a URL without one means."""
    return 443 if scheme in ("https", "wss") else 80


def without_pseudo(headers: Headers) -> Headers:
    """Drops the pseudo headers of HTTP/2 and 3, which the start line says (RFC 9113, section 8.3)."""
    return tuple((name, value) for name, value in headers if not name.startswith(b":"))
