"""The rules that lead phones' connections into a transparent proxy, and keep them from QUIC."""

import os
import sys

from leaktap.doctor._api import About, Verdict, output

_NAME = "firewall"


def check(about: About) -> Verdict:
    """Looks for a redirection to the proxy's port among nftables' rules."""
    if sys.platform != "linux":
        return Verdict(_NAME, "warn", "only looked at on Linux", "see mitmproxy's documentation of transparent mode")
    rules = output("nft", "list", "ruleset")
    port = about.port
    if rules is None:
        how = "sudo leaktap doctor" if os.geteuid() else "apt install nftables"
        return Verdict(_NAME, "warn", "its rules cannot be seen", how)
    if f"redirect to :{port}" not in rules:
        mend = (
            "nft add table ip leaktap; "
            "nft 'add chain ip leaktap pre { type nat hook prerouting priority dstnat; }'; "
            f"nft add rule ip leaktap pre iifname wlan0 tcp dport {{ 80, 443 }} redirect to :{port}"
        )
        return Verdict(_NAME, "warn", f"nothing is redirected to port {port}: only transparent mode needs it", mend)
    if "udp dport 443" not in rules:
        mend = (
            "nft 'add chain ip leaktap out { type filter hook forward priority filter; }'; "
            "nft add rule ip leaktap out iifname wlan0 udp dport 443 reject"
        )
        return Verdict(_NAME, "warn", "QUIC is not refused: apps that use it are not seen", mend)
    return Verdict(_NAME, "ok", f"connections are redirected to port {port}, QUIC is refused")
