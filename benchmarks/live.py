"""What the addon costs a running proxy: mitmdump with it and without, side by side, under the load of 200 phones.

Both run all the time and are loaded in turns, `--draws` requests each in `--runs` times four pieces. What is judged is
the median of the pairs of pieces: both of a pair met the same moment of the machine. On a machine that is busy with
other things the CPU of the proxy alone, in the best pieces, says more than the rate. Memory is that of mitmdump and of
leaktap's process beside it, from behind the first requests on.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
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
_NAMES = ("mitmdump", "with leaktap")


class _Piece(NamedTuple):
    """Requests per second, milliseconds, the proxy's own ms of CPU per request."""

    rate: float
    p50: float
    p99: float
    cpu: float


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
        self.leaks = 0
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def load(self, requests: int) -> None:
        """Loads it."""
        self.leaks += -(-requests // 20)
        spent = _spent(self.process.pid)
        measured = _load(self.port, requests)
        cpu = (_spent(self.process.pid) - spent) / requests * 1000
        self.pieces.append(_Piece(measured["rate"], measured["p50"], measured["p99"], cpu))

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait(30)

    def row(self, name: str, begin: float, end: float) -> tuple[str, ...]:
        """Returns what is shown of it."""
        rate, p50, p99 = (statistics.median(piece[place] for piece in self.pieces) for place in range(3))
        cpu = min(piece.cpu for piece in self.pieces)
        return name, f"{rate:.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{cpu:.3f}", f"{begin:.0f}", f"{end:.0f}"


def _live(options: Options) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        proxies = [_Proxy(Path(folder), with_addon) for with_addon in (False, True)]
        try:
            begin, end = _measure(proxies, options)
        finally:
            for proxy in proxies:
                proxy.stop()
        lines = (Path(folder) / "out.jsonl").read_bytes().splitlines()
    plain, tapped = proxies
    told = sum(b'"leaktap.finding/1"' in line for line in lines)
    assert told == tapped.leaks, f"{told} findings of {tapped.leaks}: the speed of a wrong result is none"
    rows = [proxy.row(name, *at) for name, proxy, *at in zip(_NAMES, proxies, begin, end, strict=True)]
    print(table(("proxy", "requests/s", "p50 ms", "p99 ms", "CPU ms", "MB before", "MB after"), rows))
    pairs = list(zip(plain.pieces, tapped.pieces, strict=True))
    rate = statistics.median(with_.rate / without.rate for without, with_ in pairs)
    cpu = min(piece.cpu for piece in plain.pieces) / min(piece.cpu for piece in tapped.pieces)
    later = statistics.median(with_.p99 - without.p99 for without, with_ in pairs)
    growth = (end[1] - begin[1]) - (end[0] - begin[0])
    print(
        f"with the addon {rate:.1%} of the requests per second, {cpu:.1%} by the CPU (wanted {_LEAST_RATE:.0%}), "
        f"p99 {later:+.1f} ms (wanted {_MOST_LATER:+.1f}), "
        f"memory {growth:+.1f} MB over {options.draws:,} requests (wanted {_MOST_GROWTH:+.1f} over {_PER:,})"
    )
    return True


def _measure(proxies: list[_Proxy], options: Options) -> tuple[list[float], list[float]]:
    """Warms and loads the proxies; returns their memory before and after."""
    for proxy in proxies:
        while not _listens(proxy.port):
            time.sleep(0.1)
        proxy.load(_FIRST)
        proxy.pieces.clear()
    begin = [_memory(proxy.process.pid) for proxy in proxies]
    pieces = options.runs * 4
    for piece in range(pieces):
        for proxy in proxies if piece % 2 == 0 else reversed(proxies):
            proxy.load(max(options.draws // pieces, CONNECTIONS))
    return begin, [_memory(proxy.process.pid) for proxy in proxies]


def _write(folder: Path) -> None:
    (folder / "device.yaml").write_text(f"name: lab-phone\nidentifiers:\n  imei: ['{IMEI}']\n")
    (folder / "case.yaml").write_text(
        "app: {package: com.example.shop, domains: [example-shop.cn]}\ndevices: [device.yaml]\n"
        "events:\n  - {at: 2026-01-01T00:00:00Z, event: launch}\n  - {at: 2026-01-01T00:00:01Z, event: notice}\n"
    )


def _load(port: int, requests: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks._load", str(port), str(CONNECTIONS), str(requests)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[1])
    result: dict[str, float] = json.loads(done.stdout)
    return result


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


BENCHMARK = Benchmark("live", "what the addon costs a proxy with 200 phones", _live)
