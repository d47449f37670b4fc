"""The session's own process: what is put comes out in order, and neither its death nor a full queue stops anything."""

import asyncio
import gc
import json
import os
import signal
import time
from dataclasses import replace

import pytest
from mitmproxy.test import tflow

from leaktap.addon import _outlet, _queue
from leaktap.addon._beside import STEP, Beside
from leaktap.addon._items import Answered, refused
from leaktap.addon._settings import Settings
from leaktap.config import Case, DeviceProfile, Event
from leaktap.sinks import SinkError
from leaktap.sources._shown import asked, replied
from tests._waiting import PATIENCE, whole_lines

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
    session.close(1)


BODY = f'{{"imei":"{IMEI}"}}'.encode()


class Heard:
    """What a session told: for each time the findings, and those of their flows that still are."""

    def __init__(self):
        self.told = []

    def __call__(self, notes, flows, tally):
        if notes:
            self.told.append((notes, flows))


def sent(beside):
    return not beside.queue.held and not beside._child.outlet


def leak(path="/", body=BODY):
    flow = tflow.tflow(resp=True)
    flow.request.path, flow.request.raw_content, flow.request.timestamp_start = path, body, time.time()
    return flow


def lines(tmp_path, schema):
    return [line for line in whole_lines(tmp_path / "out.jsonl") if line["schema"] == f"leaktap.{schema}/1"]


LOOP = asyncio.new_event_loop()


def wait(ready, seconds=PATIENCE):
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
    beside.close(PATIENCE)
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
    wait(lambda: sent(beside))
    os.kill(beside.pid, signal.SIGKILL)
    wait(lambda: beside.idle)
    (blind,) = lines(tmp_path, "blind")
    assert (blind["why"], blind["bytes"]) == ("limit", 5 * len(leak().request.raw_content))
    assert "was not inspected" in blind["detail"]


def test_a_full_queue_is_blind_not_slow(beside, tmp_path, monkeypatch):
    monkeypatch.setattr(_queue, "MOST_BYTES", 50_000)
    os.kill(beside.pid, signal.SIGSTOP)
    for n in range(100):
        beside.put(asked(leak(f"/{n}", b"x" * 1000)))
    assert beside.waiting < 50
    os.kill(beside.pid, signal.SIGCONT)
    wait(lambda: beside.idle)
    beside.put(asked(leak("/last")))
    wait(lambda: beside.idle)
    beside.close(PATIENCE)
    (blind,) = lines(tmp_path, "blind")
    (summary,) = lines(tmp_path, "summary")
    left = 101 - summary["exchanges"]
    assert (blind["why"], blind["detail"]) == ("limit", f"the live queue was full: {left} messages")
    assert blind["bytes"] == left * 1000 and 20 < summary["exchanges"] < 100
    assert len(lines(tmp_path, "finding")) == 1


def test_the_end_of_its_pipe_is_its_end(beside, tmp_path):
    """As when mitmproxy is killed: the summary is written all the same."""
    beside.put(asked(leak()))
    wait(lambda: beside.idle)
    beside._closing = True
    beside._child.finish()
    wait(lambda: beside.ended)
    (summary,) = lines(tmp_path, "summary")
    assert summary["exchanges"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_for_the_proxy(beside, tmp_path, number):
    os.kill(beside.pid, number)
    beside.put(asked(leak()))
    wait(lambda: beside.idle)
    beside.close(PATIENCE)
    assert len(lines(tmp_path, "summary")) == 1


def test_there_is_a_blind_for_whatever_is_refused():
    flow = leak(body=b"12345")
    asking = refused(asked(flow))
    answer = refused(Answered(asked(flow, body=False), replied(flow)))
    assert (asking.why, asking.bytes, asking.host) == ("limit", 5, "address")
    assert answer.bytes == len(flow.response.raw_content)


def test_a_large_body_is_written_in_portions_between_which_the_loop_goes_on(beside, tmp_path, monkeypatch):
    body, portions = b"x" * 5_000_000 + BODY, []
    write, writev = beside._write, os.writev

    def counted(descriptor, pieces):
        portions[-1] += (count := writev(descriptor, pieces))
        return count

    def portion():
        portions.append(0)
        return write()

    monkeypatch.setattr(beside, "_write", portion)
    monkeypatch.setattr(_outlet.os, "writev", counted)
    beside.put(asked(leak("/", body)))
    wait(lambda: beside.idle)
    assert max(portions) <= STEP and sum(portions) > len(body)
    assert len(lines(tmp_path, "finding")) == 1


def test_findings_are_told_a_few_at_a_time(beside, told, tmp_path):
    values = "".join(f'"k{n}":"{IMEI}",' for n in range(200))
    beside.put(asked(flow := leak("/", f'{{{values}"end":1}}'.encode())), flow)
    wait(lambda: beside.idle)
    assert len(lines(tmp_path, "finding")) == sum(len(notes) for notes, _ in told) == 200
    assert max(len(notes) for notes, _ in told) <= 8


def test_a_flow_that_mitmproxy_has_forgotten_is_not_kept(beside, told):
    beside.put(asked(flow := leak()), flow)
    del flow
    gc.collect()
    wait(lambda: beside.idle)
    ((notes, flows),) = told
    assert len(notes) == 1 and not flows


def test_what_was_not_in_hand_when_it_died_is_inspected_by_the_next(beside, tmp_path):
    beside.put(asked(leak()))
    wait(lambda: beside.idle)
    os.kill(beside.pid, signal.SIGSTOP)
    for n in range(400):
        beside.put(asked(leak(f"/{n}", b"x" * 1000)))
    for n in range(10):
        beside.put(asked(leak(f"/after/{n}")))
    wait(lambda: sent(beside))
    os.kill(beside.pid, signal.SIGKILL)
    wait(lambda: beside.idle)
    beside.close(PATIENCE)
    (blind,), (summary,) = lines(tmp_path, "blind"), lines(tmp_path, "summary")
    assert len(lines(tmp_path, "finding")) == 11 and summary["exchanges"] + blind["bytes"] // 1000 == 410


def test_a_session_that_leaves_is_not_waited_for(beside, tmp_path):
    beside.put(asked(leak()))
    wait(lambda: beside.idle)
    os.kill(beside.pid, signal.SIGSTOP)
    beside.put(asked(leak("/late")))
    beside.leave()
    assert not beside.ended and not lines(tmp_path, "summary")
    os.kill(beside.pid, signal.SIGCONT)
    wait(lambda: beside.ended)
    assert len(lines(tmp_path, "finding")) == 2 and len(lines(tmp_path, "summary")) == 1


def test_the_next_session_begins_when_the_one_before_has_ended(beside, tmp_path):
    about = replace(settings(tmp_path), kept=frozenset([str(tmp_path / "out.jsonl")]))
    wait(lambda: beside.idle)
    os.kill(beside.pid, signal.SIGSTOP)
    beside.put(asked(leak("/first")))
    beside.leave()
    heard = Heard()
    second = Beside(about, (), heard, [beside])
    second.attach(LOOP)
    second.put(asked(leak("/second")))
    assert second.pid == 0 and second.waiting == 1
    os.kill(beside.pid, signal.SIGCONT)
    wait(lambda: second.idle)
    second.close(PATIENCE)
    schemas = [json.loads(line)["schema"].split("/")[0] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    told = [schema for schema in schemas if schema in ("leaktap.finding", "leaktap.summary")]
    assert told == ["leaktap.finding", "leaktap.summary"] * 2 and len(heard.told) == 1


@pytest.mark.parametrize("before", ["ends first", "is in the way"])
def test_the_end_of_all_ends_those_that_wait_too(beside, tmp_path, before):
    beside.put(asked(leak("/first")))
    beside.leave()
    about = replace(settings(tmp_path), kept=frozenset([str(tmp_path / "out.jsonl")]))
    second = Beside(about, (), Heard(), [beside])
    second.attach(LOOP)
    second.put(asked(leak("/second")))
    if before == "ends first":
        beside.close(PATIENCE)
    second.close(PATIENCE)
    assert beside.ended and second.ended
    assert len(lines(tmp_path, "finding")) == len(lines(tmp_path, "summary")) == 2


def test_where_there_is_no_time_what_is_left_is_counted(beside, tmp_path):
    wait(lambda: beside.idle)
    os.kill(beside.pid, signal.SIGSTOP)
    for n in range(3000):
        beside.put(asked(leak(f"/{n}", b'{"page":"%d"}' % n)))
    os.kill(beside.pid, signal.SIGCONT)
    beside.close(0)
    wait(lambda: lines(tmp_path, "summary"))
    (summary,) = lines(tmp_path, "summary")
    counted = [blind["detail"] for blind in lines(tmp_path, "blind")]
    left = sum(int(detail.partition(": ")[2].split()[0]) for detail in counted)
    assert all(detail.startswith("leaktap came to its end: ") for detail in counted)
    assert summary["exchanges"] + left == 3000 and left > 0
