"""Names for what nothing reads: from what was agreed on, from the first bytes, or else from the server's port.

A protocol that is known by its bytes to be encrypted, or to carry nothing but media or clocks, is `opaque`: it is not
looked into. A port alone makes nothing opaque, it only gives a name.
"""

from collections.abc import Sequence
from itertools import pairwise

from leaktap.model import Endpoint

_SIGNATURES = (
    (b"PRI * HTTP/2.0\r\n", "h2"),
    (b"SSH-", "ssh"),
    (b"\x13BitTorrent protocol", "bittorrent"),
    (b"RTSP/", "rtsp"),
)
_OPAQUE = frozenset({"h2", "ssh", "bittorrent", "quic", "stun", "dtls", "wireguard", "ike", "ntp", "rtp"})
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
_STUN_COOKIE = b"\x21\x12\xa4\x42"
_DTLS_VERSIONS = (b"\xfe\xff", b"\xfe\xfd", b"\x01\x00")
_WIREGUARD_SIZES = {1: 148, 2: 92, 3: 64}
_IKE_VERSIONS = (0x10, 0x20)
_PADDED = range(32, 65_536, 16)
_NTP, _NTP_SIZE, _MOST_STRATUM = 123, 48, 16
_RTP_HEAD = 12


def opaque(agreed: str, transport: str, begins: Sequence[bytes], ends: Sequence[Endpoint]) -> str:
    """Returns the name of a protocol that is not worth looking into, nothing if it may be.

    `begins` are the first bytes of a stream, or the first datagrams of one side; `ends` the server and the client.
    """
    if agreed:
        name = _NAMES.get(agreed, agreed)
        return name if name in _OPAQUE else ""
    first = begins[0] if begins else b""
    name = next((name for signature, name in _SIGNATURES if first.startswith(signature)), "")
    if transport == "udp" and not name:
        name = _of_datagrams(begins, ends)
    return name if name in _OPAQUE else ""


def name(agreed: str, transport: str, begins: Sequence[bytes], ends: Sequence[Endpoint]) -> str:
    """Returns what to call a protocol that is not read."""
    known = opaque(agreed, transport, begins, ends)
    if known or agreed:
        return known or agreed
    first = begins[0] if begins else b""
    ports = _UDP_PORTS if transport == "udp" else _TCP_PORTS
    signed = next((name for signature, name in _SIGNATURES if first.startswith(signature)), "")
    return signed or next((ports[end.port] for end in ends if end.port in ports), transport)


def _of_datagrams(begins: Sequence[bytes], ends: Sequence[Endpoint]) -> str:
    """Returns the name of a protocol whose datagrams have a head that nothing else would have."""
    data = begins[0] if begins else b""
    size = len(data)
    if size < 5:
        return ""
    if _is_quic(data):
        return "quic"
    if size >= 20 and data[0] < 0x40 and data[4:8] == _STUN_COOKIE:  # RFC 8489, section 5
        return "stun"
    if 20 <= data[0] <= 63 and data[1:3] in _DTLS_VERSIONS and size >= 13:  # RFC 6347, section 4.1
        return "dtls"
    if data[1:4] == bytes(3) and (size == _WIREGUARD_SIZES.get(data[0]) or (data[0] == 4 and size in _PADDED)):
        return "wireguard"  # wireguard.com/protocol
    ike = data.removeprefix(bytes(4))
    if len(ike) >= 28 and ike[17] in _IKE_VERSIONS and int.from_bytes(ike[24:28]) == len(ike):  # RFC 7296, section 3.1
        return "ike"
    clock = size == _NTP_SIZE and 1 <= data[0] & 7 <= 5 and data[1] <= _MOST_STRATUM  # RFC 5905, section 7.3
    if clock and _NTP in [end.port for end in ends]:
        return "ntp"
    return "rtp" if _is_rtp(begins) else ""


def _is_quic(data: bytes) -> bool:
    """Tells a long header (RFC 8999, RFC 9000 section 17.2) of a version in use, and drafts of it."""
    version = data[1:5]
    return data[0] & 0xC0 == 0xC0 and (version in _QUIC_VERSIONS or version[:3] == b"\xff\x00\x00")


def _is_rtp(begins: Sequence[bytes]) -> bool:
    """Tells by datagrams of one source whose numbers follow each other (RFC 3550, section 5.1)."""
    heads = [data[:_RTP_HEAD] for data in begins if len(data) > _RTP_HEAD and data[0] >> 6 == 2]
    return len(heads) == len(begins) > 2 and all(
        one[8:12] == next_[8:12] and 0 < int.from_bytes(next_[2:4]) - int.from_bytes(one[2:4]) < 4
        for one, next_ in pairwise(heads)
    )
