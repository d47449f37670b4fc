"""The hooks, run by mitmproxy's own test harness: findings, notes on flows, marks, and nothing that ever escapes."""

import asyncio
import json
import logging
import random
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from mitmproxy import exceptions, http
from mitmproxy.io import tnetstring
from mitmproxy.log import ALERT
from mitmproxy.test import taddons, tflow
from mitmproxy.utils.emoji import emoji

from leaktap.addon import _log, _session
from leaktap.addon._notes import MARKERS
from leaktap.addon.commands import Commands
from leaktap.addon.live import Live
from leaktap.addon.page import Page

IMEI = "867530912345678"
DEVICE = f"name: lab-phone\nidentifiers: {{imei: ['{IMEI}'], android_id: ['6c1f0be47a93d825']}}\n"


@pytest.fixture
def addon(tmp_path):
    (tmp_path / "device.yaml").write_text(DEVICE)
    live = Live(beside=False)
    commands = Commands(live, Page(live))
    with taddons.context(live, commands) as context:
        context.configure(
            live,
            leaktap_device=[str(tmp_path / "device.yaml")],
            leaktap_output=[str(tmp_path / "out.jsonl")],
            leaktap_before_consent=True,
        )
        yield live
        live.done()


def records(live, tmp_path, schema="finding"):
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    return [item for item in map(json.loads, lines) if item["schema"] == f"leaktap.{schema}/1"]


def leak(body: bytes = f'{{"imei":"{IMEI}"}}'.encode(), path="/v1/log", when: float | None = None) -> http.HTTPFlow:
    flow = tflow.tflow(resp=True)
    flow.request.method, flow.request.path, flow.request.raw_content = "POST", path, body
    flow.request.headers["content-type"] = "application/json"
    flow.request.host = "alog.umeng.com"
    flow.request.timestamp_start = when or time.time()
    return flow


def test_a_finding_is_written_at_once_and_noted_on_the_flow(addon, tmp_path):
    flow = leak()
    answer, flow.response = flow.response, None
    addon.request(flow)
    assert len(records(addon, tmp_path)) == 1, "what leaves is in the request"
    flow.response = answer
    addon.response(flow)
    (found,) = records(addon, tmp_path)
    assert found["identifier"] == "imei" and found["path"] == "request.body|json.$.imei"
    assert found["evidence"]["flow"] == flow.id and found["phase"] == "before_consent"
    assert flow.comment.startswith("leaktap found imei -> ") and "before consent" in flow.comment
    assert IMEI not in flow.comment and IMEI not in json.dumps(found)
    assert flow.marked in emoji and flow.metadata["leaktap"]["findings"] == [found]
    tnetstring.dumps(flow.get_state())


def test_a_clean_flow_is_left_alone(addon, tmp_path):
    flow = leak(b'{"page":"home"}')
    addon.response(flow)
    assert not records(addon, tmp_path) and not flow.comment and not flow.marked and not flow.metadata


def test_what_the_user_wrote_stays(addon):
    flow = leak()
    flow.comment, flow.marked = "look at this", ":grapes:"
    addon.response(flow)
    assert flow.comment.startswith("look at this | leaktap found imei") and flow.marked == ":grapes:"


def test_a_second_inspection_rewrites_only_its_own_words(addon):
    flow = leak()
    flow.comment = "mine"
    addon.response(flow)
    addon.response(flow)
    assert flow.comment.count("leaktap found") == 1 and flow.comment.count("imei") == 1


def test_a_request_without_an_answer_was_sent_all_the_same(addon, tmp_path):
    flow = leak()
    flow.response, flow.error = None, tflow.terr()
    addon.error(flow)
    assert len(records(addon, tmp_path)) == 1


def test_websocket_messages_are_inspected_one_by_one(addon, tmp_path):
    flow = tflow.twebsocketflow()
    flow.request.timestamp_start = time.time()
    flow.websocket.messages[-1].content = IMEI.encode()
    flow.websocket.messages[-1].from_client = True
    addon.websocket_message(flow)
    assert [found["path"] for found in records(addon, tmp_path)] == ["request.body"]


def test_a_mark_counts_from_its_very_moment(addon, tmp_path):
    before, after = time.time() - 60, time.time() + 60
    addon.request(leak(path="/before", when=before))
    commands = Commands(addon, Page(addon))
    assert commands.phase() == "before consent"
    commands.mark("consent")
    assert commands.phase() == "after consent"
    addon.request(leak(path="/late", when=before))
    addon.request(leak(path="/after", when=after))
    phases = {found["destination"]["url"].rpartition("/")[2]: found["phase"] for found in records(addon, tmp_path)}
    assert phases == {"before": "before_consent", "late": "before_consent", "after": "consented"}


def test_a_request_and_its_response_are_one_exchange(addon, tmp_path):
    for _ in range(3):
        flow = leak()
        addon.request(flow)
        addon.response(flow)
    addon.done()
    (summary,) = records(addon, tmp_path, "summary")
    assert summary["exchanges"] == 3 and len(records(addon, tmp_path)) == 3


@pytest.mark.parametrize("which", ["request", "response"])
def test_streamed_bodies_are_blind(addon, tmp_path, which):
    flow = leak(b"")
    getattr(flow, which).raw_content = None
    getattr(flow, which).headers["content-length"] = "4096"
    addon.response(flow)
    (blind,) = records(addon, tmp_path, "blind")
    assert (blind["why"], blind["bytes"], blind["protocol"]) == ("streamed", 4096, "http/1.1")


def test_a_refused_certificate_is_a_pinned_connection(addon, tmp_path):
    client, server = tflow.tclient_conn(), tflow.tserver_conn()
    client.sni, client.error = "Pinned.Example.com", "The client does not trust the proxy's certificate"
    server.peername, server.address = None, ("pinned.example.com", 443)
    addon.tls_failed_client(SimpleNamespace(conn=client, context=SimpleNamespace(client=client, server=server)))
    (blind,) = records(addon, tmp_path, "blind")
    assert (blind["why"], blind["host"], blind["port"]) == ("pinned", "pinned.example.com", 443)


@pytest.mark.parametrize(
    ("begin", "end", "flow"),
    [
        ("tcp_message", "tcp_end", tflow.ttcpflow()),
        ("tcp_message", "tcp_error", tflow.ttcpflow(err=True)),
        ("udp_message", "udp_end", tflow.tudpflow()),
        ("udp_message", "udp_error", tflow.tudpflow(err=True)),
    ],
)
def test_messages_of_other_protocols_are_inspected_as_they_come(addon, tmp_path, begin, end, flow):
    flow.client_conn.sni = "push.example.com"
    kind = type(flow.messages[0])
    flow.messages = [kind(True, f"login imei={IMEI} and so on".encode(), time.time())]
    getattr(addon, begin)(flow)
    flow.messages.append(kind(False, b"welcome to the push service", time.time()))
    getattr(addon, begin)(flow)
    getattr(addon, end)(flow)
    (found,) = records(addon, tmp_path)
    assert (found["identifier"], found["destination"]["host"]) == ("imei", "push.example.com")
    assert found["evidence"]["flow"] == flow.id and flow.comment.startswith("leaktap found imei")


@pytest.mark.parametrize("end", ["tcp_end", "udp_end"])
def test_what_looks_random_is_blind_at_the_end_of_its_connection(addon, tmp_path, end):
    flow = tflow.ttcpflow() if end == "tcp_end" else tflow.tudpflow()
    flow.messages = [type(flow.messages[0])(True, random.Random(2).randbytes(3000), time.time())]
    addon.tcp_message(flow)
    assert not records(addon, tmp_path, "blind")
    getattr(addon, end)(flow)
    (blind,) = records(addon, tmp_path, "blind")
    assert (blind["why"], blind["bytes"]) == ("unknown_protocol", 3000)


def test_dns_is_read(addon, tmp_path):
    for made in (tflow.tdnsflow(resp=True), tflow.tdnsflow(err=True)):
        (addon.dns_response if made.response else addon.dns_error)(made)
    addon.done()
    (summary,) = records(addon, tmp_path, "summary")
    assert summary["exchanges"] == 2 and not records(addon, tmp_path, "blind")


def test_the_end_writes_the_summary(addon, tmp_path):
    addon.response(leak())
    addon.done()
    addon.done()
    (summary,) = records(addon, tmp_path, "summary")
    assert summary["exchanges"] == 1 and sum(summary["findings"].values()) == 1
    addon.response(leak())
    assert len(records(addon, tmp_path)) == 1, "after the end nothing is inspected, and nothing breaks"


def test_a_disk_that_is_full_stops_neither_the_proxy_nor_other_outputs(tmp_path, caplog):
    full = "jsonl:/dev/full"
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    live = Live(beside=False)
    (tmp_path / "device.yaml").write_text(DEVICE)
    with taddons.context(live) as context, caplog.at_level(logging.ERROR):
        context.configure(
            live,
            leaktap_device=[str(tmp_path / "device.yaml")],
            leaktap_output=[full, str(tmp_path / "out.jsonl")],
        )
        flow = leak()
        live.response(flow)
        live.response(leak())
        live.done()
    assert len(records(live, tmp_path)) == 2 and flow.comment
    (fault,) = records(live, tmp_path, "fault")
    assert fault["stage"] == "sink" and fault["where"] == full
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


def test_whatever_breaks_in_a_hook_becomes_a_fault(addon, tmp_path, monkeypatch, caplog):
    with caplog.at_level(logging.ERROR):
        addon.response(None)
        addon.request(tflow.ttcpflow())
        addon.tcp_message(tflow.tflow())
        addon.websocket_message(tflow.tflow())
    faults = records(addon, tmp_path, "fault")
    assert len(faults) == 4 and all("Error" in fault["why"] for fault in faults)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 4


def test_without_outputs_findings_are_lines_in_the_log_and_a_chatty_sdk_is_one_with_a_counter(tmp_path, caplog):
    (tmp_path / "device.yaml").write_text(DEVICE)
    live = Live(beside=False)
    with taddons.context(live) as context, caplog.at_level(logging.INFO):
        context.configure(live, leaktap_device=[str(tmp_path / "device.yaml")], leaktap_before_consent=True)
        for _ in range(104):
            live.request(leak())
        live.done()
    lines = [record.getMessage() for record in caplog.records if record.name == "leaktap"]
    assert len(lines) == 4, "the first, the tenth and the hundredth; then the summary"
    assert "imei" in lines[0] and "before consent" in lines[0] and "alog.umeng.com" in lines[0] and IMEI not in lines[0]
    assert not lines[0].endswith("×1") and lines[1].endswith("×10") and lines[2].endswith("×100")
    assert "104 exchanges" in lines[3]


async def run(live):
    live.running()


@pytest.mark.parametrize("value", ["out.nonsense", "/nowhere/at/all.jsonl"])
def test_an_impossible_output_is_an_options_error(value):
    live = Live(beside=False)
    with taddons.context(live) as context:
        asyncio.run(run(live))
        with pytest.raises(exceptions.OptionsError) as caught:
            context.configure(live, leaktap_output=[value])
    assert value in str(caught.value) and "\n" not in str(caught.value)


def test_while_mitmproxy_starts_a_wrong_option_is_one_line_and_no_traceback(caplog):
    live = Live(beside=False)
    with taddons.context(live) as context:
        context.configure(live, leaktap_case="/nowhere.yaml")
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "/nowhere.yaml" in line.getMessage() and line.exc_info is None and live.session is None


def test_an_unrelated_option_does_not_begin_another_session(addon):
    session = addon.session
    addon.configure({"listen_port", "leaktap_case"})
    assert addon.session is session


def test_marks_survive_a_change_of_options(addon, tmp_path):
    Commands(addon, Page(addon)).mark("consent")
    with taddons.context(addon) as context:
        context.configure(addon, leaktap_reveal=True)
        assert Commands(addon, Page(addon)).phase() == "after consent"


@pytest.mark.parametrize("event", ["consent", "refuse", "withdraw", "launch", "background"])
def test_every_event_can_be_marked(addon, event):
    commands = Commands(addon, Page(addon))
    assert event in commands.events()
    commands.mark(event)
    commands.mark(event, "com.example.shop")


@pytest.mark.parametrize("event", ["agree", "", "\x1b[31m", "permission", "action"])
def test_no_other_event_can(addon, event):
    with pytest.raises(exceptions.CommandError):
        Commands(addon, Page(addon)).mark(event)


def test_the_commands_are_mitmproxy_commands_with_completion(addon):
    with taddons.context(addon, Commands(addon, Page(addon))) as context:
        manager = context.master.commands
        manager.execute("leaktap.mark consent")
        assert manager.execute("leaktap.phase") == "after consent"
        assert "consent" in manager.execute("leaktap.events")
        parsed, _ = manager.parse_partial("leaktap.mark conse")
        assert parsed[-1].value == "conse"
        with pytest.raises(exceptions.CommandError):
            manager.execute("leaktap.mark agree")
        addon.response(leak())
        (row,) = manager.execute("leaktap.findings")
        assert "imei" in row and IMEI not in row


def test_every_marker_is_one_that_mitmproxy_knows():
    assert set(MARKERS.values()) <= set(emoji)
    assert _session.SOURCE == "live"


def test_the_level_of_findings_is_mitmproxys():
    assert _log.ALERT == ALERT
