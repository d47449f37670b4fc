"""Reads an input as `leaktap scan` would, with a device profile, and says what went wrong, if anything did."""

import re
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from leaktap.config import Case, ConfigError, load_devices
from leaktap.consent import Timeline
from leaktap.model import Fault
from leaktap.pipeline import Pipeline
from leaktap.sinks import Options
from leaktap.sinks.jsonl import JsonLines
from leaktap.sources import Reading, read

SECONDS = 10.0
MEGABYTES = 500
_ROOM = 4 << 30
"""Bytes of addresses that a process may take: enough for libraries, too few for what a lying length asks for."""
_MEMORY = Path("/dev/shm")
"""A file system without a disk, where there is one."""
_PROGRAM = 150
"""Megabytes that this program takes before it reads anything."""
_inherited = 0
_PROFILE = Path(__file__).parents[1] / "captures" / "shop" / "device.yaml"


class Hang(BaseException):
    """Time is over. No `except Exception` holds it up."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with an input: `kind` is short and the same for the same mistake, `story` is long."""

    kind: str
    story: str


class Trial:
    """A process's means to try inputs, one after the other."""

    def __init__(self) -> None:
        """Makes a pipeline, which serves for many inputs, and a place for files."""
        _forget()
        self._folder = tempfile.TemporaryDirectory(prefix="fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
        self._pipeline = Pipeline(Case(), load_devices([_PROFILE]), Timeline(()), responses=True)
        self._pipeline.warm()
        self._sink = JsonLines("/dev/null", Options(reveal=False))
        resource.setrlimit(resource.RLIMIT_AS, (_ROOM, resource.getrlimit(resource.RLIMIT_AS)[1]))

    def close(self) -> None:
        """Removes the files."""
        self._sink.close()
        self._folder.cleanup()

    def run(self, data: bytes, keys: bytes = b"") -> Failure | None:
        """Tries an input."""
        capture, log = Path(self._folder.name, "capture"), Path(self._folder.name, "keys.txt")
        capture.write_bytes(data)
        log.write_bytes(keys)
        before = peak()
        try:
            with limited(SECONDS):
                story = self._read(capture, (log,) if keys else ())
        except Hang:
            return Failure(f"hang in {_place()}", traceback.format_exc())
        except ConfigError:
            return None  # a key log without a key in it is refused, as the contract says
        except Exception as error:  # noqa: BLE001 (to find exceptions is what this is for)
            return Failure(f"{type(error).__name__} in {_place()}", traceback.format_exc())
        if story:
            return Failure(story.split(" while ")[0], story)
        if peak() > MEGABYTES and before <= MEGABYTES:
            return Failure("memory", f"{peak()} MB were taken, {before} MB before")
        return None

    def _read(self, capture: Path, keys: tuple[Path, ...]) -> str:
        """Returns what the pipeline has to say of mistakes of its own."""
        story = ""
        for item in read(str(capture), Reading(keys=keys)):
            for record in self._pipeline.inspect(item):
                self._sink.write(record)
                if isinstance(record, Fault) and record.stage == "pipeline":
                    story = record.why
        for last in self._pipeline.closing(1.0):
            self._sink.write(last)
        return story


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises Hang where what it surrounds takes too long. It is the processor's time, which others do not take away."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def peak() -> int:
    """Returns the most memory that the process has had in MB, less what it inherited from one that is larger than this
    program: it was forked, and shares that.
    """
    return _status("VmHWM") - _inherited


def _forget() -> None:
    """Begins to measure (proc(5), clear_refs)."""
    global _inherited
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    _inherited = max(_status("VmRSS") - _PROGRAM, 0)


def _status(name: str) -> int:
    with suppress(OSError):
        found = re.search(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return int(found[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (20 if sys.platform == "darwin" else 10)


def _place() -> str:
    """Returns where in leaktap an exception comes from."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    ours = [frame for frame in frames if f"{Path('leaktap')}/" in frame.filename] or list(frames)
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
