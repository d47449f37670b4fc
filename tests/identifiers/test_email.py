import string

import pytest

from tests.identifiers.leaves import assert_rows, leaf

ROWS = [
    ("email", "li.wei@mail.example.cn", ("email", "key", 0.9)),
    ("user.mail", "li_wei88@example.com", ("email", "key", 0.9)),
    ("q", "li.wei@mail.example.cn", ("email", "structure", 0.7)),
    ("email", "noreply@example.com", ("email", "structure", 0.2)),
    ("contact", "support@example.com", ("email", "structure", 0.2)),
    (
        "em",
        "9b1f0c3de58a4726b0d4f1a2c3e49587d41c8e0f72a95b36c0e1f2a3b4d59687",
        ("email", "key", 0.7, ("sha256", "hex")),
    ),
    ("img", "logo@2x.png", None),
    ("img", "sprite@3x.webp", None),
    ("dsn", "https://0a1b2c3d4e5f60718293a4b5c6d7e8f9@sentry.example.com/5", None),
    ("dsn", "https://abc123@sentry.example.com/5", None),
    ("proxy", "ftp://user:secret@host.example.com/x", None),
    ("style", "rule@media.screen", ("email", "structure", 0.3)),
    ("pkg", "lodash@4.17.21", None),
    ("a", "a@b", None),
    ("a", "@example.com", None),
    ("a", "x@example.c", None),
    ("a", "a..b@example.com", None),
    ("email", "", None),
    ("note", "li.wei@example.com1", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), ROWS)
def test_without_a_profile(stranger, key, value, expected):
    assert_rows(stranger, key, value, expected)


@pytest.mark.parametrize("sign", string.ascii_letters + string.digits)
def test_domain_may_begin_with_any_letter_or_digit(stranger, sign):
    address = f"li.wei@{sign}.example"
    assert [match.value for match in stranger.match([leaf(address, "note")])] == [address]
