"""dnsmasq's file: addresses and names for phones, and a log of both (options as in dnsmasq(8)).

It listens on the phones' interface alone. Names that turn resolvers within apps on are said not to exist, as their
makers ask for: use-application-dns.net (Firefox), mask.icloud.com (iCloud Private Relay), resolver.arpa (RFC 9462).
"""

from leaktap.ap._plan import Plan

PAGES = ("leak.tap", "mitm.it")
"""What the proxy answers itself: the phone's page, and where the certificate is."""
_SWITCHES = ("use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com", "resolver.arpa")


def text(about: Plan) -> str:
    """Returns dnsmasq.conf. Where the leases and the log lie is said when it is started."""
    first, last = about.leases
    lines = [
        "# Written by leaktap ap plan: addresses and names for the phones, and a log of what they ask for.",
        "",
        "# Only the phones are answered.",
        f"interface={about.iface}",
        "except-interface=lo",
        "bind-dynamic",
        "",
        f"dhcp-range={first},{last},{about.subnet.netmask},12h",
        "dhcp-authoritative",
        f"dhcp-option=option:router,{about.gateway}",
        f"dhcp-option=option:dns-server,{about.gateway}",
        "",
        "# The phone's page and the certificate's are the proxy itself.",
        *(f"address=/{name}/{about.gateway}" for name in PAGES),
        "",
        "# There is no IPv6 here, and no encrypted name of servers (ECH): apps need not try.",
        "filter-AAAA",
        "filter-rr=HTTPS",
        "# Browsers and iCloud Private Relay ask whether they may hide their questions: no.",
        *(f"address=/{name}/" for name in _SWITCHES),
        "",
        *(("no-resolv", *(f"server={resolver}" for resolver in about.resolvers), "") if about.resolvers else ()),
        "no-hosts",
        "domain-needed",
        "bogus-priv",
        "log-queries=extra",
        "log-dhcp",
    ]
    return "\n".join(lines) + "\n"
