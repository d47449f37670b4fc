import pytest

from tests.identifiers.leaves import assert_rows

SURE = ("id_card", "checksum", 0.95)

ROWS = [
    ("id_card", "110108199003071238", SURE),
    ("idCardNo", "110108199003071238", SURE),
    ("user.identity_no", "110108199003071238", SURE),
    ("shenfenzheng", "440306198512247772", SURE),
    ("sfzh", "440306198512247772", SURE),
    ("身份证号", "440306198512247772", SURE),
    ("证件号码", "440306198512247772", SURE),
    ("cert_no", "110108199003071238", ("id_card", "checksum", 0.9)),
    ("id_card", "110108199003071229", ("id_card", "key", 0.5)),
    ("id_card", "110108900307123", ("id_card", "key", 0.8)),
    ("x", "110108199003071238", ("id_card", "checksum", 0.6)),
    ("x", "110108199003071239", None),
    ("x", "990108199003071230", None),
    ("order_id", "202311211430551234", None),
    ("trade_no", "110108199013071231", None),
    ("trade_no", "110108209903071230", None),
    ("id", "1740123456789012345", None),
    ("cert_no", "110108199003071239", None),
    ("cert_no", "X509", None),
    ("id_card", "1101081990", None),
    ("id_card", "11010519491231002X", None),
    ("id_card", "990108199003071230", None),
    ("id_card_type", "110108199003071239", None),
    ("hash", "a110108199003071238", None),
    ("price", "110108199003071238.5", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
