import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("imsi", "460001234567891", ("imsi", "key", 0.9)),
    ("sim.subscriberId", "310410123456789", ("imsi", "key", 0.9)),
    ("IMSI1", "46011123456789", ("imsi", "key", 0.7)),
    ("imsi", "460991234567891", ("imsi", "key", 0.5)),
    ("imsi", "208011234567891", ("imsi", "key", 0.9)),
    ("imsi_md5", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("imsi", "key", 0.7, ("md5", "hex"))),
    ("imsi", "123456789012345", None),
    ("imsi", "000000000000000", None),
    ("id", "460001234567891", None),
    ("imsi", "46000", None),
    ("imsi", "001011234567891", None),
    ("order_id", "460001234567891", None),
    ("timestamp", "460001234567891", None),
    ("imsi", "310260000000000", None),
    ("imsi", "", None),
    ("imsi", "999991234567891", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
