"""The endpoint and the phone's page: nothing without the token, marks with it, and captured text that stays text."""

import json
from html.parser import HTMLParser
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.addon import _page
from leaktap.addon._board import Board
from leaktap.addon._control import Call, Control
from leaktap.addon._dashboard import Dashboard
from leaktap.config import EventName
from leaktap.model import Phase

TOKEN = "abc-DEF_123"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;"


def dashboard():
    return Dashboard(Board(), lambda: {"phase": "unknown", "background": False, "app": "com.example.shop"})


@pytest.fixture
def marked():
    return []


@pytest.fixture
def control(marked):
    def mark(event):
        marked.append(event)
        return Phase("consented")

    rows = [["10:00:01", "high", "imei", "MD5", EVIL, EVIL, "before consent", "X/1"]]
    return Control(
        mark, lambda: Phase("before_consent", True), lambda: rows, lambda: "com.example.shop", TOKEN, dashboard()
    )


def call(method="GET", target="/", body=b"", kind="application/x-www-form-urlencoded", authorization=""):
    return Call(method, target, kind, authorization, body, 1_795_000_000_000_000)


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    "asked",
    [
        call(),
        call(target="/?k=wrong"),
        call(target="/?k="),
        call(target="/state"),
        call(target="/state?k=%00"),
        call("POST", "/mark", b"event=consent"),
        call("POST", "/mark", b"event=consent&k=wrong"),
        call("POST", f"/mark?k={TOKEN}", b"event=consent"),
        call("POST", "/mark", b'{"event":"consent"}', "application/json"),
        call("POST", "/mark", b'{"event":"consent","k":"\\ud800"}', "application/json"),
        call("POST", "/mark", b"event=consent", authorization="Bearer wrong"),
        call("POST", "/mark", b"event=consent", authorization=f"Basic {TOKEN}"),
    ],
)
def test_without_the_token_nothing_is_told_and_nothing_changes(control, marked, asked):
    reply = control.answer(asked)
    assert reply.status == 403 and not marked
    assert TOKEN.encode() not in reply.body and b"imei" not in reply.body and b"com.example" not in reply.body


@pytest.mark.parametrize("event", [event for event, *_ in _page.BUTTONS])
def test_every_button_marks_and_leads_back_to_the_page(control, marked, event):
    reply = control.answer(call("POST", "/mark", f"event={event}&k={TOKEN}".encode()))
    assert (reply.status, dict(reply.headers)["Location"]) == (303, f"/?k={TOKEN}")
    assert (marked[0].event, marked[0].clock, marked[0].at) == (event, "capture", 1_795_000_000_000_000)


def test_every_event_has_a_button():
    assert {event for event, *_ in _page.BUTTONS} == set(get_args(EventName.__value__))


@pytest.mark.parametrize(
    ("said", "event", "permission", "action", "app"),
    [
        ({"event": "consent"}, "consent", {}, "", ""),
        ({"event": "consent", "app": "com.example.shop"}, "consent", {}, "", "com.example.shop"),
        ({"event": "consent app=com.example.shop"}, "consent", {}, "", "com.example.shop"),
        ({"event": "permission contacts=denied"}, None, {"contacts": "denied"}, "", ""),
        ({"event": "action opens the cart"}, None, {}, "opens the cart", ""),
    ],
)
def test_scripts_mark_by_json(control, marked, said, event, permission, action, app):
    body = json.dumps({**said, "at": "2026-11-21T10:00:19Z"}).encode()
    reply = control.answer(call("POST", "/mark", body, "application/json; charset=utf-8", f"Bearer {TOKEN}"))
    assert reply.status == 200 and json.loads(reply.body) == {"phase": "consented", "background": False}
    (made,) = marked
    assert (made.event, made.permission, made.action, made.app) == (event, permission, action, app)
    assert made.at == 1_795_255_219_000_000


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"event":"agree"}', "no event"),
        (b'{"event":"consent","at":"noon"}', "no time"),
        (b'{"event":"consent","at":"2026-11-21T10:00:19"}', "no zone"),
        (b'{"event":""}', "no event"),
        (b'{"event":["consent"]}', "texts"),
        (b"[1]", "texts"),
        (b"{", "no JSON"),
        (b"[" * 5000, "no JSON"),
        (b"\xff\xfe", "no JSON"),
    ],
)
def test_what_is_no_mark_is_refused_with_the_reason(control, marked, body, word):
    reply = control.answer(call("POST", "/mark", body, "application/json", f"Bearer {TOKEN}"))
    assert reply.status == 400 and word in json.loads(reply.body)["error"] and not marked


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [("GET", "/mark", 405), ("PUT", "/", 405), ("DELETE", f"/?k={TOKEN}", 405), ("GET", "/nothing", 404)],
)
def test_nothing_else_is_there(control, marked, method, target, status):
    assert control.answer(call(method, target)).status == status and not marked


def test_captured_text_stays_text(control):
    reply = control.answer(call(target=f"/?k={TOKEN}"))
    page = Tags(reply.body.decode())
    names = {tag for tag, _ in page.tags}
    assert reply.status == 200 and EVIL in page.text
    assert not names & {"img", "iframe", "object", "style"}
    assert [tag for tag, _ in page.tags].count("script") == 1, "the page's own"
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    assert "before consent" in page.text and "同意之前，后台" in page.text


def test_the_page_needs_nothing_from_elsewhere(control):
    reply = control.answer(call(target=f"/?k={TOKEN}"))
    policy = dict(reply.headers)["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "script-src 'sha256-" in policy and "unsafe" not in policy
    assert dict(reply.headers)["Referrer-Policy"] == "no-referrer"
    page = Tags(reply.body.decode())
    addresses = [value for _, a in page.tags for name, value in a.items() if name in ("href", "src", "action")]
    assert addresses and all(address.startswith(("/", "data:,")) for address in addresses)
    assert control.answer(call(target="/style.css")).status == 200
    assert [attributes["lang"] for tag, attributes in page.tags if tag == "html"] == ["en"]


def test_the_state_for_scripts(control):
    said = json.loads(control.answer(call(target="/state", authorization=f"bearer {TOKEN}")).body)
    assert (said["phase"], said["background"], said["app"]) == ("before_consent", True, "com.example.shop")
    assert said["findings"][0][2] == "imei"


@given(st.text(max_size=40), st.text(max_size=40), st.binary(max_size=80), st.text(max_size=30))
def test_whatever_is_asked_is_answered(method, target, body, kind):
    control = Control(lambda event: Phase("unknown"), lambda: Phase("unknown"), list, str, TOKEN, dashboard())
    for asked in (Call(method, target, kind, kind, body, 0), Call("POST", "/mark", kind, f"Bearer {TOKEN}", body, 0)):
        assert control.answer(asked).status in (200, 303, 400, 403, 404, 405)
