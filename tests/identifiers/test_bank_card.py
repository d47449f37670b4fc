import pytest

from leaktap.identifiers.bank_card import scheme
from tests.identifiers.leaves import assert_rows

SURE = ("bank_card", "checksum", 0.95)

ROWS = [
    ("bank_card", "6222021234567890128", SURE),
    ("bankCardNo", "6222 0212 3456 7890 128", SURE),
    ("yinhangkahao", "621234567890123457", SURE),
    ("银行卡号", "6222021234567890128", SURE),
    ("credit_card_number", "4111111234567892", SURE),
    ("payment.card_no", "5200000012345671", ("bank_card", "checksum", 0.7)),
    ("card_no", "6222021234567890128", ("bank_card", "checksum", 0.7)),
    ("bank_card", "8888123456789015", ("bank_card", "checksum", 0.6)),
    ("bank_card", "6222021234567890127", ("bank_card", "key", 0.5)),
    ("card_no", "8888123456789015", None),
    ("card_no", "6222021234567890127", None),
    ("card_id", "6222021234567890128", None),
    ("", "6222021234567890128", None),
    ("order", "6222021234567890128", None),
    ("msg_id", "6222021234567890128", None),
    ("bank_card", "4111111111111111", None),
    ("bank_card", "4242424242424242", None),
    ("bank_card", "6222****0128", None),
    ("bank_card", "0000000000000000", None),
    ("bank_card", "ICBC", None),
    ("discard_no", "4111111234567892", None),
    ("gift_card_type", "4111111234567892", None),
]


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("6222021234567890128", "UnionPay"),
        ("4111111234567892", "Visa"),
        ("5200000012345671", "Mastercard"),
        ("2221000012345678", "Mastercard"),
        ("378212345678901", "American Express"),
        ("3530123456789012", "JCB"),
        ("1234567890123456", ""),
        ("520000001234567", ""),
        ("411111123456", ""),
        ("7777777777777777", ""),
    ],
)
def test_schemes(digits, expected):
    assert scheme(digits) == expected


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
