"""Several processes give the same records in the same order as one, whatever the inputs; one that dies is told of."""

import multiprocessing
import os
import signal
import threading
from functools import cache
from pathlib import Path

import pytest

from leaktap.cli import _jobs
from leaktap.cli._inputs import seen
from leaktap.cli._jobs import _merged, examined
from leaktap.cli._loads import Loads
from leaktap.config import Case, load_case, load_devices
from leaktap.consent import Timeline
from leaktap.examine import Examiner, Quiet
from leaktap.model import Blind, Fault, Finding, Progress, Summary
from leaktap.pipeline import Pipeline
from leaktap.sinks._record import record as fields
from leaktap.sources import Reading

CAPTURES = Path(__file__).parent.parent.parent / "captures"
CASES = sorted(file.parent for file in CAPTURES.glob("*/case.yaml"))
FILES = {case.name: sorted(map(str, case.glob("capture.*"))) for case in CASES}


def pipeline_of(name):
    case = load_case(CAPTURES / name / "case.yaml")
    return Pipeline(case, load_devices(case.devices), Timeline(case.events), key=b"key")


def records(name, files, jobs, loads=None):
    pipeline = pipeline_of(name)
    reading = Reading()
    items = examined(files, reading, pipeline.examiner, jobs, loads) if jobs else seen(files, reading)
    found = [each for _, item in items for each in pipeline.inspect(item)]
    return [fields(each, reveal=True) for each in found], pipeline.finish(1.0)


@cache
def alone_in(name):
    return records(name, FILES[name], 0)


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("name", FILES)
def test_as_many_processes_as_one_likes(name, jobs):
    alone, summary = alone_in(name)
    assert records(name, FILES[name], jobs) == (alone, summary)
    assert isinstance(summary, Summary) and summary.bytes


@pytest.mark.parametrize("name", ["shop", "grpc"])
def test_how_the_work_is_shared_changes_nothing(name):
    loads = Loads([*FILES[name], "missing.pcap"])
    assert records(name, FILES[name], 2, loads) == records(name, FILES[name], 0)


def test_work_is_weighed_whether_it_is_asked_for_in_time_or_not():
    found = Loads(FILES["shop"]).result()
    late = Loads(FILES["shop"])
    late._process.join()
    assert found and late.result() == found
    assert not Loads([__file__, "missing.pcap"]).result()


def test_who_weighs_may_die():
    loads = Loads(FILES["shop"])
    loads._process.kill()
    loads._process.join()
    assert loads.result() == {}


def test_inputs_of_all_kinds_after_each_other():
    files = [file for name in ("shop", "grpc", "refused") for file in FILES[name]]
    assert {Path(file).suffix for file in files} >= {".pcapng", ".flows", ".har"}
    assert records("shop", files, 2) == records("shop", files, 0)


def test_an_input_that_cannot_be_read_is_told_once(tmp_path):
    broken = tmp_path / "broken.pcap"
    broken.write_bytes(Path(FILES["no-keys"][0]).read_bytes()[:-7])
    other = tmp_path / "other.bin"
    other.write_bytes(b"no capture" * 100)
    files = [str(broken), str(other), FILES["shop"][0]]
    found, summary = records("shop", files, 3)
    assert (found, summary) == records("shop", files, 0)
    assert [each["stage"] for each in found if "stage" in each] == ["source", "source"]


def test_a_reader_that_dies_is_told_of_and_the_others_go_on(monkeypatch):
    work = _jobs._work

    def die(pipe, inputs, reading, examiner):
        if reading.share.number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        work(pipe, inputs, reading, examiner)

    monkeypatch.setattr(_jobs, "_work", die)
    found, _ = records("shop", FILES["shop"], 2)
    assert [each["why"].split(")")[0] for each in found if "stage" in each] == ["a reader died (signal 9"]


def test_readers_end_with_the_one_who_asked_them():
    before = multiprocessing.active_children()
    items = examined(FILES["shop"] * 50, Reading(), Examiner(Case(), []), 2)
    next(items)
    readers = [process.pid for process in multiprocessing.active_children() if process not in before]
    items.close()
    assert len(readers) == 2
    for pid in readers:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def test_a_stop_ends_it():
    reading = Reading()
    items = examined(FILES["shop"] * 1000, reading, Examiner(Case(), []), 2)
    threading.Timer(0.3, lambda: setattr(reading.stop, "asked", True)).start()
    assert sum(1 for _ in items) < 1000 * 1000


def test_what_was_found_is_merged_in_order():
    blinds = [Blind(time, "no_key", "tls", stream=time) for time in range(6)]
    end = Progress("a", 9)
    first = [blinds[0], blinds[3], Quiet("a", 1, 2), end]
    second = [Fault("wire", "a: tcp.1", "x"), blinds[1], blinds[2], blinds[5]]
    merged = list(_merged([first, [], second]))
    assert merged == [second[0], *blinds[:4], blinds[5], Quiet("a", 1, 2), end]


def test_names_are_known_to_all_processes(tmp_path):
    scapy = pytest.importorskip("scapy.all")
    names = [f"push{number}.example" for number in range(6)]
    packets = []
    for number, name in enumerate(names):
        address, port = f"203.0.113.{number + 1}", 40_000 + number
        asked = scapy.IP(src="192.0.2.9", dst=f"192.0.2.{number + 53}") / scapy.UDP(sport=port, dport=53)
        answer = scapy.IP(src=f"192.0.2.{number + 53}", dst="192.0.2.9") / scapy.UDP(sport=53, dport=port)
        question = scapy.DNSQR(qname=name)
        record = scapy.DNSRR(rrname=name, rdata=address)
        packets.append(asked / scapy.DNS(id=number, rd=1, qd=question))
        packets.append(answer / scapy.DNS(id=number, qr=1, rd=1, ra=1, qd=question, an=record))
        told = scapy.IP(src="192.0.2.9", dst=address) / scapy.UDP(sport=port, dport=7000)
        packets.append(told / scapy.Raw(b"hello imei=867531042188306"))
    file = tmp_path / "named.pcap"
    scapy.wrpcap(str(file), packets)
    for jobs in (0, 2, 3):
        pipeline = Pipeline(Case(), [], Timeline(), key=b"key")
        reading = Reading()
        items = examined([str(file)], reading, pipeline.examiner, jobs) if jobs else seen([str(file)], reading)
        found = [each for _, item in items for each in pipeline.inspect(item)]
        hosts = {each.exchange.host for each in found if isinstance(each, Finding) and each.match.identifier == "imei"}
        assert hosts == set(names)
