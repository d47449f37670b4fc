import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("openid", "oXk3Ft7Qm2Lw9Zb4Rv8Nc1Yp6Hd5", ("account", "key", 0.85)),
    ("wx_unionid", "oXk3Ft7Qm2Lw9Zb4Rv8Nc1Yp6Hd5", ("account", "key", 0.85)),
    ("text", "wxid_a1b2c3d4e5f6g7", ("account", "structure", 0.85)),
    ("qq", "10000123", ("account", "key", 0.75)),
    ("zhanghao", "mary_88", ("account", "key", 0.6)),
    ("账号", "mary_88", ("account", "key", 0.6)),
    ("user_id", "100023456", ("account", "key", 0.4)),
    ("uid", "100023456", ("account", "key", 0.4)),
    ("user_id", "0", None),
    ("user_id", "-1", None),
    ("user_id", "guest", None),
    ("uid", "1700000000", None),
    ("uid", "1700000000123", None),
    ("openid", "undefined", None),
    ("openid", "https://id.example/me", None),
    ("account_name", "default", None),
    ("item_id", "100023456", None),
    ("order_no", "100023456", None),
    ("qq", "com.tencent.mobileqq", None),
    ("text", "wxid_short", None),
    ("html", "var o = {username: 'i.username.v1', uid: 100023456}", None),
    ("fluid", "100023456", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
