"""Owners: the order of the questions, and the reason given."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaktap.attribution import Owners, known
from leaktap.attribution._catalogue import load
from leaktap.config import AppUnderTest
from leaktap.model import Endpoint, Exchange, Message, Origin

APP = AppUnderTest(
    package="com.example.shop",
    name="Example Shop",
    developer="Example Ltd",
    domains=("example-shop.cn", "alog.umeng.com"),
)


def exchange(host: str, target: str = "/") -> Exchange:
    end = Endpoint("192.0.2.1")
    request = Message(("POST", target, "HTTP/1.1"))
    return Exchange("x", 0, end, end, "https", host, request, None, Origin("test"))


@pytest.mark.parametrize(
    ("host", "party", "company", "sdk", "basis"),
    [
        ("example-shop.cn", "first", "Example Ltd", "", "case domain example-shop.cn"),
        ("api.example-shop.cn", "first", "Example Ltd", "", "case domain example-shop.cn"),
        ("API.Example-Shop.CN.", "first", "Example Ltd", "", "case domain example-shop.cn"),
        ("not-example-shop.cn", "unknown", "", "", "host not-example-shop.cn neither the app's nor in catalogue"),
        (
            "example-shop.cn.evil.org",
            "unknown",
            "",
            "",
            "host example-shop.cn.evil.org neither the app's nor in catalogue",
        ),
        ("alog.umeng.com", "first", "Example Ltd", "", "case domain alog.umeng.com"),
        ("ulogs.umeng.com", "third", "Umeng", "Umeng Analytics", "host ulogs.umeng.com in catalogue"),
        ("x.y.jpush.cn", "third", "Aurora Mobile", "JPush and JCore", "host jpush.cn in catalogue"),
        (
            "connect.rom.miui.com",
            "platform",
            "Xiaomi",
            "MIUI connectivity check",
            "host connect.rom.miui.com in catalogue",
        ),
        ("example.com", "first", "Example Ltd", "", "domain example.com like package com.example.shop"),
        ("api.example.cn", "first", "Example Ltd", "", "domain example.cn like package com.example.shop"),
        ("a.example.com.cn", "first", "Example Ltd", "", "domain example.com.cn like package com.example.shop"),
        ("example.evil.org", "unknown", "", "", "host example.evil.org neither the app's nor in catalogue"),
        ("shop.com", "unknown", "", "", "host shop.com neither the app's nor in catalogue"),
        ("203.0.113.7", "unknown", "", "", "address 203.0.113.7 without a name"),
        ("2001:db8::1", "unknown", "", "", "address 2001:db8::1 without a name"),
        ("[2001:db8::1]", "unknown", "", "", "address [2001:db8::1] without a name"),
        ("", "unknown", "", "", "no host name"),
        ("localhost", "unknown", "", "", "host localhost neither the app's nor in catalogue"),
        ("com.cn", "unknown", "", "", "host com.cn neither the app's nor in catalogue"),
        ("a." * 200 + "com", "unknown", "", "", "the host name is too long to be one"),
    ],
)
def test_who_is_behind_a_host(host, party, company, sdk, basis):
    owner = Owners(APP).of_host(host)
    assert (owner.party, owner.company, owner.sdk, owner.basis) == (party, company, sdk, basis)


@pytest.mark.parametrize(
    ("package", "host", "first"),
    [
        ("com.example.shop", "example.org", True),
        ("com.example.shop", "example.com", True),
        ("org.telegraphy.messenger", "api.telegraphy.org", True),
        ("uk.co.example.news", "example.com", True),
        ("io.github.someone.app", "someone.github.io", True),
        ("com.qz.reader", "api.qz.com", True),
        ("com.qz.reader", "api.qz.cn", False),
        ("com.android.browser", "android.com", False),
        ("com.app.shop", "app.cn", False),
        ("com.app.shop", "app.com", False),
        ("cn.com.example.pay", "example.com", True),
        ("cn.com.example.pay", "com.example.cn", True),
        ("com.example", "example.net", True),
        ("com", "com.com", False),
        ("air.com.example.game", "com.net", False),
        ("example", "example.com", False),
        ("", "example.com", False),
        ("..", "example.com", False),
    ],
)
def test_a_package_name_tells_its_own_domains(package, host, first):
    owner = Owners(AppUnderTest(package=package)).of_host(host)
    assert owner.party == ("first" if first else "unknown"), owner.basis


@pytest.mark.parametrize(
    ("developer", "kin"),
    [
        ("Umeng Technology", "Umeng"),
        ("Alibaba (China) Co., Ltd.", "Alibaba"),
        ("杭州阿里巴巴广告有限公司", ""),
        ("Malibaba", ""),
        ("", ""),
        ("Example Ltd", ""),
    ],
)
def test_an_sdk_of_the_developers_own_group_stays_third_and_says_so(developer, kin):
    owner = Owners(AppUnderTest(developer=developer)).of_host("ulogs.umeng.com")
    told = f"; {kin} is the app's developer" if kin else ""
    assert (owner.party, owner.basis) == ("third", "host ulogs.umeng.com in catalogue" + told)
    assert owner.group == ("Alibaba" if kin == "Alibaba" else "")


@pytest.mark.parametrize("developer", ["友盟+", "Umeng", "umeng"])
def test_an_sdk_of_the_developer_itself_is_the_first_party(developer):
    owner = Owners(AppUnderTest(developer=developer)).of_host("ulogs.umeng.com")
    assert (owner.party, owner.sdk) == ("first", "Umeng Analytics")
    assert owner.basis.endswith("is the app's developer")


@pytest.mark.parametrize(
    ("target", "party"),
    [("/generate_204", "platform"), ("/generate_204?x=1", "platform"), ("/", "unknown"), ("", "unknown")],
)
def test_a_path_narrows_an_entry(target, party):
    assert Owners(APP).owner(exchange("www.gstatic.com", target)).party == party


def test_another_catalogue_may_be_given(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "company: A\nsdks:\n- {name: S, kind: ads, purpose: files, hosts: [{host: ulogs.umeng.com, source: test}]}\n"
    )
    assert Owners(APP, load(tmp_path)).of_host("ulogs.umeng.com").company == "A"
    assert Owners(APP).of_host("ulogs.umeng.com").company == "Umeng"


labels = st.text(st.sampled_from("abz09-_é."), max_size=12)
hosts = st.one_of(
    labels,
    st.text(max_size=300),
    st.builds(
        lambda a, b: f"{a}.{b}", labels, st.sampled_from(["umeng.com", "example.com", "com.cn", "example-shop.cn"])
    ),
)


@settings(max_examples=300)
@given(hosts, st.text(max_size=20))
def test_every_host_has_an_owner_with_a_reason_the_same_each_time(host, path):
    owners = Owners(APP)
    owner = owners.of_host(host, path)
    assert owner.basis
    assert owners.of_host(host, path) == owner
    listed = known().find(host.lower().rstrip("."), path)
    known_to_us = listed is not None and listed.sdk.kind != "cdn" and len(host) <= 253
    assert (owner.sdk != "") == (known_to_us and not owner.basis.startswith("case"))
    assert (owner.party == "unknown") == (owner.confidence == 0)


@pytest.mark.parametrize(
    ("protocol", "address", "party"),
    [
        ("mdns", "224.0.0.251", "platform"),
        ("mdns", "192.168.1.7", "platform"),
        ("ssdp", "239.255.255.250", "platform"),
        ("nbns", "192.168.1.255", "platform"),
        ("llmnr", "ff02::1:3", "platform"),
        ("mdns", "8.8.8.8", "unknown"),
        ("dns", "192.168.1.1", "unknown"),
        ("raw", "255.255.255.255", "unknown"),
        ("http/1.1", "192.168.1.1", "unknown"),
    ],
)
def test_what_stays_in_the_local_network_is_the_systems(protocol: str, address: str, party: str) -> None:
    request = Message(("QUERY", "/x.local", "A"))
    end = Endpoint(address, 5353)
    said = Exchange("x", 0, Endpoint("192.168.1.9"), end, protocol, address, request, None, Origin("test", protocol))
    assert Owners(APP).owner(said).party == party


SHARED = Path(__file__).parents[2].parent / "shared/sdk/domains.tsv"
OTHERWISE = {"1rtb.net", "sdk.1rtb.net"}
"""Hosts that the list gives to another company, while the catalogue has better sources."""


@pytest.mark.skipif(not SHARED.exists(), reason="the list of known SDK hosts is not at hand")
def test_every_known_host_has_the_company_and_the_sdk_that_the_list_names():
    owners = Owners(AppUnderTest())
    rows = [line.split("\t")[:3] for line in SHARED.read_text(encoding="utf-8").splitlines()[1:]]
    wrong = []
    for sdk, company, host in rows:
        entry, owner = known().find(host), owners.of_host(host)
        listed = words(sdk, company)
        named = words(entry.sdk.name, entry.company.company, entry.company.group) if entry else set()
        if host not in OTHERWISE and (not listed & named or not (owner.sdk or owner.carrier)):
            wrong.append((host, company, owner))
    assert len(rows) > 300 and wrong == []


def words(*names: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]{2,}", " ".join(names).lower()))
