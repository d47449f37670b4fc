import base64
import json

import pytest

SAMPLE = (b"eyJhbGciOiJIUzI1NiJ9.eyJpbWVpIjoiODY3NTMwOTEyMzQ1NjczIn0.c2ln", {})


def piece(value) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def test_of_the_rfc(follow):
    # RFC 7519, section 3.1
    token = (
        b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        b".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )
    values = {path: value for path, value in follow(token).values.items() if "#key" not in path}
    assert values == {
        "|jwt.header|json.$.typ": b"JWT",
        "|jwt.header|json.$.alg": b"HS256",
        "|jwt.payload|json.$.iss": b"joe",
        "|jwt.payload|json.$.exp": b"1300819380",
        "|jwt.signature": b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }


def test_unsigned_and_encrypted(follow):
    unsigned = piece({"alg": "none"}) + b"." + piece({"imei": "867530912345673"}) + b"."
    assert follow(unsigned).values["|jwt.payload|json.$.imei"] == b"867530912345673"
    encrypted = piece({"alg": "dir", "enc": "A128GCM"}) + b"..AAAA.BBBBBBBB.CCCC"
    assert not any("payload" in path for path in follow(encrypted).values)
    encrypted = piece({"alg": "A", "enc": "B"}) + b".KKKK.AAAA.BBBBBBBB.CCCC"
    assert follow(encrypted).values["|jwt.text"] == b"BBBBBBBB"


def test_broken(follow):
    followed = follow(SAMPLE[0].replace(b".eyJ", b".eyJx", 1))
    assert followed.values["|jwt.header|json.$.alg"] == b"HS256"


@pytest.mark.parametrize(
    "value", [b"a.b.c", b"com.example.app", b"eyJhbGciOiJIUzI1NiJ9", b"eyJh.b", b"1.2.3", b"eyJ.a b.c"]
)
def test_left_alone(follow, value):
    assert not any("|jwt" in path for path in follow(value).values)
