"""Reasons in Chinese: whatever records say of why is said in the report's language, and what nobody knows stays."""

import re
from html.parser import HTMLParser

import pytest

from leaktap.attribution import Owners
from leaktap.config import AppUnderTest, Case
from leaktap.model import Alias, Endpoint, Exchange, Message, Origin
from leaktap.report._reasons import Reasons
from leaktap.report._texts import texts_in
from leaktap.results.compare import Result, compare
from leaktap.rulebook import rule_book
from leaktap.rules import Engine
from tests.report.made import BLIND, SUMMARY, finding
from tests.report.pages import CASES, golden, page
from tests.rules.test_each_clause import ROWS

ZH = Reasons(texts_in("zh"))
ENGLISH = re.compile(r"[A-Za-z'’]{2,}(?: (?:[a-z'’]{2,}|SDK|a)){2,}")
"""Three words in a row that are no name."""


class Words(HTMLParser):
    """The texts of a page outside of code; where they are said to be English is noted."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.english, self.open = [], 0, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "link", "br", "wbr", "input"):
            self.open.append(tag)
        self.english += tag != "html" and dict(attrs).get("lang") == "en"

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        if not {"style", "script", "code", "pre"} & set(self.open):
            self.texts.append(data)


@pytest.mark.parametrize("case", CASES)
def test_no_english_sentence_is_left_in_a_chinese_report(case):
    records = golden(case)
    actions = {event["action"] for each in records if "case" in each for event in each["case"]["events"]}
    words = Words(page(records, "zh"))
    assert words.english == 0
    sentences = [text for text in words.texts if ENGLISH.search(text)]
    assert not [text for text in sentences if not any(action and action in text for action in actions)]


@pytest.mark.parametrize(("clause", "fires", "case", "events", "found"), ROWS)
def test_why_any_clause_is_broken_is_said_in_chinese(clause, fires, case, events, found):
    engine = Engine(Case.model_validate(case), events, documents=rule_book())
    for hit in [hit for one in found for hit in engine.judge(one).clauses]:
        said = ZH.said(hit.why)
        assert said is not None, hit.why
        assert not ENGLISH.search(said.replace("Some Analytics", "").replace("Some Ltd", "")), said


def asked(host, aliases):
    end = Endpoint("192.0.2.1")
    request = Message(("POST", "/", "HTTP/1.1"))
    return Exchange("x", 0, end, end, "https", host, request, None, Origin("test"), aliases=aliases)


@pytest.mark.parametrize(
    ("host", "aliases"),
    [
        ("api.shop.example", ()),
        ("log.umeng.com", ()),
        ("nobody.example", ()),
        ("", ()),
        ("203.0.113.9", ()),
        ("x" * 300, ()),
        ("203.0.113.9", (Alias("dns", "log.umeng.com"),)),
        ("203.0.113.9", (Alias("dns", "nobody.example"),)),
        ("203.0.113.9", (Alias("sni", "log.umeng.com"),)),
        ("203.0.113.9", (Alias("certificate", "*.umeng.com"),)),
        ("cdn.shop.example", (Alias("cname", "log.umeng.com"),)),
        ("nobody.example", (Alias("sni", "log.umeng.com"),)),
        ("log.umeng.com", (Alias("sni", "nobody.example"),)),
    ],
)
def test_why_somebody_is_the_recipient_is_said_in_chinese(host, aliases):
    app = AppUnderTest(package="com.example.shop", developer="Example Ltd", domains=("shop.example",))
    basis = Owners(app).owner(asked(host, aliases)).basis
    assert ZH.said(basis) is not None, basis


def test_what_makes_results_hard_to_compare_is_said_in_chinese():
    later = {**SUMMARY, "inspected_share": 0.2, "exchanges": 10, "versions": {**SUMMARY["versions"], "rules": "1"}}
    case = SUMMARY["case"]
    later["case"] = {**case, "app": {**case["app"], "package": "com.example.b"}, "declared": None, "necessary": None}
    blind = {**BLIND, "owner": finding()["owner"]}
    changed = compare(Result.of([finding(), SUMMARY]), Result.of([finding(phase="unknown"), blind, later]))
    nothing = compare(Result.of([]), Result.of([]))
    assert len(changed.caveats) == 7 and len(nothing.caveats) == 2
    for caveat in (*changed.caveats, *nothing.caveats):
        assert ZH.said(caveat) is not None, caveat


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("case", "来自案例"),
        ("before the notice, in the background", "告知前，在后台"),
        ("host a.example in catalogue; Acme makes com.a, and both belong to B",
         "主机 a.example 在 SDK 目录中；Acme 是 com.a 的开发者，二者同属 B"),
        ("CNAME a.example of b.example: host a.example in catalogue",
         "b.example 的 CNAME a.example：主机 a.example 在 SDK 目录中"),
        ("4 classes in one request, more than 3: imei, phone; in the background",
         "一个请求含 4 个类别，超过 3 个：IMEI、手机号；在后台"),
        ("request.body|json.$.d and 2 more; as long as RSA-2048 makes it",
         "request.body|json.$.d 等 2 处以上；长度与 RSA-2048 的结果相同"),
    ],
)  # fmt: skip
def test_pieces_stand_side_by_side(english, chinese):
    assert ZH.said(english) == chinese


@pytest.mark.parametrize(
    "text",
    [
        "something new",
        "before the notice, something new",
        "before the notice; ",
        ", before the notice",
        "unheard_of (plain) to the app's own server",
        "imei (plain) to A (no party)",
        "but " * 400 + "case",
        "case, " * 400 + "case",
        "case, " * 15 + "something new",
        "named " + "x" * 5000,
        "{class} {0} {",
    ],
)  # fmt: skip
def test_what_nobody_knows_stays_as_it_is(text):
    assert ZH.said(text) is None
    assert "something new" in page([finding(why="something new"), SUMMARY], "zh")


def test_a_report_in_english_is_in_the_records_words():
    assert Reasons(texts_in("en")).said("before the notice") is None


def test_what_stands_in_braces_is_text():
    assert ZH.said("named {0.__class__}") == "字段名 {0.__class__}"
