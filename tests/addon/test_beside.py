"""The session's own process: what is put comes out in order, and neither its death nor a full queue stops anything."""

import asyncio
import json
import os
import signal
import time

import pytest
from mitmproxy.test import tflow

from leaktap.addon import _beside
from leaktap.addon._beside import Beside
from leaktap.addon._session import Answered, refused
from leaktap.addon._settings import Settings
from leaktap.config import Case, DeviceProfile, Event
from leaktap.sinks import SinkError
from leaktap.sources._shown import asked, replied

IMEI = "867530912345678"


def settings(tmp_path, *outputs) -> Settings:
    device = DeviceProfile.model_validate({"name": "lab-phone", "identifiers": {"imei": [IMEI]}})
    notice = Event(at=0, event="notice", clock="capture")
    return Settings(Case(), (device,), (notice,), outputs or (str(tmp_path / "out.jsonl"),), False, False)


@pytest.fixture
def told():
    return []


@pytest.fixture
def beside(tmp_path, told):
    session = Beside(settings(tmp_path), (), lambda notes, flows, tally: told.append((notes, flows)) if notes else None)
    session.attach(LOOP)
    yield session
    session.close(5)


BODY = f'{{"imei":"{IMEI}"}}'.encode()


def leak(path="/", body=BODY):
    flow = tflow.tflow(resp=True)
    flow.request.path, flow.request.raw_content, flow.request.timestamp_start = path, body, time.time()
    return flow


def lines(tmp_path, schema):
    found = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    return [line for line in found if line["schema"] == f"leaktap.{schema}/1"]


LOOP = asyncio.new_event_loop()


def wait(ready, seconds=30):
    """Runs the loop until something is so."""

    async def until():
        deadline = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < deadline, "waited too long"
            await asyncio.sleep(0.01)

    LOOP.run_until_complete(until())


def test_what_is_put_comes_out_in_order_and_its_notes_with_its_flow(beside, told, tmp_path):
    flows = [leak(f"/{n}") for n in range(300)]
    for n, flow in enumerate(flows):
        beside.put(asked(flow), flow)
        beside.put(Answered(asked(flow, body=False), replied(flow)), flow)
        if n == 149:
            beside.mark(Event(at=round(flow.request.timestamp_start * 1e6) + 1, event="consent", clock="capture"))
            time.sleep(0.001)
    wait(lambda: beside.idle)
    found = lines(tmp_path, "finding")
    assert [line["destination"]["url"].rpartition("/")[2] for line in found] == [str(n) for n in range(300)]
    assert [line["phase"] for line in found] == ["before_consent"] * 150 + ["consented"] * 150
    assert [note.flow for notes, _ in told for note in notes] == [flow.id for flow in flows]
    assert all(notes[0].flow in given for notes, given in told)
    beside.close(5)
    (summary,) = lines(tmp_path, "summary")
    assert summary["exchanges"] == 300


def test_an_output_that_cannot_be_opened_is_an_error(tmp_path):
    with pytest.raises(SinkError, match="nowhere"):
        Beside(settings(tmp_path, "/nowhere/at/all.jsonl"), (), lambda notes, flows, tally: None)


def test_a_process_that_dies_is_a_fault_and_another_takes_its_place(beside, tmp_path):
    beside.put(asked(leak("/first")))
    wait(lambda: beside.idle)
    killed = beside.pid
    os.kill(killed, signal.SIGKILL)
    wait(lambda: beside.pid != killed)
    for n in range(20):
        beside.put(asked(leak(f"/{n}")))
    wait(lambda: beside.idle)
    assert len(lines(tmp_path, "finding")) == 21, "the file was not emptied"
    (fault,) = lines(tmp_path, "fault")
    assert "signal 9" in fault["why"] and fault["stage"] == "source"


def test_what_it_had_in_hand_is_not_inspected_and_said_so(beside, tmp_path):
    os.kill(beside.pid, signal.SIGSTOP)
    for n in range(5):
        beside.put(asked(leak(f"/{n}")))
    wait(lambda: not beside._waiting and not beside._rest)
    os.kill(beside.pid, signal.SIGKILL)
    wait(lambda: beside.idle)
    (blind,) = lines(tmp_path, "blind")
    assert (blind["why"], blind["bytes"]) == ("limit", 5 * len(leak().request.raw_content))
    assert "was not inspected" in blind["detail"]


def test_a_full_queue_is_blind_not_slow(beside, tmp_path, monkeypatch):
    monkeypatch.setattr(_beside, "MOST_BYTES", 50_000)
    os.kill(beside.pid, signal.SIGSTOP)
    for n in range(100):
        beside.put(asked(leak(f"/{n}", b"x" * 1000)))
    os.kill(beside.pid, signal.SIGCONT)
    wait(lambda: not beside._flying and not beside._waiting and not beside._rest)
    beside.put(asked(leak("/last")))
    wait(lambda: beside.idle)
    beside.close(5)
    (blind,) = lines(tmp_path, "blind")
    (summary,) = lines(tmp_path, "summary")
    assert blind["why"] == "limit" and blind["detail"] == "the live queue was full"
    assert blind["bytes"] == (101 - summary["exchanges"]) * 1000 and 20 < summary["exchanges"] < 100
    assert len(lines(tmp_path, "finding")) == 1


def test_the_end_of_its_pipe_is_its_end(beside, tmp_path):
    """As when mitmproxy is killed: the summary is written all the same."""
    beside.put(asked(leak()))
    wait(lambda: beside.idle)
    beside._closing = True
    beside._out = _beside._closed(beside._out)
    wait(lambda: beside._in < 0)
    (summary,) = lines(tmp_path, "summary")
    assert summary["exchanges"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_for_the_proxy(beside, tmp_path, number):
    os.kill(beside.pid, number)
    beside.put(asked(leak()))
    wait(lambda: beside.idle)
    beside.close(5)
    assert len(lines(tmp_path, "summary")) == 1


def test_there_is_a_blind_for_whatever_is_refused():
    flow = leak(body=b"12345")
    asking = refused(asked(flow))
    answer = refused(Answered(asked(flow, body=False), replied(flow)))
    assert (asking.why, asking.bytes, asking.host) == ("limit", 5, "address")
    assert answer.bytes == len(flow.response.raw_content)
