import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("mac", "a4:50:46:1f:34:56", ("mac_wifi", "key", 0.9)),
    ("mac", "A4:50:46:1F:34:56", ("mac_wifi", "key", 0.9, ("upper",))),
    ("wifi_mac", "a450461f3456", ("mac_wifi", "key", 0.9, ("no-separator",))),
    ("macAddress", "A4-50-46-1F-34-56", ("mac_wifi", "key", 0.9, ("dash", "upper"))),
    ("device.mac", "a450.461f.3456", ("mac_wifi", "key", 0.9, ("dot",))),
    ("wlan_mac", "a6:50:46:1f:34:56", ("mac_wifi", "key", 0.7)),
    ("bt_mac", "a4:50:46:1f:34:57", ("mac_bluetooth", "key", 0.9)),
    ("bluetoothAddress", "a4:50:46:1f:34:57", ("mac_bluetooth", "key", 0.9)),
    ("bssid", "50:c7:bf:f6:34:a1", ("bssid", "key", 0.9)),
    ("wifi.bssid", "50-c7-bf-f6-34-a1", ("bssid", "key", 0.9, ("dash",))),
    ("router_mac", "50:c7:bf:f6:34:a1", ("bssid", "key", 0.9)),
    ("mac_md5", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("mac_wifi", "key", 0.7, ("md5", "hex"))),
    ("mac_sha1", "9b1f0c3de58a4726b0d4f1a2c3e495870a1b2c3d", ("mac_wifi", "key", 0.7, ("sha1", "hex"))),
    ("note", "a4:50:46:1f:34:56", ("mac_wifi", "structure", 0.6)),
    ("note", "b0:ff:ee:1f:34:56", ("mac_wifi", "structure", 0.3)),
    ("mac", "b0:ff:ee:1f:34:56", ("mac_wifi", "key", 0.7)),
    ("mac地址", "a4:50:46:1f:34:56", ("mac_wifi", "key", 0.9)),
    ("mac", "02:00:00:00:00:00", None),
    ("bssid", "02:00:00:00:00:00", None),
    ("mac", "020000000000", None),
    ("mac", "00:00:00:00:00:00", None),
    ("mac", "ff:ff:ff:ff:ff:ff", None),
    ("mac", "", None),
    ("mac", "unknown", None),
    ("mac", "0f607264fc6318a92b9e13c65db7cd3c", None),
    ("note", "a6:50:46:1f:34:56", None),
    ("note", "12:30:45:11:22:33", None),
    ("note", "a4:50:46:1f:34:56:78:9a", None),
    ("note", "fe80::a4:50:46:1f:34:56", None),
    ("hash", "a450461f3456", None),
    ("mac", "33:33:00:00:00:fb", None),
    ("mac", "MacBook", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
