import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import Case, ConfigError, case_key, load_case, load_devices, load_yaml, parse_time

KNOWN = ("imei", "oaid", "android_id", "mac_wifi", "phone", "app_list")

DEVICE = """\
name: lab-phone-3
addresses: {mac: ["A4-50-46-12-34-56"], ip: []}
identifiers:
  imei: ["867530912345672", 012345678901237]
  android_id: 6c1f0be47a93d825
  location: {lat: 31.2304, lon: 121.4737, radius_m: 250}
  app_list: [com.example.chat, com.example.pay]
  contacts: [{name: 张三丰, phone: "13800138000"}]
  custom.badge: 00123
"""
CASE = """\
app: {package: com.example.shop, name: Example Shop, domains: [Example-Shop.cn.]}
devices: device.yaml
events:
  - {at: 2026-11-21T10:00:03Z, event: launch}
  - {at: "2026-11-21T18:00:19.5+08:00", event: consent}
  - {at: 2026-11-21T10:00:20Z, permission: {contacts: denied}}
declared:
  identifiers: {oaid: {form: plain, max_per_hour: 12}, android_id: {form: md5}}
  sdks: [Umeng]
necessary: [phone]
"""


def write(folder: Path, text: str | bytes, name: str = "case.yaml") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_a_device_is_read_as_written(tmp_path):
    (device,) = load_devices([write(tmp_path, DEVICE)], KNOWN)
    assert device.name == "lab-phone-3"
    assert device.addresses.mac == ("a4:50:46:12:34:56",)
    assert device.identifiers["imei"] == ("867530912345672", "012345678901237")
    assert device.identifiers["android_id"] == ("6c1f0be47a93d825",)
    assert device.identifiers["custom.badge"] == ("00123",)
    assert (device.location[0].lat, device.location[0].radius_m) == (31.2304, 250)
    assert device.contacts[0].name == "张三丰"


def test_a_case_is_read_as_written(tmp_path):
    case = load_case(write(tmp_path, CASE), KNOWN)
    assert case.app.domains == ("example-shop.cn",)
    assert case.devices == (tmp_path / "device.yaml",)
    assert [event.event for event in case.events] == ["launch", "consent", None]
    assert case.events[1].at - case.events[0].at == 16_500_000
    assert case.declared.identifiers["oaid"].max_per_hour == 12
    assert case.necessary == ("phone",)


def test_alphabets_of_a_case(tmp_path):
    case = load_case(write(tmp_path, f"decode: {{alphabets: {{ours: {SIGNS}, padded: '{SIGNS}.'}}}}"), KNOWN)
    assert case.decode.alphabets == {"ours": SIGNS, "padded": f"{SIGNS}."}


def test_schemas_of_a_case_lie_where_the_case_does(tmp_path):
    text = """
protobuf: {descriptors: a.proto, message: a.M, host: t.example}
flatbuffers: [{file: b.fbs}, {file: c.bfbs, table: C, path: /c}]
avro: {file: d.avsc, id: 7}
"""
    case = load_case(write(tmp_path, text), KNOWN)
    assert [schema.file for schema in (*case.flatbuffers, *case.avro)] == [
        tmp_path / name for name in ("b.fbs", "c.bfbs", "d.avsc")
    ]
    assert case.protobuf[0].descriptors == tmp_path / "a.proto"
    assert case.schemas == (*case.protobuf, *case.flatbuffers, *case.avro)


@pytest.mark.parametrize(
    ("host", "path", "applies"),
    [
        ("t.example", "/v1", True),
        ("api.t.example", "/v1/events", True),
        ("at.example", "/v1", False),
        ("t.example.org", "/v1", False),
        ("t.example", "/v", False),
        ("", "", False),
    ],
)
def test_where_a_schema_applies(tmp_path, host, path, applies):
    case = load_case(write(tmp_path, "avro: {file: d.avsc, host: T.example, path: /v1}"), KNOWN)
    assert case.avro[0].applies(host, path) == applies


def test_a_device_without_a_name_is_called_after_its_file(tmp_path):
    assert load_devices([write(tmp_path, "identifiers: {}", "pixel.yaml")])[0].name == "pixel"


def test_the_same_file_twice_is_one_device(tmp_path):
    file = write(tmp_path, DEVICE)
    assert len(load_devices([file, tmp_path / "." / file.name])) == 1


BROKEN_CASES = [
    ("a: [", 1, "", "is no YAML (column"),
    ("app: {}\n\tname: x", 2, "", "is no YAML (column 1)"),
    ("app: {}\napp: {}", 2, "app", "stands twice"),
    ("app:\n  name: a\n  name: b", 3, "app.name", "stands twice"),
    ("app: {}\ndevises: []", 2, "devises", "did you mean 'devices'?"),
    ("app:\n  name: x\n  pakage: y", 3, "app.pakage", "did you mean 'package'?"),
    ("app: {}\nqqqq: 1", 2, "qqqq", "is no key of this file"),
    ("app: {}\nevents:\n- {at: 2026-02-30T10:00:00Z, event: launch}", 3, "events.0.at", "write it as"),
    ("events:\n- at: 2026-11-21T10:00:03\n  event: launch", 2, "events.0.at", "has no zone: append Z"),
    ("events:\n- {at: 2026-11-21, event: launch}", 2, "events.0.at", "has no zone"),
    ("events:\n- {at: tomorrow, event: launch}", 2, "events.0.at", "is no time"),
    ("events:\n- {at: 0001-01-01T00:00:00+08:00, event: launch}", 2, "events.0.at", "before any calendar"),
    ("events:\n- {at: 2026-11-21T10:00:03Z}", 2, "events.0", "says nothing"),
    ("events:\n- {event: launch}", 2, "events.0", "required"),
    ("events:\n- {at: 2026-11-21T10:00:03Z,\n   event: consnet}", 3, "events.0.event", "not 'consnet'"),
    ("events:\n- {at: 2026-11-21T10:00:03Z, permission: {sms: no}}", 2, "events.0.permission.sms", "not 'no'"),
    ("events: launch", 1, "events", "not 'launch'"),
    ("declared:\n  identifiers:\n    oiad: {}", 3, "declared.identifiers.oiad", "did you mean 'oaid'?"),
    ("declared:\n  identifiers:\n    oaid: {max_per_hour: -1}", 3, "declared.identifiers.oaid.max_per_hour", "'-1'"),
    ("declared:\n  identifiers:\n    oaid: {frm: md5}", 3, "declared.identifiers.oaid.frm", "did you mean 'form'?"),
    ("necessary: [phone, phnoe]", 1, "necessary", "did you mean 'phone'?"),
    ("", 1, "", "is empty"),
    ("- a\n- b", 1, "", "no mapping"),
    ("app: {}\n---\napp: {}", 2, "", "second document"),
    ("app: {}\n? [a]\n: 1", 2, "", "no plain text"),
    ("app: *here", 1, "app", "refers to nothing"),
    ("app: &here [*here]", 1, "app.0", "refers to nothing above it, or to itself"),
    (b"app: {}\nx: \xff\xfe", 2, "", "is not UTF-8"),
    ("app: \0", None, "", "is no YAML"),
    ("a: " + "[" * 100_000, 1, "a.0.0", "nested deeper"),
    ("a: " + "[" * 300_000 + "]" * 300_000, 1, "a.0.0", "nested deeper"),
    ("a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 10}]\n" for i in range(1, 30)), None, None, "aliases"),
]
BROKEN_DEVICES = [
    ("identifiers:\n  imei: []\n  imie: [1]", 3, "identifiers.imie", "did you mean 'imei'?"),
    ("identifiers:\n  qqqq: [1]", 2, "identifiers.qqqq", "custom.NAME is free"),
    ("identifiers:\n  imei: []\n  location: {radius: 3}", 3, "identifiers.location.radius", "mean 'radius_m'?"),
    ("identifiers:\n  location:\n  - lat: 31\n    lon: 500", 4, "identifiers.location.0.lon", "'500'"),
    ("identifiers:\n  location:\n    lat: nan\n    lon: 5", 3, "identifiers.location.lat", "'nan'"),
    ("identifiers:\n  location: {lat: 1, lon: 1, radius_m: inf}", 2, "identifiers.location.radius_m", "'inf'"),
    ("identifiers:\n  location: {lat: 1}", 2, "identifiers.location", "required"),
    ("identifiers:\n  contacts:\n  - name: a\n  - {nmae: b}", 4, "identifiers.contacts.1.nmae", "mean 'name'?"),
    ("identifiers:\n  contacts: []\ncontacts: []", 2, "identifiers.contacts", "stands at the top"),
    ("identifiers:\n  imei: {a: b}", 2, "identifiers.imei", "string"),
    ("identifiers: [imei]", 1, "identifiers", "dictionary"),
    ("name: x\naddresses:\n  mac: [zz]", 3, "addresses.mac", "is no MAC address: write it as"),
    ("name: x\naddresses:\n  ip: [1.2.3.400]", 3, "addresses.ip", "'1.2.3.400'"),
    ("adresses: {}", 1, "adresses", "did you mean 'addresses'?"),
]

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
BROKEN_ALPHABETS = [
    (f"decode:\n  alphabets:\n    ours: {SIGNS}\n    theirs: abc", 4, "decode.alphabets.theirs", "has 3 characters"),
    (f"decode:\n  alphabets:\n    ours: {SIGNS}~~", 3, "decode.alphabets.ours", "has 66 characters"),
    (f"decode:\n  alphabets:\n    ours: {SIGNS}A", 3, "decode.alphabets.ours", "has 'A' twice"),
    (f"decode:\n  alphabets:\n    ours: {SIGNS[:-1]}张", 3, "decode.alphabets.ours", "no printable ASCII"),
    (f"decode:\n  alphabets:\n    o.s: {SIGNS}", 3, "decode.alphabets.o.s", "is no name"),
    ("decode:\n  alphabet: {}", 2, "decode.alphabet", "did you mean 'alphabets'?"),
]


@pytest.mark.parametrize(
    ("load", "text", "line", "key", "why"),
    [(load_case, *row) for row in BROKEN_CASES + BROKEN_ALPHABETS]
    + [(lambda file, known: load_devices([file], known), *row) for row in BROKEN_DEVICES],
    ids=[f"case{i}" for i in range(len(BROKEN_CASES + BROKEN_ALPHABETS))]
    + [f"device{i}" for i in range(len(BROKEN_DEVICES))],
)
def test_an_error_names_file_line_key_and_cure(tmp_path, load, text, line, key, why):
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load(file, KNOWN)
    error = raised.value
    assert error.file == str(file)
    assert why in str(error)
    assert "\n" not in str(error)
    if key is not None:
        assert (error.line, error.key) == (line, key)
        assert str(error).startswith(f"{file}:{line}: " if line else f"{file}: ")


@pytest.mark.parametrize("name", ["missing.yaml", "", "\0"])
def test_a_file_that_is_not_there(tmp_path, name):
    with pytest.raises(ConfigError, match=r"there is no such file|is a directory|cannot be read"):
        load_case(tmp_path / name)


def test_a_file_without_end_is_not_read(tmp_path):
    with pytest.raises(ConfigError, match="larger than 32 MB"):
        load_case(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("first", "second", "line", "key"),
    [
        ("name: a", "\nname: a", 2, "name"),
        ("addresses: {mac: A4-50-46-12-34-56}", "addresses:\n  mac: [a450.4612.3456]", 2, "addresses.mac"),
        ("addresses: {ip: 'fe80::1'}", "addresses:\n  mac: []\n  ip: fe80:0::0:1", 3, "addresses.ip"),
    ],
)
def test_two_devices_share_nothing(tmp_path, first, second, line, key):
    files = [write(tmp_path, first, "one.yaml"), write(tmp_path, second, "two.yaml")]
    with pytest.raises(ConfigError, match=r"already belongs to .*one\.yaml: each device needs its own") as raised:
        load_devices(files)
    assert (raised.value.file, raised.value.line, raised.value.key) == (str(files[1]), line, key)


def test_aliases_within_bounds_are_allowed(tmp_path):
    data, lines = load_yaml(write(tmp_path, "a: &x [1, 2]\nb: *x\nc: [*x, *x]"))
    assert data == {"a": ["1", "2"], "b": ["1", "2"], "c": [["1", "2"], ["1", "2"]]}
    assert lines["b",] == 2


SCALARS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SCALARS, inner, max_size=4), max_leaves=20
)


@given(TREES)
def test_values_are_what_yaml_says(tmp_path_factory, tree):
    """PyYAML's own loader is the judge; quoted, so that it too takes scalars as text."""
    file = tmp_path_factory.getbasetemp() / "tree.yaml"
    text = yaml.safe_dump(tree, allow_unicode=True, default_style='"')
    file.write_text(text, encoding="utf-8")
    assert load_yaml(file)[0] == yaml.load(text, Loader=yaml.BaseLoader)


@given(st.binary(max_size=60) | st.text("ab:- \n[]{}&*!?'\"#,|>%@`", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(data)
    try:
        load_case(file)
    except ConfigError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "text", ["2026-11-21T10:00:03Z", "2026-11-21T18:00:03+08:00", " 2026-11-21 10:00:03.000000+00:00 "]
)
def test_a_time_with_a_zone(text):
    assert parse_time(text) == 1_795_255_203_000_000


@given(st.datetimes(min_value=datetime(1900, 1, 2), timezones=st.timezones()))
def test_times_keep_every_microsecond(moment):
    assert abs(parse_time(moment.isoformat()) / 1e6 - moment.timestamp()) < 1e-4
    assert parse_time(moment.isoformat()) % 1_000_000 == moment.microsecond


def test_the_key_of_a_case_stays_and_is_private(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shop, bank = (Case.model_validate({"app": {"package": name}}) for name in ("com.example.shop", "com.example.bank"))
    assert case_key(shop) == case_key(shop) != case_key(bank)
    (file,) = (tmp_path / "state" / "leaktap").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_the_key_of_a_case_needs_no_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    assert len(case_key(Case())) == 32


def test_many_processes_agree_on_the_key(tmp_path):
    program = "from leaktap.config import Case, case_key; print(case_key(Case()).hex())"
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    running = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in running}) == 1
    assert [file.name for file in (tmp_path / "leaktap").iterdir()] == ["key"]
