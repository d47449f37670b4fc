import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("iccid", "89860102030405060703", ("iccid", "checksum", 0.95)),
    ("icc", "8986010203040506073", ("iccid", "checksum", 0.95)),
    ("simSerialNumber", "89860102030405060704", ("iccid", "key", 0.8)),
    ("iccid", "898603A2030405060704", ("iccid", "key", 0.8)),
    ("iccid", "89441000300000000020", ("iccid", "checksum", 0.95)),
    ("iccid", "89869902030405060703", ("iccid", "key", 0.4)),
    ("", "89860102030405060703", None),
    ("trade_no", "89860102030405060703", None),
    ("order", "89860102030405060703", None),
    ("iccid", "12860102030405060703", None),
    ("iccid", "8986", None),
    ("sim_serial_number", "null", None),
    ("iccid", "89014103211118510720", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
