import base64
import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.decoders._api import Context
from leaktap.decoders.html import DECODER, decode

SAMPLE = (b"{&quot;imei&quot;:&#56;&#x36;}", {})


@pytest.mark.parametrize(
    ("data", "decoded"),
    [
        (b"&#56;&#x36;&#X37;", b"867"),
        (b"{&quot;a&quot;:1}", b'{"a":1}'),
        ("&#24352;&#x4e09;丰".encode(), "张三丰".encode()),
        (b"a &amp; b &lt;c&gt; &copy;", "a & b <c> ©".encode()),
        (b"&amp;#56;", b"&#56;"),
        (b"&#0;&#xd800;&#x110000;", "\N{REPLACEMENT CHARACTER}".encode() * 3),
        (b"\xff&#56;", b"\xff8"),
    ],
)
def test_read(data, decoded):
    assert [part.value for part in decode(data, Context()) or ()] == [decoded]


@pytest.mark.parametrize(
    "data", [b"a&b", b"?a=1&copy=2&amp=3", b"&;", b"&#;", b"&#x;", b"&nosuchentity;", b"&#5 6;", b"&" * 100, b"AT&T; x"]
)
def test_left_alone(data):
    assert decode(data, Context()) is None


def test_several_layers(follow):
    assert follow(b"{&amp;quot;imei&amp;quot;:&amp;quot;867530912345673&amp;quot;}").values == {
        "|html|html|json.$.imei": b"867530912345673"
    }


def test_markup_stays_a_leaf(follow):
    assert follow(b"<p>&#56; and <br>").at("") == [b"<p>&#56; and <br>"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cc"]), min_size=1))
def test_any_text_by_numbers(text):
    written = "".join(f"&#{ord(sign)};" for sign in text).encode()
    assert [part.value for part in decode(written, Context()) or ()] == [html.unescape(written.decode()).encode()]


@pytest.mark.parametrize("charset", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("reference", ["&#56;&#54;", "&#x38;&#x36;", "&#X38;"])
def test_references_in_any_width_are_hinted_at(reference, charset):
    def occurs(text):
        return any(re.search(hint, b"\x0a\x10" + text.encode(charset)) for hint in DECODER.hints)

    assert occurs(f"list {reference}")
    assert not occurs("a & b #1 &amp &other; 86")


@pytest.mark.parametrize("size", [1, 300])
@pytest.mark.parametrize(("write", "chance"), [(base64.a85encode, b"vr`&"), (base64.b85encode, b'P8"H')])
def test_a_reference_by_chance_in_base85(follow, write, chance, size):
    text = b"imei 867530912345673" * size + chance
    assert b"&gt;" in write(text)
    assert text in follow(write(text)).values.values()


def test_a_text_is_not_read_as_base85_as_well(follow):
    written = b"{&quot;imei&quot;:&quot;867530912345673&quot;}"
    assert set(follow(written).values) == {"|html|json.$.imei"}
