import sqlite3
import threading
import time

import pytest

from leaktap.spool import Sender, SendError, Store
from leaktap.spool import sender as module
from tests._waiting import PATIENCE, wait


class Receiver:
    """Takes rows as it is told to."""

    pause = 0.0

    def __init__(self, most=10):
        self.most, self.got, self.batches, self.failing, self.closed = most, [], [], [], False
        self.gate = threading.Event()
        self.gate.set()

    def send(self, rows):
        self.gate.wait(PATIENCE)
        self.batches.append([row.id for row in rows])
        if self.failing and (error := self.failing.pop(0)):
            raise error
        self.got += [row.id for row in rows]

    def close(self):
        self.closed = True


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path, "x", "x")


def names(numbers):
    return [f"f{number}" for number in numbers]


def filled(store, receiver, count, told):
    made = Sender(store, receiver, "x://host", told.append)
    for number in range(count):
        made.put(f"f{number}", b"{}")
    return made


def test_everything_in_order_and_nothing_said(store):
    told, receiver = [], Receiver()
    made = filled(store, receiver, 95, told)
    made.end(PATIENCE)
    assert made.close() == 0
    assert (receiver.got, receiver.closed, told) == (names(range(95)), True, [])


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_it_is_tried_again_until_it_is_there(store, failures):
    told, receiver = [], Receiver()
    receiver.failing = [SendError("x://host: is away")] * failures
    made = filled(store, receiver, 30, told)
    made.end(PATIENCE)
    assert made.close() == 0
    assert receiver.got == names(range(30))
    assert told == ["x://host: is away; records wait in the spool and are sent when it is back"]


def test_each_outage_is_told_once(store):
    told, receiver = [], Receiver(most=1)
    receiver.failing = [SendError("away"), SendError("away"), None, SendError("away again")]
    made = filled(store, receiver, 3, told)
    made.end(PATIENCE)
    assert made.close() == 0
    assert [line.partition(";")[0] for line in told] == ["away", "away again"]


def test_a_receiver_that_comes_and_goes_is_not_told_for_ever(store):
    told, receiver = [], Receiver(most=1)
    receiver.failing = [SendError("away"), None] * 30
    made = filled(store, receiver, 30, told)
    made.end(PATIENCE)
    assert made.close() == 0
    assert len(told) == 20
    assert told[-1].endswith("further outages are not told")


def test_the_end_of_a_process_can_wait_instead(store):
    told, receiver = [], Receiver()
    made = filled(store, receiver, 5, told)
    made.end(PATIENCE)
    assert made.close(later=True) == 0
    made._join()
    assert receiver.got == names(range(5))
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        store.waiting()


def test_a_bug_in_a_receiver_is_an_outage(store):
    told, receiver = [], Receiver()
    receiver.failing = [ZeroDivisionError("a secret may be in here")]
    made = filled(store, receiver, 3, told)
    made.end(PATIENCE)
    assert made.close() == 0
    assert receiver.got == names(range(3))
    assert told[0].startswith("x://host: ZeroDivisionError;")


def test_a_refused_row_is_found_among_many_and_set_aside(store):
    told, receiver = [], Receiver()
    no = SendError("answered 422", refused=True)
    receiver.gate.clear()
    receiver.failing = [no, None, no, None]
    made = filled(store, receiver, 4, told)
    made._receiver.most = 3
    receiver.gate.set()
    made.end(PATIENCE)
    assert made.close() == 0
    assert len(told) == 1
    assert "is set aside" in told[0]
    assert sorted(receiver.got) == receiver.got
    assert len(receiver.got) == 3


def test_the_end_does_not_wait_longer_than_said(store):
    told, receiver = [], Receiver()
    receiver.failing = [SendError("away")] * 1000
    made = filled(store, receiver, 3, told)
    began = time.monotonic()
    made.end(0.3)
    assert made.close() == 3
    assert time.monotonic() - began < PATIENCE, "it would be tried for hours"


def test_the_end_cuts_a_long_pause_short(store):
    told, receiver = [], Receiver()
    receiver.failing = [SendError("busy", wait=PATIENCE)]
    made = filled(store, receiver, 3, told)
    wait(lambda: told)
    made.end(PATIENCE / 2)
    assert made.close() == 0
    assert receiver.got == names(range(3))


def test_a_full_queue_goes_on_in_memory_and_tells(tmp_path):
    told, receiver = [], Receiver()
    receiver.gate.clear()
    store = Store(tmp_path, "x", "x", 200_000)
    made = Sender(store, receiver, "x://host", told.append)
    for number in range(400):
        made.put(f"f{number}", bytes(1000))
    assert len(told) == 1
    assert "the spool is full" in told[0]
    assert "wait in memory meanwhile and do not outlive this run" in told[0]
    receiver.gate.set()
    made.end(PATIENCE)
    assert made.close() == 0
    assert receiver.got == names(range(400))


def test_what_waits_in_memory_goes_to_the_disk_when_there_is_room(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SETTLE", 0.0)
    told, receiver = [], Receiver(most=100)
    receiver.gate.clear()
    store = Store(tmp_path, "x", "x", 200_000)
    made = Sender(store, receiver, "x://host", told.append)
    for number in range(200):
        made.put(f"f{number}", bytes(1000))
    assert made._memory
    receiver.gate.set()
    wait(lambda: len(receiver.got) == 200)
    made.put("f200", b"{}")
    made.end(PATIENCE)
    assert made.close() == 0
    assert not made._memory
    assert receiver.got == names(range(201))


def test_memory_is_bounded_and_what_is_lost_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MEMORY", 50_000)
    monkeypatch.setattr(module, "_SETTLE", 0.0)
    told, receiver = [], Receiver(most=100)
    receiver.gate.clear()
    made = Sender(Store(tmp_path, "x", "x", 100_000), receiver, "x://host", told.append)
    for number in range(400):
        made.put(f"f{number}", bytes(1000))
    assert [line.partition(";")[0].partition(":")[0] for line in told][1:] == ["disk and memory are full"]
    assert made._memory_size <= 50_000
    receiver.gate.set()
    made.end(PATIENCE)
    assert made.close() == 0
    kept = len(receiver.got)
    assert receiver.got == names(range(kept))
    assert f"{400 - kept} records found no room and will not be sent" in told
