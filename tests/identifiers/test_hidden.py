"""Every way to wrap a known value leaves something of it that the sieve sees; a text without it is let go."""

import base64
import gzip
import hashlib
import json
import re
import struct
from html import escape
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import bson
import cbor2
import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import DeviceProfile, Location
from leaktap.decoders import alphabets, hints
from leaktap.identifiers._hidden import base58, coordinates, hidden
from leaktap.identifiers._lzstring import lz_string
from leaktap.identifiers._opaque import Runs
from leaktap.identifiers.matcher import Matcher

VALUES = {
    "imei": "867530912345678",
    "android_id": "6c1f0be47a93d825",
    "mac_wifi": "a4:50:46:12:34:56",
    "phone": "19912345678",
    "name": "张三丰",
    "ssid": 'Home/Net "5G" & more',
    "email": "someone.private@example.cn",
    "serial": "7KQX93",
}
PROFILE = DeviceProfile.model_validate({"name": "lab", "identifiers": {k: [v] for k, v in VALUES.items()}})
MATCHER = Matcher([PROFILE], hints=hints())
WRAPPERS = {
    "plain": lambda v: v,
    "json": lambda v: json.dumps({"a": v.decode()}).encode(),
    "json, UTF-8": lambda v: json.dumps({"a": v.decode()}, ensure_ascii=False).encode(),
    "php's json": lambda v: json.dumps({"a": v.decode()}).replace("/", "\\/").encode(),
    "json in json": lambda v: json.dumps({"a": json.dumps({"b": v.decode()})}).encode(),
    "percent": lambda v: quote(v, safe="").encode(),
    "percent, lower": lambda v: re.sub(r"%..", lambda m: m[0].lower(), quote(v, safe="")).encode(),
    "percent twice": lambda v: quote(quote(v, safe=""), safe="").encode(),
    "base64": base64.b64encode,
    "base64, shifted": lambda v: base64.b64encode(b"x" + v),
    "base64, shifted by two": lambda v: base64.b64encode(b"\xff\x00" + v + b"\xff"),
    "base64url": lambda v: base64.urlsafe_b64encode(b"\xfb\xff" + v),
    "hex": lambda v: v.hex().encode(),
    "hex, upper": lambda v: v.hex().upper().encode(),
}
QUIET = b'{"event": "none", "list": [1, 2, 3]}' * 80


@pytest.mark.parametrize(
    ("wrapper", "name"),
    # A value as short as the serial is found under its name alone: in base64 and hex nobody looks for it.
    [(w, n) for w in WRAPPERS for n in VALUES if n != "serial" or not w.startswith(("base64", "hex"))],
)
def test_the_sieve_sees_what_is_wrapped(wrapper, name):
    value = VALUES[name].encode()
    assert not MATCHER.sieve(QUIET)
    assert MATCHER.sieve(QUIET + WRAPPERS[wrapper](value) + QUIET)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_base64_at_any_place(before, after):
    assert MATCHER.sieve(base64.b64encode(before + b"867530912345678" + after))


@pytest.mark.parametrize("number", [867530912345678, 19912345678, 460001234567890])
def test_numbers_of_protobuf(number):
    looks = set(hidden([b"%d" % number]))
    assert struct.pack("<Q", number) in looks
    out, rest = bytearray(), number
    while rest:
        out.append(rest & 127 | (128 if rest > 127 else 0))
        rest >>= 7
    assert bytes(out) in looks


@given(st.floats(2, 80) | st.floats(-80, -2), st.floats(2, 170), st.floats(-1, 1), st.sampled_from(["<d", "<f"]))
def test_coordinates_nearby(lat, lon, off, layout):
    looks = list(coordinates(Location(lat=lat, lon=lon, radius_m=300)))
    near = lat + off * 300 / 111_320
    assert any(re.search(look, struct.pack(layout, near), re.DOTALL) for look in looks)


@pytest.mark.parametrize(
    "text",
    [
        b'{"trace":"63a258dfc217a7aa588f443d01a47e79","id":"d41c1f0a-9b1e-4c57-8a53-0b5a4f0e2d11"}',
        b'{"url":"https:\\/\\/cdn.example.com\\/a%2Fb.png?w=720","t":1763719203123}',
        b'{"title":"\\u4eca\\u5929\\u5929\\u6c14","html":"\\u003cb\\u003e"}',
        b"plain words and internationalization of recommendations",
    ],
)
def test_ordinary_text_is_let_go(text):
    assert not MATCHER.sieve(text)


@pytest.mark.parametrize(
    "text", [b"H4sIAHv\\/AWsC\\/6tW", b"eyJp\\/bWVpIjoi", b"eJyr%2F8zLSy1S", b"eyJp%252FbWVpIjoi", b"eJw\\\\/0cvJ/Ps1"]
)
def test_base64_is_seen_where_its_slashes_are_escaped(text):
    assert MATCHER.sieve(QUIET + text + QUIET)


@pytest.mark.parametrize("name", ["imei", "mac_wifi", "android_id", "email"])
def test_base85_in_a_form(name):
    assert MATCHER.sieve(b"v=" + quote(base64.b85encode(VALUES[name].encode()), safe="").encode() + b"&a=1")


@pytest.mark.parametrize("encode", [base64.b85encode, base64.z85encode, base64.a85encode])
@pytest.mark.parametrize(
    "wrapper",
    [
        lambda v: json.dumps({"a": v.decode()}).encode(),
        lambda v: b"a=1&v=" + quote(v, safe="").encode() + b"&b=2",
        lambda v: b"a=" + quote("b=1&v=" + quote(v, safe=""), safe="").encode(),
    ],
)
def test_base85_of_what_has_no_look(encode, wrapper):
    digests = [hashlib.md5(b"%d" % number).hexdigest().encode() for number in range(200)]
    assert sum(not MATCHER.sieve(wrapper(encode(digest))) for digest in digests) <= 1


def xml(value):
    return b"<root><home1>stop page</home1><d>" + escape(value.decode()).encode() + b"</d><view2>2.33</view2></root>"


def csv(value):
    cell = b'"' + value.replace(b'"', b'""') + b'"' if b'"' in value or b"," in value else value
    return b"id_0,payload,kind_0\n0,page,1760417843827\n1," + cell + b",start\n"


def form(value):
    return b"from=home&v=" + quote(value, safe="").encode() + b"&page=2"


@pytest.mark.parametrize("encode", [base64.b85encode, base64.z85encode, base64.a85encode])
@pytest.mark.parametrize("outer", [bytes, lambda v: quote(v, safe="").encode(), form])
@pytest.mark.parametrize("inner", [xml, csv, form])
def test_base85_in_text_in_text(encode, inner, outer):
    digests = [base64.b64encode(hashlib.sha256(b"%d" % number).digest()) for number in range(200)]
    assert sum(not MATCHER.sieve(outer(inner(encode(digest)))) for digest in digests) <= 2
    assert all(MATCHER.sieve(outer(inner(encode(VALUES[name].encode().ljust(20))))) for name in ("imei", "mac_wifi"))


@pytest.mark.parametrize("outer", [bytes, lambda v: quote(v, safe="").encode(), form])
def test_marks_of_ascii85_in_xml(outer):
    packed = base64.a85encode(gzip.compress(b"x1", mtime=0), adobe=True)
    assert MATCHER.sieve(outer(xml(packed)))
    assert MATCHER.sieve(outer(xml(base64.a85encode(bytes.fromhex("a45046123456"), adobe=True))))


@pytest.mark.parametrize(
    "text",
    [
        b'{"url":"https://m.example.cn/goods/view?from=home&t=1763719203123&id=63a258dfc217"}',
        b"data=%7B%22%24lib%22%3A%22Android%22%2C%22u%22%3A%22https%3A%2F%2Fm.example.cn%2Fa%3Fb%3D1%26c%3D2%22%7D&v=2",
        b"kind=list&page=12&sort=price_desc&filter=none&size=20&view=grid&from=home_banner&t=1763719203123",
        b'{"class":"com.example.shop.ui.Detail$Inner$1","version":"6.3.2-release+build.20261101"}',
        b'{"at":[[[-117.19573663639011,31.2304],[-117.19573663639012,31.2305]],[],{}],"t":[1760,1761,1762,1763]}',
        b"1760417843827,6.3.2,zh-CN,home_page_view,HomeActivity,0.25,,12,none,stop,1080x2340,/view/list",
    ],
)
def test_urls_and_forms_are_no_base85(text):
    assert not list(Runs().ends(text))


DECLARED = [signs for _, signs in alphabets()]
WITH_ALPHABETS = Matcher([PROFILE], hints=hints(), alphabets=DECLARED)
ALPHABET = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", DECLARED[0].encode()[:64]
)


def for_urls(text):
    return lz_string(text).replace(b"/", b"-")


@pytest.mark.parametrize("write", [lz_string, for_urls, lambda text: lz_string(text) + b"=="])
@pytest.mark.parametrize(
    "outer",
    [
        lambda v: json.dumps({"a": v.decode()}).encode(),
        lambda v: json.dumps({"a": v.decode()}).replace("/", "\\/").encode(),
        lambda v: b"<a>" + v + b"</a>",
        lambda v: b"a=1&v=" + quote(v, safe="").encode() + b"&b=2",
        lambda v: b"a=" + quote("b=1&v=" + quote(v, safe=""), safe="").encode(),
    ],
)
@pytest.mark.parametrize("name", VALUES)
def test_lz_string_of_a_value_by_itself(name, outer, write):
    assert MATCHER.sieve(QUIET + outer(write(VALUES[name])) + QUIET)


@pytest.mark.parametrize("text", ["19912345679", "张三李", "7KQX94", "page_view"])
def test_lz_string_of_another_value_is_let_go(text):
    assert not MATCHER.sieve(QUIET + b"<a>" + lz_string(text) + b"</a>" + QUIET)


@pytest.mark.parametrize("kept", ["6c1f0be47a93", "6c1f0be47a93d", "0be47a93d825", "f0be47a93d825", "1f0be47a93d825"])
@pytest.mark.parametrize(
    "encode",
    [
        base64.b64encode,
        base64.b32encode,
        lambda v: base64.b32encode(v).lower().rstrip(b"="),
        base58,
        base64.b85encode,
        lambda v: base64.b64encode(v).translate(ALPHABET),
        lambda v: lz_string(v.decode()),
    ],
)
def test_what_is_left_of_a_value(encode, kept):
    assert WITH_ALPHABETS.sieve(QUIET + b"<a>" + encode(kept.encode()) + b"</a>" + QUIET)


@pytest.mark.parametrize("kept", ["6c1f0be4", "5c1f0be47a92", "0be47a93d826", "7a93d825"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.b32encode, base58])
def test_what_is_too_little_or_of_another_value_is_let_go(encode, kept):
    assert not WITH_ALPHABETS.sieve(QUIET + b"<a>" + encode(kept.encode()) + b"</a>" + QUIET)


@pytest.mark.parametrize("inner", [base58, base64.b64encode])
@pytest.mark.parametrize("value", [b"19912345678"])
def test_another_alphabet_around_a_value_that_is_encoded(value, inner):
    signs = base64.b64encode(inner(value)).rstrip(b"=").translate(ALPHABET)
    assert WITH_ALPHABETS.sieve(QUIET + b"<a>" + signs + b"</a>" + QUIET)


@pytest.mark.parametrize("pack", [msgpack.packb, cbor2.dumps, bson.encode], ids=["MessagePack", "CBOR", "BSON"])
@pytest.mark.parametrize("name", ["imei", "model", "brand", "manufacturer"])
def test_names_in_binary_formats(pack, name):
    assert MATCHER.sieve(b"\x12\x07" + pack({"a": 1, name: "x"}))
    assert not MATCHER.sieve(b"\x12\x07" + pack({"a": 1, f"my{name}s": "x"}))


@pytest.mark.parametrize("text", ["title,dtstart,dtend\r\ntrain,1,2", "brand\tboard\nx\ty"])
def test_names_in_the_head_of_a_table(text):
    assert MATCHER.sieve(b"\x12" + bytes([len(text)]) + text.encode())


PIECES = [
    piece.encode()
    for name in ("md5", "sha1", "sha256")
    for digits in [hashlib.new(name, VALUES["imei"].encode()).hexdigest()]
    for piece in (digits[:16], digits[8:24].upper(), digits[-16:], digits[-16:].upper())
]


@pytest.mark.parametrize("encode", [base64.b85encode, base64.z85encode, base64.a85encode])
@pytest.mark.parametrize(
    "wrapper",
    [
        lambda v: json.dumps({"a": v.decode(), "b": "page view"}).encode(),
        lambda v: b"<root><a>page view</a><d>" + escape(v.decode()).encode() + b"</d></root>",
        lambda v: b"<root><item ext=" + quoteattr(v.decode()).encode() + b" /></root>",
        lambda v: b"a=1&v=" + quote(v, safe="").encode() + b"&b=2",
    ],
)
def test_pieces_of_digests_in_base85_in_any_text(encode, wrapper):
    assert [piece for piece in PIECES if not MATCHER.sieve(wrapper(encode(piece)))] == []


@pytest.mark.parametrize("bytes_", ["a45046123456", "a45046123457"])
@pytest.mark.parametrize("outer", [base64.b64encode, base58, base64.b85encode, base64.z85encode])
def test_few_bytes_between_marks_of_ascii85_in_another_encoding(outer, bytes_):
    marked = base64.a85encode(bytes.fromhex(bytes_), adobe=True)
    assert bool(MATCHER.sieve(QUIET + b"<a>" + outer(marked) + b"</a>" + QUIET)) == bytes_.endswith("6")


@pytest.mark.parametrize("inner", [base64.b85encode, base64.z85encode, base64.a85encode])
@pytest.mark.parametrize("outer", [base64.b64encode, base58])
def test_base85_within_another_encoding(inner, outer):
    assert MATCHER.sieve(QUIET + b"<a>" + outer(inner(b"19912345678")) + b"</a>" + QUIET)
    assert not MATCHER.sieve(QUIET + b"<a>" + outer(inner(b"19912345679")) + b"</a>" + QUIET)


@pytest.mark.parametrize("outer", [bytes, lambda v: quote(v, safe="").encode(), form])
def test_an_escape_by_chance_in_base85(outer):
    assert MATCHER.sieve(outer(xml(b"H*iNvMOk`kbW>+!ad%93b9F;TG)n")))
