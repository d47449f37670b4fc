import base64
import hashlib
import math
import string
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.identifiers import category, classes, find, names
from leaktap.identifiers.matcher import Matcher
from leaktap.model import Leaf
from tests.identifiers.leaves import leaf, profile, told

VALUES = {
    "imei": "867530912345673",
    "imei2": "359174081122335",
    "meid": "A10000009296F2",
    "imsi": "460001234567891",
    "iccid": "89860102030405060703",
    "serial": "R58M123ABCD",
    "mac_wifi": "a4:50:46:1f:34:56",
    "mac_bluetooth": "a4:50:46:1f:34:57",
    "android_id": "5f2b8c71d09ae346",
    "oaid": "9a51d0e2-b7f4-4c89-9a3e-60c2d8e1f5d5",
    "vaid": "1c51d0e2-b7f4-4c89-9a3e-60c2d8e1f5d6",
    "aaid": "2d51d0e2-b7f4-4c89-9a3e-60c2d8e1f5d7",
    "gaid": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "idfa": "3E57D0E2-B7F4-4C89-9A3E-60C2D8E1F5D8",
    "idfv": "4F68D0E2-B7F4-4C89-9A3E-60C2D8E1F5D9",
    "utdid": "Xp5Vd0be9a87fe87c4654bQ9",
    "phone": "13912345678",
    "email": "li.wei@mail.example.cn",
    "name": "欧阳春晓",
    "id_card": "110101199003078515",
    "bank_card": "6222021234567890123",
    "account": "liwei_7261938",
    "ssid": "HomeNet-5318",
    "bssid": "04:60:88:f6:34:a1",
    "ip_local": "192.168.31.137",
    "ip_public": "36.112.138.9",
    "device_name": "Li Wei's phone 61839",
    "device_model": "M2007J17C-EEA",
    "device_id": "3b69be4dbd405ad918e05e7b9822ffee",
    "cell": "46001-4321-87654321",
    "sms": "Your code is 719283, do not tell",
    "custom.member": "MEMBER-20261121-77",
}
PROFILE = profile(**{name: [value] for name, value in VALUES.items()})


@pytest.fixture(scope="module")
def owner():
    return Matcher([PROFILE])


def test_every_class_of_the_schema_is_there():
    listed = """
        imei imei2 meid imsi iccid serial mac_wifi mac_bluetooth android_id oaid vaid aaid gaid idfa idfv utdid phone
        email name id_card bank_card contacts sms call_log app_list location cell ssid bssid wifi_scan ip_local
        ip_public clipboard account device_name device_model browsing search biometric device_id
    """
    assert names() >= set(listed.split())


def test_categories():
    allowed = "device_id network_id account contact communication app_list location identity behaviour device_info"
    assert {identifier.category for identifier in classes().values()} <= set(allowed.split())
    assert (category("imei"), category("ssid"), category("custom.member")) == ("device_id", "network_id", "device_id")
    assert find("custom.member").judge is None


@pytest.mark.parametrize("name", VALUES)
def test_a_known_value_as_it_stands(owner, name):
    assert [row[:4] for row in told(owner, VALUES[name], "x")] == [(name, VALUES[name], (), "known")]


HASHED = [name for name in VALUES if find(name).hashed]


@pytest.mark.parametrize("name", HASHED)
@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_known_value_hashed(owner, name, algorithm):
    plain = VALUES[name]
    digest = hashlib.new(algorithm, plain.encode()).digest()
    for written, how in (
        (digest.hex().encode(), ("hex",)),
        (digest.hex().upper().encode(), ("hex-upper",)),
        (digest, ()),
        (base64.b64encode(digest), ("base64",)),
    ):
        (match,) = owner.match([leaf(b"a " + written + b" z", "x")])
        assert (match.identifier, match.plain, match.form) == (name, plain, (algorithm, *how))
        assert match.span == (2, 2 + len(written))
        assert match.value == (written.decode() if how else digest.hex())
        assert (match.basis, match.confidence, match.device) == ("known", 1.0, "phone")


@pytest.mark.parametrize(
    ("value", "identifier", "form"),
    [
        ("A4:50:46:1F:34:56", "mac_wifi", ("upper",)),
        ("a450461f3456", "mac_wifi", ("no-separator",)),
        ("A450461F3456", "mac_wifi", ("no-separator", "upper")),
        ("a4-50-46-1f-34-56", "mac_wifi", ("dash",)),
        ("a450.461f.3456", "mac_wifi", ("dot",)),
        (hashlib.md5(b"A450461F3456").hexdigest(), "mac_wifi", ("no-separator", "upper", "md5", "hex")),
        ("5F2B8C71D09AE346", "android_id", ("upper",)),
        ("7C9E6679-7425-40DE-944B-E07FC1F90AE7", "gaid", ("upper",)),
        ("7c9e6679742540de944be07fc1f90ae7", "gaid", ("no-separator",)),
        ("3e57d0e2-b7f4-4c89-9a3e-60c2d8e1f5d8", "idfa", ("lower",)),
        ("86753091234567", "imei", ("no-check-digit",)),
        ("+8613912345678", "phone", ("+86",)),
        ("8613912345678", "phone", ("86",)),
        ("008613912345678", "phone", ("0086",)),
        ("139 1234 5678", "phone", ("space",)),
        ("+86 139-1234-5678", "phone", ("dash",)),
        ("+86-139-1234-5678", "phone", ("dash", "+86")),
        ("LI.WEI@MAIL.EXAMPLE.CN", "email", ("upper",)),
    ],
)
def test_ways_of_writing(owner, value, identifier, form):
    assert [row[:3] for row in told(owner, value, "x")] in (
        [(identifier, value, form)],
        [(identifier, value.removeprefix("+86 "), form)],
    )


def test_a_telling_value_is_found_glued_to_other_text(owner):
    (match,) = owner.match([leaf("867530912345673" + "3B69BE4DBD405AD918E05E7B98220001", "imei")])
    assert (match.identifier, match.value, match.span, match.confidence) == ("imei", "867530912345673", (0, 15), 1.0)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("tel:13912345678;", True),
        ("abc13912345678", True),
        ("913912345678", False),
        ("139123456789", False),
        ("0.13912345678", False),
        ("serial R58M123ABCD.", True),
        ("xR58M123ABCD", False),
        ("R58M123ABCD9", False),
        ("136.112.138.9", False),
        ("36.112.138.90", False),
        ("36.112.138.9:443", True),
        ("HomeNet-53181", False),
    ],
)
def test_a_less_telling_value_must_stand_apart(owner, value, found):
    assert bool(told(owner, value, "x")) is found


@pytest.fixture(scope="module")
def vague():
    return Matcher([profile(ssid=["home"], serial=["A1B2"], device_model=["Pixel 7"], **{"custom.club": ["gold"]})])


@pytest.mark.parametrize(
    ("key", "value", "identifier"),
    [
        ("ssid", "home", "ssid"),
        ("wifiName", '"home"', "ssid"),
        ("ssid_md5", hashlib.md5(b"home").hexdigest(), "ssid"),
        ("serial", "A1B2", "serial"),
        ("model", "Pixel 7", "device_model"),
        ("club", "gold", "custom.club"),
        ("title", "home", None),
        ("x", "welcome home", None),
        ("x", hashlib.md5(b"home").hexdigest(), None),
        ("user-agent", "Mozilla/5.0 (Linux; Android 13; Pixel 7)", None),
        ("medal", "gold", None),
    ],
)
def test_a_vague_value_needs_its_name(vague, key, value, identifier):
    found = [row for row in told(vague, value, key) if row[3] == "known"]
    assert [row[0] for row in found] == ([identifier] if identifier else [])
    assert all(row[4] == 0.8 for row in found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mac_wifi", "02:00:00:00:00:00"),
        ("mac_bluetooth", "00:00:00:00:00:00"),
        ("imei", "000000000000000"),
        ("imei", "004999010640000"),
        ("android_id", "9774d56d682e549c"),
        ("serial", "unknown"),
        ("ssid", "<unknown ssid>"),
        ("gaid", "00000000-0000-0000-0000-000000000000"),
        ("oaid", ""),
    ],
)
def test_placeholders_in_a_profile_are_nobodys(name, value):
    matcher = Matcher([profile(**{name: [value]})])
    for data in (value, hashlib.md5(value.encode()).hexdigest(), value.upper()):
        assert told(matcher, data, name) == []


def test_one_value_of_several_classes_goes_by_the_name_it_stands_under():
    both = Matcher([profile(oaid=["5f2b8c71d09ae346"], android_id=["5f2b8c71d09ae346"])])
    assert [row[0] for row in told(both, "5f2b8c71d09ae346", "openudid")] == ["android_id"]
    assert [row[0] for row in told(both, "5f2b8c71d09ae346", "oaid")] == ["oaid"]
    assert [row[0] for row in told(both, "5f2b8c71d09ae346", "x")] == ["oaid"]


def test_the_senders_own_profile_goes_first():
    two = Matcher([profile("first", ssid=["HomeNet-5318"]), profile("second", ssid=["HomeNet-5318"])])
    item = leaf("HomeNet-5318", "ssid")
    assert [match.device for match in two.match([item])] == ["first"]
    assert [match.device for match in two.match([item], device="second")] == ["second"]


def test_a_value_listed_twice_is_one_value():
    matcher = Matcher([profile(mac_wifi=["A4:50:46:1F:34:56", "a4:50:46:1f:34:56"])])
    (match,) = matcher.match([leaf("A4:50:46:1F:34:56", "mac")])
    assert (match.plain, match.form) == ("a4:50:46:1f:34:56", ("upper",))


def test_a_repeated_value_is_told_once_per_leaf(owner, stranger):
    assert len(owner.match([leaf("867530912345673 " * 500, "x")])) == 1
    assert len(stranger.match([leaf("li.wei@mail.example.cn " * 500, "x")])) == 1
    assert len(owner.match([leaf("867530912345673", "x"), leaf("867530912345673", "y")])) == 2


def test_a_known_value_silences_what_looks_like_something_else(owner):
    assert [row[0] for row in told(owner, VALUES["android_id"], "oaid")] == ["android_id"]
    assert [row[0] for row in told(owner, hashlib.md5(VALUES["imei"].encode()).hexdigest(), "deviceId")] == ["imei"]


def test_several_things_in_one_text(owner):
    text = f"imei={VALUES['imei']}&mac={VALUES['mac_wifi']}&oaid_md5=00&tel={VALUES['phone']}"
    found = owner.match([leaf(text, "log")])
    assert sorted((m.identifier, text[slice(*m.span)]) for m in found) == [
        ("imei", VALUES["imei"]),
        ("mac_wifi", VALUES["mac_wifi"]),
        ("phone", VALUES["phone"]),
    ]


@pytest.mark.parametrize(
    ("text", "identifier", "value"),
    [
        ("GET /x?imei=867530912345673&b=2", "imei", "867530912345673"),
        ('{"device":{"android_id":"5f2b8c71d09ae346"}}', "android_id", "5f2b8c71d09ae346"),
        ("log: deviceId=3b69be4dbd405ad918e05e7b9822ffee, ok", "device_id", "3b69be4dbd405ad918e05e7b9822ffee"),
        ("advertising_ids.aaid=7c9e6679-7425-40de-944b-e07fc1f90ae7", "gaid", "7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        ("<imsi>460001234567891</imsi>", "imsi", "460001234567891"),
    ],
)
def test_named_in_text_without_a_profile(stranger, text, identifier, value):
    assert [row[:2] for row in told(stranger, text, "x")] == [(identifier, value)]


@pytest.mark.parametrize(
    "text",
    [
        "the imei is a number of 867530912345673",
        "session_device_id=3b69be4dbd405ad918e05e7b9822ffee",
        "imei=0&imei=&imei=null",
        '{"deviceId":"","mac":"02:00:00:00:00:00"}',
        "7c9e6679-7425-40de-944b-e07fc1f90ae7 5f2b8c71d09ae346 3b69be4dbd405ad918e05e7b9822ffee",
    ],
)
def test_nothing_named_in_text(stranger, text):
    assert told(stranger, text, "x") == []


def test_the_sieve(owner, stranger):
    assert owner.sieve(b"..." + VALUES["imei"].encode())
    assert owner.sieve(hashlib.md5(VALUES["imei"].encode()).digest())
    assert owner.sieve(b'{"imei":1}') and stranger.sieve(b"imei=1")
    assert stranger.sieve(b"from li.wei@mail.example.cn to")
    assert not owner.sieve(b'{"title":"Nothing in here","count":17,"price":12.5}')
    assert not stranger.sieve(VALUES["imei"].encode())
    assert not stranger.sieve(b"")


def test_an_object_opens_the_sieve_where_its_name_makes_one_of_a_members(stranger):
    assert stranger.sieve(b'{"device":{"id":"6c1f0be47a93d825"}}')
    assert not stranger.sieve(b'{"device":{"os":"6c1f0be47a93d825"}}')


def test_leaves_beside_others_have_no_values_of_their_own_but_names(owner, stranger):
    value = VALUES["imei"].encode()
    assert not owner.match([Leaf("$.x", value, ("x",), beside=True)])
    assert stranger.match([Leaf("$.imei", value, ("imei",), beside=True)])


def test_hints_open_the_sieve_and_are_no_findings():
    hinted = Matcher(hints=[rb"\x1f\x8b\x08", rb"%[0-9a-f]{2}"])
    assert hinted.sieve(b"xx\x1f\x8b\x08xx")
    assert not hinted.sieve(b"xx")
    assert hinted.match([leaf(b"\x1f\x8b\x08 %2f%2f", "x")]) == []


def test_two_threads_at_once(owner):
    wrong: list[int] = []

    def work(number: int) -> None:
        data = (f"{number} " * 50_000 + VALUES["imei"]).encode()
        for _ in range(20):
            if [m.identifier for m in owner.match([leaf(data, "x")])] != ["imei"] or not owner.sieve(data):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "data",
    [
        b"a@b.cc " * 20_000,
        b"imei=" * 20_000,
        b"com." * 50_000,
        b"lat=1.2345&" * 10_000,
        b"ab:" * 50_000,
        b"a" * 200_000 + b"@x.io",
    ],
)
def test_hostile_text_takes_bounded_time(owner, data):
    owner.match([leaf(data[-1000:], "x")])  # compiles
    begun = time.thread_time()
    assert len(owner.match([leaf(data, "x")])) <= 2
    assert time.thread_time() - begun < 5


@given(st.binary(max_size=300) | st.text(alphabet=string.printable, max_size=300).map(str.encode))
@settings(max_examples=150, deadline=None)
def test_random_text_holds_no_known_value(owner, value):
    assert not [m for m in owner.match([Leaf("p", value, ("x",))]) if m.basis == "known"]


@given(st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=40)), max_size=6))
@settings(max_examples=100, deadline=None)
def test_nothing_raises_and_spans_are_where_the_values_are(owner, pairs):
    for match in owner.match([Leaf(f"p.{key}", value, (key,)) for key, value in pairs]):
        assert match.leaf.value[slice(*match.span)].decode() == match.value
        assert 0 < match.confidence <= 1


@pytest.mark.parametrize(
    ("most", "seconds", "expected"),
    [(30, math.inf, (30, 30, "")), (10, math.inf, (10, 10, "matches")), (100, -1, (0, 0, "seconds"))],
)
def test_leaves_without_end_are_matched_to_a_limit(owner, most, seconds, expected):
    leaves = [leaf(f"user{number}@mail.example", "email") for number in range(30)]
    looked = owner.look(leaves, most=most, seconds=seconds)
    assert (len(looked.matches), looked.leaves, looked.limit) == expected
