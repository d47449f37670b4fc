"""Known values in every disguise: found wherever they are telling enough, and nowhere else."""

import base64
import hashlib
import json
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.identifiers._known import KnownValues, Piece
from leaktap.identifiers.matcher import Matcher
from leaktap.model import Leaf
from tests.identifiers.leaves import profile, told
from tests.identifiers.test_digests import follow

VALUES = {
    "imei": "867530912345673",
    "imsi": "460001234567891",
    "iccid": "89860102030405060703",
    "serial": "R58M123ABCD",
    "mac_wifi": "a4:50:46:1f:34:56",
    "android_id": "df2b8c71d09ae346",
    "oaid": "5d0c7be2-41f8-4a3e-9b62-c1d7e09f8a34",
    "phone": "19900000012",
    "email": "li.wei@mail.example.cn",
    "name": "欧阳春晓",
    "ssid": "home",
}
PROFILE = profile(**{name: [value] for name, value in VALUES.items()})
MATCHER = Matcher([PROFILE], salts=["com.example.shop"])
KNOWN: KnownValues = MATCHER._known
PLAIN = [known for each in KNOWN._plain.values() for known in each if not isinstance(known, Piece)]
DIGESTS = KNOWN._digests.values

VARINT = bytes.fromhex("8cce87914a")

# Text that glues onto a value without being part of a longer run of its kind.
AROUND = st.text(alphabet=" \t\n,;/|(){}中文é!?", max_size=30)


def known(value: bytes, key: str = "x") -> list[tuple]:
    found = MATCHER.match([Leaf("p", value, (key,))])
    return [(m.identifier, m.plain, m.form, m.span) for m in found if m.basis == "known"]


@pytest.mark.parametrize(
    ("value", "identifier", "form"),
    [
        (base64.b64encode(bytes.fromhex("a450461f3456")), "mac_wifi", ("bytes", "base64")),
        (b"%A4PF%1F4V", "mac_wifi", ("bytes", "percent")),
        (base64.b64encode((867530912345673).to_bytes(8)), "imei", ("int64-be", "base64")),
        (base64.b64encode((19900000012).to_bytes(8)).rstrip(b"="), "phone", ("int64-be", "base64")),
        ((19900000012).to_bytes(8, "little").hex().encode(), "phone", ("int64-le", "hex")),
        (VARINT.hex().encode(), "phone", ("varint", "hex")),
        (VARINT.hex().upper().encode(), "phone", ("varint", "hex-upper")),
        (base64.b64encode(VARINT).rstrip(b"="), "phone", ("varint", "base64")),
    ],
)
def test_few_bytes_are_known_as_text(value, identifier, form):
    assert (identifier, form) in [(row[0], row[2]) for row in known(value)]
    assert not known(b"x" + value + b"x")


@given(
    st.sampled_from([each for each in PLAIN if each.stand in ("anywhere", "apart") and not each.more]), AROUND, AROUND
)
@settings(max_examples=200, deadline=None)
def test_any_way_of_writing_is_found_anywhere(each, before, after):
    value = before.encode() + each.value + after.encode()
    start = len(before.encode())
    found = known(value)
    plain = each.secret.plain
    # What stands in a longer form of itself (`+86`) is found as that.
    assert any(row[:2] == (each.secret.identifier.name, plain) for row in found)
    assert any(row[3][0] <= start + 1 and row[3][1] >= start + len(each.value) - 1 for row in found)


@given(st.sampled_from([each for each in PLAIN if each.stand == "alone"]))
@settings(max_examples=60, deadline=None)
def test_bytes_that_tell_little_have_to_be_the_whole_value(each):
    assert [row[:2] for row in known(each.value)] == [(each.secret.identifier.name, each.secret.plain)]
    assert not known(b"\x01" + each.value + b"\x02")


@given(st.sampled_from(DIGESTS), st.sampled_from(["hex", "hex-upper", "base64", ""]), AROUND, AROUND)
@settings(max_examples=300, deadline=None)
def test_any_digest_is_found_anywhere(digest, how, before, after):
    value = digest.value
    write = {"hex": lambda: value.hex().encode(), "hex-upper": lambda: value.hex().upper().encode()}
    written = {**write, "base64": lambda: base64.b64encode(value), "": lambda: value}[how]()
    data = before.encode() + written + after.encode()
    start = len(before.encode())
    secret = digest.owner
    key = "ssid" if secret.identifier.name == "ssid" else "x"
    found = known(data if key == "x" else written, key)
    start = start if key == "x" else 0
    form = (*digest.form, how) if how else digest.form
    assert (secret.identifier.name, secret.plain, form, (start, start + len(written))) in found


NAMES = {name: value.encode() for name, value in VALUES.items()}


@given(st.sampled_from([digest for digest in DIGESTS if digest.owner.identifier.name in ("imei", "imsi", "email")]))
@settings(max_examples=200, deadline=None)
def test_a_form_tells_how_a_digest_was_made(digest):
    """Whoever follows a digest's form from the value arrives at it; of values that have one way of writing."""
    steps = " ".join(digest.form)
    if not any(step in steps for step in ("upper", "no-check-digit", "join", "hmac-sm3")):
        assert follow(digest.form, digest.owner.plain.encode()) == digest.value


IMEI = "867530912345673"
CRC = f"{zlib.crc32(IMEI.encode()):08x}"
MD5 = hashlib.md5(IMEI.encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "key", "identifier", "form"),
    [
        ("8675309123456701", "x", "imei", ("imeisv",)),
        ("86753091234567", "x", "imei", ("no-check-digit",)),
        ("376543219035768", "x", "imei", ("reversed",)),
        ("5673", "imei", None, None),
        ("86753091", "imei", "imei", ("first-8",)),
        ("867530912345", "imei", "imei", ("first-12",)),
        ("86753091234567", "imei", "imei", ("no-check-digit",)),
        ("867530912345", "x", None, None),
        ("12345673", "imei", "imei", ("last-8",)),
        ("5d0c7be2-41f8-4a3e-9b", "x", "oaid", ("first-21",)),
        ("5d0c7be241f84a3e9b62", "x", "oaid", ("no-separator", "first-20")),
        ("c1d7e09f8a34", "x", "oaid", ("last-12",)),
        ("c1d7e09f", "x", None, None),
        ("180664680789078", "x", "mac_wifi", ("decimal",)),
        (str(int("df2b8c71d09ae346", 16) - (1 << 64)), "x", "android_id", ("signed",)),
        (str(int("df2b8c71d09ae346", 16)), "x", "android_id", ("decimal",)),
        ("Ouyang Chunxiao", "x", "name", ("pinyin", "space", "title")),
        ("8.67530912345673E14", "x", "imei", ("exponent",)),
        (CRC, "imei", "imei", ("crc32", "hex")),
        (CRC, "x", None, None),
        (str(zlib.crc32(IMEI.encode())), "imei_crc", None, None),
        (MD5[8:24], "x", "imei", ("md5", "middle-16", "hex")),
        (hashlib.md5(MD5.encode()).hexdigest(), "x", "imei", ("md5", "hex", "md5", "hex")),
        (hashlib.sha256(MD5.upper().encode()).hexdigest(), "x", "imei", ("md5", "hex-upper", "sha256", "hex")),
        (
            hashlib.md5((IMEI + "com.example.shop").encode()).hexdigest(),
            "x",
            "imei",
            ("salt-after=com.example.shop", "md5", "hex"),
        ),
        (
            hashlib.md5((IMEI + "a450461f3456").encode()).hexdigest(),
            "x",
            "imei",
            ("join:mac_wifi", "no-separator", "md5", "hex"),
        ),
        (hashlib.md5(bytes.fromhex("a450461f3456")).hexdigest(), "x", "mac_wifi", ("bytes", "md5", "hex")),
        (hashlib.md5("欧阳春晓".encode("gbk")).hexdigest(), "x", "name", ("gb18030", "md5", "hex")),
        (hashlib.md5((IMEI + "net.example.other").encode()).hexdigest(), "x", None, None),
    ],
)
def test_forms(value, key, identifier, form):
    if form and form[0] == "pinyin":
        pytest.importorskip("pypinyin", reason="the package pypinyin is not installed")
    found = [row for row in told(MATCHER, value, key) if row[3] == "known"]
    assert [(row[0], row[2]) for row in found] == ([(identifier, form)] if identifier else [])


@pytest.mark.parametrize(
    ("oaid", "value", "form"),
    [
        ("15495729799030673ae5b7db6d9e6bbb", "154957297990", ("first-12",)),
        ("15495729799030673ae5b7db6d9e6bbb", "15495729799", None),
        ("3ae5b7db6d9e6bbb1549572979903067", "572979903067", ("last-12",)),
        ("00000000000030673ae5b7db6d9e6bbb", "000000000000", None),
        ("154957297990306715495729799", "154957297990", None),
    ],
)
def test_a_piece_of_hexadecimal_digits_may_be_a_number(oaid, value, form):
    found = told(Matcher([profile(oaid=[oaid])]), value, "x")
    assert [row[2] for row in found if row[3] == "known"] == ([form] if form else [])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("欧阳春晓".encode("gb18030"), "欧阳春晓"),
        ("欧阳春晓".encode("utf-16-le"), "欧阳春晓"),
        ((19900000012).to_bytes(8), "00000004a221e70c"),
    ],
)
def test_what_a_match_shows_of_bytes(value, text):
    (row,) = told(MATCHER, value, "x")
    assert row[1] == text


def test_a_check_sum_is_not_sure():
    (row,) = told(MATCHER, CRC, "imei")
    assert row[4] == 0.3


def test_a_device_may_have_salts_of_its_own():
    device = profile(imei=[IMEI]).model_copy(update={"salts": ("pepper",)})
    for matcher, times in ((Matcher([device]), 1), (Matcher([profile(imei=[IMEI])]), 0)):
        digest = hashlib.sha1(b"pepper" + IMEI.encode()).hexdigest()
        assert len([row for row in told(matcher, digest, "x") if row[3] == "known"]) == times


def _blocks(size: int):
    """Yields ordinary data of many kinds, the same each time."""
    chance = random.Random(20261121)
    words = ["".join(chance.choices("etaoinshrdlucmfw", k=chance.randint(2, 9))) for _ in range(3000)]

    def event() -> dict:
        return {
            "id": chance.randrange(10 ** chance.randint(3, 18)),
            "trace": chance.randbytes(chance.choice((4, 8, 16, 20, 32))).hex(),
            "time": 1763719203123 + chance.randrange(10**9),
            "token": base64.b64encode(chance.randbytes(18)).decode(),
            "phone": f"199{chance.randrange(10**8):08}",
            "imei": f"86{chance.randrange(10**13):013}",
            "mac": chance.randbytes(6).hex(":"),
            "words": chance.choices(words, k=5),
        }

    while size > 0:
        for block in (
            chance.randbytes(1 << 20),
            " ".join(chance.choices(words, k=1 << 17)).encode(),
            json.dumps([event() for _ in range(1200)]).encode(),
            chance.randbytes(1 << 18).hex().encode(),
            ",".join([str(chance.randrange(10 ** chance.randint(6, 20))) for _ in range(20_000)]).encode(),
        ):
            yield block
            size -= len(block)


def test_50_megabytes_of_other_data_hold_no_known_value():
    """Needles in each block; small values under the classes' own names as well."""
    chance = random.Random(7)
    for block in _blocks(50 << 20):
        hits = [hit for hit in MATCHER._scanner.hits(block)[0] if hit[0] < MATCHER._triggers_from]
        leaf = Leaf("p", block, (chance.choice([*VALUES, "x"]),))
        assert not list(KNOWN.matches(leaf, hits, bytearray(len(block)), ""))
    for _ in range(4000):
        size = chance.randint(4, 16)
        value = chance.choice(
            [chance.randbytes(size), chance.randbytes(size).hex().encode(), b"%d" % chance.getrandbits(54)]
        )
        assert not known(value, chance.choice([*VALUES, "x"]))
