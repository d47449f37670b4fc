"""nftables' rules, in one table of their own that is taken away as a whole (nft(8)).

All TCP goes to the transparent proxy, all plain DNS to dnsmasq. QUIC and DNS over TLS are refused at once, so that apps
fall back; what is refused silently makes them wait. Connections to the gateway itself go to an ordinary proxy, which
finds their destination by name: the transparent one would try to connect to the address first.
"""

from leaktap.ap._plan import Plan


def text(about: Plan) -> str:
    """Returns the table; loading it again replaces it."""
    quic = (
        [f'        iifname "{about.iface}" udp dport 443 counter reject with icmpx type port-unreachable']
        if about.quic == "refuse"
        else ["        # QUIC passes and is not seen."]
    )
    lines = [
        "# Written by leaktap ap plan: what happens to the phones' packets. Loading it again replaces it.",
        f"table inet {about.table}",
        f"delete table inet {about.table}",
        f"table inet {about.table} {{",
        "    # All TCP goes through the proxy, all DNS through dnsmasq, whichever resolver it was sent to.",
        "    chain intercept {",
        "        type nat hook prerouting priority dstnat; policy accept;",
        f'        iifname != "{about.iface}" return',
        "        meta nfproto ipv6 return",
        "        udp dport 53 redirect to :53",
        "        tcp dport 53 redirect to :53",
        f"        ip daddr {about.gateway} tcp dport 80 redirect to :{about.page_port}",
        f"        ip daddr {about.gateway} return",
        "        tcp dport 853 return",
        f"        meta l4proto tcp redirect to :{about.port}",
        "    }",
        "    chain translate {",
        "        type nat hook postrouting priority srcnat; policy accept;",
        f'        ip saddr {about.subnet} oifname "{about.uplink}" masquerade',
        "    }",
        "    chain forward {",
        "        type filter hook forward priority filter; policy accept;",
        "        # IPv6 and DNS over TLS (and QUIC) are refused at once, so that apps fall back.",
        f'        iifname "{about.iface}" meta nfproto ipv6 counter reject with icmpx type admin-prohibited',
        *quic,
        f'        iifname "{about.iface}" tcp dport 853 counter reject with tcp reset',
        f'        iifname "{about.iface}" udp dport 853 counter reject with icmpx type port-unreachable',
        "        # Phones reach the uplink and nothing else. Nobody there reaches phones, or goes through here.",
        f'        iifname "{about.iface}" oifname "{about.uplink}" accept',
        f'        iifname "{about.uplink}" oifname "{about.iface}" ct state established,related accept',
        f'        iifname "{about.iface}" drop',
        f'        oifname "{about.iface}" drop',
        f'        iifname "{about.uplink}" oifname "{about.uplink}" drop',
        "    }",
        "    chain input {",
        "        type filter hook input priority filter; policy accept;",
        "        # Of this machine phones see the proxy, DNS and DHCP. The proxy and DNS are for phones alone.",
        f'        iifname "{about.iface}" ct state established,related accept',
        f'        iifname "{about.iface}" ct status dnat accept',
        f'        iifname "{about.iface}" udp dport {{ 53, 67 }} accept',
        f'        iifname "{about.iface}" tcp dport 53 accept',
        f'        iifname "{about.iface}" icmp type echo-request accept',
        f'        iifname "{about.iface}" tcp dport 853 reject with tcp reset',
        f'        iifname "{about.iface}" counter reject with icmpx type port-unreachable',
        f'        iifname != {{ "lo", "{about.iface}" }} ip daddr {about.gateway} ct state new drop',
        f'        iifname "{about.uplink}" tcp dport {{ {about.page_port}, {about.port} }} drop',
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"
