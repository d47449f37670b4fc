import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("serial", "R58M123ABCD", ("serial", "key", 0.7)),
    ("ro.serialno", "4f2a9c81", ("serial", "key", 0.7)),
    ("deviceSerialNumber", "4F2A9C81D0", ("serial", "key", 0.7)),
    ("sn", "R58M123ABCD", ("serial", "key", 0.4)),
    ("serial", "unknown", None),
    ("serial", "12345678", None),
    ("serial", "1", None),
    ("serial", "first item", None),
    ("sn", "3", None),
    ("title", "R58M123ABCD", None),
    ("serial", "0123456789ABCDEF", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
