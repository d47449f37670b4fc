"""Owners by more than the host: canonical names, the greeting, certificates, addresses, marks, carriers, kinship."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaktap.attribution import Clues, Owners
from leaktap.attribution._catalogue import Catalogue, load
from leaktap.config import AppUnderTest
from leaktap.model import Alias, Blind, Endpoint, Exchange, Message, Origin

FILES = {
    "metrics": """\
company: Metrics Ltd
group: Big Group
sdks:
  - name: Metrics
    kind: analytics
    purpose: usage statistics
    hosts:
      - {host: metrics-sdk.net, source: test}
      - {host: shared-sdk.net, path: /metrics, source: test}
    marks:
      - {path: "/collect$", query: [stm], source: test}
    addresses:
      - {network: 203.0.113.9, ports: [19000], transport: udp, source: test}
      - {network: 203.0.113.128/25, source: test}
  - name: Metrics Push
    kind: push
    purpose: push messages
    hosts:
      - {host: push.metrics-sdk.net, source: test}
    marks:
      - {host: metrics-sdk.net, path: "/push", source: test}
""",
    "big": """\
company: Big
group: Big Group
apps: [{package: com.big, source: test}]
sdks:
  - {name: Big Ads, kind: ads, purpose: advertising, hosts: [{host: big-ads.net, source: test}]}
  - {name: Big sites, kind: app, purpose: its own sites, hosts: [{host: big-site.net, source: test}]}
""",
    "cloud": """\
company: Cloudy
sdks:
  - {name: Cloudy CDN, kind: cdn, purpose: content delivery, hosts: [{host: cloudy-cdn.net, source: test}]}
  - {name: Buckets, kind: cdn, purpose: storage, hosts: [{host: buckets.net, source: test}]}
""",
    "system": """\
company: Phone Maker
sdks:
  - {name: Sync, kind: platform, party: platform, purpose: sync, hosts: [{host: phone-sync.net, source: test}]}
""",
}


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> Catalogue:
    folder = tmp_path_factory.mktemp("catalogue")
    for name, text in FILES.items():
        (folder / f"{name}.yaml").write_text(text)
    return load(folder)


APP = AppUnderTest(package="com.shopfront.app", developer="Shop Ltd", domains=("shop-case.cn",))


def exchange(host, aliases=(), target="/", ip="198.51.100.1", port=443, transport="tcp"):
    pairs = tuple(Alias(*alias.split(":", 1)) for alias in aliases)
    request = Message(("POST", target, "HTTP/1.1"))
    origin = Origin("t", transport=transport)
    return Exchange(
        "x", 0, Endpoint("10.0.0.9"), Endpoint(ip, port), "https", host, request, None, origin, aliases=pairs
    )


CNAMES = [
    (
        "t.shop-case.cn",
        ("cname:x.metrics-sdk.net",),
        "third Metrics",
        "CNAME x.metrics-sdk.net of t.shop-case.cn: host metrics-sdk.net in catalogue; but case domain shop-case.cn",
    ),
    (
        "t.shopfront.com",
        ("cname:x.metrics-sdk.net",),
        "third Metrics",
        "CNAME x.metrics-sdk.net of t.shopfront.com: host metrics-sdk.net in catalogue; "
        "but domain shopfront.com like package com.shopfront.app",
    ),
    (
        "t.other.example",
        ("cname:a.example", "cname:x.metrics-sdk.net"),
        "third Metrics",
        "CNAME x.metrics-sdk.net of t.other.example: host metrics-sdk.net in catalogue",
    ),
    ("t.shop-case.cn", ("cname:lb.shopfront.com",), "first ", "case domain shop-case.cn"),
    ("t.shop-case.cn", ("cname:x.cloudy-cdn.net",), "first  by Cloudy CDN", "case domain shop-case.cn"),
    ("t.shop-case.cn", ("cname:x.big-site.net",), "first ", "case domain shop-case.cn"),
    ("t.shop-case.cn", ("cname:x.phone-sync.net",), "platform Sync", "CNAME x.phone-sync.net of t.shop-case.cn"),
    (
        "x.cloudfree.example",
        ("cname:lb.shop-case.cn",),
        "first ",
        "CNAME lb.shop-case.cn of x.cloudfree.example: case domain shop-case.cn",
    ),
    ("big-ads.net", ("cname:x.metrics-sdk.net",), "third Big Ads", "host big-ads.net in catalogue"),
    (
        "big-ads.net",
        ("cname:x.cloudy-cdn.net",),
        "third Big Ads by Cloudy CDN",
        "host big-ads.net in catalogue",
    ),
    ("a.example", ("cname:x.cloudy-cdn.net",), "unknown  by Cloudy CDN", "host a.example neither"),
    ("a.example", ("cname:b.example",), "unknown ", "host a.example neither the app's nor in catalogue"),
    (
        "x.shared-sdk.net",
        ("cname:b.example",),
        "unknown ",
        "host x.shared-sdk.net neither the app's nor in catalogue",
    ),
]

GREETINGS = [
    (
        "www.bank.example",
        ("sni:x.metrics-sdk.net",),
        "third Metrics",
        "SNI x.metrics-sdk.net: host metrics-sdk.net in catalogue; the Host says www.bank.example",
    ),
    ("big-ads.net", ("sni:x.metrics-sdk.net",), "third Metrics", "SNI x.metrics-sdk.net: host metrics-sdk.net in cat"),
    ("api.shop-case.cn", ("sni:x.metrics-sdk.net",), "third Metrics", "SNI x.metrics-sdk.net: host metrics-sdk.net"),
    (
        "big-ads.net",
        ("sni:x.cloudy-cdn.net",),
        "third Big Ads by Cloudy CDN",
        "host big-ads.net in catalogue; the SNI says x.cloudy-cdn.net",
    ),
    ("big-ads.net", ("sni:api.shop-case.cn",), "third Big Ads", "host big-ads.net in catalogue; the SNI says api.shop"),
    ("big-ads.net", ("sni:cdn.example",), "third Big Ads", "host big-ads.net in catalogue; the SNI says cdn.example"),
    (
        "big-ads.net",
        ("sni:x.big-site.net",),
        "third Big Ads",
        "host big-ads.net in catalogue; the SNI says x.big-site.net",
    ),
    ("a.big-ads.net", ("sni:b.big-ads.net",), "third Big Ads", "host big-ads.net in catalogue"),
    (
        "big-ads.net",
        ("sni:x.metrics-sdk.net", "certificate:big-ads.net"),
        "third Big Ads",
        "host big-ads.net in catalogue",
    ),
    (
        "a.big-ads.net",
        ("sni:x.metrics-sdk.net", "certificate:*.big-ads.net"),
        "third Big Ads",
        "host big-ads.net in catalogue",
    ),
    (
        "a.example",
        ("sni:api.shop-case.cn",),
        "first ",
        "SNI api.shop-case.cn: case domain shop-case.cn; the Host says a",
    ),
    (
        "a.example",
        ("sni:b.test",),
        "unknown ",
        "host a.example neither the app's nor in catalogue; the SNI says b.test",
    ),
]

ADDRESSES = [
    (
        "198.51.100.1",
        ("sni:x.metrics-sdk.net",),
        "third Metrics",
        "SNI x.metrics-sdk.net of the address: host metrics-sdk.net in catalogue",
    ),
    (
        "198.51.100.1",
        ("dns:x.metrics-sdk.net",),
        "third Metrics",
        "DNS name x.metrics-sdk.net of the address: host metrics-sdk.net in catalogue",
    ),
    (
        "198.51.100.1",
        ("certificate:*.metrics-sdk.net",),
        "third Metrics",
        "certificate of *.metrics-sdk.net of the address: host metrics-sdk.net in catalogue",
    ),
    ("198.51.100.1", ("sni:a.example", "dns:x.metrics-sdk.net"), "third Metrics", "DNS name x.metrics-sdk.net of the"),
    ("198.51.100.1", ("dns:api.shop-case.cn",), "first ", "DNS name api.shop-case.cn of the address: case domain"),
    (
        "198.51.100.1",
        ("dns:t.shop-case.cn", "cname:x.metrics-sdk.net"),
        "third Metrics",
        "DNS name t.shop-case.cn of the address: CNAME x.metrics-sdk.net of t.shop-case.cn: host metrics-sdk.net",
    ),
    ("198.51.100.1", ("dns:a.example",), "unknown ", "address 198.51.100.1 of a.example, which nobody knows"),
    ("198.51.100.1", (), "unknown ", "address 198.51.100.1 without a name"),
    ("a.example", ("dns:x.metrics-sdk.net",), "unknown ", "host a.example neither the app's nor in catalogue"),
]

CARRIERS = [
    (
        "x.cloudy-cdn.net",
        (),
        "unknown  by Cloudy CDN",
        "host x.cloudy-cdn.net is a carrier's, and nothing says",
    ),
    (
        "shopfront-img.buckets.net",
        (),
        "first  by Buckets (Cloudy)",
        "shopfront-img in front of buckets.net like package com.shopfront.app",
    ),
    ("shopfronts.buckets.net", (), "unknown  by Buckets (Cloudy)", "host shopfronts.buckets.net is a carrier's"),
    (
        "x.cloudy-cdn.net",
        ("cname:y.metrics-sdk.net",),
        "third Metrics by Cloudy CDN",
        "CNAME y.metrics-sdk.net",
    ),
]


@pytest.mark.parametrize(("host", "aliases", "who", "basis"), [*CNAMES, *GREETINGS, *ADDRESSES, *CARRIERS])
def test_who_is_behind_the_names(known, host, aliases, who, basis):
    owner = Owners(APP, known).owner(exchange(host, aliases))
    assert f"{owner.party} {owner.sdk}" + f" by {owner.carrier}" * bool(owner.carrier) == who, owner.basis
    assert owner.basis.startswith(basis)
    assert 0 <= owner.confidence <= 1 and (owner.confidence > 0) == (owner.party != "unknown")


@pytest.mark.parametrize(
    ("host", "decrypted", "basis", "confidence"),
    [
        ("big-ads.net", False, "name big-ads.net of the address: host big-ads.net in catalogue", 0.71),
        ("big-ads.net", True, "host big-ads.net in catalogue", 0.95),
        ("a.example", False, "host a.example neither the app's nor in catalogue", 0),
        ("203.0.113.200", False, "address 203.0.113.128/25 in catalogue", 0.6),
    ],
)
def test_bytes_that_name_no_host_go_by_the_name_that_was_asked_for(known, host, decrypted, basis, confidence):
    ip = host if host[0].isdigit() else "198.51.100.1"
    said = replace(exchange(host, (), "", ip), origin=Origin("t", "raw", "tcp", decrypted=decrypted))
    owner = Owners(APP, known).owner(said)
    assert (owner.confidence, owner.basis) == (confidence, basis)


@pytest.mark.parametrize(
    ("ip", "port", "transport", "party", "basis"),
    [
        ("203.0.113.9", 19000, "udp", "third", "address 203.0.113.9 port 19000 in catalogue"),
        ("203.0.113.9", 19000, "tcp", "unknown", "address 203.0.113.9 without a name"),
        ("203.0.113.9", 19001, "udp", "unknown", "address 203.0.113.9 without a name"),
        ("203.0.113.200", 7, "tcp", "third", "address 203.0.113.128/25 in catalogue"),
    ],
)
def test_addresses_that_sdks_have_built_in(known, ip, port, transport, party, basis):
    owners = Owners(APP, known)
    owner = owners.owner(exchange(ip, (), "/", ip, port, transport))
    assert (owner.party, owner.basis) == (party, basis)
    blind = owners.of_blind(Blind(0, "unknown_protocol", "udp", "", ip, port))
    if transport == "udp":
        assert blind == (owner if party == "third" else None)
    assert owners.of_blind(Blind(0, "no_key", "tls", "big-ads.net", ip, port)).sdk == "Big Ads"


@pytest.mark.parametrize(
    ("host", "marks", "who", "kind", "basis"),
    [
        (
            "a.example",
            (0,),
            "third Metrics Ltd Metrics",
            "analytics",
            "path /collect$; query stm like Metrics; host a.ex",
        ),
        (
            "x.cloudy-cdn.net",
            (0,),
            "third Metrics Ltd Metrics",
            "analytics",
            "path /collect$; query stm like Metrics; ho",
        ),
        (
            "api.shop-case.cn",
            (0,),
            "first Shop Ltd Metrics",
            "analytics",
            "case domain shop-case.cn; path /collect$; que",
        ),
        (
            "metrics-sdk.net",
            (1,),
            "third Metrics Ltd Metrics Push",
            "push",
            "host metrics-sdk.net in catalogue; path /pu",
        ),
        (
            "metrics-sdk.net",
            (0,),
            "third Metrics Ltd Metrics",
            "analytics",
            "host metrics-sdk.net in catalogue; path /co",
        ),
        ("big-ads.net", (0,), "third Big Big Ads", "ads", "host big-ads.net in catalogue"),
        (
            "push.metrics-sdk.net",
            (0,),
            "third Metrics Ltd Metrics Push",
            "push",
            "host push.metrics-sdk.net in catalogue",
        ),
        ("phone-sync.net", (0,), "platform Phone Maker Sync", "platform", "host phone-sync.net in catalogue"),
        (
            "198.51.100.1",
            (0,),
            "third Metrics Ltd Metrics",
            "analytics",
            "path /collect$; query stm like Metrics; address",
        ),
    ],
)
def test_what_the_marks_of_a_request_add(known, host, marks, who, kind, basis):
    owner = Owners(APP, known).owner(exchange(host), Clues(marks=marks))
    assert (f"{owner.party} {owner.company} {owner.sdk}", owner.kind) == (who, kind)
    assert owner.basis.startswith(basis)
    assert owner.carrier == ("Cloudy CDN" if "cloudy" in host else "")


@pytest.mark.parametrize(
    ("package", "host", "party", "group", "basis"),
    [
        ("com.big.shop", "big-ads.net", "first", "", "; Big makes com.big"),
        ("com.big.shop", "x.big-site.net", "first", "", "; Big makes com.big"),
        ("com.big.shop", "metrics-sdk.net", "third", "Big Group", "; Big makes com.big, and both belong to Big Group"),
        ("com.bigger.shop", "big-ads.net", "third", "", "in catalogue"),
        ("com.big.shop", "phone-sync.net", "platform", "", "in catalogue"),
        ("com.big.shop", "x.cloudy-cdn.net", "unknown", "", "whose traffic it is"),
    ],
)
def test_companies_that_make_the_app(known, package, host, party, group, basis):
    owner = Owners(AppUnderTest(package=package), known).of_host(host)
    assert (owner.party, owner.group) == (party, group)
    assert owner.basis.endswith(basis)


def test_a_path_that_does_not_fit_leaves_the_host_to_its_other_names(known):
    owners = Owners(APP, known)
    aliases = ("cname:x.big-ads.net",)
    assert owners.owner(exchange("shared-sdk.net", aliases, "/metrics/1")).sdk == "Metrics"
    assert owners.owner(exchange("shared-sdk.net", aliases, "/other")).sdk == "Big Ads"
    assert owners.owner(exchange("shared-sdk.net", (), "/other")).party == "unknown"


NAMES = st.sampled_from(
    [
        "",
        "a.example",
        "metrics-sdk.net",
        "x.shared-sdk.net",
        "x.cloudy-cdn.net",
        "shopfront-img.buckets.net",
        "api.shop-case.cn",
        "www.shopfront.com",
        "big-site.net",
        "phone-sync.net",
        "198.51.100.1",
        "203.0.113.9",
        "2001:db8::1",
        "*.metrics-sdk.net",
        "*",
        "..",
        "é.example",
    ]
)
ALIASES = st.lists(st.builds(Alias, st.sampled_from(["sni", "certificate", "cname", "dns"]), NAMES), max_size=6)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(NAMES, ALIASES, st.sampled_from(["/", "/metrics/1", "*", ""]), st.sampled_from([(), (0,), (1, 0)]))
def test_any_names_have_an_owner_with_a_reason(known, host, aliases, target, marks):
    end = Endpoint("203.0.113.9", 19000)
    request = Message(("POST", target, "HTTP/1.1"))
    origin = Origin("t", transport="udp")
    said = Exchange("x", 0, end, end, "https", host, request, None, origin, aliases=tuple(aliases))
    owners = Owners(APP, known)
    owner = owners.owner(said, Clues(marks=marks))
    assert owner.basis and owner == owners.owner(said, Clues(marks=marks))
    assert (owner.party == "unknown") == (owner.confidence == 0)
    assert owner.party != "third" or (owner.sdk and owner.company)
    assert not owner.carrier or owner.carrier != owner.sdk
