"""Classes that are known by many records of one build: sms, call_log, calendar, wifi_scan, cell, browsing."""

import pytest

from leaktap.identifiers._records import PHONE, TIME, lists, objects, owner_of
from tests.identifiers.leaves import json_leaves, leaf

SMS = [
    {"address": f"1069012{i}", "body": f"code {i}{i}", "date": 1700000000000 + i, "thread_id": 12 + i} for i in range(3)
]
CALLS = [{"number": f"1990000001{i}", "duration": i * 7, "date": 1700000000 + i, "type": 1} for i in range(3)]
EVENTS = [{"title": f"Dentist {i}", "dtstart": 1700000000 + i, "dtend": 1700003600 + i} for i in range(2)]
NETWORKS = [{"bssid": f"50:c7:bf:1f:34:0{i}", "ssid": f"Home-{i}", "level": -40 - i} for i in range(3)]
PAGES = [{"url": f"https://www.example/{i}", "title": f"Page {i}", "visit_time": 1700000000 + i} for i in range(3)]
CELL = {"mcc": 460, "mnc": 0, "lac": 9784, "cell_id": 27654081}


def kinds(stranger, data):
    return {(m.identifier, m.count) for m in stranger.match(list(json_leaves(data))) if m.basis == "structure"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"sms_list": SMS}, ("sms", 3)),
        ({"data": SMS}, ("sms", 3)),
        (
            {"短信列表": [{"号码": "10690123", "内容": f"验证码 {i}", "时间": 1700000000 + i} for i in range(2)]},
            ("sms", 2),
        ),
        ({"sms_list": [{"item": one} for one in SMS]}, ("sms", 3)),
        ({"call_log": CALLS}, ("call_log", 3)),
        ({"call_log": {"page": 1, "rows": [{"entry": one} for one in CALLS]}}, ("call_log", 3)),
        ({"通讯录": [{"姓名": "赵芳" + "甲乙丙"[i], "电话": f"1990001000{i}"} for i in range(3)]}, ("contacts", 3)),
        ({"data": {"callRecords": CALLS}}, ("call_log", 3)),
        ({"calendar": EVENTS}, ("calendar", 2)),
        ({"wifi_list": NETWORKS}, ("wifi_scan", 3)),
        ({"x": NETWORKS[:2]}, ("wifi_scan", 2)),
        ({"scan": "50:c7:bf:1f:34:01|-40|a;50:c7:bf:1f:34:02|-61|b;50:c7:bf:1f:34:03|-70|c"}, ("wifi_scan", 3)),
        ({"browser_history": PAGES}, ("browsing", 3)),
        (CELL, ("cell", 1)),
        ({"cell_info": "460,0,9784,27654081"}, ("cell", 1)),
        ({"基站": "460|0|9784|27654081|-80"}, ("cell", 1)),
    ],
)
def test_what_is_told_by_its_records(stranger, data, expected):
    assert expected in kinds(stranger, data)


@pytest.mark.parametrize(
    "data",
    [
        {"messages": [{"from": "10001", "text": f"hi {i}", "time": 1700000000 + i} for i in range(5)]},
        {"list": [{"address": f"1069012{i}", "content": f"news {i}", "date": 1700000000 + i} for i in range(5)]},
        {"sms_list": SMS[:1]},
        {"sms_list": [{"address": "Main Street 5", "body": "a shop", "date": "today"}] * 3},
        {"sms_template": [{"id": i, "body": "code {0}", "date": 1700000000} for i in range(3)]},
        {"videos": [{"number": f"123456{i}", "duration": i, "date": 1700000000 + i} for i in range(5)]},
        {"call_log": [{"number": "no", "duration": 3, "type": 1}, {"number": "yes", "duration": 4, "type": 1}]},
        {"callbacks": [{"number": f"123456{i}", "duration": i, "type": "url"} for i in range(5)]},
        {"lessons": [{"title": f"Lesson {i}", "start_time": 1700000000 + i, "end_time": 1700003600} for i in range(4)]},
        {"calendar": [{"title": "holiday", "day": i} for i in range(4)]},
        {"list": [{"mac": "02:00:00:00:00:00", "ssid": "a"}, {"mac": "02:00:00:00:00:00", "ssid": "b"}]},
        {"log": "50:c7:bf:1f:34:01 joined, 50:c7:bf:1f:34:02 left, 50:c7:bf:1f:34:03 joined"},
        {"pages": [{"url": f"https://www.example/{i}", "title": f"Page {i}"} for i in range(9)]},
        {"history": [{"version": i, "name": "a", "date": 1700000000} for i in range(9)]},
        {"mcc": 460, "mnc": 0},
        {"mcc": 460, "mnc": 0, "lac": 0, "cell_id": 0},
        {"mcc": 460, "mnc": 0, "lac": -1, "cell_id": 2147483647},
        {"mcc": 461, "mnc": 0, "lac": 9784, "cell_id": 27654081},
        {"lac": 9784, "cell_id": 27654081},
        {"cell_info": "2023,11,21,14"},
        {"version": "460,0,9784,27654081"},
    ],
)
def test_what_only_looks_like_it(stranger, data):
    classes = {"sms", "call_log", "calendar", "wifi_scan", "browsing", "cell"}
    assert classes.isdisjoint(name for name, _ in kinds(stranger, data))


def xml_leaves(name, records):
    """The first of several elements of one name has no index."""
    for index, record in enumerate(records):
        path = f"request.body|xml.root.{name}" + f"[{index}]" * bool(index)
        yield from json_leaves(record, path, ("root", name))


@pytest.mark.parametrize(
    ("name", "records", "expected"),
    [
        ("network", NETWORKS[:2], ("wifi_scan", 2)),
        ("event", EVENTS, ("calendar", 2)),
        ("contact", [{"name": f"Amber {'xyz'[i]}fjord", "phone": f"1990001000{i}"} for i in range(3)], ("contacts", 3)),
        ("app", [{"pkg": f"com.fjord.map{i}", "v": "1"} for i in range(8)], ("app_list", 8)),
    ],
)
def test_elements_of_one_name_are_a_list(stranger, name, records, expected):
    matches = stranger.match(list(xml_leaves(name, records)))
    assert [(m.identifier, m.count) for m in matches] == [expected]
    assert matches[0].leaf.path == f"request.body|xml.root.{name}"


def test_what_a_decoder_read_goes_before_the_text_itself(stranger):
    text = "".join(f"BEGIN:VCARD\nFN:a\nTEL:1990001100{i}\nEND:VCARD\n" for i in range(3))
    outer, inner = leaf(text, path="request.body"), leaf(text, "card", path="request.body|thrift.5")
    assert [m.leaf.path for m in stranger.match([outer, inner]) if m.identifier == "contacts"] == [inner.path]


def test_records_are_told_once_and_not_piece_by_piece(stranger):
    calls = stranger.match(list(json_leaves({"call_log": [{**call, "phone": call["number"]} for call in CALLS]})))
    assert [(match.identifier, match.leaf.path, match.count) for match in calls] == [
        ("call_log", "request.body|json.$.call_log", 3)
    ]
    networks = stranger.match(list(json_leaves({"wifi_list": NETWORKS})))
    assert [(match.identifier, match.why) for match in networks] == [
        ("wifi_scan", "3 records: address with name or strength")
    ]


def test_events_in_icalendar_text(stranger):
    text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20261121T100000Z\r\nSUMMARY:Dentist\r\nEND:VEVENT\r\n"
    (match,) = stranger.match([leaf(text, "file")])
    assert (match.identifier, match.value, match.count) == ("calendar", "Dentist", 1)
    assert stranger.match([leaf("BEGIN:VEVENT is how an event begins", "help")]) == []


def test_objects_have_their_own_members_alone():
    leaves = list(json_leaves({"a": [{"x": 1, "b": {"y": 2}}, {"x": 3}], "c d": 4}))
    assert {path[len("request.body|json.$") :]: set(record) for path, record in objects(leaves).items()} == {
        ".a[0]": {"x"},
        ".a[0].b": {"y"},
        ".a[1]": {"x"},
        "": {"cd"},
    }
    assert [len(records) for records in lists(leaves).values()] == [3]
    assert owner_of("request.body|json.$['c.d']") == "request.body|json.$"


@pytest.mark.parametrize(
    "text", ["1700000000", "1700000000123", "2026-11-21", "2026-11-21T10:00:03Z", "2026/1/2 10:00"]
)
def test_moments(text):
    assert TIME.fullmatch(text)


@pytest.mark.parametrize("text", ["", "17", "today", "10:00", "9700000000"])
def test_no_moments(text):
    assert not TIME.fullmatch(text)


def test_numbers_of_phones():
    assert all(map(PHONE.fullmatch, ("10690123", "+86 199 0000 0012", "95588")))
    assert not any(map(PHONE.fullmatch, ("1", "abc", "1,234", "Main Street 5")))
