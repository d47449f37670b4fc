"""Apps: what a request says of the app that sent it."""

import pytest

from leaktap.attribution import Apps
from leaktap.config import AppUnderTest
from leaktap.model import App, Endpoint, Exchange, Message, Origin

CASE = AppUnderTest(package="ctrip.example.view", name="Example Shop")
TESTED = App("ctrip.example.view", "Example Shop", "case")


def exchange(headers: dict[str, str], app: App | None = None) -> Exchange:
    end = Endpoint("192.0.2.1")
    raw = tuple((name.encode(), value.encode("latin-1")) for name, value in headers.items())
    request = Message(("GET", "/", "HTTP/1.1"), raw)
    return Exchange("x", 0, end, end, "https", "example.org", request, None, Origin("test"), app)


@pytest.mark.parametrize(
    ("headers", "package", "basis"),
    [
        ({"X-Requested-With": "com.example.other"}, "com.example.other", "X-Requested-With"),
        ({"x-requested-with": " ctrip.android.view "}, "ctrip.android.view", "X-Requested-With"),
        ({"X-Requested-With": "XMLHttpRequest"}, None, ""),
        ({"X-Requested-With": "com.example.other, x"}, None, ""),
        ({"X-Requested-With": ""}, None, ""),
        ({"User-Agent": "com.example.video/110501 (Linux; U; Android 10)"}, "com.example.video", "User-Agent"),
        ({"User-Agent": "com.example.video"}, "com.example.video", "User-Agent"),
        ({"User-Agent": "com.example.Video_2/1.0"}, "com.example.Video_2", "User-Agent"),
        ({"User-Agent": "tv.example.bili (Android)"}, "tv.example.bili", "User-Agent"),
        ({"User-Agent": "ctrip.example.view/8"}, "ctrip.example.view", "User-Agent"),
        ({"User-Agent": "ctrip.other.view/8"}, None, ""),
        ({"User-Agent": "Dalvik/2.1.0 (Linux; U; Android 10)"}, None, ""),
        ({"User-Agent": "Mozilla/5.0 (Linux; Android 10) com.example.video/1"}, None, ""),
        ({"User-Agent": "okhttp/3.12.1"}, None, ""),
        ({"User-Agent": "example.org/1.0"}, None, ""),
        ({"User-Agent": "com/1.0"}, None, ""),
        ({"User-Agent": "com..example/1.0"}, None, ""),
        ({"User-Agent": "com.example.video\xff"}, None, ""),
        ({"User-Agent": "com." + "a" * 100_000}, None, ""),
        (
            {"X-Requested-With": "com.example.other", "User-Agent": "com.example.video/1"},
            "com.example.other",
            "X-Requested-With",
        ),
        ({}, None, ""),
    ],
)
def test_what_the_headers_say(headers, package, basis):
    alone = Apps(AppUnderTest()).app(exchange(headers))
    with_case = Apps(CASE).app(exchange(headers))
    if package is None:
        assert alone is None
        assert with_case == TESTED
    else:
        assert with_case == App(package, "Example Shop" if package == CASE.package else "", basis)
        assert alone == (None if package == CASE.package else App(package, "", basis))


def test_the_source_knows_best():
    told = App("com.example.told", "Told", "uid 10123")
    assert Apps(CASE).app(exchange({"User-Agent": "com.example.video/1"}, told)) is told


@pytest.mark.parametrize(
    ("name", "headers", "expected"),
    [
        ("Example Shop", {}, App("ctrip.example.view", "Example Shop", "uid 7")),
        ("Example Shop", {"User-Agent": "com.example.sdk/1"}, App("ctrip.example.view", "Example Shop", "uid 7")),
        ("Example", {}, App("", "Example", "uid 7")),
        ("Other", {}, App("", "Other", "uid 7")),
        ("Other", {"User-Agent": "com.example.video/1"}, App("com.example.video", "Other", "uid 7, User-Agent")),
        (
            "Beispielladen",
            {"X-Requested-With": "ctrip.example.view"},
            App("ctrip.example.view", "Example Shop", "uid 7, X-Requested-With"),
        ),
        ("", {}, App("", "", "uid 7")),
    ],
)
def test_a_source_that_knows_only_a_name(name, headers, expected):
    assert Apps(CASE).app(exchange(headers, App("", name, "uid 7"))) == expected
    alone = Apps(AppUnderTest()).app(exchange(headers, App("", name, "uid 7")))
    assert alone is not None and alone.name == name


@pytest.mark.parametrize(
    ("tested", "name", "same"),
    [
        ("Example Shop for everybody", "Example Shop for ev", True),
        ("示例商城示例商城", "示例商城示例", True),
        ("Example Shop for everybody", "Example Shop", False),
        ("Example Shop", "Example Shop for ev", False),
        ("", "Example Shop for ev", False),
    ],
)
def test_a_name_that_is_cut(tested, name, same):
    case = AppUnderTest(package="com.example.shop", name=tested)
    found = Apps(case).app(exchange({}, App("", name, "uid 7")))
    assert found == (App("com.example.shop", tested, "uid 7") if same else App("", name, "uid 7"))
