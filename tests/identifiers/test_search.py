import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("search_word", "red running shoes", ("search", "key", 0.7)),
    ("searchKeyword", "感冒药", ("search", "key", 0.7)),
    ("搜索词", "感冒药", ("search", "key", 0.7)),
    ("q", "red running shoes", None),
    ("keyword", "感冒药", None),
    ("search_word", "", None),
    ("search_word", "1234", None),
    ("search_word", "rec_v2.1", None),
    ("search_word", "https://www.example/a", None),
    ("search_word", '{"a":1}', None),
    ("search_id", "red running shoes", None),
    ("research_text_id", "red running shoes", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
