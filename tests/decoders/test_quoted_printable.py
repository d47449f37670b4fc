import base64
import json
import quopri
import random

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


LONG = json.dumps({"data": ["1080x2340 scroll"] * 9, "设备": {"imei": "867530912345673"}}, ensure_ascii=False)
MARKUP = "<root><a>" + "stop page " * 12 + "</a><imei>867530912345673</imei></root>"
QUERY = "https://x.example/?list=" + "none-" * 20 + "&imei=867530912345673"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (LONG, "|json.$.设备.imei"),
        (MARKUP, "|xml.root.imei"),
        (f'<?xml version="1.0" encoding="UTF-8"?>{MARKUP}', "|xml.root.imei"),
        (QUERY, "|url.query.imei"),
        ("id_0,imei,kind_0\n0,867530912345673,开始\n1,none,stop\n2,none,stop", "|csv[0].imei"),
        ("a=1&imei=867530912345673&name=张", "|form.imei"),
    ],
)
def test_what_would_pass_for_itself(follow, text, path):
    followed = follow(quopri.encodestring(text.encode()))
    assert followed.at("|quoted_printable" + path) == [b"867530912345673"]
    assert not followed.faults and not any("quoted" not in leaf.path for leaf in followed.leaves)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (b'{"link":"https://x.example/?view=3D","imei":"867530912345673"}', "|json.$.imei"),
        (b'{"a":"b=\\n","c":"' + b"long " * 20 + b'=41=42","imei":"867530912345673"}', "|json.$.imei"),
        (b"https://x.example/?view=3D&imei=867530912345673", "|url.query.imei"),
        (b"<root><a>ODY3NTMwOTEyMw=\n</a><b>MTIzNDU=\n</b><imei>867530912345673</imei></root>", "|xml.root.imei"),
        (b"type=3D&imei=867530912345673", "|form.imei"),
    ],
)
def test_other_texts_stay_what_they_are(follow, value, path):
    assert follow(value).at(path) == [b"867530912345673"]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_told_round_trip(text):
    written = quopri.encodestring(text.encode())
    (part,) = decode(written, Context(encoding=("quoted-printable",))) or ()
    assert part.value == text.encode()


def ending_in_the_sign(marks):
    """Returns Ascii85 of a JSON text in two lines, of which the first ends in a `=`."""
    draw = random.Random(85)
    while True:
        page = "".join(draw.choices("AbCdWxYz", k=45))
        text = b'{"imei":"867530912345673","page":"%s"}' % page.encode()
        written = base64.a85encode(text, adobe=marks, wrapcol=76)
        if b"=\n" in written and written.count(b"=") == 1:
            return written


@pytest.mark.parametrize("marks", [True, False])
def test_a_line_of_ascii85_that_ends_in_the_sign(follow, marks):
    written = ending_in_the_sign(marks)
    assert any(path.startswith("|quoted_printable") for path in follow(written).values)
    assert follow(written).at("|ascii85|json.$.imei") == [b"867530912345673"]
    assert follow(quopri.encodestring(written)).at("|quoted_printable|ascii85|json.$.imei") == [b"867530912345673"]
