"""The worker: order, bounds, and an end that waits no longer than it may."""

import threading
import time

import pytest

from leaktap.addon import _worker
from leaktap.addon._worker import Worker


def test_jobs_run_in_order_on_one_thread():
    worker, seen = Worker(), []
    for number in range(50):
        assert worker.put(lambda number=number: seen.append((number, threading.current_thread().name)), 1)
    assert worker.close(5) == 0
    assert seen == [(number, "leaktap") for number in range(50)]


def test_nothing_waits_for_a_full_queue():
    worker, gate = Worker(), threading.Event()
    worker.put(gate.wait, 1)
    taken = sum(worker.put(lambda: None, 1) for _ in range(_worker.MOST_JOBS + 50))
    assert _worker.MOST_JOBS - 1 <= taken <= _worker.MOST_JOBS
    gate.set()
    assert worker.close(5) == 0


@pytest.mark.parametrize(
    ("sizes", "taken"), [([40, 40], 1), ([20, 20, 20, 20], 3), ([200], 1), ([200, 1], 1), ([1] * 9, 9)]
)
def test_waiting_bytes_are_bounded_but_one_job_always_fits(sizes, taken):
    worker, gate, begun = Worker(), threading.Event(), threading.Event()
    worker.put(lambda: (begun.set(), gate.wait()), 0)
    assert begun.wait(5)
    assert sum(worker.put(lambda: None, size << 20) for size in sizes) == taken
    gate.set()
    assert worker.close(5) == 0


def test_idle_says_whether_anything_runs_or_waits():
    worker, gate = Worker(), threading.Event()
    assert worker.idle
    worker.put(gate.wait, 1)
    assert not worker.idle
    gate.set()
    deadline = time.monotonic() + 5
    while not worker.idle:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    worker.close(1)


def test_the_end_gives_up_what_takes_too_long():
    worker, gate = Worker(), threading.Event()
    worker.put(gate.wait, 1)
    worker.put(lambda: None, 1)
    began = time.monotonic()
    assert worker.close(0.2) == 2
    assert time.monotonic() - began < 2
    assert not worker.put(lambda: None, 1)
    gate.set()
