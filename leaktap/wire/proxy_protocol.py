"""The PROXY protocol: a proxy says in front of a connection who its client is, and where that wanted to go.

What follows is handed up with these addresses, with the name that the client asked for (AUTHORITY) and, where the proxy
has ended the client's TLS, with the protocol that was agreed on in it (ALPN). A header of version 1 is a line, one of
version 2 binary: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, sections 2.1 and 2.2.
"""

import re
import struct
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address

from leaktap.model import Endpoint, Fault
from leaktap.wire._api import Above, Context, Made, Plain, Protocol
from leaktap.wire._bytes import CLIENT, SERVER, Segment
from leaktap.wire._intake import Intake

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_HEAD = 16
_LONGEST_LINE = 107
_LINE = re.compile(rb"PROXY (?:UNKNOWN[^\r\n]*|(TCP[46]) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) (\d{1,5}) (\d{1,5}))\r\n")
_LINE_BEGUN = re.compile(rb"PROXY (?:TCP[46]|UNKNOWN)[^\n]*")
_FIRST = (b"PROXY TCP4 ", b"PROXY TCP6 ", b"PROXY UNKNOWN", _SIGNATURE)
_LOCAL, _PROXIED = 0x20, 0x21
_ADDRESSES = {0x1: 4, 0x2: 16}
"""How long an address is, by the upper half of the octet that tells the family (IPv4, IPv6)."""

_ALPN, _AUTHORITY, _SSL = 0x01, 0x02, 0x20
_CLIENT_SSL = 1
_HANDSHAKE = b"\x16"


class _Broken(Exception):
    """The header makes no sense: `str()` says how."""


def sniff(side: int, data: bytes) -> bool | None:
    """Tells a header at the beginning of what the client sends."""
    if side != CLIENT:
        return False
    if data.startswith(_SIGNATURE):
        return data[12] in (_LOCAL, _PROXIED) if len(data) > 12 else None
    if data.startswith(_FIRST):
        whole = b"\n" in data[:_LONGEST_LINE] or len(data) >= _LONGEST_LINE
        return bool(_LINE.match(data)) if whole else None
    return None if any(first.startswith(data) for first in _FIRST) else False


class ProxyProtocol:
    """One connection with a header in front."""

    waiting = 0

    def __init__(self, context: Context) -> None:
        """Begins before the header."""
        self._context = context
        self._intakes = (Intake(), Intake())
        self._above: Context | None = None
        self._gone = False
        self._made: list[Made] = []

    def feed(self, side: int, segment: Segment) -> Iterable[Made]:
        """Takes bytes of a side; hands up what is behind the header."""
        if self._gone:
            return (Plain(side, segment),)
        self._intakes[side].push(segment)
        client = self._intakes[CLIENT]
        if self._above is None:
            self._header(client)
        if self._above is None and client.gap:
            self._lost()
        above = self._above
        if above is not None and (not above.name or client or self._intakes[SERVER]):
            self._leave(above)
        return self._take()

    def close(self) -> Iterable[Made]:
        """Returns what is pending."""
        if not self._gone:
            self._lost()
            self._leave(self._above or self._context)
        return self._take()

    def _take(self) -> list[Made]:
        """Returns what was made since the last time."""
        made, self._made = self._made, []
        return made

    def _header(self, intake: Intake) -> None:
        """Reads the header once it is whole. A broken one changes nothing: what follows may be read all the same."""
        data = intake.data
        if data[:1] == b"P":
            size = data.find(b"\n", 0, _LONGEST_LINE) + 1
        else:
            size = _HEAD + int.from_bytes(data[14:16]) if len(data) >= _HEAD else 0
        if not size or len(data) < size:
            return
        header = bytes(data[:size])
        intake.drop(size)
        self._above = self._context
        try:
            if header[0:1] == b"P":
                self._line(header)
            elif header[12] == _PROXIED:
                self._binary(header[13] >> 4, header[_HEAD:])
        except _Broken as error:
            self._made.append(Fault("wire", self._context.where, str(error)))

    def _line(self, header: bytes) -> None:
        """Reads a header of version 1."""
        told = _LINE.match(header)
        if told and told[1]:
            self._above = _between(self._context, *(part.decode() for part in told.group(2, 3, 4, 5)))

    def _binary(self, family: int, data: bytes) -> None:
        """Reads what follows the fixed part of version 2: addresses, then what else is told."""
        length = _ADDRESSES.get(family)
        if length is None:
            return
        ports = 2 * length
        if len(data) < ports + 4:
            raise _Broken("a PROXY header that is too short for its addresses")
        ends = (str(ip_address(data[at : at + length])) for at in (0, length))
        above = self._above = _between(self._context, *ends, *struct.unpack_from(">HH", data, ports))
        told = _values(data[ports + 4 :])
        host = told.get(_AUTHORITY, b"").decode("utf-8", "replace").lower().rstrip(".")
        self._above = replace(above, host=host or above.host)
        if int.from_bytes(told.get(_SSL, b"")[:1]) & _CLIENT_SSL:
            self._above = replace(self._above, name=told.get(_ALPN, b"").decode("latin-1"), decrypted=True)

    def _lost(self) -> None:
        """Gives up a header that is not there in whole."""
        intake = self._intakes[CLIENT]
        if self._above is None:
            self._above = self._context
            if len(intake):
                frames = intake.frames(0, len(intake))
                self._made.append(self._context.blind("truncated", PROTOCOL.name, len(intake), frames))
                intake.drop(len(intake))

    def _leave(self, above: Context) -> None:
        """Hands up what is behind the header. Where that is TLS, what was agreed on in the client's is not of it."""
        self._gone = True
        if self._intakes[CLIENT].data[:1] == _HANDSHAKE:
            above = replace(above, name="", decrypted=False)
        self._made.append(Above(above))
        for side, intake in enumerate(self._intakes):
            if len(intake):
                self._made.append(Plain(side, intake.segment(0, len(intake))))
            self._made += [Plain(side, segment) for segment in intake.later]
            intake.clear()


def _between(context: Context, source: str, target: str, sport: str | int, dport: str | int) -> Context:
    """Returns the context with these ends."""
    try:
        ends = [(str(ip_address(address)), int(port)) for address, port in ((source, sport), (target, dport))]
    except ValueError as error:
        raise _Broken(f"a PROXY header whose address is none: {error}") from error
    if any(port > 0xFFFF for _, port in ends):
        raise _Broken("a PROXY header with an impossible port")
    return replace(context, client=Endpoint(*ends[0]), server=Endpoint(*ends[1]), name="", upgrade=None)


def _values(data: bytes) -> dict[int, bytes]:
    """Returns the values behind the addresses by their types, the first of each."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 3])
        value = data[at + 3 : at + 3 + size]
        if len(data) < at + 3 + size:
            raise _Broken("a PROXY header whose values are longer than itself")
        found.setdefault(data[at], value)
        at += 3 + size
    return found


PROTOCOL = Protocol("proxy", sniff, ProxyProtocol)
