"""What waits, what does not, and what ends a wait."""

import os
import signal
import threading
from contextlib import contextmanager

import pytest

from leaktap.model import Exchange, Fault
from leaktap.sources import Reading, Stop, is_live, read
from leaktap.sources._raw import Raw, open_raw


def a_file(folder):
    path = folder / "file"
    path.write_bytes(b"abc")
    return path


def a_pipe(folder):
    path = folder / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("make", "follow", "live"), [(a_file, False, False), (a_file, True, True), (a_pipe, False, True)]
)
def test_what_is_live(tmp_path, make, follow, live):
    path = make(tmp_path)
    assert is_live(str(path), follow) is live
    with Raw(os.open(path, os.O_RDWR), Stop(), follow) as raw:
        assert raw.live is live


@pytest.mark.parametrize("path", ["missing", "a\0b"])
def test_what_is_not_there_is_not_live(tmp_path, path):
    assert not is_live(str(tmp_path / path), follow=False)


def test_a_plain_file_is_always_ready_and_ends(tmp_path):
    with open_raw(str(a_file(tmp_path)), Stop()) as raw:
        assert [raw.ready(0), raw.read(10), raw.ready(0), raw.read(10)] == [True, b"abc", True, b""]


def test_a_pipe_is_ready_when_something_came_or_nothing_will():
    reading, writing = os.pipe()
    with Raw(reading, Stop(), follow=False) as raw:
        assert not raw.ready(0)
        os.write(writing, b"abc")
        assert raw.ready() and raw.read(10) == b"abc"
        assert not raw.ready(0.01)
        os.close(writing)
        assert raw.ready() and raw.read(10) == b""
    os.close(reading)


def test_a_followed_file_is_ready_when_it_grew(tmp_path):
    path = a_file(tmp_path)
    with open_raw(str(path), Stop(), follow=True) as raw, path.open("ab", buffering=0) as out:
        assert raw.ready(0) and raw.read(10) == b"abc"
        assert not raw.ready(0.01)
        out.write(b"def")
        assert raw.ready() and raw.read(2) == b"de"
        assert raw.ready(0) and raw.read(9) == b"f"


@pytest.mark.parametrize("left", [b"", b"ab"])
def test_a_followed_file_that_became_shorter_is_no_end(tmp_path, left):
    path = a_file(tmp_path)
    with open_raw(str(path), Stop(), follow=True) as raw:
        raw.read(10)
        path.write_bytes(left)
        with pytest.raises(EOFError, match="wrote it anew"):
            raw.read(10)


@pytest.mark.parametrize("make", [a_file, a_pipe])
def test_a_stopped_input_is_over(tmp_path, make):
    stop = Stop()
    path = make(tmp_path)
    with Raw(os.open(path, os.O_RDWR), stop, follow=True) as raw:
        stop.ask()
        assert raw.ready() and raw.read(10) == b""


@contextmanager
def interrupted_after(seconds, stop):
    """A signal asks for the stop, as it does in a run."""
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.ask())
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        yield
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("make", [a_file, a_pipe])
def test_a_wait_ends_when_asked_to(tmp_path, make):
    stop = Stop()
    with Raw(os.open(make(tmp_path), os.O_RDWR), stop, follow=True) as raw, interrupted_after(0.1, stop):
        raw.read(3) if make is a_file else None
        assert raw.ready()
        assert raw.read(10) == b""


def test_a_wait_for_a_writer_ends_too(tmp_path):
    stop = Stop()
    with interrupted_after(0.1, stop), pytest.raises(KeyboardInterrupt):
        open_raw(str(a_pipe(tmp_path)), stop)


def test_what_does_not_wait_is_not_interrupted():
    stop = Stop()
    with stop.waiting():
        pass
    stop.ask()
    with pytest.raises(KeyboardInterrupt), stop.waiting():
        pytest.fail("waits after it was asked to stop")


def test_another_interrupt_is_not_swallowed():
    reading, writing = os.pipe()

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        with Raw(reading, Stop(), follow=False) as raw, pytest.raises(KeyboardInterrupt):
            timer.start()
            raw.ready()
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    os.close(reading)
    os.close(writing)


HAR = '{"log":{"entries":[' + ",".join(
    f'{{"startedDateTime":"2026-11-21T10:00:0{n}Z","request":{{"method":"GET","url":"http://a.example/{n}"}}}}'
    for n in range(3)
)


def test_an_input_that_is_stopped_has_no_fault(tmp_path):
    """The same input gives a fault where it ends by itself."""
    path, stop = tmp_path / "a.har", Stop()
    path.write_text(HAR)
    (*_, last) = read(str(path), Reading())
    assert isinstance(last, Fault) and "cut off" in last.why
    seen = []
    with interrupted_after(0.3, stop):
        seen += read(str(path), Reading(follow=True, stop=stop))
    assert [item.id for item in seen if isinstance(item, Exchange)] == ["har:0", "har:1", "har:2"]
    assert not [item for item in seen if isinstance(item, Fault)]


def test_a_run_that_is_stopped_opens_nothing(tmp_path):
    stop = Stop()
    stop.ask()
    with pytest.raises(KeyboardInterrupt):
        read(str(a_file(tmp_path)), Reading(stop=stop))
