import pytest

from tests.identifiers.leaves import assert_rows

ROWS = [
    ("utdid", "Xp5Vd0be9a87fe87c4654bQ9", ("utdid", "key", 0.9)),
    ("x-utdid", "Xp5Vd0be/a87fe87+4654bQ9", ("utdid", "key", 0.9)),
    ("utd_id", "Xp5Vd0be9a87fe87c4654bQ9", ("utdid", "key", 0.9)),
    ("", "Xp5Vd0be9a87fe87c4654bQ9", None),
    ("token", "Xp5Vd0be9a87fe87c4654bQ9", None),
    ("utdid", "ffffffffffffffffffffffff", None),
    ("utdid", "", None),
    ("utdid", "short", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)
