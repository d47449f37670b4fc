import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("clipboard", "Meet you at eight, 5th floor", ("clipboard", "key", 0.75)),
    ("clipboardText", "￥AbCdEf12345￥", ("clipboard", "key", 0.75)),
    ("剪贴板", "今晚八点见面", ("clipboard", "key", 0.75)),
    ("jianqieban", "今晚八点见面", ("clipboard", "key", 0.75)),
    ("clipboard", "", None),
    ("clipboard", "1", None),
    ("clipboard", "true", None),
    ("clipboard", "enabled", None),
    ("clipboard", "DENIED", None),
    ("clip", "Meet you at eight", None),
    ("clip_path", "Meet you at eight", None),
    ("text", "Meet you at eight", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
