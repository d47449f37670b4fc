"""The commands, run by mitmproxy's command manager over a session with findings."""

import json
import stat
from types import SimpleNamespace

import pytest
from mitmproxy import exceptions
from mitmproxy.addons.view import View
from mitmproxy.io import FlowReader
from mitmproxy.test import taddons, tflow

from leaktap.addon.commands import Commands
from leaktap.addon.live import Live
from leaktap.addon.page import Page

IMEI, OAID = "867530912345678", "5f3c1b7a9e2d4c60"
DEVICE = f"name: lab-phone\nidentifiers: {{imei: ['{IMEI}'], android_id: ['{OAID}']}}\n"


@pytest.fixture
def tap(tmp_path):
    """A session with a clean flow, one with an IMEI and one with an Android id."""
    (tmp_path / "device.yaml").write_text(DEVICE)
    live = Live(beside=False)
    page = Page(live)
    view = View()
    with taddons.context(page, live, Commands(live, page), view) as context:
        context.configure(
            live,
            leaktap_device=[str(tmp_path / "device.yaml")],
            leaktap_output=[str(tmp_path / "out.jsonl")],
            leaktap_before_consent=True,
        )
        flows = [leak("page", "home"), leak("imei", IMEI), leak("android_id", OAID)]
        for flow in flows:
            view.add([flow])
            live.request(flow)
        yield SimpleNamespace(run=context.master.commands.execute, flows=flows, view=view, live=live, page=page)
        live.done()


def leak(name, value):
    flow = tflow.tflow(resp=True)
    flow.request.host, flow.request.raw_content = "alog.umeng.com", json.dumps({name: value}).encode()
    flow.request.headers["content-type"] = "application/json"
    return flow


def test_findings_are_listed_newest_first(tap):
    rows = tap.run("leaktap.findings")
    assert [row[2] for row in rows] == ["android_id", "imei"]
    assert not any(secret in cell for row in rows for cell in row for secret in (IMEI, OAID))


def test_one_is_explained_by_its_id(tap):
    id_ = tap.run("leaktap.findings")[1][-1]
    assert id_ in tap.run("leaktap.ids")
    said = dict(tap.run(f"leaktap.explain {id_}"))
    assert said["identifier"] == "imei" and said["path"] == "request.body|json.$.imei"
    assert said["destination.host"] == "alog.umeng.com" and said["evidence.flow"] == tap.flows[1].id


@pytest.mark.parametrize("name", ["nothing", "''"])
def test_what_is_no_finding_is_not_explained(tap, name):
    with pytest.raises(exceptions.CommandError):
        tap.run(f"leaktap.explain {name}")


@pytest.mark.parametrize(
    ("what", "shown"),
    [("", 2), ("imei", 1), ("android_id", 1), ("Umeng", 2), ("phone", 0), ("info", 2), ('"a~b | (c"', 0)],
)
def test_the_view_is_filtered(tap, what, shown):
    tap.run(f"leaktap.filter {what}".strip())
    assert len(tap.view) == shown


def test_a_severity_shows_what_is_as_severe_or_worse(tap):
    severities = {row[1] for row in tap.run("leaktap.findings")}
    tap.run("leaktap.filter critical")
    assert len(tap.view) == (2 if severities & {"critical", "high"} else 0)


def test_evidence_is_exported_for_its_owner_alone(tap, tmp_path):
    tap.run(f"leaktap.export @all {tmp_path / 'evidence.mitm'}")
    with (tmp_path / "evidence.mitm").open("rb") as stream:
        assert [flow.id for flow in FlowReader(stream).stream()] == [flow.id for flow in tap.flows[1:]]
    lines = [json.loads(line) for line in (tmp_path / "evidence.mitm.jsonl").read_text().splitlines()]
    assert [line["identifier"] for line in lines] == ["imei", "android_id"]
    for name in ("evidence.mitm", "evidence.mitm.jsonl"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    with pytest.raises(exceptions.CommandError, match="cannot be written"):
        tap.run("leaktap.export @all /nowhere/at/all")


def test_a_mark_may_be_of_another_time(tap):
    tap.run("leaktap.mark consent com.example.shop 2026-11-21T10:00:19Z")
    (event,) = tap.live.marks.events
    assert (event.app, event.at, event.clock) == ("com.example.shop", 1795255219000000, "capture")
    with pytest.raises(exceptions.CommandError, match="no time"):
        tap.run("leaktap.mark consent '' noon")


def test_the_page_is_shown_as_a_code(tap, caplog):
    caplog.set_level("INFO")
    address = tap.run("leaktap.page")
    assert address == tap.page.address and address.startswith("http://leak.tap/?k=") and "█" in caplog.text


def test_the_key_is_bound_where_there_are_keys(tap, monkeypatch):
    from mitmproxy import ctx

    bound = []
    keymap = SimpleNamespace(add=lambda *arguments: bound.append(arguments))
    monkeypatch.setattr(ctx.master, "keymap", keymap, raising=False)
    Commands(tap.live, tap.page).running()
    ((key, command, contexts, _),) = bound
    assert key == "ctrl e" and "leaktap.mark {choice}" in command and contexts == ["global"]
    monkeypatch.delattr(ctx.master, "keymap")
    Commands(tap.live, tap.page).running()
    assert len(bound) == 1
