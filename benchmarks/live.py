"""What the addon costs a running proxy: mitmdump with it and without, in turns, under the load of 200 phones.

`--runs` pairs of runs with `--draws` requests each. What is judged is the median of the pairs: in each, both met the
same moment of the machine. On a machine that is busy otherwise the CPU of the proxy alone, in the best runs, says more
than the rate. Memory is that of mitmdump and of leaktap's process beside it, from behind the first requests on.
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

from benchmarks._load import IMEI
from benchmarks._measure import table
from benchmarks._options import Benchmark, Options

CONNECTIONS = 200
_LEAST_RATE, _MOST_LATER, _MOST_GROWTH = 0.97, 2.0, 30.0
_PER = 100_000


class _Result(NamedTuple):
    """Requests per second, milliseconds, the proxy's own ms of CPU per request, MB at the beginning and at the end."""

    rate: float
    p50: float
    p99: float
    cpu: float
    begin: float
    end: float


def _live(options: Options) -> bool:
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        for turn in range(options.runs):
            order = (False, True) if turn % 2 == 0 else (True, False)
            measured = {with_addon: _run(Path(folder), with_addon, options.draws) for with_addon in order}
            pairs.append((measured[False], measured[True]))
    rows = [
        (name, f"{r.rate:.0f}", f"{r.p50:.1f}", f"{r.p99:.1f}", f"{r.cpu:.3f}", f"{r.begin:.0f}", f"{r.end:.0f}")
        for pair in pairs
        for name, r in zip(("mitmdump", "with leaktap"), pair, strict=True)
    ]
    print(table(("proxy", "requests/s", "p50 ms", "p99 ms", "CPU ms", "MB before", "MB after"), rows))
    rate = statistics.median(with_.rate / without.rate for without, with_ in pairs)
    cpu = min(without.cpu for without, _ in pairs) / min(with_.cpu for _, with_ in pairs)
    later = statistics.median(with_.p99 - without.p99 for without, with_ in pairs)
    growth = statistics.median((with_.end - with_.begin) - (without.end - without.begin) for without, with_ in pairs)
    print(
        f"with the addon {rate:.1%} of the requests per second, {cpu:.1%} by the CPU (wanted {_LEAST_RATE:.0%}), "
        f"p99 {later:+.1f} ms (wanted {_MOST_LATER:+.1f}), "
        f"memory {growth:+.1f} MB over {options.draws:,} requests (wanted {_MOST_GROWTH:+.1f} over {_PER:,})"
    )
    return True


def _write(folder: Path) -> None:
    (folder / "device.yaml").write_text(f"name: lab-phone\nidentifiers:\n  imei: ['{IMEI}']\n")
    (folder / "case.yaml").write_text(
        "app: {package: com.example.shop, domains: [example-shop.cn]}\ndevices: [device.yaml]\n"
        "events:\n  - {at: 2026-01-01T00:00:00Z, event: launch}\n  - {at: 2026-01-01T00:00:01Z, event: notice}\n"
    )


def _run(folder: Path, with_addon: bool, requests: int) -> _Result:
    """Starts a proxy, warms it, and loads it."""
    port = _free_port()
    command = [str(Path(sys.executable).with_name("mitmdump")), "-q", "--listen-host", "127.0.0.1", "-p", str(port)]
    output = folder / "out.jsonl"
    if with_addon:
        import leaktap

        script = Path(leaktap.__file__).with_name("addon") / "script.py"
        command += ["-s", str(script), "--set", f"leaktap_case={folder / 'case.yaml'}"]
        command += ["--set", f"leaktap_output={output}"]
    command += ["--set", f"confdir={folder / 'conf'}"]
    proxy = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not _listens(port):
            time.sleep(0.1)
        _load(port, max(requests // 10, 500))
        begin, spent = _memory(proxy.pid), _spent(proxy.pid)
        measured = _load(port, requests)
        cpu = (_spent(proxy.pid) - spent) / requests * 1000
        end = _memory(proxy.pid)
    finally:
        proxy.terminate()
        proxy.wait(30)
    if with_addon:
        told = sum(b'"leaktap.finding/1"' in line for line in output.read_bytes().splitlines())
        sent = sum(-(-count // 20) for count in (requests, max(requests // 10, 500)))
        assert told == sent, f"{told} findings of {sent}: a rate of a wrong result is none"
    return _Result(measured["rate"], measured["p50"], measured["p99"], cpu, begin, end)


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
