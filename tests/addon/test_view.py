"""The content view, drawn by mitmproxy's own machinery: the tree, the identifiers, and nothing that breaks it."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy import contentviews, tcp
from mitmproxy.test import taddons, tflow

from leaktap.addon.live import Live
from leaktap.addon.view import View, Views

IMEI = "867530912345678"


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    folder = tmp_path_factory.mktemp("view")
    (folder / "device.yaml").write_text(f"name: lab-phone\nidentifiers: {{imei: ['{IMEI}']}}\n")
    made = Live(beside=False)
    with taddons.context(made, Views(made)) as context:
        context.configure(
            made, leaktap_device=[str(folder / "device.yaml")], leaktap_output=[str(folder / "out.jsonl")]
        )
        yield made
        made.done()


def flow(body, path="/v1/log", **headers):
    made = tflow.tflow(resp=True)
    made.request.path, made.request.raw_content = path, body
    for name, value in headers.items():
        made.request.headers[name.replace("_", "-")] = value
    return made


def drawn(made, message=None):
    return contentviews.prettify_message(message or made.request, made, "leaktap")


def test_the_tree_of_a_request_with_what_was_found(live):
    body = gzip.compress(json.dumps({"device": {"imei": IMEI}, "page": "home"}).encode())
    result = drawn(flow(body, content_encoding="gzip", content_type="application/json"))
    assert result.view_name == "leaktap" and result.syntax_highlight == "none"
    assert "|gzip" in result.text and "|json" in result.text and "◀ imei" in result.text and '"home"' not in result.text
    assert IMEI not in result.text and "home" in result.text


def test_the_tree_of_a_response(live):
    made = flow(b"")
    made.response.raw_content = b'{"token":"a1b2"}'
    made.response.headers["content-type"] = "application/json"
    assert "|json" in drawn(made, made.response).text


def test_what_was_found_elsewhere_in_the_flow(live):
    made = flow(b'{"page":"home"}', f"/v1/log?imei={IMEI}", content_type="application/json")
    live.request(made)
    text = drawn(made).text
    assert "request.query" in text and "◀ imei" in text and IMEI not in text


def test_a_message_of_another_protocol(live):
    made = tflow.ttcpflow()
    message = tcp.TCPMessage(True, json.dumps({"imei": IMEI}).encode())
    made.messages = [message]
    assert "◀ imei" in drawn(made, message).text


def test_it_is_never_chosen_by_itself(live):
    made = flow(b"imei=1", content_type="text/plain")
    assert contentviews.prettify_message(made.request, made).view_name != "leaktap"


def test_a_message_that_is_too_large_is_said_so(live):
    assert "leaktap decode" in drawn(flow(b"x" * (3 << 20))).text


def test_a_reload_takes_the_place_of_the_old_view(live):
    Views(live).load(None)
    assert contentviews.registry.available_views().count("leaktap") == 1


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_is_in_a_message_it_is_drawn(body):
    text = View(Live(beside=False)).prettify(body, contentviews.Metadata())
    assert text
