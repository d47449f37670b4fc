import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.quoted_printable import decode

SAMPLE = (b"=E5=BC=A0=E4=B8=89 of =\r\nthe name", {})


@pytest.mark.parametrize(
    ("data", "decoded"),
    [
        (b"=E5=BC=A0=E4=B8=89", "张三".encode()),
        (b"imei=3D867530912345673", b"imei=867530912345673"),
        (b"86753091=\r\n2345673", b"867530912345673"),
        (b"86753091= \n2345673", b"867530912345673"),
        (b"=D5=C5=C8=FD=B7=E1", "张三丰".encode("gbk")),
        (quopri.encodestring(("张三丰 " * 40).encode()), ("张三丰 " * 40).encode()),
    ],
)
def test_read(data, decoded):
    assert [part.value for part in decode(data, Context()) or ()] == [decoded]


@pytest.mark.parametrize(
    "data",
    [b"a=b", b"id=867530912345673", b"a=E5&b=BC", b"ODY3NTMwOTEyMw==", b"x=1&y=2", b"=FF=FE", b"=E5=bc=A0", b"\xe5=3D"],
)
def test_left_alone(data):
    assert decode(data, Context()) is None


def test_told_by_a_part(follow):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="n"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
        b"Content-Type: text/plain; charset=gbk\r\n\r\n=D5=C5=C8=FD\r\n"
        b'--b\r\nContent-Disposition: form-data; name="m"\r\nContent-Transfer-Encoding: BASE64\r\n\r\nODY3\r\nNTMw\r\n'
        b'--b\r\nContent-Disposition: form-data; name="k"\r\nContent-Transfer-Encoding: base64\r\n\r\nO\r\n--b--\r\n'
    )
    followed = follow(body)
    assert followed.values["|multipart.n|quoted_printable|text"] == "张三".encode()
    assert followed.values["|multipart.m|base64"] == b"867530"
    assert followed.values["|multipart.k"] == b"O"
    assert ["base64" in fault.where for fault in followed.faults] == [True]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_told_round_trip(text):
    written = quopri.encodestring(text.encode())
    (part,) = decode(written, Context(encoding=("quoted-printable",))) or ()
    assert part.value == text.encode()
