"""A lone pair is read under its name, and as it stands; what cannot be a pair is left alone."""

import pytest

from leaktap.decoders._api import Context
from leaktap.decoders.pair import decode

SAMPLE = (b"mac=a4%3A50%3A46%3A12%3A34%3A56", {})


@pytest.mark.parametrize(
    ("data", "name", "value"),
    [
        (b"max-age=0", "max-age", b"0"),
        (b"imei=867530912345678", "imei", b"867530912345678"),
        (b"mac=a4%3A50", "mac", b"a4:50"),
        (b"NFABC-02-TEST1=1-AB12", "NFABC-02-TEST1", b"1-AB12"),
    ],
)
def test_seen(data, name, value):
    (part,) = decode(data, Context()) or ()
    assert (part.keys, part.value) == ((name,), value)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"plain", b"a=", b"=a", b"a==", b"1=1", b"x = y", b"a=b c", b"a=b&c=d", b"aW1laT04Njc1MzA5MTIzNDU2Nzg=",
        b"text/html;q=0.9", b'{"a":"b=c"}',
    ],
)  # fmt: skip
def test_no_pair(data):
    assert decode(data, Context()) is None


def test_both_readings_are_kept(follow):
    followed = follow(b"imei=867530912345678")
    assert followed.values == {"": b"imei=867530912345678", "|pair.imei": b"867530912345678"}
