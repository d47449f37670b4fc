"""What is planned: which names, radios, addresses and ports are refused, and the files word by word."""

from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.ap import MARK, Plan, PlanError, Taken, files, plan

LAB = Plan("wlan0", "eth0", IPv4Network("10.42.7.0/24"), passphrase="correct horse")
GOLDEN = Path(__file__).parent / "golden"


def net(text):
    return IPv4Network(text)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"iface": "wlx00005e005301", "uplink": "usb0.7"},
        {"ssid": "", "passphrase": ""},
        {"ssid": "a" * 32},
        {"ssid": "测试网络'\"`$(id)\\"},
        {"passphrase": " " * 63},
        {"channel": 13},
        {"channel": 149, "country": "CN"},
        {"subnet": net("192.168.77.0/29")},
        {"subnet": net("10.0.0.0/16")},
        {"resolvers": ("192.0.2.53", "2001:db8::53")},
        {"port": 65_535},
    ],
)
def test_what_can_be_planned(fields):
    about = replace(LAB, **fields)
    assert plan(about) == about


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"iface": ""}, "--iface: '' is no name"),
        ({"iface": 'wlan0"; id'}, "--iface: 'wlan0\"; id' is no name"),
        ({"iface": "wlan*"}, "--iface: 'wlan*' is no name"),
        ({"iface": "-wlan0"}, "--iface: '-wlan0' is no name"),
        ({"iface": "wlan0\n"}, "--iface: 'wlan0\\n' is no name"),
        ({"iface": "w" * 16}, "is no name"),
        ({"uplink": "../eth0"}, "--uplink: '../eth0' is no name"),
        ({"uplink": "wlan0"}, "--uplink: wlan0 is the phones' interface"),
        ({"ssid": "a" * 33}, "--ssid: has 33 bytes in UTF-8: 32 is the most"),
        ({"ssid": "测" * 11}, "--ssid: has 33 bytes in UTF-8"),
        ({"ssid": "lab\nwpa=0"}, "--ssid: 'lab\\nwpa=0' has characters that no phone can show"),
        ({"ssid": "lab\0"}, "--ssid: 'lab\\x00' has characters"),
        ({"passphrase": ""}, "--passphrase: has 0 characters: WPA2 needs 8 to 63"),
        ({"passphrase": "seven77"}, "--passphrase: has 7 characters"),
        ({"passphrase": "x" * 64}, "--passphrase: has 64 characters"),
        ({"passphrase": "密码密码密码密码"}, "--passphrase: is no plain ASCII"),
        ({"passphrase": "longenough\nwpa=0"}, "--passphrase: has 16 characters: WPA2 needs 8 to 63 printable"),
        ({"channel": 0}, "--channel: 0 is none"),
        ({"channel": 14}, "--channel: 14 is none"),
        ({"channel": 52, "country": "DE"}, "--channel: 52 is none that needs no search for radar"),
        ({"channel": 36}, "--channel: 36 is of the 5 GHz band, whose limits differ: say --country"),
        ({"country": "de"}, "--country: 'de' is no country"),
        ({"country": "DE\n"}, "--country: 'DE\\n' is no country"),
        ({"subnet": net("203.0.113.0/24")}, "--subnet: 203.0.113.0/24 is not private"),
        ({"subnet": net("10.0.0.0/8")}, "--subnet: 10.0.0.0/8: the prefix must be from /16 to /29"),
        ({"subnet": net("10.42.7.0/30")}, "the prefix must be"),
        ({"port": 1024}, "--port: 1024 is not from 1025"),
        ({"port": 70_000}, "--port: 70000 is not"),
        ({"resolvers": ("dns.example",)}, "--dns: 'dns.example' is no address"),
        ({"resolvers": ("192.0.2.53\nlisten-address=0.0.0.0",)}, "is no address"),
    ],
)
def test_what_cannot_be_planned(fields, why):
    with pytest.raises(PlanError) as caught:
        plan(replace(LAB, **fields))
    assert why in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("taken", "why"),
    [
        ([], ""),
        ([Taken(net("10.42.8.0/24"), "eth0")], ""),
        ([Taken(net("10.42.7.0/24"), "wlan0")], ""),
        ([Taken(net("0.0.0.0/0"), "eth0")], ""),
        ([Taken(net("10.42.7.0/24"), "eth0")], "10.42.7.0/24 overlaps 10.42.7.0/24, which eth0 leads to"),
        ([Taken(net("10.0.0.0/8"), "tun0")], "10.42.7.0/24 overlaps 10.0.0.0/8, which tun0 leads to"),
        ([Taken(net("10.42.7.9/32"), "tun0")], "overlaps 10.42.7.9/32"),
    ],
)
def test_networks_that_are_taken(taken, why):
    if not why:
        assert plan(LAB, taken) == LAB
        return
    with pytest.raises(PlanError, match=why):
        plan(LAB, taken)


@pytest.mark.parametrize("network", ["10.42.7.0/24", "10.42.7.8/29", "10.42.0.0/16", "192.168.9.64/27"])
def test_addresses_are_apart(network):
    about = replace(LAB, subnet=net(network))
    first, last = about.leases
    assert about.gateway < first <= last < about.subnet.broadcast_address


@pytest.mark.parametrize(
    ("ssid", "lines"),
    [
        ("leaktap", ["ssid=leaktap"]),
        ("Lab 2.4-a", ["ssid=Lab 2.4-a"]),
        (" lab", ["ssid2=206c6162"]),
        ("lab ", ["ssid2=6c616220"]),
        ("#lab", ["ssid2=236c6162"]),
        ('"lab"', ["ssid2=226c616222"]),
        ("测", ["ssid2=e6b58b", "utf8_ssid=1"]),
    ],
)
def test_an_ssid_is_written_so_that_it_cannot_be_misread(ssid, lines):
    made = files(replace(LAB, ssid=ssid))["hostapd.conf"].splitlines()
    assert [line for line in made if "ssid" in line] == lines


@given(ssid=st.text(min_size=1, max_size=40), passphrase=st.text(max_size=70))
def test_no_text_becomes_a_line_of_its_own(ssid, passphrase):
    try:
        about = plan(replace(LAB, ssid=ssid, passphrase=passphrase))
    except PlanError:
        return
    plain, made = files(LAB)["hostapd.conf"].splitlines(), files(about)["hostapd.conf"].split("\n")[:-1]
    assert [line for line in made if "ssid" not in line][:-1] == [line for line in plain if "ssid" not in line][:-1]
    assert made[-1] == f"wpa_passphrase={passphrase}"


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("wifi", LAB),
        (
            "wired",
            replace(
                LAB,
                iface="eth1",
                ssid="",
                subnet=net("192.168.77.0/28"),
                port=9000,
                quic="pass",
                resolvers=("192.0.2.53",),
                leaktap="/opt/lab's tools/leaktap",
            ),
        ),
    ],
)
def test_the_files(name, about):
    """The golden files are read by people before they are changed: a changed word must be meant."""
    made = files(plan(about))
    kept = {file.name: file.read_text() for file in (GOLDEN / name).iterdir()}
    assert made == kept
    assert all(MARK in text for text in made.values())
