import pytest

from leaktap.decoders._walk import Limits

SAMPLE = (b"https://x.example/a?imei=867530912345673", {})


@pytest.mark.parametrize(
    ("url", "path", "value"),
    [
        (b"https://x.example/a/b?imei=867530912345673", "|url.query.imei", b"867530912345673"),
        (b"https://x.example/user/867530912345673/b", "|url.path[1]", b"867530912345673"),
        (b"https://me:pw%20x@x.example:80/", "|url.password", b"pw x"),
        (b"https://x.example:80?a=b", "|url.host", b"x.example:80"),
        (b"https://x.example/#/page?oaid=5be1c07a92d4386f", "|url.fragment.oaid", b"5be1c07a92d4386f"),
        (b"https://x.example/#id=1&n=%E5%BC%A0", "|url.fragment.n", "张".encode()),
        (b"https://x.example/#top", "|url.fragment", b"top"),
        (b"https://x.example/?u=%7B%22a%22%3A1%7D", "|url.query.u|json.$.a", b"1"),
        (b"https://x.example/?to=https%3A%2F%2Fy.example%2F%3Fa%3Db", "|url.query.to|url.query.a", b"b"),
        (b"//x.example/a?b=c", "|url.query.b", b"c"),
        (b"/pages/index?imei=867530912345673", "|url.query.imei", b"867530912345673"),
        (b"pages/index?scene=5&q=1", "|url.query.q", b"1"),
        (b"?a=1&b=2", "|url.query.b", b"2"),
        (b"snssdk1128://detail?id=7&gd_label=x", "|url.query.id", b"7"),
        (b"intent://scan/#Intent;scheme=zxing;S.imei=867530912345673;end", "|url.intent.imei", b"867530912345673"),
        (b"intent:#Intent;action=a.b.C;S.url=https%3A%2F%2Fx.cn%2F%3Fk%3Dv;end", "|url.intent.url|url.query.k", b"v"),
        (b"tel:19900000012", "|url.path", b"19900000012"),
        (b"geo:31.2304,121.4737?z=9", "|url.path", b"31.2304,121.4737"),
        (b"mailto:a@b.example?subject=x%20y", "|url.query.subject", b"x y"),
    ],
)
def test_read(follow, url, path, value):
    assert follow(url).values[path] == value


def test_names(follow):
    keys = {
        leaf.path: leaf.keys
        for leaf in follow(b"https://x.example/imei/867530912345673?oaid=abc", keys=("ref",)).leaves
    }
    assert keys["body|url.path[1]"] == ("ref", "imei")
    assert keys["body|url.query.oaid"] == ("ref", "oaid")


def test_a_page_stays_a_leaf_and_an_intent_does_not(follow):
    page = b"https://x.example/a?b=c"
    assert follow(page).at("") == [page]
    assert not follow(b"intent:#Intent;S.a=b;end").at("")


@pytest.mark.parametrize(
    "value",
    [
        b"hello",
        b"a: b",
        b"12:30",
        b"a4:50:46:12:34:56",
        b"http://",
        b"see https://x.example/ there",
        b"what? a=b",
        b"a=1&b=2",
        b"is it?",
        b'{"a":"https://x.example/"}',
        b"com.example:id/x",
        b"C:/users/me",
        b"https://x.example/?a=1&amp;b=2",
        b"https://x.example/?a=&#49;&b=2",
    ],
)
def test_left_alone(follow, value):
    assert not any(path.startswith(("|url.q", "|url.p")) for path in follow(value).values)


def test_too_many_fields(follow):
    url = b"https://x.example/?" + b"&".join(b"a%d=b" % n for n in range(500))
    followed = follow(url, Limits(parts=100, seconds=30))
    assert len(followed.leaves) <= 101 and {limit.which for limit in followed.limits} == {"parts"}


def test_references_are_undone_first(follow):
    assert follow(b"https://x.example/?a=1&amp;imei=867530912345673").at("|html|url.query.imei") == [b"867530912345673"]
    assert follow(b"https://x.example/?amp=1&copy=2&lt=3").at("|url.query.lt") == [b"3"]
