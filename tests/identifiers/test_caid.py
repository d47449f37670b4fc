import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("caid", "5be1c07a92d4386f5be1c07a92d4386f", ("caid", "key", 0.85)),
    ("device.caid", "5be1c07a92d4386f5be1c07a92d4386f", ("caid", "key", 0.85)),
    ("lastCaid", "20230330_5be1c07a92d4386f5be1c07a92d4386f", ("caid", "key", 0.85)),
    ("caid", "20230330", None),
    ("caid", "", None),
    ("caid_version", "20230330", None),
    ("caid", "unknown", None),
    ("id", "5be1c07a92d4386f5be1c07a92d4386f", None),
    ("caid", "d41d8cd98f00b204e9800998ecf8427e", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
