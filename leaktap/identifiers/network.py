"""What shows the network a phone is in: the name of its Wi-Fi, its public address, its address at home."""

import ipaddress
import re

from leaktap.identifiers._api import Candidate, Identifier, Variant, Verdict
from leaktap.identifiers._checks import is_uuid, mixed


def _ssid_canonical(value: str) -> str:
    return value.strip().strip('"')


def _ssid(candidate: Candidate) -> Verdict | None:
    """Takes what a Wi-Fi name may be (32 bytes, IEEE 802.11 section 9.4.2.2), unless it is rather a token."""
    text = candidate.text
    if not candidate.named or len(text.encode()) > 32 or len(text) < 2 or is_uuid(text) or text.isdigit():
        return None
    if len(text) >= 20 and mixed(text) and re.fullmatch(r"[A-Za-z0-9+/=]+", text):
        return None
    return Verdict("key", 0.5 if candidate.key == "ssid" else 0.7)


def _exactly(value: str) -> tuple[Variant, ...]:
    return (Variant(value.encode()),)


def _address(candidate: Candidate) -> Verdict | None:
    if not candidate.named:
        return None
    try:
        address = ipaddress.ip_address(candidate.text)
    except ValueError:
        return None
    if not address.is_global or address.is_multicast:
        return None
    return Verdict("key", 0.75 if _OWN.match(candidate.key) else 0.6, why="a public address")


def _at_home(candidate: Candidate) -> Verdict | None:
    """Takes an address of a private network (RFC 1918; RFC 4193 and link-local ones of IPv6)."""
    if not candidate.named:
        return None
    try:
        address = ipaddress.ip_address(candidate.text)
    except ValueError:
        return None
    if not any(address in network for network in _PRIVATE if network.version == address.version):
        return None
    return Verdict("key", 0.6 if candidate.key == "ip" else 0.7, why="a private address")


_OWN = re.compile(r"(?:client|user|device|public|pub|wan|outer|external|my)ip")
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")))

IDENTIFIERS = (
    Identifier(
        "ssid",
        "network_id",
        keys=(
            "(?:.*_)?ssid(?:_name)?",
            "(?:.*_)?wifi_name",
            "(?:ap|hotspot|network)_ssid|connected_wifi|wlan_name|(?:wifi|热点|无线)名称?",
        ),
        variants=_exactly,
        judge=_ssid,
        canonical=_ssid_canonical,
        placeholders=frozenset({"unknownssid", "0x", "wifi", "androidwifi", "wiredssid"}),
    ),
    Identifier(
        "ip_public",
        "network_id",
        keys=(
            "(?:client|user|device|remote|real|public|pub|wan|outer|external|my|local|src|source|login)?_ip(?:_v[46])?(?:_addr(?:ess)?)?",
            "remote_addr|x_forwarded_for|forwarded_for|(?:公网|外网)?ip地址|ip_dizhi",
        ),
        variants=_exactly,
        judge=_address,
        placeholders=frozenset({"8888", "8844", "1111", "114114114114", "223555", "223666"}),
    ),
    Identifier(
        "ip_local",
        "network_id",
        keys=(
            "(?:client|user|device|local|lan|inner|internal|intranet|private|wifi|wlan|my)?_ip(?:_v[46])?(?:_addr(?:ess)?)?",
            "(?:内网|局域网|本地)?ip地址|ip_dizhi",
        ),
        variants=_exactly,
        judge=_at_home,
        placeholders=frozenset({"19216801", "19216811", "100215", "100216"}),
        hashed=False,
    ),
)
