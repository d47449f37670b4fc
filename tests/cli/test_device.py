"""`leaktap device`: profiles that are begun, honey that is found when it leaves the phone, what a profile holds."""

import json
import stat
from xml.etree import ElementTree

import pytest

from leaktap.cli import _honey, run
from leaktap.config import Case, load_devices
from leaktap.examine import Examiner, Found
from leaktap.identifiers import names
from leaktap.model import Endpoint, Exchange, Message, Origin


@pytest.fixture
def device(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = run(["device", *arguments])
        return code, *capsys.readouterr()

    return call


def profile(file):
    (one,) = load_devices([file], names())
    return one


GIVEN = [
    ("imei", "867530912345673"), ("imsi", "460001234567890"), ("iccid", "89860012345678901238"),
    ("meid", "A1000012345678"), ("android_id", "6c1f0be47a93d825"), ("mac_wifi", "a4:50:46:12:34:56"),
    ("gaid", "38400000-8cf0-41bd-b23e-10b96e4f0000"), ("phone", "19900000017"), ("email", "a.b@mail.example"),
    ("id_card", "110101199003070011"), ("bank_card", "6217001234567890122"), ("ssid", "null"), ("name", "yes: #no"),
    ("name", "张三丰"), ("custom.badge", "A-00123 = 1"), ("app_list", "com.example.pay"), ("sms", 'say "hi" \\n'),
]  # fmt: skip


def test_new_writes_what_is_given(device, tmp_path):
    given = [(name, value) for name, value in GIVEN if value != "null"]
    code, out, err = device("new", *[f"{name}={value}" for name, value in given], "--name", "lab: 3")
    assert (code, err) == (0, "") and f"{len(given)} values" in out
    one = profile(tmp_path / "device.yaml")
    assert one.name == "lab: 3"
    for name, value in given:
        assert value in one.identifiers[name]
    assert stat.S_IMODE((tmp_path / "device.yaml").stat().st_mode) == 0o600


def test_new_takes_places_and_contacts(device, tmp_path):
    device("new", "location=31.2304, 121.4737", "location=-33.9,18.4,50", "contacts=张三丰:19900000021",
           "contacts=Ann Lee::ann@mail.example")  # fmt: skip
    one = profile(tmp_path / "device.yaml")
    assert [(p.lat, p.lon, p.radius_m) for p in one.location] == [(31.2304, 121.4737, 300), (-33.9, 18.4, 50)]
    assert [(c.name, c.phone, c.email) for c in one.contacts] == [
        ("张三丰", "19900000021", ""),
        ("Ann Lee", "", "ann@mail.example"),
    ]


def test_new_without_values_is_a_profile_to_fill_in(device, tmp_path):
    assert device("new", "-o", "empty.yaml")[0] == 0
    assert profile(tmp_path / "empty.yaml").identifiers == {}
    text = (tmp_path / "empty.yaml").read_text()
    (tmp_path / "filled.yaml").write_text(
        text.replace("identifiers: {}", "identifiers:").replace("# imei: []", 'imei: ["867530912345673"]')
    )
    assert profile(tmp_path / "filled.yaml").identifiers == {"imei": ("867530912345673",)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("imei=867530912345672", "its check digit would be 3"),
        ("imei=86753091234567", "has not 15 digits"),
        ("iccid=89860012345678901237", "its check digit would be 8"),
        ("bank_card=6217001234567890127", "its check digit would be 2"),
        ("id_card=11010119900307001X", "its check sign would be 1"),
        ("id_card=110101", "has not 17 digits"),
        ("imsi=46000", "is not a number of 14 or 15 digits"),
        ("meid=A10000", "14 hexadecimal digits"),
        ("android_id=6c1f0be47a93d82z", "16 hexadecimal digits"),
        ("gaid=38400000", "is no UUID"),
        ("mac_wifi=a4:50:46", "is not an address of six bytes"),
        ("email=here", "is not an address"),
        ("phone=12", "is not a phone number"),
        ("mac_wifi=02:00:00:00:00:00", "is nobody's"),
        ("android_id=0000000000000000", "is nobody's"),
        ("ime=867530912345673", "did you mean 'imei'?"),
        ("custom.a b=1", "is no identifier"),
        ("imei", "is no NAME=VALUE"),
        ("imei=", "is no NAME=VALUE"),
        ("location=here", "is no place"),
        ("location=131,121", "is not on Earth"),
        ("location=nan,1", "is not on Earth"),
        ("location=1,1,-5", "radius"),
        ("contacts=a:1:b:c", "is no entry"),
    ],
)
def test_new_refuses_what_cannot_be_right(given, words, device, tmp_path):
    code, out, err = device("new", given)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and words in err
    assert not (tmp_path / "device.yaml").exists()


def test_nothing_is_replaced_unasked(device, tmp_path):
    (tmp_path / "device.yaml").write_text("mine")
    assert "is there already" in device("new")[2]
    assert (tmp_path / "device.yaml").read_text() == "mine"
    assert device("new", "--force")[0] == 0
    assert device("honey", "-o", "honey")[0] == 0
    (tmp_path / "honey" / "sms.xml").unlink()
    code, _, err = device("honey", "-o", "honey")
    assert code == 2 and "is there already" in err and not (tmp_path / "honey" / "sms.xml").exists()
    assert device("honey", "-o", "honey", "--force")[0] == 0
    assert "cannot be" in device("honey", "-o", "device.yaml/x")[2]


def test_honey_follows_from_its_seed(device, tmp_path):
    for folder, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert device("honey", "-o", folder, "--seed", seed)[0] == 0
    files = sorted(file.name for file in (tmp_path / "a").iterdir())
    assert files == ["calendar.ics", "contacts.vcf", "device.yaml", "sms.xml", "steps.txt"]
    for file in files:
        a, b, c = ((tmp_path / folder / file).read_bytes() for folder in "abc")
        assert a == b != c
        assert stat.S_IMODE((tmp_path / "a" / file).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_honey_is_drawn_anew_without_a_seed(device, tmp_path):
    device("honey", "-o", "a")
    device("honey", "-o", "b")
    assert (tmp_path / "a/device.yaml").read_text() != (tmp_path / "b/device.yaml").read_text()


@pytest.mark.parametrize("seed", range(20))
def test_honey_is_from_reserved_ranges_and_its_own(seed):
    honey, other = _honey.make(str(seed)), _honey.make(f"{seed}x")
    for contact in honey.contacts:
        assert contact["phone"].startswith("+447700900") and len(contact["phone"]) == 13
        assert contact["email"].endswith(".example")
    assert len({contact["name"] for contact in honey.contacts}) == len(honey.contacts)
    assert honey.email.endswith(".example") and len(honey.ssid.encode()) <= 32
    assert -50 < honey.latitude < -47 and -125 < honey.longitude < -122
    own, others = (
        {json.dumps(value) for values in each.values().values() for value in values} for each in (honey, other)
    )
    assert not own & others


def test_what_is_imported_is_what_the_profile_knows(device, tmp_path):
    device("honey", "-o", ".", "--seed", "7")
    one = profile(tmp_path / "device.yaml")
    cards = (tmp_path / "contacts.vcf").read_bytes().decode()
    assert cards.count("BEGIN:VCARD\r\n") == cards.count("END:VCARD\r\n") == len(one.contacts) == 12
    for contact in one.contacts:
        assert f"FN:{contact.name}\r\n" in cards and contact.phone in cards and contact.email in cards
    rows = ElementTree.parse(tmp_path / "sms.xml").getroot()
    assert [row.get("body") for row in rows] == list(one.identifiers["sms"]) and int(rows.get("count")) == len(rows)
    entries = (tmp_path / "calendar.ics").read_bytes().decode()
    assert all(len(line.encode()) <= 75 for line in entries.split("\r\n"))
    unfolded = entries.replace("\r\n ", "")
    assert [line[8:] for line in unfolded.split("\r\n") if line.startswith("SUMMARY:")] == list(
        one.identifiers["calendar"]
    )
    told = (tmp_path / "steps.txt").read_text()
    for name in ("ssid", "account", "email", "clipboard"):
        assert one.identifiers[name][0] in told
    assert f"{one.location[0].lat}, {one.location[0].lon}" in told


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_a_leak_of_any_honey_is_found(seed, device, tmp_path):
    device("honey", "-o", ".", "--seed", seed)
    one = profile(tmp_path / "device.yaml")
    examiner = Examiner(Case(), [one])
    planted = dict(one.identifiers)
    planted["contacts"] = tuple(
        text for contact in one.contacts for text in (contact.name, contact.phone, contact.email)
    )
    planted["location"] = tuple(f"{place.lat},{place.lon}" for place in one.location)
    for identifier, values in planted.items():
        for value in values:
            request = Message(("POST", "/", "HTTP/1.1"), (), json.dumps({"v": f"x {value}", "w": 1}).encode())
            ends = Endpoint("192.0.2.7"), Endpoint("198.51.100.1")
            found = examiner.examine(Exchange("1", 0, *ends, "https", "t.example", request, None, Origin("made"))).found
            matches = [item.match for item in found if isinstance(item, Found)]
            assert (identifier, "known") in {(match.identifier, match.basis) for match in matches}, (identifier, value)


def test_show_masks_and_counts(device, tmp_path):
    device("new", "imei=867530912345673", "phone=19900000017", "contacts=张三丰:19900000021", "custom.badge=A-00123")
    code, out, err = device("show", "device.yaml")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "device" and "in all" in out
    for secret in ("867530912345673", "19900000017", "张三丰", "19900000021", "A-00123"):
        assert secret not in out
    assert "867530912345673" in device("show", "device.yaml", "--reveal")[1]
    (tmp_path / "other.yaml").write_text("name: ' '\nidentifiers: {imei: '\\x1b[2J'}")
    assert "\x1b" not in device("show", "other.yaml", "--reveal")[1]


def test_show_refuses_what_is_no_profile(device, tmp_path):
    (tmp_path / "device.yaml").write_text("identifiers: {ime: '1'}")
    code, out, err = device("show", "device.yaml")
    assert (code, out) == (2, "") and "did you mean 'imei'?" in err
