import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("android_id", "5f2b8c71d09ae346", ("android_id", "key", 0.9)),
    ("androidId", "5f2b8c71d09ae346", ("android_id", "key", 0.9)),
    ("$android_id", "5f2b8c71d09ae346", ("android_id", "key", 0.9)),
    ("openudid", "5f2b8c71d09ae346", ("android_id", "key", 0.9)),
    ("hwid", "5f2b8c71d09ae346", ("android_id", "key", 0.7)),
    ("udid", "5f2b8c71d09ae346", ("android_id", "key", 0.7)),
    ("aid", "5f2b8c71d09ae346", ("android_id", "key", 0.7)),
    ("user.id", "5f2b8c71d09ae346", ("android_id", "structure", 0.5)),
    ("android_id_md5", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("android_id", "key", 0.7, ("md5", "hex"))),
    ("device_android_id", "5f2b8c71d09ae3", ("android_id", "key", 0.9)),
    ("", "5f2b8c71d09ae346", None),
    ("trace", "5f2b8c71d09ae346", None),
    ("id", "5f2b8c71d09ae346", None),
    ("item.id", "5f2b8c71d09ae346", None),
    ("aid", "1128", None),
    ("android_id", "9774d56d682e549c", None),
    ("android_id", "0000000000000000", None),
    ("android_id", "", None),
    ("android_id", "unknown", None),
    ("user_id", "5f2b8c71d09ae346", ("account", "key", 0.4)),
    ("user_id", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("account", "key", 0.4)),
    ("aid", "9b1f0c3de58a4726b0d4f1a2c3e49587", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
