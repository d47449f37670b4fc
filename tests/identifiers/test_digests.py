"""Hashes: made as their forms say (judged by hashlib, hmac and the openssl command), and found however written."""

import base64
import hashlib
import hmac
import itertools
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.identifiers._digests import Digest, Digests, Input, joined, once, salted, twice
from leaktap.identifiers.forms import algorithms

IMEI, MAC = Input(b"867530912345673", ()), Input(b"a450461f3456", ("no-separator",))
HASHES = ["md5", "sha1", "sha256", "sha512"]


def hashed(name: str, data: bytes) -> bytes:
    return algorithms()[name](data) if name == "sm3" else hashlib.new(name.replace("sha3-", "sha3_"), data).digest()


def follow(form: tuple[str, ...], data: bytes, others: dict[str, bytes] | None = None) -> bytes:
    """Does what the names of a form say, one after the other."""
    key = b""
    for step in form:
        name, _, rest = step.partition("=")
        if name in ("no-separator", "upper", "lower"):
            continue
        if name == "salt-before":
            data = rest.encode() + data
        elif name == "salt-after":
            data += rest.encode()
        elif name == "salt-key":
            key = rest.encode()
        elif name.startswith("hmac-"):
            data = hmac.new(key, data, name[5:]).digest()
        elif name.startswith("join"):
            how, _, other = name.partition(":") if name.startswith("join:") else name.rpartition(":")
            data += how[5:-1].encode() + (others or {})[other]
        elif name == "hex":
            data = data.hex().encode()
        elif name == "hex-upper":
            data = data.hex().upper().encode()
        else:
            data = hashed(name, data)
    return data


@pytest.mark.parametrize(
    "made", [once([IMEI, MAC]), twice([IMEI, MAC])], ids=["once", "twice"]
)  # fmt: skip
def test_a_form_tells_how_a_digest_was_made(made):
    found = list(made)
    assert len(found) == len({value for value, _ in found}) > 20
    for value, form in found:
        assert follow(form, MAC.value if form[0] == "no-separator" else IMEI.value) == value


@pytest.mark.parametrize("salt", ["com.example.shop", "s", "k" * 39])
def test_salts(salt):
    found = [(value, form) for value, form in salted([IMEI], salt) if "sm3" not in form[-1]]
    assert {form[0].split("=")[0] for _, form in found} == {"salt-before", "salt-after", "salt-key", "md5"}
    for value, form in found:
        assert follow(form, IMEI.value) == value


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command to compare with")
@pytest.mark.parametrize("key", ["com.example.shop", "k" * 100])
def test_hmac_with_sm3_is_that_of_openssl(key):
    found = {form[-1]: value for value, form in salted([IMEI], key)}
    run = subprocess.run(
        ["openssl", "dgst", "-sm3", "-hmac", key, "-binary"], input=IMEI.value, capture_output=True, check=False
    )
    if run.returncode:
        pytest.skip("this openssl has no SM3")
    assert found["hmac-sm3"] == run.stdout


def test_two_identifiers_in_one_hash():
    owners = [object(), object()]
    found = list(joined([(owners[0], "imei", [IMEI]), (owners[1], "mac_wifi", [MAC])]))
    assert len({digest.value for digest in found}) == len(found)
    for digest in found:
        mine, other = (IMEI, MAC) if digest.owner is owners[0] else (MAC, IMEI)
        form = tuple(step for step in digest.form)
        names = {"imei": IMEI.value, "mac_wifi": MAC.value}
        assert follow(form, mine.value, names) == digest.value
        assert any(step.endswith(":imei" if other is IMEI else ":mac_wifi") for step in form)
    plain = {digest.value for digest in found}
    for joint in ("", "_", "-", "|", ":", ","):
        assert hashlib.md5(f"867530912345673{joint}a450461f3456".encode()).digest() in plain
        assert hashlib.sha256(f"a450461f3456{joint}867530912345673".encode()).digest() in plain


def test_many_identifiers_join_only_as_they_are_written():
    values = [(object(), f"custom.{n}", [Input(b"%d" % n, ()), Input(b"x%d" % n, ("upper",))]) for n in range(30)]
    forms = {digest.form[0] for digest in itertools.islice(joined(values), 5000)}
    assert "upper" not in forms


@pytest.fixture(scope="module")
def known():
    digests = Digests()
    for value, form in once([IMEI]):
        digests.add(Digest(value, None, form), parts=True)
    return digests


def hits(digests: Digests, data: bytes) -> set:
    """Scans as the matcher does, by brute force: every place at which something that is looked for ends."""
    lower, found = data.lower(), set()
    for kind, read, text in (
        (digests.hexadecimal, digests.in_hex, lower),
        (digests.base64, digests.in_base64, data),
        (digests.raw, digests.in_bytes, data),
    ):
        for needle in kind:
            at = text.find(needle)
            while at >= 0:
                found |= {(data[slice(*hit.span)], hit.form, hit.part) for hit in read(data, at + len(needle))}
                at = text.find(needle, at + 1)
    return found


@pytest.mark.parametrize("name", [*HASHES, "sha224", "sha384", "sha3-256", "sm3"])
@given(before=st.binary(max_size=9), after=st.binary(max_size=9))
@settings(max_examples=15, deadline=None)
def test_a_digest_is_found_however_it_is_written(known, name, before, after):
    digest = hashed(name, IMEI.value)
    padded, safe = base64.b64encode(digest), base64.urlsafe_b64encode(digest)
    rows = [
        (digest.hex().encode(), ("hex",)),
        (digest.hex().upper().encode(), ("hex-upper",)),
        (padded, ("base64",)),
        (safe, ("base64" if safe == padded else "base64url",)),
        (digest, ()),
    ]
    for written, how in rows:
        assert (written, (name, *how), False) in hits(known, before + written + after)
    bare = padded.rstrip(b"=")
    assert any(value.startswith(bare) for value, form, _ in hits(known, before + bare + after) if form[0] == name)


MD5, SHA = hashlib.md5(IMEI.value).hexdigest(), hashlib.sha256(IMEI.value).hexdigest()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (MD5[8:24], ("md5", "middle-16", "hex")),
        (MD5[8:24].upper(), ("md5", "middle-16", "hex-upper")),
        (MD5[:16], ("md5", "first-16", "hex")),
        (MD5[:24], ("md5", "first-24", "hex")),
        (MD5[-16:], ("md5", "last-16", "hex")),
        (SHA[:32], ("sha256", "first-32", "hex")),
        (SHA[:17], ("sha256", "first-17", "hex")),
        (SHA[-20:], ("sha256", "last-20", "hex")),
    ],
)
def test_a_shortened_digest(known, text, form):
    for data in (text, f"id={text}&x", f'"{text}"'):
        assert (text.encode(), form, True) in hits(known, data.encode())


@pytest.mark.parametrize("text", [SHA[:15], SHA[-15:], MD5[4:20], SHA[10:40], "0" + MD5[:16], MD5[:16] + "0", MD5[1:]])
def test_what_is_no_shortened_digest(known, text):
    assert not [row for row in hits(known, text.encode()) if len(row[0]) < 31]


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (bytes.fromhex(MD5[:16]), ("md5", "first-16")),
        (bytes.fromhex(MD5[8:24]), ("md5", "middle-16")),
        (bytes.fromhex(SHA[:32]), ("sha256", "first-32")),
        (bytes.fromhex(SHA[-32:]), ("sha256", "last-32")),
    ],
)
def test_shortened_bytes_have_to_be_the_whole_value(known, data, form):
    assert (data, form, True) in hits(known, data)
    assert not hits(known, b"\x00" + data + b"\x01")


@given(st.binary(max_size=400))
def test_random_bytes_hold_none_and_raise_nothing(known, data):
    assert not hits(known, data)


@given(st.data(), st.integers(0, 64), st.integers(0, 64))
def test_cut_anywhere(known, data, first, last):
    text = SHA[first:last].encode()
    for value, _, part in hits(known, data.draw(st.sampled_from([b"", b" ", b"g"])) + text):
        assert len(value) >= 16
        assert part == (len(value) < 64)
