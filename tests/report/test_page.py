"""The page by an HTML parser: whatever was captured is text, nothing outside is named, what was found is told."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from leaktap.report import collect, comparison, languages, report
from leaktap.results.compare import Result, compare
from tests.report.made import BLIND, CLAUSE, SUMMARY, finding, run
from tests.report.pages import CASES, HOSTILE, golden, hostile_run, page

VOID = {"meta", "link", "br", "wbr", "input"}


class Parsed(HTMLParser):
    """Elements, attributes and text of a page; every element that is opened must be closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)

    @property
    def words(self):
        return " ".join("".join(self.text).split())


def values(parsed, name):
    return [value for _, each, value in parsed.attributes if each == name]


def code(**changes):
    """A program that arrived; its value is a hash that is never masked."""
    return finding(identifier="code_download", direction="response", path="response.body", form=["apk"], **changes)


def compared(old, new, language):
    held = Result.of(old), Result.of(new)
    return comparison(compare(*held), *held, language).decode()


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("case", CASES)
def test_a_golden_case_says_what_was_found(case, language):
    records = golden(case)
    parsed = Parsed(page(records, language))
    for item in records:
        match item["schema"]:
            case "leaktap.finding/1":
                assert item["destination"]["host"] in parsed.words
                assert all(clause["id"] in parsed.words for clause in item["clauses"])
            case "leaktap.blind/1":
                assert (item["host"] or item["ip"]) in parsed.words
            case "leaktap.summary/1":
                assert all(id_ in parsed.words for id_ in item["unobservable"])
                assert all(file["sha256"] in parsed.words for file in item["files"] if file["sha256"])


PAGES = {
    "hostile": lambda language: page(hostile_run(), language),
    "many": lambda language: page(run(300), language),
    "nothing": lambda language: page([], language),
    "one": lambda language: page([finding(), SUMMARY], language),
    "blind": lambda language: page([BLIND, {**SUMMARY, "inspected_share": 0.0}], language),
    "compared": lambda language: compared(run(50), run(80, seed=2), language),
    "compared hostile": lambda language: compared(hostile_run(), run(80), language),
    "compared with nothing": lambda language: compared([], [], language),
}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed_and_asks_nobody(name, language):
    text = PAGES[name](language)
    parsed = Parsed(text)
    assert not {"img", "iframe", "object", "embed", "form", "base", "audio", "video", "source"} & set(parsed.tags)
    assert parsed.tags.count("script") == parsed.tags.count("style") == 1
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on") or name in ("src", "style", "srcdoc")]
    ids = values(parsed, "id")
    assert len(ids) == len(set(ids))
    targets = [value for tag, name, value in parsed.attributes if tag == "a" and name == "href"]
    assert all(target.startswith("#") for target in targets)
    assert {target[1:] for target in targets} <= set(ids)
    for name in ("aria-labelledby",):
        assert set(values(parsed, name)) <= set(ids)


@pytest.mark.parametrize("name", ["many", "compared"])
def test_the_policy_allows_the_page_s_own_style_and_script_alone(name):
    text = PAGES[name]("en")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'")
    for tag in ("style", "script"):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", text, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("language", languages())
def test_hostile_text_stays_text(language):
    parsed, harmless = Parsed(page(hostile_run(), language)), Parsed(page(run(30), language))
    assert set(parsed.tags) <= set(harmless.tags)
    assert "<script>window.hacked=1</script>" in parsed.words
    assert "{{7*7}}" in parsed.words
    assert "⟨U+202E⟩" in parsed.words
    assert not re.search("[\u202e\x00\x1b]", "".join(parsed.text) + "".join(v or "" for _, _, v in parsed.attributes))


def test_a_page_is_the_same_for_the_same_results():
    assert page(run(200), "en") == page(run(200), "en")


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([finding(clauses=[CLAUSE], severity="high"), SUMMARY], "1 leak of personal information before"),
        ([finding(clauses=[CLAUSE], phase="refused"), SUMMARY], "1 leak after the user refused"),
        ([finding(clauses=[CLAUSE], phase="consented"), SUMMARY], "1 leak breaks a clause"),
        ([finding(), SUMMARY], "No leak was found that breaks a clause"),
        ([SUMMARY], "8.7% of the traffic could not be inspected"),
        ([BLIND, {**SUMMARY, "inspected_share": 0.0}], "Nothing could be inspected"),
        ([finding(phase="unknown", seconds_to_consent=None)], "The case does not say when the user consented"),
        ([finding()], "did not come to its end"),
        ([finding(value="867400020316612"), SUMMARY], "This report shows values whole"),
        ([finding(count=231), SUMMARY], "231 pieces in one message"),
        ([code(clauses=[CLAUSE], severity="high"), SUMMARY], "1 clause is broken"),
        ([code(clauses=[CLAUSE], severity="high"), SUMMARY], "Which clauses are broken"),
        ([code(value="52849babe481abb3"), SUMMARY], "Values are masked"),
    ],
)
def test_the_first_screen_answers(records, said):
    assert said in Parsed(page(records, "en")).words


def test_what_is_left_out_is_counted():
    records = [finding(id=f"{n:016x}", path=f"request.body|json.$.a{n}", clauses=[CLAUSE]) for n in range(30)]
    words = Parsed(page([*records, SUMMARY], "en")).words
    assert "30 findings in 30 rows" in words
    assert "15 further rows break this clause; the JSON lines have every finding." in words


def test_a_clause_of_another_rule_book_is_told_by_its_record():
    other = {**CLAUSE, "id": "NEW-2031/7", "title": "Something later", "remedy": "Mend it."}
    words = Parsed(page([finding(clauses=[other]), SUMMARY], "zh")).words
    assert "NEW-2031/7" in words and "Something later" in words and "Mend it." in words


def test_a_chinese_report_has_chinese_names():
    owner = {**finding()["owner"], "sdk": "Umeng Analytics", "company": "Umeng"}
    words = Parsed(page([finding(owner=owner, clauses=[CLAUSE]), SUMMARY], "zh")).words
    assert "友盟统计 Umeng Analytics" in words
    assert "征得用户同意前就开始收集个人信息" in words
    assert "国际" not in words and "友盟统计" not in Parsed(page([finding(owner=owner), SUMMARY], "en")).words


def test_a_hostile_string_is_cut():
    assert len(page([finding(destination__url="https://a.example/" + "x" * 100_000)], "en")) < 60_000
    assert HOSTILE[:30] not in report(collect([finding(path=HOSTILE)]), "en").decode()
