import json

import pytest

from leaktap.identifiers.app_list import is_package
from leaktap.identifiers.matcher import Matcher
from tests.identifiers.leaves import json_leaves, leaf, profile

APPS = ["com.tencent.mm", "com.eg.android.AlipayGphone", "com.xingin.xhs", "me.ele"]
MANY = [f"com.vendor{chr(97 + i)}.app" for i in range(9)]


@pytest.fixture(scope="module")
def owner():
    return Matcher([profile(app_list=APPS)])


def only(matches):
    assert len(matches) == 1, matches
    return matches[0]


@pytest.mark.parametrize(
    ("leaves", "path", "count"),
    [
        (list(json_leaves({"apps": APPS})), "request.body|json.$.apps", 4),
        (list(json_leaves({"apps": [{"pkg": app, "v": 1} for app in APPS[:3]]})), "request.body|json.$.apps", 3),
        ([leaf(",".join(APPS), "l", path="request.query.l")], "request.query.l", 4),
        ([leaf("com.tencent.mm|com.xingin.xhs", "l", path="request.query.l")], "request.query.l", 2),
    ],
)
def test_several_known_apps_are_one_match(owner, leaves, path, count):
    match = only(owner.match(leaves))
    assert (match.identifier, match.category, match.basis) == ("app_list", "app_list", "known")
    assert (match.leaf.path, match.count, match.device) == (path, count, "phone")


@pytest.mark.parametrize(
    ("value", "app"),
    [
        ("com.tencent.mm", ""),
        ("com.tencent.mm com.tencent.mm", ""),
        ("com.tencent.mm.plugin com.xingin.xhs", ""),
        ("com.tencent.mm com.xingin.xhs", "com.xingin.xhs"),
        ("com.tencent.mmx com.xingin.xhs2", ""),
        ("", ""),
    ],
)
def test_fewer_than_two_others_are_none(owner, value, app):
    assert owner.match([leaf(value, "x")], app=app) == []


def test_both_readings_are_one_match(owner):
    """A list that the walk keeps as text beside its parts."""
    outer = leaf(json.dumps(APPS), "l", path="request.query.l")
    inner = list(json_leaves(APPS, "request.query.l|json.$", ("l",)))
    assert only(owner.match([outer, *inner])).count == 4


@pytest.mark.parametrize(
    "leaves",
    [
        list(json_leaves({"apps": MANY})),
        list(json_leaves({"apps": [{"p": app} for app in MANY]})),
        [leaf(";".join(MANY), "installed")],
    ],
)
def test_a_long_list_without_a_profile(stranger, leaves):
    match = only(stranger.match(leaves))
    assert (match.identifier, match.basis, match.count) == ("app_list", "structure", 9)


@pytest.mark.parametrize(
    "leaves",
    [
        list(json_leaves({"apps": MANY[:7]})),
        list(json_leaves({"apps": ["com.example.app"] * 20})),
        list(json_leaves({"hosts": [f"com.vendor{i}.example.com" for i in range(9)]})),
        list(json_leaves({"trace": [f"com.vendor.app.Main{i}" for i in range(9)]})),
        [leaf("at " + " crashed in ".join(MANY), "log")],
        [leaf(app, f"k{i}", path=f"request.query.k{i}") for i, app in enumerate(MANY)],
    ],
)
def test_what_is_no_list_of_apps(stranger, leaves):
    assert stranger.match(leaves) == []


@pytest.mark.parametrize("text", ["com.tencent.mm", "me.ele", "cn.wps.moffice_eng"])
def test_packages(text):
    assert is_package(text)


@pytest.mark.parametrize(
    "text", ["com", "com.", "com.example.Main", "com.a.example.com", "jquery.min.js", "a.b", "com..x", "de.9x"]
)
def test_no_packages(text):
    assert not is_package(text)
