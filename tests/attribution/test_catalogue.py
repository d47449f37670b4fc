"""The catalogue: what a file may say, what is refused and where, and that the one we carry is sound."""

from pathlib import Path

import pytest
from publicsuffixlist import PSLFILE, PublicSuffixList

from leaktap.attribution._catalogue import FOLDER, catalogue, load
from leaktap.attribution._suffixes import suffixes
from leaktap.config import ConfigError

GOOD = """\
company: Example Metrics
name_zh: 示例
group: Example Group
sdks:
  - name: Example Push
    kind: push
    purpose: push messages
    packages: com.example.push
    hosts:
      - {host: example.net, source: "vendor's manual"}
      - {host: api.example.net, path: /push, source: "vendor's manual"}
"""
SECOND = """\
company: Other
sdks:
  - name: Other Ads
    kind: ads
    purpose: advertising
    hosts:
      - {host: ads.example.org, source: "a capture"}
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_file_is_read_whole(tmp_path):
    (company,) = load(write(tmp_path, example=GOOD)).companies
    assert (company.company, company.name_zh, company.group) == ("Example Metrics", "示例", "Example Group")
    (sdk,) = company.sdks
    assert (sdk.kind, sdk.party, sdk.packages) == ("push", "third", ("com.example.push",))
    assert [(host.host, host.path) for host in sdk.hosts] == [("example.net", ""), ("api.example.net", "/push")]


@pytest.mark.parametrize("private", [True, False])
def test_the_suffixes_are_the_librarys_own(private):
    whole = PublicSuffixList(accept_unknown=False, only_icann=not private)
    names = [
        "a.公司.cn",
        "a.xn--55qx5d.cn",
        "a.b.kawasaki.jp",
        "city.kawasaki.jp",
        "a.blogspot.com",
        "a.测试",
        "ÉCOLE.fr",
    ]
    lines = Path(PSLFILE).read_text(encoding="utf-8").splitlines()
    rules = [line.split()[0].lstrip("!*.") for line in lines if line.strip() and not line.startswith("//")]
    names += [f"{front}{rule}" for rule in rules for front in ("", "a.", "a.b.")]
    names += [f"a.b.{rule}".encode("idna").decode() for rule in rules if not rule.isascii()]
    ours = suffixes(private=private)
    assert [name for name in names if ours.publicsuffix(name) != whole.publicsuffix(name)] == []


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "why"),
    [
        ('{host: example.net, source: "vendor\'s manual"}', "{host: example.net}", 10, "sdks.0.hosts.0", "required"),
        (
            'example.net, source: "vendor\'s manual"',
            'example.net, source: ""',
            10,
            "sdks.0.hosts.0.source",
            "at least 1",
        ),
        (
            'example.net, source: "vendor\'s manual"',
            'example.net, source: " "',
            10,
            "sdks.0.hosts.0.source",
            "at least 1",
        ),
        ("host: example.net", "host: com.cn", 10, "sdks.0.hosts.0.host", "public suffix"),
        ("host: example.net", "host: github.io", 10, "sdks.0.hosts.0.host", "public suffix"),
        ("host: example.net", "host: com", 10, "sdks.0.hosts.0.host", "no host name"),
        ("host: example.net", "host: https://example.net", 10, "sdks.0.hosts.0.host", "no host name"),
        ("host: example.net", "host: Example.net", 10, "sdks.0.hosts.0.host", "lower case"),
        ("host: example.net", "host: example.net/x", 10, "sdks.0.hosts.0.host", "no host name"),
        ("host: example.net", 'host: "example.net:443"', 10, "sdks.0.hosts.0.host", "no host name"),
        ("host: example.net", 'host: "*.example.net"', 10, "sdks.0.hosts.0.host", "no host name"),
        ("path: /push", "path: push", 11, "sdks.0.hosts.1.path", "begins with /"),
        ("kind: push", "kind: spying", 6, "sdks.0.kind", "'ads'"),
        ("kind: push", "kind: push\n    party: first", 7, "sdks.0.party", "'third' or 'platform'"),
        ("purpose:", "purpos:", None, "sdks.0", ""),
        ("    packages:", "    package:", 8, "sdks.0.package", "did you mean 'packages'"),
        ("group:", "grupp:", 3, "grupp", "did you mean 'group'"),
        ("company: Example Metrics", 'company: ""', 1, "company", "at least 1"),
        ("host: api.example.net, path: /push", "host: example.net", 11, "sdks.0.hosts.1.host", "already belongs"),
        ("name_zh: 示例", "company: Twice", 2, "company", "stands twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, old, new, line, key, why):
    assert old in GOOD
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, example=GOOD.replace(old, new, 1)))
    assert error.value.file == str(tmp_path / "example.yaml")
    assert line is None or error.value.line == line
    assert error.value.key.startswith(key)
    assert why in error.value.why


@pytest.mark.parametrize(("host", "accepted"), [("cloudfront.net", True), ("github.io", True), ("com.cn", False)])
def test_a_carrier_may_own_a_private_suffix_but_no_registry(tmp_path, host, accepted):
    carrier = SECOND.replace("kind: ads", "kind: cdn").replace("ads.example.org", host)
    if accepted:
        assert load(write(tmp_path, other=carrier)).find(f"d1.{host}").sdk.kind == "cdn"
    else:
        with pytest.raises(ConfigError, match="public suffix"):
            load(write(tmp_path, other=carrier))


LISTED = SECOND.replace(
    '      - {host: ads.example.org, source: "a capture"}',
    '      - {host: ads.example.org, source: "a capture"}\n    lists:\n'
    '      - source: "a list"\n        hosts:\n          - cdn.example.org\n          - example.com',
)


def test_hosts_that_share_a_source_stand_in_a_list(tmp_path):
    (company,) = load(write(tmp_path, other=LISTED)).companies
    hosts = [(host.host, host.path, host.source) for host in company.sdks[0].hosts]
    assert hosts == [
        ("ads.example.org", "", "a capture"),
        ("cdn.example.org", "", "a list"),
        ("example.com", "", "a list"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "why"),
    [
        ("- cdn.example.org", "- Cdn.example.org", 11, "sdks.0.lists.0.hosts.0", "lower case"),
        ("- example.com", "- com.cn", 12, "sdks.0.lists.0.hosts.1", "public suffix"),
        ("- example.com", "- ads.example.org", 12, "sdks.0.lists.0.hosts.1", "already belongs to 'Other Ads'"),
        ("- example.com", "- cdn.example.org", 12, "sdks.0.lists.0.hosts.1", "already belongs to 'Other Ads'"),
        ('source: "a list"', 'source: ""', 9, "sdks.0.lists.0.source", "at least 1"),
    ],
)
def test_what_is_wrong_in_a_list_is_named_with_its_place(tmp_path, old, new, line, key, why):
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, other=LISTED.replace(old, new, 1)))
    assert (error.value.line, error.value.key) == (line, key)
    assert why in error.value.why


def test_an_sdk_without_any_host_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="name at least one host"):
        load(write(tmp_path, other=SECOND.partition("    hosts:")[0]))


def test_one_host_has_one_owner_across_files(tmp_path):
    claim = SECOND.replace("ads.example.org", "example.net")
    with pytest.raises(ConfigError, match=r"other\.yaml:7: sdks\.0\.hosts\.0\.host: example\.net already belongs to"):
        load(write(tmp_path, example=GOOD, other=claim))


def test_one_host_may_have_an_owner_for_each_path(tmp_path):
    claim = SECOND.replace("host: ads.example.org", "host: api.example.net, path: /ads")
    known = load(write(tmp_path, example=GOOD, other=claim))
    assert known.find("api.example.net", "/ads/1").sdk.name == "Other Ads"
    assert known.find("api.example.net", "/push").sdk.name == "Example Push"


@pytest.mark.parametrize(
    ("host", "sdk"),
    [
        ("log.example.net.cdn.example.org", "Example Push"),
        ("log.example.net.x.y.cdn.example.org", "Example Push"),
        ("log.example.net.x.y.z.cdn.example.org", "Other Ads"),
        ("example.net.cdn.example.org", "Example Push"),
        ("net.cdn.example.org", "Other Ads"),
        ("notexample.net.cdn.example.org", "Other Ads"),
        ("log.example.net.example.com", None),
    ],
)
def test_a_name_in_front_of_a_carriers_is_its_customers(tmp_path, host, sdk):
    carrier = SECOND.replace("kind: ads", "kind: cdn").replace("ads.example.org", "cdn.example.org")
    found = load(write(tmp_path, example=GOOD, other=carrier)).find(host)
    assert (found.sdk.name if found else None) == sdk


def test_one_company_has_one_file(tmp_path):
    with pytest.raises(ConfigError, match=r"other\.yaml:1: company: .* has a file: example\.yaml"):
        load(write(tmp_path, example=GOOD, other=SECOND.replace("company: Other", "company: example metrics")))


@pytest.mark.parametrize(
    ("host", "path", "found"),
    [
        ("example.net", "", "example.net"),
        ("example.net", "/anything?x=1", "example.net"),
        ("a.b.example.net", "", "example.net"),
        ("api.example.net", "/push/v1", "api.example.net/push"),
        ("eu.api.example.net", "/push", "api.example.net/push"),
        ("api.example.net", "/pull", "example.net"),
        ("api.example.net", "", "example.net"),
        ("notexample.net", "", None),
        ("example.net.evil.org", "", None),
        ("net", "", None),
        ("example.ne", "", None),
        ("", "", None),
    ],
)
def test_the_longest_host_wins_then_the_longest_path(tmp_path, host, path, found):
    entry = load(write(tmp_path, example=GOOD)).find(host, path)
    assert (entry.host.host + entry.host.path if entry else None) == found


def test_the_carried_catalogue_is_sound_and_of_the_promised_size():
    known = catalogue()
    assert len(known.companies) == len(list(FOLDER.glob("*.yaml"))) >= 120
    assert sum(len(company.sdks) for company in known.companies) >= 180
    hosts = [(sdk, host) for company in known.companies for sdk in company.sdks for host in sdk.hosts]
    assert len(hosts) >= 900
    for sdk, host in hosts:
        assert suffixes(private=sdk.kind != "cdn").privatesuffix(host.host), host.host
        assert known.find(host.host, host.path).host is host


# Databases under GPL, share-alike or non-commercial terms: users may import them, the catalogue does not carry them.
NOT_CARRIED = (
    "adguard/", "adguard mobile", "adguard base", "adguard tracking", "adguard chinese", "awavenue", "disconnect",
    "duckduckgo", "exodus", "ghostery/", "hagezi", "ios_rule_script", "mobsf", "peter lowe", "pgl.yoyo.org",
    "stevenblack", "sukkaw", "trackercontrol", "twcau",
)  # fmt: skip
BESIDE = ("the domain bears", "the name bears", "the registrable domain", "named ", "below ", "beside ")


def only_not_carried(source):
    """Whether nothing but such a database speaks for a fact."""
    parts = source.casefold().split("; ")
    named = [part for part in parts if any(name in part for name in NOT_CARRIED)]
    return bool(named) and all(part in named or part.startswith(BESIDE) for part in parts)


@pytest.mark.parametrize(
    ("source", "only"),
    [
        ("@adguard/dnr-rulesets Base filter; the domain bears its owner's name", True),
        ("TrackerControl assets/hosts.txt; Exodus Privacy tracker 7: Smart", True),
        ("SukkaW/Surge reject list, section Xiaomi", True),
        ("TG-Twilight/AWAvenue-Ads-Rule; v2fly/domain-list-community data/xiaomi", False),
        ("cxw620/AdGuard-Rules src/advertisement/a.md", False),
        ("the registrable domain of hosts of this entry, of which no other company has one", False),
    ],
)
def test_which_sources_speak_alone_for_a_database_that_is_not_carried(source, only):
    assert only_not_carried(source) is only


def test_no_fact_rests_on_a_database_that_is_not_carried_alone():
    facts = [
        (company.company, fact.source)
        for company in catalogue().companies
        for fact in [*company.apps, *(f for sdk in company.sdks for f in [*sdk.hosts, *sdk.marks, *sdk.addresses])]
    ]
    assert len(facts) >= 900 and [fact for fact in facts if only_not_carried(fact[1])] == []


@pytest.mark.parametrize("host", ["baidu.com", "www.baidu.com", "qq.com", "www.taobao.com", "jd.com", "www.google.com"])
def test_a_giant_is_listed_whole_as_its_own_apps_alone(host):
    assert catalogue().find(host).sdk.kind == "app"


SHARED = Path(__file__).parents[2].parent / "shared/sdk/domains.tsv"


@pytest.mark.skipif(not SHARED.exists(), reason="the list of known SDK hosts is not at hand")
def test_every_known_host_is_found_as_itself():
    rows = [line.split("\t") for line in SHARED.read_text(encoding="utf-8").splitlines()[1:]]
    missing = [host for _, _, host, *_ in rows if (e := catalogue().find(host)) is None or e.host.host != host]
    assert len(rows) > 300 and missing == []


def test_the_catalogue_is_kept_as_it_was_read(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = catalogue.__wrapped__()
    monkeypatch.setattr("leaktap.attribution._catalogue.load_yaml", None)
    kept = catalogue.__wrapped__()
    for host in (host.host for company in first.companies for sdk in company.sdks for host in sdk.hosts):
        assert list(kept.candidates(host)) == list(first.candidates(host))
    assert kept.companies == first.companies
    assert kept.marked == first.marked and kept.maker("com.tencent.mm") == first.maker("com.tencent.mm") is not None


@pytest.mark.parametrize("harm", [lambda _: b"[{}]", lambda _: b"", lambda data: data[:-9], lambda data: data + b"."])
def test_a_kept_catalogue_that_is_damaged_is_read_again(tmp_path, monkeypatch, harm):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("leaktap.attribution._catalogue.FOLDER", write(tmp_path, other=SECOND))
    first = catalogue.__wrapped__()
    (file,) = (tmp_path / "leaktap").iterdir()
    file.write_bytes(harm(file.read_bytes()))
    again = catalogue.__wrapped__()
    assert again.companies == first.companies and again.find("ads.example.org").sdk.name == "Other Ads"


def test_the_catalogue_that_leaktap_carries_names_no_public_suffix():
    assert load(FOLDER).companies == catalogue().companies
