import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("imei", "867530912345673", ("imei", "checksum", 0.95)),
    ("device.IMEI", "867530912345673", ("imei", "checksum", 0.95)),
    ("device_imei", "867530912345673", ("imei", "checksum", 0.95)),
    ("x-imei", "867530912345673", ("imei", "checksum", 0.95)),
    ("imei1", "867530912345673", ("imei", "checksum", 0.95)),
    ("imei", "867530912345678", ("imei", "key", 0.6)),
    ("imei", "86753091234567", ("imei", "key", 0.6)),
    ("imei", "86-753091-234567-3", ("imei", "checksum", 0.95)),
    ("imei2", "359174081122335", ("imei2", "checksum", 0.95)),
    ("手机串号", "867530912345673", ("imei", "checksum", 0.95)),
    ("imei", "127530912345679", ("imei", "checksum", 0.75)),
    ("imei", "177530912345675", ("imei", "key", 0.3)),
    ("imei", "8675309123456701", ("imei", "key", 0.6)),
    ("imei_md5", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("imei", "key", 0.7, ("md5", "hex"))),
    ("imei", "9B1F0C3DE58A4726B0D4F1A2C3E49587", ("imei", "key", 0.7, ("md5", "hex-upper"))),
    ("imei_sha1", "9b1f0c3de58a4726b0d4f1a2c3e495870a1b2c3d", ("imei", "key", 0.7, ("sha1", "hex"))),
    (
        "imeiSm3",
        "9b1f0c3de58a4726b0d4f1a2c3e49587d41c8e0f72a95b36c0e1f2a3b4d59687",
        ("imei", "key", 0.7, ("sm3", "hex")),
    ),
    (
        "imeiSha256",
        "9b1f0c3de58a4726b0d4f1a2c3e49587d41c8e0f72a95b36c0e1f2a3b4d59687",
        ("imei", "key", 0.7, ("sha256", "hex")),
    ),
    ("", "867530912345673", None),
    ("order", "867530912345673", None),
    ("time", "867530912345673", None),
    ("trace_id", "867530912345673", None),
    ("设备名称", "867530912345673", None),
    ("imei", "", None),
    ("imei", "000000000000000", None),
    ("imei", "unknown", None),
    ("imei", "004999010640000", None),
    ("imei", "490154203237518", None),
    ("imei", "35-209900-176148-1", None),
    ("imei", "012345678901234", None),
    ("imei", "8675309123", None),
    ("imei", "d41d8cd98f00b204e9800998ecf8427e", None),
    ("imei", "5284047f4ffb4e04824a2fd1d1f0cd62", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
