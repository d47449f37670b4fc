import base64

import pytest

SAMPLE = (b"Basic dXNlcjoxOTkwMDAwMDAxMg==", {})


def test_basic(follow):
    # RFC 7617, section 2
    followed = follow(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", keys=("authorization",))
    assert followed.values["|authorization.user"] == b"Aladdin"
    assert followed.values["|authorization.password"] == b"open sesame"
    assert {leaf.keys[-1] for leaf in followed.leaves} == {"authorization", "user", "password"}


def test_without_password_and_url_safe(follow):
    assert follow(b"basic " + base64.urlsafe_b64encode(b"key?>~~:")).values["|authorization.user"] == b"key?>~~"


def test_bearer(follow):
    token = b"eyJhbGciOiJIUzI1NiJ9.eyJpbWVpIjoiODY3NTMwOTEyMzQ1NjczIn0.c2ln"
    values = follow(b"Bearer " + token).values
    assert values["|authorization.token|jwt.payload|json.$.imei"] == b"867530912345673"


@pytest.mark.parametrize(
    "value", [b"Basic", b"Basic instinct", b"Basic QWxh", b"bearer of bad news", b"basics dXNlcg=="]
)
def test_left_alone(follow, value):
    assert follow(value).values == {"": value}
