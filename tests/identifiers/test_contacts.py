import hashlib

import pytest

from leaktap.identifiers.matcher import Matcher
from tests.identifiers.leaves import json_leaves, leaf, profile

BOOK = [
    {"name": "张三丰", "phone": "13811112222"},
    {"name": "李四", "phone": "+86 139 1111 3333"},
    {"name": "Wang Xiaoming", "phone": "13711114444", "email": "wxm@mail.example.cn"},
]
OTHERS = [{"name": f"Person {chr(65 + i)}", "phone": f"1381234567{i}"} for i in range(5)]


@pytest.fixture(scope="module")
def owner():
    return Matcher([profile(contacts=BOOK)])


def only(matches):
    assert len(matches) == 1, matches
    return matches[0]


def test_a_whole_address_book_is_one_match(owner):
    match = only(owner.match(list(json_leaves({"contacts": BOOK, "n": 3}))))
    assert (match.identifier, match.category, match.basis, match.confidence) == ("contacts", "contact", "known", 1.0)
    assert (match.leaf.path, match.count) == ("request.body|json.$.contacts", 3)
    assert "13811112222" in match.value
    assert match.leaf.value[slice(*match.span)].decode() == match.value


@pytest.mark.parametrize(
    ("value", "form", "confidence"),
    [
        ("13811112222", (), 0.9),
        ("+8613811112222", ("+86",), 0.9),
        ("139 1111 3333", ("space",), 0.9),
        (hashlib.md5(b"13811112222").hexdigest(), ("md5", "hex"), 0.9),
        ("张三丰", (), 0.6),
        ("Wang Xiaoming", (), 0.6),
        ("hello 张三丰!", (), 0.6),
    ],
)
def test_one_entry_is_enough(owner, value, form, confidence):
    match = only(owner.match([leaf(value, "x")]))
    assert (match.identifier, match.count, match.form, match.confidence) == ("contacts", 1, form, confidence)


@pytest.mark.parametrize("value", ["李四", "138111122223", "913811112222", "张三", "Wang", "", "13811112223"])
def test_what_is_not_from_the_book(owner, value):
    assert owner.match([leaf(value, "x")]) == []


def test_an_unknown_list_of_names_and_numbers(stranger):
    match = only(stranger.match(list(json_leaves({"data": {"list": OTHERS}}))))
    assert (match.identifier, match.basis, match.count) == ("contacts", "structure", 5)
    assert match.leaf.path == "request.body|json.$.data.list"


def entries(of):
    return {"contacts": [of(f"Person {chr(65 + i)}", f"1990000001{i}", f"1990000002{i}") for i in range(4)]}


@pytest.mark.parametrize(
    "data",
    [
        entries(lambda name, first, second: {"name": name, "phones": [first, second]}),
        entries(lambda name, first, second: {"phones": [first, second], "displayName": name, "emails": []}),
        entries(lambda name, first, _: {"displayName": name, "phones": [{"label": "mobile", "value": first}]}),
        entries(lambda name, first, _: {"givenName": name, "phoneNumbers": [{"label": "home", "number": first}]}),
        entries(lambda name, first, _: {"name": {"givenName": name}, "phoneNumbers": [{"value": first}]}),
        entries(lambda name, first, _: {"name": {"display": name, "given": name}, "phones": [{"number": first}]}),
        entries(lambda name, first, second: {"name": name, "phone_numbers": f"{first}, {second}"}),
        entries(lambda _, first, second: {"姓名": "王小明", "电话": [first, second]}),
    ],
)
def test_entries_with_several_numbers(stranger, data):
    """As plugins of apps' frameworks read them off Android and iOS; the list says all that its entries would."""
    match = only([match for match in stranger.match(list(json_leaves(data))) if match.identifier != "name"])
    assert (match.identifier, match.basis, match.count) == ("contacts", "structure", 4)
    assert match.leaf.path == "request.body|json.$.contacts"


@pytest.mark.parametrize(
    "data",
    [
        entries(lambda name, first, second: {"name": name, "shops": [{"phone": first}, {"phone": second}]}),
        {"name": "Person A", "phones": [f"1990000001{i}" for i in range(4)]},
        {"groups": [{"name": "Person A", "phones": [f"1990000001{i}" for i in range(4)]}]},
        entries(lambda name, first, second: {"name": name, "phones": []}),
        entries(lambda name, first, second: {"name": name, "sizes": [first, second]}),
        entries(lambda name, first, second: {"id": name, "phones": [first, second]}),
    ],
)
def test_other_entries_with_lists(stranger, data):
    assert "contacts" not in {match.identifier for match in stranger.match(list(json_leaves(data)))}


@pytest.mark.parametrize(
    "data",
    [
        {"list": OTHERS[:2]},
        {"list": [{"name": f"shop {i}", "price": "1381234567"} for i in range(5)]},
        {"list": [{"name": "A B", "phone": "13812345670"}] * 5},
        {"list": [{"name": f"item {i}", "phone": "no"} for i in range(5)]},
        {"list": [{"phone": f"1381234567{i}"} for i in range(5)]},
    ],
)
def test_other_lists_are_no_address_book(stranger, data):
    assert "contacts" not in {match.identifier for match in stranger.match(list(json_leaves(data)))}


def cards(count, number="1990000001{0}"):
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Person {0}\r\nTEL;TYPE=CELL:" + number + "\r\nEND:VCARD\r\n"
    return "".join(card.format(i) for i in range(count))


def test_vcards(stranger):
    match = only(stranger.match([leaf(cards(4), "file")]))
    assert (match.identifier, match.basis, match.count, match.confidence) == ("contacts", "structure", 4, 0.85)


@pytest.mark.parametrize("text", [cards(2), cards(5, "19900000001"), "BEGIN:VCARD is how a card begins", cards(1)])
def test_fewer_vcards(stranger, text):
    assert "contacts" not in {match.identifier for match in stranger.match([leaf(text, "file")])}


def test_a_long_address_book_keeps_the_needles_few():
    """Numbers are hashed as they stand, names not at all: a thousand entries stay some ten thousand needles."""
    book = [{"name": f"Somebody Name{i:04}", "phone": f"138{i:08}"} for i in range(1, 101)]
    matcher = Matcher([profile(contacts=book)])
    assert len(matcher._known.needles) < 60 * len(book)
