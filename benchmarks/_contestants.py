"""Who reads the benchmark's capture: leaktap with one process and with more, and what analysts use today.

tshark prints method, host, URI and body of the requests; pyshark walks over the same packets as objects; dpkt, reading
alone, parses the headers of every packet and nothing above. The slow ones get a smaller capture of the same kind.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from benchmarks._traffic import Traffic

type Command = list[str | Path]

_REQUESTS = "http.request || http2.headers.method"
_FIELDS = (
    *("http.request.method", "http.host", "http.request.uri", "http.file_data"),
    *("http2.headers.method", "http2.headers.authority", "http2.headers.path", "http2.body.reassembled.data"),
)

_PYSHARK = """
import sys, pyshark
capture = pyshark.FileCapture(
    sys.argv[1], display_filter=sys.argv[3], override_prefs={"tls.keylog_file": sys.argv[2]}, keep_packets=False
)
print(sum(1 for packet in capture))
"""

_DPKT = """
import sys, dpkt
count = 0
with open(sys.argv[1], "rb") as file:
    for time, data in dpkt.pcap.Reader(file):
        count += len(dpkt.ethernet.Ethernet(data).data.data.data)
print(count)
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """`command` is what runs on a capture; `share` is how large a part of the capture's size it gets."""

    name: str
    command: Callable[[Traffic], Command]
    share: float = 1.0


def contestants() -> list[Contestant]:
    """Returns leaktap, and of the others those that are installed."""
    found = [Contestant(f"leaktap --jobs {jobs}", _leaktap(jobs)) for jobs in (1, 2)]
    if which("tshark"):
        found.append(Contestant("tshark -T fields", _tshark))
        if find_spec("pyshark"):
            found.append(Contestant("pyshark", _script(_PYSHARK), share=0.02))
    if find_spec("dpkt"):
        found.append(Contestant("dpkt, reading only", _script(_DPKT), share=0.2))
    return found


def _leaktap(jobs: int) -> Callable[[Traffic], Command]:
    leaktap = Path(sys.executable).with_name("leaktap")

    def command(made: Traffic) -> Command:
        given: Command = [made.capture, "--keys", made.keys, "--device", made.device]
        return [leaktap, "scan", *given, "--jobs", str(jobs), "--format", "jsonl"]

    return command


def _tshark(made: Traffic) -> Command:
    keys = f"tls.keylog_file:{made.keys}"
    fields = [word for field in _FIELDS for word in ("-e", field)]
    reassembly = "tcp.reassemble_out_of_order:TRUE"  # else it misses what was overtaken
    return ["tshark", "-r", made.capture, "-o", keys, "-o", reassembly, "-Y", _REQUESTS, "-T", "fields", *fields]


def _script(code: str) -> Callable[[Traffic], Command]:
    return lambda made: [sys.executable, "-c", code, made.capture, made.keys, _REQUESTS]
