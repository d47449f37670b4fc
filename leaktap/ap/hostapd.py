"""hostapd's file: a WPA2 network of its own (keys as in hostapd.conf(5), https://w1.fi/cgit/hostap/plain/hostapd/).

An SSID that is more than letters, digits and a few signs is written in hexadecimal, which cannot be misread.
"""

import re

from leaktap.ap._plan import Plan

_PLAIN = re.compile(r"[\w.-]+( [\w.-]+)*", re.ASCII)
_FIRST_OF_5_GHZ = 36


def text(about: Plan) -> str:
    """Returns hostapd.conf."""
    plain = _PLAIN.fullmatch(about.ssid)
    high = about.channel >= _FIRST_OF_5_GHZ
    lines = [
        "# Written by leaktap ap plan: the Wi-Fi network that phones join.",
        f"interface={about.iface}",
        "driver=nl80211",
        f"ssid={about.ssid}" if plain else f"ssid2={about.ssid.encode('utf-8', 'surrogateescape').hex()}",
        *(() if about.ssid.isascii() else ("utf8_ssid=1",)),
        *((f"country_code={about.country}", "ieee80211d=1") if about.country else ()),
        f"hw_mode={'a' if high else 'g'}",
        f"channel={about.channel}",
        "ieee80211n=1",
        *(("ieee80211ac=1",) if high else ()),
        "wmm_enabled=1",
        "auth_algs=1",
        "wpa=2",
        "wpa_key_mgmt=WPA-PSK",
        "rsn_pairwise=CCMP",
        f"wpa_passphrase={about.passphrase}",
    ]
    return "\n".join(lines) + "\n"
