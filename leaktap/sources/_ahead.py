"""Reading ahead: a large file is read by a process of its own, while this one judges what that has shown.

The reader runs `serve`: it is told what to read on its standard input and answers on its standard output with frames,
each an 8-byte length and that many bytes of pickle: a list of what was seen, in the same order as without it, or an
exception to raise. An empty frame is the end. Here a thread takes the frames in, so that the reader goes on while one
is judged; it holds a few, and where they are not asked for the full pipe makes the reader wait: memory stays bounded.
"""

import contextlib
import fcntl
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from queue import Full, Queue
from threading import Event
from typing import IO

from leaktap.config import ConfigError
from leaktap.model import Exchange, Fault, Progress, Seen
from leaktap.sources._api import InputError, Reading

_BATCH = 256
_BATCH_BYTES = 1 << 20
_PIPE_BYTES = 1 << 20
_HELD = 32
_SET_PIPE_SIZE = 1031
"""`F_SETPIPE_SZ` of Linux's fcntl.h; elsewhere pipes stay as large as they are."""


def ahead(path: str, name: str, reading: Reading) -> Iterator[Seen]:
    """Starts to read a file, and returns what it shows.

    Raises:
        InputError: as `read` does.
        ConfigError: likewise.
    """
    command = [sys.executable, "-c", "from leaktap.sources._ahead import serve; serve()"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=_PIPE_BYTES)
    assert child.stdin and child.stdout
    with contextlib.suppress(BrokenPipeError), child.stdin as order:
        pickle.dump((path, replace(reading, ahead=False)), order)
    with contextlib.suppress(OSError):
        fcntl.fcntl(child.stdout, _SET_PIPE_SIZE, _PIPE_BYTES)
    return _answers(child, name)


def _answers(child: "subprocess.Popen[bytes]", name: str) -> Iterator[Seen]:
    assert child.stdout
    held: Queue[bytes | None] = Queue(_HELD)
    left = Event()
    threading.Thread(target=_take_in, args=(child.stdout, held, left), name="leaktap ahead", daemon=True).start()
    try:
        while (body := held.get()) is not None:
            if not body:
                return
            answer = pickle.loads(body)
            if isinstance(answer, Exception):
                raise answer
            yield from answer
        yield Fault("source", name, f"its reader died ({_end(child.wait())}): what came before was read")
    finally:
        left.set()
        child.kill()
        child.wait()


def _end(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _take_in(stream: IO[bytes], held: "Queue[bytes | None]", left: Event) -> None:
    """Puts every frame's body into `held`, empty for the end, and None where the stream ends; until `left` is set."""

    def put(body: bytes | None) -> None:
        while not left.is_set():
            with contextlib.suppress(Full):
                held.put(body, timeout=0.2)
                return

    with stream:
        while len(head := stream.read(8)) == 8 and not left.is_set():
            size = int.from_bytes(head)
            body = stream.read(size)
            if len(body) < size:
                break
            put(body)
            if not size:
                return
        put(None)


def serve() -> None:
    """Reads what standard input says, and answers on standard output; the reader's side."""
    from leaktap.sources import read

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = sys.stdout.buffer
    try:
        path, reading = pickle.load(sys.stdin.buffer)
        try:
            for batch in _batches(read(path, reading)):
                _send(out, batch)
        except (InputError, ConfigError) as error:
            _send(out, error)
        out.write(bytes(8))
        out.flush()
    except BrokenPipeError:
        sys.stdout = None  # nobody reads any more: there is nothing to flush at the end


def _send(out: IO[bytes], what: list[Seen] | Exception) -> None:
    body = pickle.dumps(what, protocol=5)
    out.write(len(body).to_bytes(8))
    out.write(body)
    out.flush()


def _batches(items: Iterable[Seen]) -> Iterator[list[Seen]]:
    """Gathers items until they are many or large, or the source says how far it is."""
    batch: list[Seen] = []
    size = 0
    for item in items:
        batch.append(item)
        if isinstance(item, Exchange):
            size += len(item.request.body) + (len(item.response.body) if item.response else 0)
        if len(batch) >= _BATCH or size >= _BATCH_BYTES or isinstance(item, Progress):
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
