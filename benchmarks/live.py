"""What the addon costs a running proxy: mitmdump with it and without, side by side, under the load of 200 phones.

Both run all the time and are loaded in turns, in pairs of pieces; what is judged is the median of the pairs, for both
of a pair met the same moment of the machine. Each pair is measured twice:

- as fast as it goes, each phone sending as soon as it is answered: how many requests per second the proxy is good for.
  Latency says nothing there. With 200 phones waiting in line it is 200 divided by that rate, whoever is in the line, so
  that three per cent of the rate are ten milliseconds of it;
- at half the rate that mitmdump alone reached, sent at moments that are fixed beforehand: what a phone feels. A latency
  counts from the moment at which a request was to be sent, so nothing that held up the proxy is left out.

On a machine that is busy with other things the CPU of the proxy alone, in the best pieces, says more than the rate.
Memory is that of mitmdump and of leaktap's process beside it, from behind the first requests on.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import leaktap
from benchmarks._load import IMEI
from benchmarks._measure import table
from benchmarks._options import Benchmark, Options

CONNECTIONS = 200
_LEAST_RATE, _MOST_LATER, _MOST_GROWTH = 0.97, 2.0, 30.0
_PER = 100_000
_FIRST = 1000
_LEAST_PIECE = 2500
"""Requests of a pair's piece: a quarter of them are paced, and of fewer the slowest hundredth would be chance."""
_PACED = 0.25
_DRAIN = 60.0
_NAMES = ("mitmdump", "with leaktap")


class _Piece(NamedTuple):
    """Requests per second; of those that were paced, milliseconds; the proxy's own ms of CPU per request of both."""

    rate: float
    cpu: float
    p50: float
    p99: float
    paced_cpu: float


class _Proxy:
    """A running mitmdump and how it did."""

    def __init__(self, folder: Path, with_addon: bool) -> None:
        self.port = _free_port()
        command = [str(Path(sys.executable).with_name("mitmdump")), "-q", "--listen-host", "127.0.0.1"]
        command += ["-p", str(self.port), "--set", f"confdir={folder / f'conf-{with_addon}'}"]
        if with_addon:
            script = Path(leaktap.__file__).with_name("addon") / "script.py"
            command += ["-s", str(script), "--set", f"leaktap_case={folder / 'case.yaml'}"]
            command += ["--set", f"leaktap_output={folder / 'out.jsonl'}"]
        self.pieces: list[_Piece] = []
        self.leaks = self.told = 0
        self._out, self._read = (folder / "out.jsonl" if with_addon else None), 0
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def load(self, requests: int, rate: float = 0.0) -> tuple[dict[str, float], float]:
        """Loads it; returns what was measured, and the CPU per request in milliseconds."""
        self.leaks += -(-requests // 20)
        spent = _spent(self.process.pid)
        with _loading(self.port, requests, rate) as measured:
            cpu = (_spent(self.process.pid) - spent) / requests * 1000
        self._settle()
        return measured, cpu

    def _settle(self) -> None:
        """Waits until it rests and what was sent is inspected, or the next piece would be beside this one's end."""
        until, before = time.monotonic() + _DRAIN, -1.0
        while (spent := _spent(self.process.pid)) > before and time.monotonic() < until:
            before = spent
            time.sleep(0.3)
        while self._out and self.told < self.leaks and time.monotonic() < until:
            time.sleep(0.1)
            with self._out.open("rb") as stream:
                stream.seek(self._read)
                lines = stream.read()
            whole = lines[: lines.rfind(b"\n") + 1]
            self._read += len(whole)
            self.told += whole.count(b'"leaktap.finding/1"')

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait(30)

    def row(self, name: str, begin: float, end: float) -> tuple[str, ...]:
        """Returns what is shown of it."""
        rate, _, p50, p99, _ = map(statistics.median, zip(*self.pieces, strict=True))
        _, cpu, _, _, paced = map(min, zip(*self.pieces, strict=True))
        measured = f"{rate:.0f}", f"{cpu:.3f}", f"{p50:.1f}", f"{p99:.1f}", f"{paced:.3f}"
        return name, *measured, f"{begin:.0f}", f"{end:.0f}"


def _live(options: Options) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        proxies = [_Proxy(Path(folder), with_addon) for with_addon in (False, True)]
        plain, tapped = proxies
        try:
            begin, end, paced = _measure(proxies, options)
        finally:
            for proxy in proxies:
                proxy.stop()
    assert tapped.told == tapped.leaks, f"{tapped.told} of {tapped.leaks} findings: a wrong result has no speed"
    rows = [proxy.row(name, *at) for name, proxy, *at in zip(_NAMES, proxies, begin, end, strict=True)]
    head = ("proxy", "requests/s", "CPU ms", f"p50 ms at {paced:.0f}/s", "p99 ms", "CPU ms", "MB before", "MB after")
    print(table(head, rows))
    pairs = list(zip(plain.pieces, tapped.pieces, strict=True))
    rate = statistics.median(with_.rate / without.rate for without, with_ in pairs)
    cpu = min(piece.cpu for piece in plain.pieces) / min(piece.cpu for piece in tapped.pieces)
    later = statistics.median(with_.p99 - without.p99 for without, with_ in pairs)
    growth = (end[1] - begin[1]) - (end[0] - begin[0])
    print(
        f"with the addon {rate:.1%} of the requests per second, {cpu:.1%} by the CPU (wanted {_LEAST_RATE:.0%}), "
        f"p99 at {paced:.0f} a second {later:+.1f} ms (wanted {_MOST_LATER:+.1f}), "
        f"memory {growth:+.1f} MB over {options.draws:,} requests (wanted {_MOST_GROWTH:+.1f} over {_PER:,})"
    )
    return True


def _measure(proxies: list[_Proxy], options: Options) -> tuple[list[float], list[float], float]:
    """Warms and loads the proxies; returns their memory before and after, and the rate that was paced."""
    for proxy in proxies:
        while not _listens(proxy.port):
            time.sleep(0.1)
        proxy.load(_FIRST)
    begin = [_memory(proxy.process.pid) for proxy in proxies]
    pieces = max(min(options.runs * 4, options.draws // _LEAST_PIECE), 2)
    slow = max(round(options.draws / pieces * _PACED), 2 * CONNECTIONS)
    fast = max(options.draws // pieces - slow, 2 * CONNECTIONS)
    paced = 0.0
    for number in range(pieces):
        order = proxies if number % 2 == 0 else proxies[::-1]
        fastest = {proxy: proxy.load(fast) for proxy in order}
        paced = paced or fastest[proxies[0]][0]["rate"] / 2
        slowest = {proxy: proxy.load(slow, paced) for proxy in order}
        for proxy in proxies:
            (hurried, cpu), (calm, paced_cpu) = fastest[proxy], slowest[proxy]
            proxy.pieces.append(_Piece(hurried["rate"], cpu, calm["p50"], calm["p99"], paced_cpu))
    return begin, [_memory(proxy.process.pid) for proxy in proxies], paced


def _write(folder: Path) -> None:
    (folder / "device.yaml").write_text(f"name: lab-phone\nidentifiers:\n  imei: ['{IMEI}']\n")
    (folder / "case.yaml").write_text(
        "app: {package: com.example.shop, domains: [example-shop.cn]}\ndevices: [device.yaml]\n"
        "events:\n  - {at: 2026-01-01T00:00:00Z, event: launch}\n  - {at: 2026-01-01T00:00:01Z, event: notice}\n"
    )


@contextmanager
def _loading(port: int, requests: int, rate: float) -> Iterator[dict[str, float]]:
    """Loads a proxy and yields what was measured; then the phones hang up."""
    command = [sys.executable, "-m", "benchmarks._load", str(port), str(CONNECTIONS), str(requests), str(rate)]
    here, pipe = Path(__file__).parents[1], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=here) as phones:
        assert phones.stdin and phones.stdout
        yield json.loads(phones.stdout.readline())
        phones.stdin.close()


def _memory(pid: int) -> float:
    """Returns the resident MB of a process and its children, where the system tells."""
    total = 0.0
    for each in (str(pid), *_children(pid)):
        try:
            pages = int(Path(f"/proc/{each}/statm").read_text().split()[1])
        except OSError:
            continue
        total += pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return total


def _spent(pid: int) -> float:
    """Returns the seconds of CPU that a process alone has spent, where the system tells."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


BENCHMARK = Benchmark("live", "what the addon costs a proxy with 200 phones", _live, draws=_PER)
