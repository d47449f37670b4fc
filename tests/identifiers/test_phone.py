import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("phone", "13912345678", ("phone", "key", 0.9)),
    ("mobile", "+8613912345678", ("phone", "key", 0.9)),
    ("user.phoneNumber", "86 139 1234 5678", ("phone", "key", 0.9)),
    ("tel", "139-1234-5678", ("phone", "key", 0.9)),
    ("shoujihao", "13912345678", ("phone", "key", 0.9)),
    ("mobilePhone", "13912345678", ("phone", "key", 0.9)),
    ("手机号", "13912345678", ("phone", "key", 0.9)),
    ("lianxidianhua", "13912345678", ("phone", "key", 0.9)),
    ("text", "+8613912345678", ("phone", "structure", 0.6)),
    ("phone", "15412345678", ("phone", "key", 0.4)),
    ("tel", "010-62345678", ("phone", "key", 0.6)),
    ("msisdn", "+493012345678", ("phone", "key", 0.85)),
    ("msisdn", "493012345678", ("phone", "key", 0.5)),
    ("phone", "+999999123456", ("phone", "key", 0.4)),
    ("phone_md5", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("phone", "key", 0.7, ("md5", "hex"))),
    ("", "13912345678", None),
    ("order", "13912345678", None),
    ("t", "13912345678", None),
    ("t", "+8613912345678901", None),
    ("sign", "+86139", None),
    ("html", '<a href="tel:13912345678">call us</a>', None),
    ("html", '<a href=\\"tel:+8613912345678\\">call us</a>', None),
    ("phone", "+18005550199", ("phone", "key", 0.4)),
    ("手机型号", "13912345678", None),
    ("phone", "1700000000", None),
    ("phone", "3.14159265", None),
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
