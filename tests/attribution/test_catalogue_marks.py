"""The marks and addresses that the catalogue carries: each on a request as its SDK sends it, and on one that is not."""

import pytest

from leaktap.attribution import Owners, Witness, known
from leaktap.config import AppUnderTest
from leaktap.model import Endpoint, Exchange, Leaf, Message, Origin

APP = AppUnderTest(package="com.example.shop", domains=("example-shop.cn",), developer="Example Ltd")


def exchange(target, body=b"", headers=(), host="data.customer.example", method="POST"):
    end = Endpoint("198.51.100.7", 443)
    request = Message((method, target, "HTTP/1.1"), tuple((name.encode(), b"1") for name in headers), body)
    return Exchange("x", 0, end, end, "https", host, request, None, Origin("t", transport="tcp"))


def owner(said, leaves=()):
    return Owners(APP).owner(said, Witness(APP).read(said, leaves))


SENSORS = b"crc=-1&gzip=1&data_list=H4sIAAAA"
ZHUGE = b"method=event_statis_srv.upload&compress=1&event=eJwr"


@pytest.mark.parametrize(
    ("said", "sdk"),
    [
        (exchange("/sa?project=default", SENSORS), "Sensors Analytics"),
        (exchange("/collect/sa.gif?project=default&data=eyJ9&ext=crc", method="GET"), "Sensors Analytics"),
        (exchange("/v3/projects/91eaf9b283361032/collect?stm=1708765432100"), "GrowingIO"),
        (exchange("/pv?stm=1708765432100", headers=("x-compress-codec",)), "GrowingIO"),
        (exchange("/apipool", ZHUGE), "Zhuge.io"),
        (exchange("/matomo.php?idsite=1&rec=1&url=x", method="GET"), "Matomo"),
        (exchange("/stats/piwik.php?rec=1&idsite=7", method="GET"), "Matomo"),
        (exchange("/sync", headers=("TA-Integration-Type", "TA-Integration-Version")), "ThinkingData"),
        (exchange("/com.snowplowanalytics.snowplow/tp2"), "Snowplow"),
        (exchange("/api/42/envelope/", headers=("X-Sentry-Auth",)), "Sentry"),
        (exchange("/service/2/device_register/?tt_data=a"), "AppLog"),
        (exchange("/api/ad/union/sdk/get_ads/"), "Pangle"),
    ],
)
def test_requests_of_sdks_on_customers_hosts(said, sdk):
    found = owner(said)
    assert (found.party, found.sdk) == ("third", sdk)
    assert "like " + sdk in found.basis and 0 < found.confidence < 1


@pytest.mark.parametrize(
    "said",
    [
        exchange("/sa?project=default", b"data=1&gzip=1"),
        exchange("/sa.gif?project=default", method="GET"),
        exchange("/v3/projects/7/collect"),
        exchange("/v3/projects/7/8/collect?stm=1"),
        exchange("/pv?stm=1"),
        exchange("/pv", headers=("x-compress-codec",)),
        exchange("/apipool", b"method=upload&event=1"),
        exchange("/matomo.php?rec=1"),
        exchange("/matomoXphp?idsite=1&rec=1"),
        exchange("/sync", headers=("TA-Integration-Type",)),
        exchange("/api/42/envelope/"),
        exchange("/api/x/envelope/", headers=("X-Sentry-Auth",)),
        exchange("/service/2/device"),
        exchange("/service/2/profiles/me"),
        exchange("/api/ad/unions/"),
        exchange("/umpx_push_logs"),
        exchange("/x/service/2/app_log/"),
    ],
)
def test_requests_that_only_look_like_them(said):
    assert owner(said).party == "unknown"


@pytest.mark.parametrize(
    ("host", "target", "sdk"),
    [
        ("ulogs.umeng.com", "/umpx_push_register", "Umeng Push"),
        ("ulogs.umeng.com", "/unify_logs", "Umeng Analytics"),
        ("is.snssdk.com", "/api/ad/union/sdk/stats/", "Pangle"),
        ("is.snssdk.com", "/service/2/app_log/", "AppLog"),
        ("log.snssdk.com", "/service/2/app_log/", "AppLog"),
        ("i.snssdk.com", "/service/2/device_register/?tt_data=a", "AppLog"),
        ("i.snssdk.com", "/monitor/collect", "APM Insight"),
        ("extlog.snssdk.com", "/service/2/app_log/", "Pangle"),
        ("log.snssdk.com", "/api/ad/union/sdk/stats/", "Pangle"),
    ],
)
def test_sdks_of_one_company_are_told_apart(host, target, sdk):
    found = owner(exchange(target, host=host))
    assert (found.party, found.sdk) == ("third", sdk)


def test_the_apps_own_host_keeps_its_owner_and_the_sdk_is_named():
    found = owner(exchange("/sa?project=default", SENSORS, host="data.example-shop.cn"))
    assert (found.party, found.company, found.sdk, found.kind) == (
        "first",
        "Example Ltd",
        "Sensors Analytics",
        "analytics",
    )
    assert found.basis == (
        "case domain example-shop.cn; body data_list=, gzip=, crc= like Sensors Analytics, on the app's own host"
    )


def test_a_word_of_the_body_that_was_decoded_counts():
    leaves = [Leaf("request.body|gzip|form.event_statis_srv.upload", b"", ("event_statis_srv.upload", "event="), ())]
    assert owner(exchange("/apipool", b"\x1f\x8b"), leaves).sdk == "Zhuge.io"


@pytest.mark.parametrize(
    ("ip", "port", "transport", "sdk"),
    [
        ("103.229.215.60", 19000, "udp", "JPush and JCore"),
        ("113.31.17.106", 7000, "tcp", "JPush and JCore"),
        ("103.229.215.60", 443, "tcp", ""),
        ("203.107.1.1", 80, "tcp", "Aliyun HTTPDNS"),
        ("119.29.29.98", 80, "tcp", "Tencent HTTPDNS"),
        ("39.156.81.172", 443, "tcp", "MiPush"),
        ("39.156.81.173", 443, "tcp", ""),
    ],
)
def test_addresses_that_sdks_have_built_in(ip, port, transport, sdk):
    end = Endpoint(ip, port)
    said = Exchange("x", 0, end, end, "raw", ip, Message(("", "", "")), None, Origin("t", "raw", transport))
    assert Owners(APP).owner(said).sdk == sdk


@pytest.mark.parametrize(
    ("package", "host", "party", "group"),
    [
        ("com.taobao.taobao", "ulogs.umeng.com", "third", "Alibaba"),
        ("com.taobao.taobao", "h-adashx.ut.taobao.com", "first", ""),
        ("com.tencent.mm", "ulogs.umeng.com", "third", ""),
        ("com.ss.android.ugc.aweme", "log.snssdk.com", "first", ""),
    ],
)
def test_companies_that_make_apps(package, host, party, group):
    found = Owners(AppUnderTest(package=package)).of_host(host)
    assert (found.party, found.group) == (party, group), found.basis


def test_every_mark_and_address_says_its_source():
    marks = [mark for _, _, mark in known().marked]
    assert len(marks) > 10 and all(mark.source for mark in marks)
    for company in known().companies:
        assert all(own.source for own in company.apps)
        assert all(address.source for sdk in company.sdks for address in sdk.addresses)
