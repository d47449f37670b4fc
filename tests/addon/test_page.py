"""The addon of the page: what is asked of its host is answered in the proxy and is no traffic of the phone."""

import asyncio
import json
import os
import socket
import urllib.request

import pytest
from mitmproxy import exceptions
from mitmproxy.test import taddons, tflow

from leaktap import sessions
from leaktap.addon.live import Live
from leaktap.addon.page import Page
from leaktap.sources.flows import OWN
from tests._waiting import PATIENCE


@pytest.fixture
def addons(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    live = Live(beside=False)
    page = Page(live)
    with taddons.context(page, live) as context:
        context.configure(live, leaktap_output=[str(tmp_path / "out.jsonl")])
        yield page, live, context
        page.done()
        live.done()


def ask(page, live, host, path="/", headers=None):
    flow = tflow.tflow()
    flow.request.host, flow.request.path, flow.request.method = host, path, "GET"
    for name, value in (headers or {}).items():
        flow.request.headers[name] = value
    for addon in (page, live):
        addon.request(flow)
    return flow


@pytest.mark.parametrize(
    ("host", "headers"),
    [("leak.tap", {}), ("192.0.2.1", {"host": "leak.tap"}), ("LEAK.TAP", {}), ("192.0.2.1", {"host": "leak.tap:80"})],
)
def test_the_page_is_answered_and_not_recorded(addons, tmp_path, host, headers):
    page, live, _ = addons
    flow = ask(page, live, host, f"/?k={page.control.token}", headers)
    assert flow.response.status_code == 200 and OWN in flow.metadata
    live.response(flow)
    live.done()
    (summary,) = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert summary["exchanges"] == 0


@pytest.mark.parametrize("host", ["leak.tap.example.com", "xleak.tap", "example.com"])
def test_other_hosts_are_left_alone(addons, host):
    page, live, _ = addons
    flow = ask(page, live, host)
    assert flow.response is None and OWN not in flow.metadata


def test_the_name_can_be_another_or_none(addons):
    page, live, context = addons
    context.configure(page, leaktap_page="tap.example")
    assert ask(page, live, "leak.tap").response is None
    assert ask(page, live, "tap.example").response.status_code == 403
    context.configure(page, leaktap_page="")
    assert ask(page, live, "tap.example").response is None and page.address == ""


@pytest.mark.parametrize("place", ["8484", "127.0.0.1", "127.0.0.1:port", "127.0.0.1:70000", ":80"])
def test_an_endpoint_that_is_none_is_refused(addons, place):
    page, _, context = addons
    with pytest.raises(exceptions.OptionsError):
        context.configure(page, leaktap_listen=place)


def test_the_endpoint_is_announced_while_it_listens(addons):
    page, _, _ = addons

    async def session():
        page.running()
        page.running()
        (said,) = sessions.running()
        assert (said.pid, said.token, said.page) == (os.getpid(), page.control.token, page.address)
        request = urllib.request.Request(f"{said.url}/state", headers={"Authorization": f"Bearer {said.token}"})
        answer = await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=PATIENCE).read())
        assert json.loads(answer)["phase"] == "unknown"
        page.done()
        assert sessions.running() == []

    asyncio.run(session())


def test_a_port_that_is_taken_is_told_and_stops_nothing(addons, caplog):
    page, _, context = addons
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        context.configure(page, leaktap_listen=f"127.0.0.1:{taken.getsockname()[1]}")

        async def session():
            page.running()

        asyncio.run(session())
    assert "leaktap mark is not heard" in caplog.text and sessions.running() == []
    assert {record.levelname for record in caplog.records} == {"WARNING"}, (
        "mitmproxy ends where it starts with an error"
    )


def test_what_breaks_leaves_the_flow_alone(addons, caplog):
    page, *_ = addons
    page.request(None)
    assert "AttributeError" in caplog.text
