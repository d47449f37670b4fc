import gzip
import re
from email import message_from_bytes
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.multipart import DECODER, decode

IMEI = b"867530912345678"


def part(name, body, extra=b""):
    return b'--xyz\r\nContent-Disposition: form-data; name="' + name + b'"' + extra + b"\r\n\r\n" + body + b"\r\n"


def values(data, boundary="xyz", **context):
    parameters = (("boundary", boundary),) if boundary else ()
    parts = decode(data, Context(content_type="multipart/form-data", parameters=parameters, **context))
    return {part.path: part.value for part in parts or ()}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (part(b"imei", IMEI), {".imei": IMEI}),
        (part(b"a", b"1") + part(b"a", b"2"), {".a": b"1", ".a[1]": b"2"}),
        (part(b"a b", b"1"), {"['a b']": b"1"}),
        (part(b"f", b"\r\n--xy\r\n"), {".f": b"\r\n--xy\r\n"}),
        (
            part(b"f", b"data", b'; filename="\xe5\xbc\xa0.jpg"\r\nContent-Type: image/jpeg'),
            {".f": b"data", ".f.filename": "张.jpg".encode()},
        ),
        (b"preamble\r\n" + part(b"a", b"1"), {".a": b"1"}),
        (b"--xyz\r\n\r\nno headers\r\n", {"[0]": b"no headers"}),
        (b"--xyz\r\nX-A: b\r\n\r\nunnamed\r\n", {"[0]": b"unnamed"}),
        (part(b"a", b"1").replace(b"\r\n", b"\n"), {".a": b"1"}),
        (part(b"empty", b""), {".empty": b""}),
    ],
)
@pytest.mark.parametrize("said", [True, False])
def test_parts(data, expected, said):
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    if not said and not data.startswith(b"--xyz" + newline + b"C"):
        return
    assert values(data + b"--xyz--" + newline, "xyz" if said else "") == expected


def test_part_is_read_as_its_headers_say(follow):
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="log"\r\nContent-Encoding: gzip\r\n'
        b"Content-Type: text/plain; charset=GBK\r\n\r\n" + gzip.compress("张三".encode("gbk")) + b"\r\n--xyz--"
    )
    assert follow(body).values == {"|multipart.log|gzip|text": "张三".encode()}


@pytest.mark.parametrize("written", [bytes, lambda text: quote(text, safe="").encode()])
def test_a_coded_part_is_announced(written):
    said = b"\r\nContent-Transfer-Encoding: quoted-printable"
    hint = re.compile(b"|".join(DECODER.hints))
    assert hint.search(written(part(b"d", b"=A4P=06)=04=DA", said)))
    assert not hint.search(written(part(b"d", b"=A4P=06)=04=DA")))


def test_mail_library_agrees(follow):
    inner = MIMEMultipart("mixed", boundary="in")
    inner.attach(MIMEText('{"imei": "867530912345678"}', "json"))
    outer = MIMEMultipart("form-data", boundary="out")
    outer.attach(inner)
    outer.attach(MIMEApplication(gzip.compress(b"content of a file"), "octet-stream"))
    head, _, body = outer.as_bytes().partition(b"\n\n")
    assert message_from_bytes(head + b"\n\n" + body).is_multipart()
    followed = follow(body, content_type="multipart/form-data", parameters=(("boundary", "out"),))
    assert followed.values["|multipart[0]|multipart[0]|json.$.imei"] == IMEI
    assert b"content of a file" in followed.values.values()
    assert not followed.faults


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (part(b"a", IMEI) + part(b"b", b"cut"), [IMEI, b"cut\r\n"]),
        (part(b"a", IMEI)[:-2], [IMEI]),
        (b"--xyz\r\nContent-Disposition: form-da", [b"Content-Disposition: form-da"]),
        (b"nothing of the kind", []),
    ],
)
def test_broken(data, kept):
    with pytest.raises(DecodeError) as caught:
        values(data)
    assert [part.value for part in caught.value.parts if "filename" not in part.path] == kept


@pytest.mark.parametrize(
    "data", [b"", b"--", b"-- a signature\r\ntext", b"--flag value", b"---\nyaml: true\n---\n", b"-1", b"plain"]
)
def test_no_multipart(follow, data):
    assert not any("multipart" in leaf.path for leaf in follow(data).leaves)


def test_other_boundary_than_said():
    assert values(part(b"a", b"1") + b"--xyz--", boundary="other") == {".a": b"1"}


def test_many_parts():
    with pytest.raises(LimitReached) as caught:
        decode(part(b"a", b"1") * 20, Context(most=5))
    assert len(caught.value.parts) == 5


@given(st.lists(st.binary(max_size=30).filter(lambda body: b"--xyz" not in body), min_size=1, max_size=5))
def test_round_trip(bodies):
    data = b"".join(part(b"n%d" % i, body) for i, body in enumerate(bodies)) + b"--xyz--\r\n"
    assert list(values(data).values()) == bodies
