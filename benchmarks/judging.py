"""How long the rule book takes to judge findings, and what it remembers of them, however many there are."""

import gc
import itertools
import time
import tracemalloc
from collections.abc import Iterator
from itertools import islice

from benchmarks._measure import table
from benchmarks._options import Benchmark, Options
from leaktap.config import Case, Event
from leaktap.consent import Timeline
from leaktap.model import App, Device, Endpoint, Exchange, Finding, Leaf, Match, Message, Origin, Owner
from leaktap.rulebook import rule_book
from leaktap.rules import Engine

FINDINGS = 100_000
LIMIT = 2.0
"""Seconds in which that many are to be judged."""

_SECOND = 1_000_000
_CASE = Case.model_validate(
    {
        "app": {"package": "com.example.shop", "domains": "example-shop.cn", "developer": "Example Ltd"},
        "declared": {
            "identifiers": {"oaid": {"form": "plain", "max_per_hour": 12}, "android_id": {"form": "md5"}},
            "sdks": ["SDK 1", "SDK 2"],
        },
        "necessary": ["phone", "oaid"],
    }
)
_EVENTS = [
    {"at": 0, "event": "launch"},
    {"at": 60 * _SECOND, "event": "notice"},
    {"at": 20_000 * _SECOND, "event": "consent"},
    {"at": 40_000 * _SECOND, "permission": {"location": "denied"}},
    {"at": 50_000 * _SECOND, "event": "personalisation_off"},
]
_CLASSES = {
    "imei": "device_id",
    "oaid": "device_id",
    "android_id": "device_id",
    "mac_wifi": "device_id",
    "location": "location",
    "phone": "contact",
    "search": "behaviour",
    "app_list": "app_list",
}
_FORMS: tuple[tuple[str, ...], ...] = ((), ("md5", "hex"), ("salt-suffix", "sha256", "hex"))
_KINDS = ("ads", "analytics", "push", "login")


def _findings(timeline: Timeline) -> Iterator[Finding]:
    """Yields findings without end: three an exchange, an exchange a second, to forty SDKs and unknown hosts."""
    names = itertools.cycle(_CLASSES.items())
    request = Message(("POST", "/", "HTTP/1.1"))
    app, device = App("com.example.shop", basis="User-Agent"), Device("lab-phone-3")
    for n in itertools.count():
        who = n * 7 % 60
        if who < 40:
            owner = Owner("third", f"SDK {who}", f"Company {who % 25}", kind=_KINDS[who % 4])
        else:
            owner = Owner("first", company="Example Ltd") if who < 50 else Owner("unknown")
        host = f"host-{n % 5000}.example"
        at = n * _SECOND
        seen = Exchange(f"tcp.{n}:0", at, Endpoint("192.0.2.1"), Endpoint("192.0.2.9", 443), "https", host, request,
                        None, Origin("a.pcap"))  # fmt: skip
        phase = timeline.phase(at, "com.example.shop", "lab-phone-3")
        for name, category in islice(names, 3):
            match = Match(Leaf("request.body", b"x"), name, category, "x", (0, 1), _FORMS[n % 3], "known", 1.0)
            yield Finding(f"{n}-{name}", at, match, "ref", "request", seen, "https://x/", device, app, owner, phase)


def _engine(timeline: Timeline) -> Engine:
    return Engine(_CASE, timeline, documents=rule_book())


def _judged(count: int) -> tuple[float, float]:
    """Returns the seconds that judging takes, and how many clauses a finding breaks on average."""
    timeline = Timeline([Event.model_validate(event) for event in _EVENTS])
    findings = list(islice(_findings(timeline), count))
    engine = _engine(timeline)
    gc.collect()
    gc.freeze()
    begin = time.perf_counter()
    hits = sum(len(engine.judge(finding).clauses) for finding in findings)
    seconds = time.perf_counter() - begin
    gc.unfreeze()
    return seconds, hits / count


def _remembered(count: int) -> float:
    """Returns the bytes that the engine holds after so many findings that nobody keeps."""
    timeline = Timeline([Event.model_validate(event) for event in _EVENTS])
    engine = _engine(timeline)
    tracemalloc.start()
    for finding in islice(_findings(timeline), count):
        engine.judge(finding)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held


def _judge(options: Options) -> bool:
    best, hits = min(_judged(FINDINGS) for _ in range(max(options.runs, 1)))
    print(table(("findings", "s", "findings/s", "clauses each"),
                [(f"{FINDINGS:,}", f"{best:.2f}", f"{FINDINGS / best:,.0f}", f"{hits:.1f}")]))  # fmt: skip
    held = [(count, _remembered(count)) for count in (FINDINGS // 2, FINDINGS, 2 * FINDINGS)]
    print(table(("findings", "MB remembered"), [(f"{count:,}", f"{size / 1e6:.1f}") for count, size in held]))
    print(f"to be judged in {LIMIT:.0f} s: took {best:.2f} s")
    return hits > 0


BENCHMARK = Benchmark("judging", f"{FINDINGS:,} findings held against the rule book, and what is remembered", _judge)
