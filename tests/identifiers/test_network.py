import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("ssid", "HomeNet-5318", ("ssid", "key", 0.5)),
    ("wifiName", "Chez Nous", ("ssid", "key", 0.7)),
    ("wifi_ssid", "办公室", ("ssid", "key", 0.7)),
    ("ip", "36.112.138.9", ("ip_public", "key", 0.6)),
    ("client_ip", "2408:8000:9000::17", ("ip_public", "key", 0.75)),
    ("ip", "192.168.1.7", ("ip_local", "key", 0.6)),
    ("local_ip", "10.0.0.3", ("ip_local", "key", 0.7)),
    ("wifi_ip", "172.20.3.4", ("ip_local", "key", 0.7)),
    ("lan_ip", "fe80::a4:50ff:fe46:3456", ("ip_local", "key", 0.7)),
    ("x-forwarded-for", "36.112.138.9", ("ip_public", "key", 0.6)),
    ("ssid", "<unknown ssid>", None),
    ("ssid", "unknown", None),
    ("ssid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("ssid", "27641", None),
    ("ssid", "v2zk2J8u1Qe0b7XkP3nT", None),
    ("wifi", "HomeNet-5318", None),
    ("gateway", "192.168.1.1", None),
    ("version", "10.0.0.3", None),
    ("local_ip", "172.32.3.4", ("ip_public", "key", 0.6)),
    ("local_ip", "198.51.100.7", None),
    ("local_ip", "10.0.2.15", None),
    ("dns", "192.168.1.7", None),
    ("ip", "127.0.0.1", None),
    ("ip", "8.8.8.8", None),
    ("ip", "300.1.1.1", None),
    ("ip", "0.0.0.0", None),
    ("ip", "224.0.0.251", None),
    ("host", "36.112.138.9", None),
    ("version", "36.112.138.9", None),
    ("server_ip", "36.112.138.9", None),
    ("", "36.112.138.9", None),
    ("ip", "203.0.113.9", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
