import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("device_name", "Mary's iPhone", ("device_name", "key", 0.85)),
    ("deviceName", "小明的iPhone", ("device_name", "key", 0.85)),
    ("bluetooth_name", "小红的小米手机", ("device_name", "key", 0.85)),
    ("host_name", "Marys-iPhone", ("device_name", "key", 0.85)),
    ("device_name", "iPhone von Maria", ("device_name", "key", 0.85)),
    ("device_name", "Redmi Note 8 Pro", None),
    ("device_name", "iPhone12,1", None),
    ("device_name", "iPhone", None),
    ("device_name", "sdk_gphone64_x86_64", None),
    ("device_name", "我的设备", None),
    ("title", "Mary's iPhone", None),
    ("host", "phones.example", None),
    ("host", "business-phone.example", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
