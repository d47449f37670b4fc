"""Protocols that nothing reads: they are named, as well as can be, and counted.

The name comes from what was agreed on (ALPN, Upgrade), from the first bytes, or from the server's port.
"""

from collections.abc import Iterator

from leaktap.wire._api import Context, Made
from leaktap.wire._bytes import Segment
from leaktap.wire._intake import Frames

_SIGNATURES = (
    (b"PRI * HTTP/2.0\r\n", "h2"),
    (b"SSH-", "ssh"),
    (b"\x13BitTorrent protocol", "bittorrent"),
    (b"RTSP/", "rtsp"),
    (b"SIP/2.0", "sip"),
)
_NAMES = {"h2c": "h2"}
_TCP_PORTS = {
    21: "ftp",
    22: "ssh",
    25: "smtp",
    53: "dns",
    110: "pop3",
    143: "imap",
    853: "dot",
    1883: "mqtt",
    5222: "xmpp",
    5223: "apns",
    5228: "gcm",
    6667: "irc",
}
_UDP_PORTS = {
    53: "dns",
    67: "dhcp",
    68: "dhcp",
    123: "ntp",
    137: "nbns",
    138: "nbdgm",
    161: "snmp",
    443: "quic",
    500: "ike",
    514: "syslog",
    546: "dhcpv6",
    547: "dhcpv6",
    1900: "ssdp",
    3478: "stun",
    4500: "ike",
    5060: "sip",
    5351: "nat-pmp",
    5353: "mdns",
    5355: "llmnr",
    17500: "dropbox-lan",
    51820: "wireguard",
}
_QUIC_VERSIONS = (b"\x00\x00\x00\x01", b"\x6b\x33\x43\xcf")


class Unread:
    """A connection that is counted."""

    waiting = 0

    def __init__(self, context: Context) -> None:
        """Begins with nothing."""
        self._context = context
        self._count = 0
        self._frames = Frames()
        self._begin = b""

    def feed(self, side: int, segment: Segment) -> Iterator[Made]:
        """Counts bytes."""
        if segment.data:
            self._begin = self._begin or bytes(segment.data[:32])
            self._count += len(segment.data)
            self._frames.add(segment.frames[:8])
            self._frames.add(segment.frames[-8:])
        return iter(())

    def close(self) -> Iterator[Made]:
        """Yields what was counted."""
        if self._count:
            protocol = self._name()
            why = "quic" if protocol == "quic" else "unknown_protocol"
            yield self._context.blind(why, protocol, self._count, self._frames.numbers)

    def _name(self) -> str:
        context = self._context
        if context.name:
            return _NAMES.get(context.name, context.name)
        for signature, name in _SIGNATURES:
            if self._begin.startswith(signature):
                return name
        ports = (context.server.port, context.client.port)
        if context.flow.transport == "udp":
            if _is_quic(self._begin):
                return "quic"
            return next((_UDP_PORTS[port] for port in ports if port in _UDP_PORTS), "udp")
        return next((_TCP_PORTS[port] for port in ports if port in _TCP_PORTS), "tcp")


def _is_quic(data: bytes) -> bool:
    """Tells a long header (RFC 8999, RFC 9000 section 17.2) of a version in use, and drafts of it."""
    version = data[1:5]
    return bool(data) and data[0] & 0xC0 == 0xC0 and (version in _QUIC_VERSIONS or version[:3] == b"\xff\x00\x00")
