import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context, DecodeError, LimitReached
from leaktap.decoders.xml import DECODER, decode

SAID = Context(content_type="text/xml")
DOCUMENT = b"""<?xml version="1.0" encoding="utf-8"?>
<!-- made on 19900000001 -->
<soap:Envelope xmlns:soap="http://schemas.example/soap">
  <soap:Body id="5">
    <imei>867530912345673</imei>
    <mac>a4:50</mac><mac>a4:51</mac>
    <data><![CDATA[{"oaid": "5be1c07a92d4386f"}]]></data>
    <string name="android_id">6c1f0be47a93d825</string>
    <text>one &amp; &#116;wo<br/> three</text>
    <?device serial="X1"?>
  </soap:Body>
</soap:Envelope>
"""
SAMPLE = (DOCUMENT, {})


def values(data, context=SAID):
    return {part.path: part.value for part in decode(data, context) or ()}


@pytest.mark.parametrize("context", [Context(), SAID])
def test_document(context):
    assert values(DOCUMENT, context) == {
        "['#comment']": b"made on 19900000001",
        ".Envelope.Body.@id": b"5",
        ".Envelope.Body.imei": b"867530912345673",
        ".Envelope.Body.mac": b"a4:50",
        ".Envelope.Body.mac[1]": b"a4:51",
        ".Envelope.Body.data": b'{"oaid": "5be1c07a92d4386f"}',
        ".Envelope.Body.string.@name": b"android_id",
        ".Envelope.Body.string": b"6c1f0be47a93d825",
        ".Envelope.Body.text": b"one & two three",
        ".Envelope.Body['?device']": b'serial="X1"',
    }


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"<a><imei>1</imei></a>", ("a", "imei")),
        (b"<map><string name='imei'>1</string></map>", ("map", "string", "imei")),
        (b"<x:a xmlns:x='u'><x:imei>1</x:imei></x:a>", ("a", "imei")),
    ],
)
def test_names(data, keys):
    assert decode(data, Context())[-1].keys == keys


def test_attribute_beside_a_name():
    parts = decode(b'<d><data name="imei" value="867530912345673"/></d>', Context())
    assert parts[1].keys == ("d", "data", "imei", "value") and parts[1].value == b"867530912345673"


def test_what_it_holds_is_followed(follow):
    followed = follow(DOCUMENT)
    assert followed.at("|xml.Envelope.Body.data|json.$.oaid") == [b"5be1c07a92d4386f"]
    assert not followed.at("")


@pytest.mark.parametrize("charset", ["gbk", "gb18030", "big5", "iso-8859-1"])
def test_declared_charset(charset):
    name = "José" if charset.startswith("iso") else "張三"
    data = f'<?xml version="1.0" encoding="{charset}"?><name>{name}</name>'.encode(charset)
    assert values(data, Context()) == {".name": name.encode()}


@pytest.mark.parametrize(
    "data",
    [
        b"<p>one<p>two",
        b"<html><head><meta charset=utf-8></head><body>x</body></html>",
        b"<br>",
        b"<3 you",
        b"<a>text</b>",
        b"<a></a>",
        b"<a>x</a><b>y</b>",
        b"<a>\x01</a>",
        b"<a>&nbsp;</a>",
        b'<~87cURD]i,"Ebo80~>',
        b"< a >",
    ],
)
def test_no_xml(data):
    assert not decode(data, Context())


def test_cut_off_keeps_what_was_before():
    with pytest.raises(DecodeError, match=r"no element found|unclosed") as caught:
        decode(DOCUMENT[:300], Context())
    assert b"867530912345673" in [part.value for part in caught.value.parts]


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x0 "ha">'
    + b"".join(b'<!ENTITY x%d "%s">' % (i + 1, b"&x%d;" % i * 10) for i in range(12))
    + b"]><a>&x12;</a>"
)


@pytest.mark.parametrize(
    "data",
    [
        BOMB,
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://192.0.2.1/x">%p;]><a>y</a>',
    ],
)
def test_declared_entities_are_refused(data):
    with pytest.raises(DecodeError, match="entity") as caught:
        decode(data, SAID)
    assert not caught.value.parts


def test_external_document_type_is_not_fetched():
    assert values(b'<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a>x</a>') == {".a": b"x"}


def test_deep():
    data = b"<a>" * 20_000 + b"deep" + b"</a>" * 20_000
    with pytest.raises(LimitReached, match="depth"):
        decode(b"<r><x>y</x>" + data + b"</r>", Context())


@pytest.mark.parametrize("data", [b"<r>" + b"<a>x</a>" * 100 + b"</r>", b"<r>" + b"<a/>" * 1000 + b"</r>"])
def test_many(data):
    with pytest.raises(LimitReached, match="parts") as caught:
        decode(data, Context(most=10))
    assert len(caught.value.parts) <= 10


letters = st.text("abcdefgh", min_size=1, max_size=8)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cn")), min_size=1)


@given(st.lists(st.tuples(letters, texts, texts), min_size=1, max_size=5))
def test_round_trip(items):
    root = ElementTree.Element("root")
    for name, text, attribute in items:
        ElementTree.SubElement(root, name, {"x": attribute}).text = text
    parts = decode(ElementTree.tostring(root, encoding="utf-8"), SAID)
    assert [part.value.decode() for part in parts] == [
        each for _, text, attribute in items for each in (attribute, text)
    ]


@given(st.integers(0, len(DOCUMENT)))
def test_cut_anywhere(size):
    try:
        decode(DOCUMENT[:size], SAID)
    except DecodeError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (b"<a>{&quot;imei&quot;:&quot;8675&quot;}</a>", True),
        (b"<a>{&amp;quot;imei&amp;quot; : 8675}</a>", True),
        (b"<a>the &quot;imei&quot;, so called</a>", False),
        (b"<imei>8675</imei>", False),
    ],
)
def test_hint_of_json_inside(text, seen):
    assert any(re.search(hint, text) for hint in DECODER.hints) == seen
