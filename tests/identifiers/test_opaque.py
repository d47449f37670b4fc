import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.identifiers._opaque import SHORTEST, SHORTEST_MIXED, Runs, is_opaque

TEXT = b'{"imei":"867530912345673","mac":"a4:50:46:12:34:56"}'


@pytest.mark.parametrize(
    "run",
    [
        b"home_page_view_click_recommend_list",
        b"AppCompatActivityLifecycleCallbacks",
        b"SCREAMING_SNAKE_CASE_NAME_OF_THINGS",
        b"5be1c07a92d4386f5be1c07a92d4386f",
        b"5BE1C07A92D4386F5BE1C07A92D4386F",
        b"1b3c5d7f-aaaa-4bbb-8ccc-0123456789ab",
        b"/img/2026/11/21/thumb_5be1c07a92d4386f",
        b"12345678901234567890123456",
        b"0" * 40,
        b"5be1c07a92d4386f" * 4,
        b"page_" + b"5BE1C07A92D4386F" * 6,
        rb"\u4eca\u5929\u5929\u6c14\u5f88\u597d",
        b"%E4%BB%8A%E5%A4%A9%E5%A4%A9%E6%B0%94",
        rb"\/cdn\/path\/of\/something\/else",
        b"a" * 20,
    ],
)
def test_words_numbers_and_digests(run):
    assert not is_opaque(run)


@pytest.mark.parametrize(
    "run",
    [
        b"336660603005621320b600624b203683f2cda1724650be01101b426910d683d200",
        b"F3" * 22,
        base64.b64encode(TEXT),
        base64.b64encode(TEXT).replace(b"e", b"%2B"),
        base64.b64encode(TEXT).replace(b"I", rb"\/"),
        base64.b32encode(TEXT),
        base64.b32encode(TEXT).lower(),
        TEXT.hex().encode(),
        TEXT.hex().upper().encode(),
        "张三丰李小龙".encode().hex().encode(),
        "张三丰李小龙".encode("gbk").hex().encode(),
        TEXT.decode().encode("utf-16-le").hex().encode(),
        b"1f8b0800" + random.Random(48).randbytes(20).hex().encode(),
    ],
)
def test_what_spells_something(run):
    assert is_opaque(run)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=20), st.integers(0, 3))
def test_whatever_a_text_is_wrapped_in(text, which):
    wrap = (base64.b64encode, base64.b32encode, base64.b32hexencode, lambda data: data.hex().encode())[which]
    run = wrap(text.encode()).rstrip(b"=")
    if len(set(text)) > 3:
        body = b'{"a":"' + run + b'"}'
        assert Runs().ends(body) == [6 + len(run)]


def test_places():
    run = base64.b64encode(TEXT).rstrip(b"=")
    assert Runs().ends(b"") == []
    assert Runs().ends(run[: SHORTEST - 1] + b" " * 4096) == []
    assert Runs().ends(b"a " + run + b"= " + run) == [2 + len(run), 4 + 2 * len(run)]


@pytest.mark.parametrize("value", [b"867530912345", b"a4:50:46:12:34:56", b"19900000012"])
@pytest.mark.parametrize("wrap", [base64.b64encode, base64.b32encode])
def test_short_runs_count_in_small_texts(value, wrap):
    run = wrap(value).rstrip(b"=")
    body = b'{"page":"home","v":"' + run + b'","t":1760000000000,"id":"5be1c07a92d4386f"}'
    assert Runs().ends(body) == ([body.index(run) + len(run)] if len(run) >= SHORTEST_MIXED else [])
    assert Runs().ends(body + b" " * 4096) == ([body.index(run) + len(run)] if len(run) >= SHORTEST else [])


@pytest.mark.parametrize(
    "value", ["5be1c07a92d4386f", "HomePageView2", "1080x2340", "2026-11-21T08", "SM-G9910", "4.2.1-r3"]
)
def test_what_is_no_run_in_small_texts_either(value):
    assert Runs().ends(b'{"page":"home","v":"%b","id":"5BE1C07A92D4386F"}' % value.encode()) == []


def test_text_of_two_or_four_bytes_to_the_sign():
    for charset in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        body = b"\x0a\x05other\x12\x10" + "867530912".encode(charset)
        assert Runs().ends(body)
    assert not Runs().ends(b"\x0a\x05other\x12\x10" + bytes(range(40)))
    assert not Runs().ends(b"\x0a\x05other\x12\x10" + "867".encode("utf-32-le"))


def test_digits_that_spell_a_text_beside_words():
    assert is_opaque(b"ext%3D" + b"867530912345673".hex().encode())
    assert not is_opaque(b"ext%3D" + b"54df1d1c5d41a6b1a3ca9b50a8ac0a0b")


def test_a_run_through_a_form_ends_with_each_of_its_fields():
    value = base64.b85encode(TEXT).replace(b"&", b"%26").replace(b"=", b"%3D")
    form = b"event=" + value + b"&user=0123456789abcdef&t=12"
    assert {6 + len(value), len(form)} <= {*Runs().ends(form)}


def test_a_long_last_field_is_quick():
    value = base64.b85encode(TEXT).replace(b"&", b"%26") * 20
    form = b"event=" + value + b"&user=" + b"(Ab1" * 100_000
    assert {6 + len(value), len(form)} <= {*Runs().ends(form)}


def test_other_signs():
    run = base64.b64encode(TEXT * 2).rstrip(b"=").replace(b"I", b"!")
    assert not any(Runs().ends(piece) for piece in run[:40].split(b"!") if len(piece) < SHORTEST)
    assert Runs(["!"]).ends(run) == [len(run)]


def test_long_runs_of_anything_are_quick():
    for run in (b"aB" * 2000, b"a-" * 2000 + b"!", b"a1" * 2000, b"%" * 4000, b"\\" * 4000, b"A-1" * 2000 + b"+"):
        is_opaque(run)


@pytest.mark.parametrize("size", [24, 45, 90])
def test_a_run_that_runs_on_into_the_next_field_of_a_struct(size):
    run = base64.b64encode(random.Random(size).randbytes(size))
    data = b"\x0a\x04page\xda\x01" + bytes([len(run)]) + run + b"h\xc4\xae\x8a\x01\x08bbae10b0"
    begin = data.index(run)
    assert any(begin < end <= begin + len(run) for end in Runs().ends(data))
    assert not Runs().ends(data.replace(run, b"home_page_view_click_list"))


@pytest.mark.parametrize("size", [65, 90, 128, 256, 300, 512, 5000])
@pytest.mark.parametrize(
    "spell",
    [
        base64.b64encode,
        base64.urlsafe_b64encode,
        lambda data: data.hex().encode(),
        lambda data: data.hex().upper().encode(),
        lambda data: base64.b64encode(data).replace(b"/", rb"\/"),
        lambda data: base64.b64encode(data).replace(b"+", b"%2B").replace(b"/", b"%2F"),
        lambda data: base64.encodebytes(data).replace(b"\n", rb"\n"),
    ],
)
@pytest.mark.parametrize("text", [b'{"n": [%b], "d": "%b", "e": 1}', b"n=%b&payload=%b&e=1"])
def test_what_may_be_ciphertext(size, spell, text):
    """However it is spelt, and whatever its length may be besides."""
    value = spell(random.Random(size).randbytes(size)).rstrip(b"=")
    body = text % (b"1234, " * 900, value)
    begin = body.index(value)
    assert any(begin < end <= begin + len(value) + 2 for end in Runs().ends(body))
