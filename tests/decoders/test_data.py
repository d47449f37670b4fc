import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.data import decode

SAMPLE = (b"data:application/json;base64,eyJpbWVpIjoiODY3NTMwIn0=", {})


@pytest.mark.parametrize(
    ("url", "decoded"),
    [
        (b"data:,A%20brief%20note", b"A brief note"),  # RFC 2397, section 4
        (b"data:text/plain;charset=iso-8859-7,%be%fg%be", b"\xbe%fg\xbe"),
        (b"data:image/png;name=x;base64,AAECAw==", bytes(range(4))),
        (b"DATA:image/png;BASE64,AAECAw", bytes(range(4))),
        (b"data:;base64,-_-_", b"\xfb\xff\xbf"),
        (b"data:;base64,AAEC%41w%3D%3D", bytes(range(4))),
        (b"data:;base64,AAEC\nAw==", bytes(range(4))),
    ],
)
def test_read(url, decoded):
    assert [part.value for part in decode(url, Context()) or ()] == [decoded]


def test_type_is_told(follow):
    assert follow(b"data:text/plain;charset=gbk,%D5%C5%C8%FD").values == {"|data|text": "张三".encode()}
    assert follow(SAMPLE[0]).values == {"|data|json.$.imei": b"867530"}


def test_broken(follow):
    assert follow(b"data:;base64,AA!").faults
    cut = follow(b"data:;base64,QUJDR")
    assert cut.values["|data"] == b"ABC" and cut.faults


@pytest.mark.parametrize(
    "value", [b"data: 1, 2", b"data:base64", b"data", b"database:x,y", b"data:a b,c", b"update:,x"]
)
def test_left_alone(follow, value):
    assert not any("|data" in path for path in follow(value).values)


@given(st.binary())
def test_round_trip(data):
    for url in (b"data:;base64," + base64.b64encode(data), b"data:," + quote(data).encode()):
        assert [part.value for part in decode(url, Context()) or ()] == [data]
