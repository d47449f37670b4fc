"""Every plain way to write a value, each row the form and what has to be among its writings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.identifiers import find
from leaktap.identifiers._spelling import writings


def forms(name, plain):
    found: dict[tuple, set] = {}
    for variant in writings(find(name), plain):
        found.setdefault(variant.form, set()).add(variant.value)
    return found


@pytest.mark.parametrize(
    ("name", "plain", "form", "written"),
    [
        ("imei", "867530912345673", (), b"867530912345673"),
        ("imei", "867530912345673", ("no-check-digit",), b"86753091234567"),
        ("imei", "867530912345673", ("dash",), b"86-753091-234567-3"),
        ("imei", "867530912345673", ("dash",), b"867530-91-234567-3"),
        ("imei", "867530912345673", ("space",), b"867 530 912 345 673"),
        ("imei", "867530912345673", ("dot",), b"8675.3091.2345.673"),
        ("imei", "867530912345673", ("reversed",), b"376543219035768"),
        ("imei", "867530912345673", ("exponent",), b"8.67530912345673E14"),
        ("imei", "867530912345673", ("float",), b"867530912345673.0"),
        ("imei", "867530912345673", ("utf-16-le",), "867530912345673".encode("utf-16-le")),
        ("iccid", "89860102030405060703", ("space",), b"8986 0102 0304 0506 0703"),
        ("mac_wifi", "a4:50:46:1f:34:56", ("dot",), b"a450.461f.3456"),
        ("mac_wifi", "a4:50:46:1f:34:56", ("dash",), b"a4-50-46-1f-34-56"),
        ("mac_wifi", "a4:50:46:1f:34:56", ("dash",), b"a45046-1f3456"),
        ("mac_wifi", "a4:50:46:1f:34:56", ("space", "upper"), b"A4 50 46 1F 34 56"),
        ("mac_wifi", "a4:50:46:1f:34:56", ("underscore",), b"a4_50_46_1f_34_56"),
        ("mac_wifi", "a4:50:46:1f:34:56", ("bytes",), bytes.fromhex("a450461f3456")),
        ("mac_wifi", "a4:50:46:1f:34:56", ("reversed",), b"65:43:f1:64:05:4a"),
        ("mac_wifi", "a4:50:46:1f:34:56", ("no-separator", "reversed"), b"6543f164054a"),
        ("oaid", "5d0c7be2-41f8-4a3e-9b62-c1d7e09f8a34", ("no-separator",), b"5d0c7be241f84a3e9b62c1d7e09f8a34"),
        ("oaid", "5d0c7be2-41f8-4a3e-9b62-c1d7e09f8a34", ("bytes",), bytes.fromhex("5d0c7be241f84a3e9b62c1d7e09f8a34")),
        ("phone", "19900000012", ("+86",), b"+8619900000012"),
        ("phone", "19900000012", ("space",), b"199 0000 0012"),
        ("phone", "19900000012", ("int64-be",), (19900000012).to_bytes(8)),
        ("name", "欧阳春晓", ("gb18030",), "欧阳春晓".encode("gbk")),
        ("name", "欧阳春晓", ("utf-16-be",), "欧阳春晓".encode("utf-16-be")),
    ],
)
def test_ways_of_writing(name, plain, form, written):
    assert written in forms(name, plain)[form]


@pytest.mark.parametrize(
    ("name", "plain"),
    [("serial", "R58M123ABCD"), ("email", "li.wei@mail.example.cn"), ("ssid", "HomeNet-5318"), ("serial", "CAFE")],
)
def test_what_is_no_number_has_no_forms_of_numbers(name, plain):
    found = forms(name, plain)
    assert not {("int64-be",), ("bytes",), ("decimal",), ("bcd",)} & set(found)


@pytest.mark.parametrize("name", ["imei", "mac_wifi", "oaid", "phone", "name"])
def test_no_bytes_twice(name):
    plain = {"imei": "867530912345673", "mac_wifi": "a4:50:46:1f:34:56", "oaid": "5d0c7be2-41f8-4a3e-9b62-c1d7e09f8a34"}
    values = [variant.value for variant in writings(find(name), plain.get(name, "19900000012"))]
    assert len(values) == len(set(values))


def test_address_books_are_kept_short():
    assert len(writings(find("contacts"), "李小龙大")) <= 4


@given(
    st.sampled_from(["imei", "mac_wifi", "oaid", "phone", "name", "clipboard"]),
    st.text() | st.text("0123456789abcdef:-"),
)
def test_any_text_can_be_a_value(name, plain):
    identifier = find(name)
    found = writings(identifier, identifier.canonical(plain))
    assert all(variant.value for variant in found)


def test_a_long_number_is_a_text():
    assert ("int64-be",) not in forms("clipboard", "1" * 5000)
