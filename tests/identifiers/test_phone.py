import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("phone", "13912345678", ("phone", "key", 0.85)),
    ("mobile", "+8613912345678", ("phone", "key", 0.85)),
    ("user.phoneNumber", "86 139 1234 5678", ("phone", "key", 0.85)),
    ("tel", "139-1234-5678", ("phone", "key", 0.85)),
    ("shoujihao", "13912345678", ("phone", "key", 0.85)),
    ("mobilePhone", "13912345678", ("phone", "key", 0.85)),
    ("msisdn", "+493012345678", ("phone", "key", 0.7)),
    ("phone_md5", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("phone", "key", 0.7, ("md5", "hex"))),
    ("", "13912345678", None),
    ("order", "13912345678", None),
    ("t", "13912345678", None),
    ("phone", "12912345678", None),
    ("phone", "139****5678", None),
    ("phone", "Pixel 7", None),
    ("phone", "1391234567", None),
    ("phone", "139123456789", None),
    ("hotel", "Ritz", None),
    ("phone", "", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
