import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("device_id", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("device_id", "key", 0.75)),
    ("deviceId", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("device_id", "key", 0.75)),
    ("device.id", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("device_id", "key", 0.75)),
    ("deviceid", "73920518446", ("device_id", "key", 0.6)),
    ("cdid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("device_id", "key", 0.75)),
    ("clientudid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("device_id", "key", 0.75)),
    ("push_token", "APA91bHUQ-qDA1_T9iDHs:ThB4W5RvAhYkz", ("device_id", "key", 0.75)),
    ("registration_id", "190e35f7e07a5d3c5e2", ("device_id", "key", 0.75)),
    ("odin_id", "9b1f0c3de58a4726b0d4f1a2c3e495870a1b2c3d", ("device_id", "key", 0.75)),
    ("install_id", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("device_id", "key", 0.75)),
    ("uuid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", ("device_id", "key", 0.5)),
    ("guid", "9b1f0c3de58a4726b0d4f1a2c3e49587", ("device_id", "key", 0.5)),
    ("cid", "1866496610.1510221160", ("device_id", "key", 0.5)),
    ("iid", "3781950000413272", ("device_id", "key", 0.5)),
    ("udid", "9b1f0c3de58a4726b0d4f1a2c3e495870a1b2c3d", ("device_id", "key", 0.5)),
    ("identity", "NFAPPL-02-IPHONE9=1-5C71D09AE346F0B2A98D", ("device_id", "structure", 0.9)),
    ("esn", "NFANDROID1-PRV-P-A1B2C3D4E5F60718293A", ("device_id", "structure", 0.9)),
    ("session.device_id", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("session.device_id", "9b1f0c3de58a4726b0d4f1a2c3e49587", None),
    ("device_session_id", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("deviceId", "", None),
    ("deviceId", "null", None),
    ("device_id", "00000000-0000-0000-0000-000000000000", None),
    ("device_id", "0", None),
    ("device_id", "android", None),
    ("device_id", "d41d8cd98f00b204e9800998ecf8427e", None),
    ("uuid", "7", None),
    ("cid", "12", None),
    ("did", "1606459653000", None),
    ("id", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("request_uuid", "7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
    ("token", "9b1f0c3de58a4726b0d4f1a2c3e49587", None),
    ("device_id", "my phone name 1", None),
    ("device_id", "https://a.example/1234567", None),
    ("identity", "NFAPPL-02-", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
