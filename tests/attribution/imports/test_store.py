"""Imports as a whole: read from files, folders and zip files, kept for the user alone, asked behind our catalogue."""

import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.attribution import Owners, known
from leaktap.attribution._catalogue import catalogue
from leaktap.attribution.imports import _reading, _store
from leaktap.attribution.imports._api import BadEntry, Document
from leaktap.attribution.imports._store import conflicts, folder, formats, imported, read, remove, save
from leaktap.config import AppUnderTest, ConfigError

COMPANIES = [
    {"owner_name": "Example Ads", "doms": ["example.org", "*.Example.NET."], "parent": "Example Group"},
    {"owner_name": "Example\x1b[2J Two", "doms": ["example.org", "192.0.2.7", "co.uk", "a b", "cdn.example.com"]},
    {"owner_name": "", "doms": ["nobody.example"]},
]


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    imported.cache_clear()
    yield tmp_path
    imported.cache_clear()


@pytest.fixture
def file(data):
    file = data / "companies.json"
    file.write_text(json.dumps(COMPANIES))
    return file


def test_what_can_be_used_is_taken_and_the_rest_counted(file):
    result = read(file, "mine")
    assert result.kept.hosts == {"example.org": 0, "example.net": 0, "cdn.example.com": 1}
    assert [(sdk.company, sdk.sdk, sdk.group) for sdk in result.kept.sdks] == [
        ("Example Ads", "Example Ads", "Example Group"),
        ("Example [2J Two", "Example [2J Two", ""),
    ]
    assert dict(result.passed) == {
        "named before": 1,
        "addresses": 1,
        "public suffixes": 1,
        "no host names": 1,
        "without a company": 1,
    }
    assert result.first["addresses"] == "192.0.2.7"


def test_an_import_is_the_users_alone_and_comes_back(file):
    kept = read(file, "mine").kept
    place = save(kept)
    assert place == folder() / "mine.json" and place.stat().st_mode & 0o777 == 0o600
    assert folder().stat().st_mode & 0o777 == 0o700
    assert [each.kept for each in imported()] == [kept]
    assert remove("mine") and imported() == ()
    assert not remove("mine") and not remove("../mine")


def test_an_import_is_asked_where_our_catalogue_has_nothing(file):
    save(read(file, "mine").kept)
    owner = Owners(AppUnderTest()).of_host("log.example.org")
    assert (owner.company, owner.party, owner.confidence) == ("Example Ads", "third", 0.6)
    assert owner.basis == "host example.org imported from mine"
    assert Owners(AppUnderTest(package="org.example.shop")).of_host("other.example").party == "unknown"
    remove("mine")
    assert Owners(AppUnderTest()).of_host("log.example.org").party == "unknown"


def import_of(**hosts):
    sdks = tuple(_store.Named(company=company, sdk=company, kind="ads") for company in hosts.values())
    return _store.Kept(name="theirs", format="hosts", sdks=sdks, hosts={host: n for n, host in enumerate(hosts)})


def test_ours_stands_where_both_know_a_host():
    save(import_of(**{"umeng.com": "Somebody Else", "x.cloudfront.net": "Tenant", "cloudfront.net": "Cloud"}))
    owners = Owners(AppUnderTest())
    assert owners.of_host("ulogs.umeng.com").company == catalogue().find("ulogs.umeng.com").company.company == "Umeng"
    assert owners.of_host("a.x.cloudfront.net").company == "Tenant"
    assert owners.of_host("a.x.cloudfront.net").carrier == "Amazon Web Services"
    assert owners.of_host("y.cloudfront.net").party == "unknown"
    assert known().companies == catalogue().companies


def test_conflicts_name_both():
    kept = import_of(
        **{"umeng.com": "Somebody Else", "adjust.com": "Adjust GmbH", "cloudfront.net": "Else", "a.example": "B"}
    )
    assert list(conflicts(kept, catalogue())) == [("umeng.com", "Somebody Else", "Umeng")]


def test_folders_and_zip_files_are_read_as_one(data):
    parts = {
        "trackers.json": {
            "categories": {"4": "advertising"},
            "trackers": {"a": {"name": "A", "categoryId": 4, "companyId": "x"}},
            "trackerDomains": {"a.example.org": "a"},
        },
        "companies.json": {"companies": {"x": {"name": "Example Ltd"}}},
    }
    (data / "db/dist").mkdir(parents=True)
    with zipfile.ZipFile(data / "db.zip", "w") as archive:
        for name, content in parts.items():
            (data / "db/dist" / name).write_text(json.dumps(content))
            archive.writestr(f"dist/{name}", json.dumps(content))
        archive.writestr("README.md", "no database")
        archive.writestr("dist/LICENSE", b"\xff\xfe")
    (data / "db/LICENSE").write_bytes(b"\xff\xfe\x00")
    by_folder, by_zip = read(data / "db", "one").kept, read(data / "db.zip", "one").kept
    assert by_folder == by_zip
    assert [sdk.company for sdk in by_folder.sdks] == ["Example Ltd"]


@pytest.mark.parametrize(
    ("content", "line", "key", "why"),
    [
        (b'{"trackers": {\n  "12": ]}', 2, "", "is no JSON"),
        (b"\x00\xff\xfe binary", 1, "", "neither JSON nor text"),
        (b"", None, "", "is none of these: AdGuard companies, Disconnect, DuckDuckGo"),
        (b"Dear reader,\nthis is a letter.\n", None, "", "is none of these"),
        (b"[" * 200_000, None, "", "nested too deeply"),
        (b'[{"owner_name": "A", "doms": 3}]', None, "0.doms", "is a number, not a list"),
        (b'[{"owner_name": "A", "doms": ["192.0.2.1"]}]', None, "", "names no host that can be used"),
    ],
)
def test_bad_input_is_refused_with_its_place(data, content, line, key, why):
    file = data / "bad.json"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read(file, "bad")
    assert (error.value.file, error.value.line, error.value.key) == (str(file), line, key)
    assert why in error.value.why


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "a" * 65, "two words", "-"])
def test_a_name_is_a_file_name(file, name):
    with pytest.raises(ConfigError, match="is no name for an import"):
        read(file, name)


def test_what_is_missing_or_broken_is_said(data):
    with pytest.raises(ConfigError, match="cannot be read"):
        read(data / "none.json", "none")
    (data / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(30) + b"PK\x05\x06" + bytes(18))
    with pytest.raises(ConfigError):
        read(data / "broken.zip", "broken")


def test_a_bomb_stops(data, monkeypatch):
    monkeypatch.setattr(_reading, "MOST_BYTES", 1 << 16)
    with zipfile.ZipFile(data / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b" " * (1 << 20))
    (data / "big.txt").write_bytes(b"#\n" * (1 << 16))
    for name in ("bomb.zip", "big.txt"):
        with pytest.raises(ConfigError, match="is larger than"):
            read(data / name, "big")


@pytest.mark.parametrize(
    "content",
    ["", "{}", '{"form": "leaktap.sdk-import/2"}', '{"name": "a", "format": "b", "sdks": [], "hosts": {"c": 0}}'],
)
def test_a_kept_file_that_is_not_ours_is_said_with_the_cure(content):
    folder().mkdir(parents=True)
    (folder() / "odd.json").write_text(content)
    with pytest.raises(ConfigError, match=r"odd\.json: is no import .* --remove odd"):
        imported()


KEYS = (
    "trackers patterns organizations categories companies trackerDomains entities properties resources domain owner"
    " prevalence owner_name doms network_signature name a"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split(" ")), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_whatever_json_says_a_format_takes_it_or_names_the_place(value):
    for form in formats():
        document = Document("x.json", value)
        if form.knows(document):
            try:
                list(form.facts([document]))
            except BadEntry as error:
                assert error.where
