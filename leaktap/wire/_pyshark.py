"""Runs tshark through pyshark and yields what it says of each packet: the layers of its EK output, as plain JSON.

pyshark starts the process, feeds it its arguments and ends it with the iterator. Its own objects have no way to layers
that stand several times in a packet (HTTP/2 frames), and take an event loop's turn each, so that packets are handed on
here as they were printed: repeated fields and layers are lists, layers within layers dictionaries. Imported only when
needed.
"""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import orjson
from packaging.version import Version
from pyshark.capture.file_capture import FileCapture
from pyshark.tshark.output_parser.base_parser import BaseTsharkOutputParser
from pyshark.tshark.tshark import TSharkNotFoundException

type Layers = dict[str, Any]
"""By layer, in the order of dissection: its fields by name (dots are underscores), or a list where it stands twice."""

_PATIENCE = 10
"""Seconds that tshark may take to end after its last packet."""

_INDEX = b'{"index"'
"""How the lines between the packets' begin, which are for Elasticsearch."""

_MOST_SAID = 4096
_OLDEST = Version("3.0.0")
"""What pyshark is told instead of asking each time: newer ones take the same arguments."""


class TsharkError(Exception):
    """tshark cannot go on: `str()` says why, in its own words. What it had yielded counts."""


class _Parser(BaseTsharkOutputParser):  # type: ignore[misc]  # pyshark has no types
    """Takes the packets' lines as they are, all that a read brings at once; a line that is no JSON is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = 0

    async def get_packets_from_stream(
        self, stream: asyncio.StreamReader, existing_data: bytes, got_first_packet: bool = True
    ) -> tuple[list[Layers], bytes]:
        more = await stream.read(self.DEFAULT_BATCH_SIZE)
        if not more:
            raise EOFError
        *lines, rest = (existing_data + more).split(b"\n")
        return [layers for line in lines if (layers := self._layers(line)) is not None], rest

    def _layers(self, line: bytes) -> Layers | None:
        if not line or line.startswith(_INDEX):
            return None
        try:
            layers: Layers = _loads(line)["layers"]
        except (ValueError, KeyError, TypeError, RecursionError):
            self.broken += 1
            return None
        return layers


def _loads(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line.decode("utf-8", "replace"))


class _Capture(FileCapture):  # type: ignore[misc]
    """Remembers how tshark ended: pyshark alone kills it at the end of its output, and so misses its exit code."""

    def __init__(self, path: Path, shown: str, arguments: Sequence[str], loop: asyncio.AbstractEventLoop) -> None:
        self.code: int | None = None
        self.said = b""
        self.parser = _Parser()
        super().__init__(
            path,
            tshark_path=shutil.which("tshark"),  # else pyshark asks a config.ini where it is run
            keep_packets=False,
            use_ek=True,
            display_filter=shown,
            custom_parameters=list(arguments),
            eventloop=loop,
        )

    def _setup_tshark_output_parser(self) -> _Parser:
        return self.parser

    def _get_tshark_version(self) -> Version:
        return _OLDEST

    def _created_new_process(self, parameters: object, process: asyncio.subprocess.Process, **_: object) -> None:
        self._running_processes.add(process)

    async def _handle_process_stderr_forever(self, stderr: asyncio.StreamReader) -> None:
        while piece := await stderr.read(_MOST_SAID):
            self.said = (self.said + piece)[-_MOST_SAID:]

    async def _cleanup_subprocess(self, process: asyncio.subprocess.Process) -> None:
        if self._eof_reached:
            with contextlib.suppress(TimeoutError):
                self.code = await asyncio.wait_for(process.wait(), _PATIENCE)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Stop(Protocol):
    """A wish to end early: whoever expresses it sets `asked` and interrupts what is `waiting`."""

    asked: bool

    def waiting(self) -> AbstractContextManager[None]:
        """Surrounds what may be interrupted by KeyboardInterrupt."""


def packets(path: Path, shown: str, arguments: Sequence[str], stop: Stop) -> Iterator[Layers]:
    """Yields the packets of the capture at `path` that the display filter `shown` lets through, until asked to stop.

    Raises:
        TsharkError: tshark cannot be run, or did not come to a good end; after every packet that it told of.
    """
    loop = asyncio.new_event_loop()
    try:
        try:
            capture = _Capture(path, shown, arguments, loop)
            with contextlib.closing(capture), contextlib.closing(iter(capture)) as told:
                while (batch := _next(told, stop)) is not None:
                    yield from batch
        except (OSError, TSharkNotFoundException) as error:
            raise TsharkError(f"tshark cannot be run: {error}") from None
        if capture.code:
            raise TsharkError(f"tshark ended with code {capture.code}: {_last_line(capture.said)}")
        if capture.parser.broken:
            raise TsharkError(f"{capture.parser.broken} packets of tshark's output make no sense")
    finally:
        loop.close()


def _next(told: Iterator[list[Layers]], stop: Stop) -> list[Layers] | None:
    if stop.asked:
        return None
    try:
        with stop.waiting():
            return next(told, None)
    except KeyboardInterrupt:
        if stop.asked:
            return None
        raise


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else "it did not say why"
