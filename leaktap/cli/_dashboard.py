"""Where a live session's dashboard will be: chosen before mitmproxy starts, so that its address can be shown."""

import socket
from collections.abc import Sequence

from leaktap.cli import CommandError

_LISTEN, _OPEN = 8484, 8485
"""The ports, where they are free."""


def listening(rest: Sequence[str], dashboard_host: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Returns the options that say where to listen, and the addresses, the one in the network last.

    `rest` are mitmproxy's own arguments, which come later and win. `dashboard_host` is HOST or HOST:PORT, or empty.

    Raises:
        CommandError: the host is none of this machine's.
    """
    said = next((part.partition("=")[2] for part in reversed(rest) if part.startswith("leaktap_listen=")), None)
    if said is None:
        said = f"127.0.0.1:{_free('127.0.0.1', _LISTEN)}"
        options = [("leaktap_listen", said)]
    else:
        options = []
    addresses = [f"http://{said}"] if said and not said.endswith(":0") else []
    if dashboard_host:
        host, port = _parted(dashboard_host)
        port = port or _free(host, _OPEN)
        options.append(("leaktap_dashboard", f"{_bracketed(host)}:{port}"))
        addresses.append(f"http://{_bracketed(_reached(host))}:{port}")
    return options, addresses


def _parted(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")) or text.endswith("]"):
        return text.strip("[]"), 0
    if not port.isdecimal() or int(port) > 65_535:
        raise CommandError(f"--dashboard-host {text}: {port!r} is no port: write HOST or HOST:PORT")
    return host.strip("[]") or "0.0.0.0", int(port)


def _free(host: str, wanted: int) -> int:
    """Returns the wanted port if it is free on a host, else one that is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if port:
                    continue
                raise CommandError(
                    f"--dashboard-host {host}: cannot listen there ({error.strerror}): 0.0.0.0 is every address"
                ) from None
            return int(probe.getsockname()[1])
    return wanted


def _reached(host: str) -> str:
    """Returns the address by which others reach a host of this machine; every address is told as the main one."""
    if host not in ("0.0.0.0", "::"):
        return host
    family, target = (socket.AF_INET6, "2001:db8::1") if host == "::" else (socket.AF_INET, "192.0.2.1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((target, 9))  # sends nothing: it asks which of our addresses the way there begins at
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
