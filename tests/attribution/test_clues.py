"""Clues: which package in a request is the sender's, and which are others that it only names."""

import pytest

from leaktap.attribution import NO_CLUES, Apps, Clues, Witness
from leaktap.config import AppUnderTest
from leaktap.model import App, Endpoint, Exchange, Leaf, Message, Origin

CASE = AppUnderTest(package="ctrip.example.view", name="Example Shop", keys=("5f0c7abc", "appkey-1"))


def exchange(target="/", body=b"", headers=()):
    end = Endpoint("192.0.2.1")
    return Exchange(
        "x", 0, end, end, "https", "a.example", Message(("POST", target, "HTTP/1.1"), headers, body), None, Origin("t")
    )


def leaf(path, value, *keys):
    return Leaf(f"request.body|json.$.{path}", value.encode(), keys or (path.rpartition(".")[2],), ("json",))


OTHER, TESTED = "com.example.video", "ctrip.example.view"


@pytest.mark.parametrize(
    ("leaves", "package", "basis"),
    [
        ([leaf("package_name", OTHER)], OTHER, "package_name in the body"),
        ([leaf("device.pkg", OTHER)], OTHER, "pkg in the body"),
        ([leaf("bundleId", OTHER)], OTHER, "bundleId in the body"),
        ([leaf("$app_package", OTHER)], OTHER, "$app_package in the body"),
        ([leaf("package", f"{OTHER}:push")], OTHER, "package in the body"),
        ([leaf("pkgname", TESTED)], TESTED, "pkgname in the body"),
        ([leaf("pkgname", OTHER), leaf("package", TESTED)], TESTED, "package in the body"),
        ([leaf("pkgname", OTHER), leaf("package", "com.example.third")], None, ""),
        ([leaf("apps[0].package", OTHER)], OTHER, "package in the body"),
        ([leaf("apps[0].package", OTHER), leaf("apps[1].package", "com.example.third")], None, ""),
        ([leaf("apps[0].package", OTHER), leaf("apps[1].package", TESTED)], TESTED, "package in the body"),
        ([leaf("apps[0].package", TESTED), leaf("package", OTHER)], OTHER, "package in the body"),
        ([leaf("installer_package", OTHER)], None, ""),
        ([leaf("target", OTHER)], None, ""),
        ([leaf("package", "free")], None, ""),
        ([leaf("package", "ctrip.other.view")], None, ""),
        ([leaf("package", "com.example .video")], None, ""),
        ([leaf("package", "")], None, ""),
        ([leaf("key", "appkey-1")], TESTED, "an app's key"),
        ([leaf("key", "appkey-12")], None, ""),
        ([leaf("key", "appkey-1"), leaf("package", OTHER)], OTHER, "package in the body"),
        ([], None, ""),
    ],
)
def test_what_a_body_says(leaves, package, basis):
    found = Witness(CASE).read(exchange(), leaves).app
    assert found == (App(package, CASE.name if package == TESTED else "", basis) if package else None)


@pytest.mark.parametrize(
    ("said", "package", "basis"),
    [
        (exchange(f"/x?pkg={OTHER}&a=1"), OTHER, "query pkg"),
        (exchange(f"/x?a=1&app_package={TESTED}"), TESTED, "query app_package"),
        (exchange(f"/x?to={OTHER}"), None, ""),
        (exchange(f"/pkg={OTHER}"), None, ""),
        (exchange("/x?k=5f0c7abc"), TESTED, "an app's key"),
        (exchange(body=b"appkey=5f0c7abc"), TESTED, "an app's key"),
        (exchange(headers=((b"X-App-Key", b"appkey-1"),)), TESTED, "an app's key"),
        (exchange("/x?k=5f0c7ab"), None, ""),
        (exchange(headers=((b"X-Android-Package", OTHER.encode()),)), OTHER, "header X-Android-Package"),
        (exchange(headers=((b"x-ios-bundle-identifier", OTHER.encode()),)), OTHER, "header x-ios-bundle-identifier"),
        (exchange(headers=((b"bundleId", TESTED.encode()),)), TESTED, "header bundleId"),
        (exchange(headers=((b"X-Android-Cert", OTHER.encode()),)), None, ""),
        (exchange(headers=((b"X-Android-Package", b"x" * 300),)), None, ""),
    ],
)
def test_what_else_of_a_request_says(said, package, basis):
    found = Witness(CASE).read(said).app
    assert (found.package, found.basis) == (package, basis) if package else found is None


def test_without_a_case_an_apps_key_says_nothing():
    assert Witness(AppUnderTest(keys=("5f0c7abc",))).read(exchange("/x?k=5f0c7abc")) is NO_CLUES


@pytest.mark.parametrize(
    ("agent", "package"),
    [
        (f"Mozilla/5.0 (Linux; Android 10) {OTHER}/7", OTHER),
        (f"Mozilla/5.0 (Linux; Android 10) Shop ({TESTED})", TESTED),
        ("Mozilla/5.0 (Linux; Android 10) com.example.absent/7", None),
        (f"Mozilla/5.0 {OTHER}.lite/7", None),
    ],
)
def test_installed_apps_are_known_anywhere_in_a_user_agent(agent, package):
    said = exchange(headers=((b"User-Agent", agent.encode()),))
    found = Apps(CASE, installed=(OTHER, "camera")).app(said, system=True)
    assert (found.package if found else None) == package


def test_the_only_app_is_blamed_last_and_never_for_the_systems_affairs():
    other = App(OTHER, "", "pkg in the body")
    apps = Apps(CASE)
    assert apps.app(exchange()) == App(TESTED, CASE.name, "case")
    assert apps.app(exchange(), Clues(other)) == other
    assert apps.app(exchange(), system=True) is None
    assert apps.app(exchange(), Clues(other), system=True) == other
    headed = exchange(headers=((b"X-Requested-With", b"com.example.web"),))
    assert apps.app(headed, Clues(other)).package == "com.example.web"
