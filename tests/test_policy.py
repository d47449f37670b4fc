"""What a declared name of an SDK stands for, and which forms are weaker than declared; near misses beside each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import Declared
from leaktap.model import Leaf, Match, Owner
from leaktap.policy import Policy, Product, form_kind

_CATALOGUE = {
    ("Example Push", "例推送", "push"): ("Example", "例子"),
    ("Example Analytics", "例子统计", "analytics"): ("Example", "例子"),
    ("Example Ads", "", "ads"): ("Example", "例子"),
    ("Quux and Corge", "阔克", "crash"): ("Acme Mobile", "顶点"),
    ("Grault", "", "map"): ("Acme Mobile", "顶点"),
    ("Solo", "独行", "pay"): ("Solo", "独行"),
    ("Waldo", "瓦尔多", "id"): ("", ""),
    ("Plugh for Xyzzy", "", "config"): ("Adventure", "历险"),
    ("Adventure Maps", "", "map"): ("Adventure", "历险"),
}
PRODUCTS = [
    Product(sdk, company, tuple(filter(None, (sdk, sdk_zh))), tuple(filter(None, (company, company_zh))), kind)
    for (sdk, sdk_zh, kind), (company, company_zh) in _CATALOGUE.items()
]
OF_EXAMPLE = {"Example Push", "Example Analytics", "Example Ads"}
OF_ACME = {"Quux and Corge", "Grault"}


def stands_for(name, products=PRODUCTS):
    policy = Policy(Declared(sdks=(name,)), products)
    owners = {product.sdk: Owner("third", product.sdk, product.company, kind=product.kind) for product in PRODUCTS}
    return {sdk for sdk, owner in owners.items() if policy.sdk(owner) == name}


@pytest.mark.parametrize(
    ("name", "sdks"),
    [
        ("Example Push", {"Example Push"}),
        ("example  PUSH sdk", {"Example Push"}),
        ("Example-Push for Android", {"Example Push"}),
        ("ＥＸＡＭＰＬＥ Push", {"Example Push"}),
        ("例推送", {"Example Push"}),
        ("例推送SDK", {"Example Push"}),
        ("例推送（Example Push）", {"Example Push"}),
        ("例推送(Example)", {"Example Push"}),
        ("Example推送", {"Example Push"}),
        ("例子移动推送服务", {"Example Push"}),
        ("例子统计SDK", {"Example Analytics"}),
        ("例子广告联盟", {"Example Ads"}),
        ("例子", OF_EXAMPLE),
        ("Example", OF_EXAMPLE),
        ("Example SDK", OF_EXAMPLE),
        ("例子科技（北京）有限公司", OF_EXAMPLE),
        ("Example Technologies Co., Ltd.", OF_EXAMPLE),
        ("例子开放平台", OF_EXAMPLE),
        ("Quux", {"Quux and Corge"}),
        ("corge", {"Quux and Corge"}),
        ("Quux and Corge", {"Quux and Corge"}),
        ("顶点Quux", {"Quux and Corge"}),
        ("Acme Mobile", OF_ACME),
        ("Adventure Xyzzy", {"Plugh for Xyzzy"}),
        ("Adventure Anything", {"Plugh for Xyzzy", "Adventure Maps"}),
        ("Solo", {"Solo"}),
        ("独行支付", {"Solo"}),
        ("瓦尔多", {"Waldo"}),
        # Near misses.
        ("例子地图", set()),
        ("Example Map", set()),
        ("Exampl", set()),
        ("Acme", set()),
        ("Example Ad", {"Example Ads"}),
        ("ExampleAds", {"Example Ads"}),
        ("The Example Push", {"Example Push"}),
        ("Soloists", set()),
        ("Solomon", set()),
        ("Grault", {"Grault"}),
        ("Graulty", set()),
        ("独行广告", set()),
        ("SDK", set()),
        ("第三方服务", set()),
        ("", set()),
        ("!!!", set()),
        ("例", set()),
        ("公司", set()),
        ("Ltd", set()),
    ],
)
def test_a_declared_name_stands_for(name, sdks):
    assert stands_for(name) == sdks


@pytest.mark.parametrize(
    ("name", "sdks"),
    [("Example Push", {"Example Push"}), ("Example", OF_EXAMPLE), ("例推送", set()), ("Example Map", set())],
)
def test_sdks_that_no_catalogue_has_go_by_their_own_name(name, sdks):
    assert stands_for(name, products=()) == sdks


def test_the_closest_name_counts():
    policy = Policy(Declared(sdks=("例子", "Example Push", "独行")), PRODUCTS)
    assert policy.sdk(Owner("third", "Example Push", "Example")) == "Example Push"
    assert policy.sdk(Owner("third", "Example Ads", "Example")) == "例子"
    assert policy.sdk(Owner("third", "", "Example")) is None
    assert policy.sdk(Owner("unknown")) is None


def test_a_policy_that_is_not_there_declares_nothing():
    policy = Policy(None, PRODUCTS)
    assert policy.sdk(Owner("third", "Solo", "Solo")) is None
    assert not policy.weaker(match(()))


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_any_name_can_be_asked_about(name, sdk, company):
    Policy(Declared(sdks=(name,)), PRODUCTS).sdk(Owner("third", sdk, company))


def match(form, via=()):
    return Match(Leaf("request.body", b"x", (), via), "imei", "device_id", "x", (0, 1), form, "known", 1.0)


@pytest.mark.parametrize(
    ("said", "form", "via", "weaker"),
    [
        ("md5", (), (), True),
        ("md5", ("base64",), (), True),
        ("md5", ("no-separator",), (), True),
        ("md5", ("md5", "hex"), (), False),
        ("sha256", ("md5", "hex"), (), False),
        ("md5", ("salt", "md5"), (), False),
        ("hashed", (), (), True),
        ("hashed", ("sha1",), (), False),
        ("salted md5", ("md5",), (), True),
        ("salted md5", ("salt-app", "md5"), (), False),
        ("hmac-sha256", ("sha256",), (), True),
        ("hmac-sha256", ("hmac-sha256",), (), False),
        ("encrypted", (), ("json",), True),
        ("encrypted", (), ("decrypt", "json"), False),
        ("AES", (), ("decrypt",), False),
        ("AES", ("md5",), (), False),
        ("加密", (), (), True),
        ("plain", (), (), False),
        ("Plain", (), (), False),
        ("", (), (), False),
    ],
)
def test_weaker_than_declared(said, form, via, weaker):
    declared = Declared.model_validate({"identifiers": {"imei": {"form": said}}})
    assert Policy(declared).weaker(match(form, via)) is weaker


def test_a_class_that_is_not_declared_is_not_weaker():
    assert not Policy(Declared()).weaker(match(()))


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ((), "plain"),
        (("md5", "hex"), "hashed"),
        (("sha3-256",), "hashed"),
        (("salt-app", "md5"), "salted"),
        (("hmac-md5",), "salted"),
        (("md6",), "plain"),
        (("base64", "upper"), "plain"),
    ],
)
def test_kinds_of_forms(form, kind):
    assert form_kind(form) == kind
