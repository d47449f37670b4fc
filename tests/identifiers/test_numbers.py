"""Numbers as bytes, judged by struct, int, uuid and protobuf's own encoder, and by hand-packed telephone numbers."""

import struct
import uuid

import pytest
from google.protobuf import wrappers_pb2
from hypothesis import given
from hypothesis import strategies as st

from leaktap.identifiers._numbers import of_digits, of_hex, varint


def forms(variants):
    """Returns each form with all that it yields."""
    found: dict[tuple, set] = {}
    for variant in variants:
        found.setdefault(variant.form, set()).add(variant.value)
    return found


@given(st.integers(1 << 28, (1 << 63) - 1))
def test_a_number_in_every_binary_form(number):
    found = forms(of_digits(str(number)))
    assert found[("int64-be",)] == {number.to_bytes(8)}
    assert found[("int64-le",)] == {number.to_bytes(8, "little")}
    assert found[("hex-number",)] == {b"%x" % number}
    assert str(2 * number).encode() in found[("zigzag",)]
    assert found[("varint",)] == {wrappers_pb2.UInt64Value(value=number).SerializeToString()[1:]}
    if number < 1 << 53:
        assert all(float(text) == number for text in found[("float",)])
        assert found[("double-le",)] == {struct.pack("<d", number)}
        assert all(int(float(text)) == number for text in found[("exponent",)])
    else:
        assert ("double-le",) not in found


@pytest.mark.parametrize(
    ("digits", "packed"),
    [
        ("460001234567891", "64001032547698f1"),  # 3GPP TS 29.002, 17.7.8: IMSI as TBCD
        ("8613912345678", "683119325476f8"),
        ("89860102030405060703", "98681020304050607030"),  # 3GPP TS 31.102, 4.2.1: EF-ICCID
    ],
)
def test_numbers_as_telephone_networks_pack_them(digits, packed):
    assert bytes.fromhex(packed) in forms(of_digits(digits))[("bcd-swapped",)]


def test_a_mobile_identity():
    """3GPP TS 24.008, 10.5.1.4: IMEI 867530912345673 is 8A 76 35 90 21 43 65 37, the type in the first byte."""
    packed = bytes.fromhex("8a76359021436537")
    assert any(value in packed for value in forms(of_digits("867530912345673"))[("bcd-swapped",)])


@pytest.mark.parametrize(
    ("digits", "packed"),
    [("867530912345673", {"0867530912345673", "867530912345673f", "8675309123456730"}), ("12345678", {"12345678"})],
)
def test_decimal_digits_two_to_the_byte(digits, packed):
    assert forms(of_digits(digits))[("bcd",)] == {bytes.fromhex(each) for each in packed}


@pytest.mark.parametrize("digits", ["0123456789", "98765432109876543210"])
def test_what_is_no_number_of_64_bits_has_no_binary_integers(digits):
    assert not {("int64-be",), ("varint",), ("double-le",)} & set(forms(of_digits(digits)))


def test_a_mac_as_bytes_and_as_integer():
    found = forms(of_hex("a450461f3456"))
    assert found[("bytes",)] == {bytes.fromhex("a450461f3456")}
    assert found[("decimal",)] == {b"180664680789078"}
    assert found[("int64-le",)] == {(0xA450461F3456).to_bytes(8, "little")}
    assert found[("double-be",)] == {struct.pack(">d", 0xA450461F3456)}


def test_an_android_id_as_signed_integer():
    assert forms(of_hex("df2b8c71d09ae346"))[("signed",)] == {str(0xDF2B8C71D09AE346 - (1 << 64)).encode()}
    assert ("signed",) not in forms(of_hex("5f2b8c71d09ae346"))


def test_a_uuid_as_sixteen_bytes():
    value = uuid.UUID("5d0c7be2-41f8-4a3e-9b62-c1d7e09f8a34")
    found = forms(of_hex(value.hex))
    assert found[("bytes",)] == {value.bytes}
    assert found[("guid",)] == {value.bytes_le}
    high, low = value.int >> 64, value.int & (1 << 64) - 1
    assert found[("int64-le",)] == {struct.pack("<QQ", high, low)}


@given(st.integers(0, (1 << 64) - 1))
def test_varints(number):
    assert varint(number) == wrappers_pb2.UInt64Value(value=number).SerializeToString()[1:] or number == 0
