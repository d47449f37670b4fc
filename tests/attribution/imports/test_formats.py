"""Every format of an import: what a file in its real layout says, what is refused and where; no other takes it."""

import json

import pytest

from leaktap.attribution.imports._api import BadEntry, Document, Fact, kind
from leaktap.attribution.imports._store import formats

BY_NAME = {each.name: each for each in formats()}

EXODUS = {
    "trackers": {
        "12": {
            "id": 12,
            "name": "Example Metrics",
            "network_signature": "\\.example-metrics\\.net|log\\.example\\.org|^https?://a\\.example\\.org/|x[0-9]+\\.example",
            "code_signature": "com.example.metrics.|net.example.m.",
            "categories": ["Analytics"],
            "website": "https://example.org",
        },
        "13": {"name": "No Hosts", "network_signature": "", "code_signature": "com.example.none", "categories": []},
    }
}
ETIP = {
    "trackers": [
        {"name": "Example Push", "network_signature": "push\\.example\\.net", "categories": [{"name": "Advertisement"}]}
    ]
}
APPS = {
    "version": 1,
    "trackers": {"ads.example.org": {"owner": {"name": "Example Ads, Inc.", "displayName": "Example Ads"}}},
    "packageNames": {},
    "entities": {},
}
RADAR = {
    "domain": "example.org",
    "owner": {"name": "Example, Inc.", "displayName": "Example"},
    "prevalence": 0.1,
    "categories": ["Audience Measurement"],
}
ENTITIES = {"Example, Inc.": {"aliases": [], "displayName": "Example", "properties": ["example.org", "example.net"]}}
COMPANIES = [
    {"owner_name": "Example Ads", "doms": ["example.org"], "parent": "Example", "root_parent": "Example Group"},
    {"owner_name": "Example Group", "doms": [], "parent": None, "root_parent": None, "country": "us"},
]
SERVICES = {
    "license": "a licence",
    "categories": {
        "Advertising": [{"Example Ads": {"https://example.org/": ["example.org"], "session-replay": "true"}}],
        "Analytics": [{"Example Metrics": {"https://example.net/": ["example.net", "log.example.net"]}}],
    },
}
RELATED = {"license": "a", "entities": {"Example": {"properties": ["example.org"], "resources": ["example.net"]}}}
GHOSTERY = {
    "categories": {"site_analytics": {"name": "Site Analytics"}},
    "organizations": {"example": {"name": "Example Ltd"}},
    "patterns": {
        "a": {
            "name": "Example Count",
            "category": "site_analytics",
            "organization": "example",
            "domains": ["example.org"],
        },
        "b": {"name": "Alone", "category": "advertising", "organization": None, "domains": ["example.net"]},
    },
    "domains": {"example.org": "a"},
}
ADGUARD = {
    "timeUpdated": "2026-01-01T00:00:00Z",
    "categories": {"4": "advertising", "6": "site_analytics"},
    "trackers": {
        "count": {"name": "Example Count", "categoryId": 6, "url": None, "companyId": "example"},
        "ads": {"name": "Example Ads", "categoryId": 4, "url": None, "companyId": None},
    },
    "trackerDomains": {"count.example.org": "count", "ads.example.org": "ads"},
}
OWNERS = {"timeUpdated": "2026-01-01T00:00:00Z", "companies": {"example": {"name": "Example Ltd", "websiteUrl": None}}}
HOSTS = """\
# a hosts file
127.0.0.1 localhost
::1 ip6-localhost
0.0.0.0 ads.example.org  # advertising
0.0.0.0 one.example.net two.example.net
"""
LIST = "! a list\n[Adblock Plus]\n||ads.example.org^\nplain.example.net\n*.wild.example.net\n/no host/\n"

METRICS = {"company": "Example Metrics", "sdk": "Example Metrics", "kind": "analytics"}
CODE = ("com.example.metrics", "net.example.m")

KNOWN = {
    "Exodus": [
        (
            [EXODUS],
            [
                Fact("example-metrics.net", **METRICS, packages=CODE),
                Fact("log.example.org", **METRICS, packages=CODE),
                Fact("a.example.org", **METRICS, packages=CODE),
                Fact("x[0-9]+.example", **METRICS, packages=CODE),
            ],
        ),
        ([ETIP], [Fact("push.example.net", "Example Push", "Example Push", "ads")]),
    ],
    "DuckDuckGo": [
        ([APPS], [Fact("ads.example.org", "Example Ads")]),
        ([RADAR, RADAR | {"owner": {}}], [Fact("example.org", "Example", kind="analytics")]),
        ([ENTITIES], [Fact("example.org", "Example"), Fact("example.net", "Example")]),
    ],
    "TrackerControl": [([COMPANIES], [Fact("example.org", "Example Ads", group="Example Group")])],
    "Disconnect": [
        (
            [SERVICES],
            [
                Fact("example.org", "Example Ads", kind="ads"),
                Fact("example.net", "Example Metrics", kind="analytics"),
                Fact("log.example.net", "Example Metrics", kind="analytics"),
            ],
        ),
        ([RELATED], [Fact("example.org", "Example"), Fact("example.net", "Example")]),
        ([RELATED["entities"]], [Fact("example.org", "Example"), Fact("example.net", "Example")]),
    ],
    "Ghostery": [
        (
            [GHOSTERY],
            [
                Fact("example.org", "Example Ltd", "Example Count", "analytics"),
                Fact("example.net", "Alone", "Alone", "ads"),
            ],
        )
    ],
    "AdGuard companies": [
        (
            [ADGUARD],
            [
                Fact("count.example.org", "Example Count", "Example Count", "analytics"),
                Fact("ads.example.org", "Example Ads", "Example Ads", "ads"),
            ],
        ),
        (
            [ADGUARD, OWNERS],
            [
                Fact("count.example.org", "Example Ltd", "Example Count", "analytics"),
                Fact("ads.example.org", "Example Ads", "Example Ads", "ads"),
            ],
        ),
    ],
    "hosts": [
        (
            [HOSTS],
            [
                Fact("ads.example.org", "example.org", "listed host"),
                Fact("one.example.net", "example.net", "listed host"),
                Fact("two.example.net", "example.net", "listed host"),
            ],
        ),
        (
            [LIST],
            [
                Fact("ads.example.org", "example.org", "listed host"),
                Fact("plain.example.net", "example.net", "listed host"),
                Fact("wild.example.net", "example.net", "listed host"),
            ],
        ),
    ],
}


def document(content):
    if isinstance(content, str):
        return Document("list.txt", text=content)
    return Document("data.json", json.loads(json.dumps(content)))


def test_every_format_is_here():
    assert KNOWN.keys() == BY_NAME.keys()


@pytest.mark.parametrize(("name", "contents", "facts"), [(n, *case) for n, cases in KNOWN.items() for case in cases])
def test_what_a_database_says(name, contents, facts):
    documents = [document(each) for each in contents]
    for each in documents:
        assert [form.name for form in BY_NAME.values() if form.knows(each)] == [name]
    assert list(BY_NAME[name].facts(documents)) == facts


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        [1, 2],
        {"trackers": {}},
        {"trackers": []},
        {"trackers": {"a": 1}},
        {"trackers": {"a": {"name": "no signature"}}},
        {"categories": {"Advertising": {}}},
        {"patterns": []},
        {"patterns": {}},
        {"companies": ["a"]},
        {"entities": {}},
        {"domain": "example.org"},
        {"domain": 7, "owner": {}, "prevalence": 1},
        [{"owner_name": "no domains"}],
        None,
        "Dear reader,\nthis is a letter.\nIt names example.org and no list.\n",
        "",
        "\n# nothing\n",
        "select * from hosts where a > b;\n" * 3,
        "a:b:c:" * 5000,
    ],
)
def test_what_is_of_no_format(content):
    assert [form.name for form in BY_NAME.values() if form.knows(document(content))] == []


def changed(content, *path, to):
    content = json.loads(json.dumps(content))
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return content


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("Exodus", changed(EXODUS, "trackers", "12", "network_signature", to=5), "trackers.12.network_signature"),
        ("Exodus", changed(EXODUS, "trackers", "13", to="text"), "trackers.13"),
        ("Exodus", changed(ETIP, "trackers", 0, "categories", to="Ads"), "trackers.0.categories"),
        ("DuckDuckGo", changed(RADAR, "owner", to=["a"]), "owner"),
        ("DuckDuckGo", changed(RADAR, "categories", to="Ads"), "categories"),
        ("DuckDuckGo", changed(APPS, "trackers", "b.example.org", to=None), "trackers.b.example.org"),
        ("DuckDuckGo", changed(ENTITIES, "Example, Inc.", "properties", 0, to=1), "Example, Inc..properties"),
        ("TrackerControl", changed(COMPANIES, 1, to="text"), "1"),
        ("TrackerControl", changed(COMPANIES, 0, "doms", to="example.org"), "0.doms"),
        ("Disconnect", changed(SERVICES, "categories", "Analytics", to={}), "categories.Analytics"),
        ("Disconnect", changed(SERVICES, "categories", "Analytics", 0, to=1), "categories.Analytics.0"),
        ("Ghostery", changed(GHOSTERY, "organizations", to=[]), "organizations"),
        ("Ghostery", changed(GHOSTERY, "patterns", "a", "domains", to="x"), "patterns.a.domains"),
        ("AdGuard companies", changed(ADGUARD, "trackers", to=1), "trackers"),
        (
            "AdGuard companies",
            changed(ADGUARD, "trackerDomains", "x.example.org", to=1),
            "trackerDomains.x.example.org",
        ),
    ],
)
def test_what_breaks_a_format_is_named_with_its_place(name, content, where):
    with pytest.raises(BadEntry) as error:
        list(BY_NAME[name].facts([document(content)]))
    assert error.value.where == where
    assert str(error.value).startswith("data.json: ")


@pytest.mark.parametrize(
    ("categories", "ours"),
    [
        (["Ad Motivated Tracking", "Analytics"], "ads"),
        (["advertising"], "ads"),
        (["site_analytics"], "analytics"),
        (["Crash reporting"], "crash"),
        (["customer_interaction"], "im"),
        (["ConsentManagers"], "consent"),
        (["hosting"], "cdn"),
        (["Fraud Prevention"], "risk-control"),
        (["Upload", "broad"], "tracker"),
        ([], "tracker"),
    ],
)
def test_categories_become_kinds(categories, ours):
    assert kind(*categories) == ours
