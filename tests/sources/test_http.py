"""One name for each version of HTTP, however it was written."""

import pytest

from leaktap.sources._http import default_port, version, without_pseudo


@pytest.mark.parametrize(
    ("said", "protocol", "line"),
    [
        ("HTTP/1.1", "http/1.1", "HTTP/1.1"),
        ("http/1.1", "http/1.1", "HTTP/1.1"),
        ("1.1", "http/1.1", "HTTP/1.1"),
        ("HTTP/1.0", "http/1.0", "HTTP/1.0"),
        ("h2", "h2", "HTTP/2"),
        ("HTTP/2", "h2", "HTTP/2"),
        ("http/2.0", "h2", "HTTP/2"),
        ("HTTP/2.0", "h2", "HTTP/2"),
        ("h3", "h3", "HTTP/3"),
        ("h3-29", "h3", "HTTP/3"),
        ("HTTP/3", "h3", "HTTP/3"),
        ("", "http/1.1", "HTTP/1.1"),
        ("unknown", "http/1.1", "HTTP/1.1"),
    ],
)
def test_versions(said, protocol, line):
    assert version(said) == (protocol, line)


def test_ports_and_pseudo_headers():
    assert (default_port("http"), default_port("https"), default_port("ws"), default_port("wss")) == (80, 443, 80, 443)
    assert without_pseudo(((b":path", b"/"), (b"a", b"1"))) == ((b"a", b"1"),)
