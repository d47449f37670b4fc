import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("meid", "A10000009296F2", ("meid", "key", 0.85)),
    ("device.meid", "a10000009296f2", ("meid", "key", 0.85)),
    ("meid", "99000112345678", ("meid", "key", 0.85)),
    ("meid", "12345678901234", None),
    ("", "A10000009296F2", None),
    ("hash", "A10000009296F2", None),
    ("meid", "00000000000000", None),
    ("meid", "unknown", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
