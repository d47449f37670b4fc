"""Exchange to Finding: the one way through the rooms. A generator without input or output.

For each message: its parts are walked to leaves, the leaves matched, and each match is given its owner, app, device,
phase and clauses. What cannot be inspected passes through as a `Blind`, what went wrong as a `Fault`; all are counted
for the summary.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from leaktap.attribution import Apps, Owners
from leaktap.config import Case, DeviceProfile, Event
from leaktap.consent import Timeline
from leaktap.decoders import Limited, Limits, check, hints, parts, walk
from leaktap.identifiers.matcher import Matcher
from leaktap.model import (
    SEVERITIES,
    App,
    Blind,
    Device,
    Direction,
    Exchange,
    Fault,
    Finding,
    Leaf,
    Mark,
    Match,
    Message,
    Phase,
    Progress,
    Record,
    Seen,
    Summary,
)
from leaktap.rules import Engine

_DEFAULT_PORT = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(slots=True)
class _Tally:
    """What the summary counts."""

    inputs: dict[str, int] = field(default_factory=dict)
    exchanges: int = 0
    inspected: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    clauses: Counter[str] = field(default_factory=Counter)
    blind: Counter[str] = field(default_factory=Counter)
    blind_bytes: Counter[str] = field(default_factory=Counter)
    faults: int = 0


class Pipeline:
    """Everything needed to judge exchanges, built once per run.

    `timeline` may be marked while the run goes on. `ended` is false for live sessions, whose events are still to
    come. `key` makes `value_ref`s that only its holder can link to values.
    """

    def __init__(
        self,
        case: Case,
        devices: Sequence[DeviceProfile],
        timeline: Timeline,
        *,
        responses: bool = False,
        ended: bool = True,
        key: bytes = b"",
    ) -> None:
        """Compiles the profiles, the catalogue and the rules."""
        self.timeline = timeline
        self._case, self._devices, self._responses, self._key = case, tuple(devices), responses, key
        self._matcher = Matcher(devices, hints=hints())
        self._owners, self._apps = Owners(case.app), Apps(case.app)
        self._engine = Engine(case, timeline, ended=ended)
        self._by_address = {
            address: device.name for device in devices for address in (*device.addresses.mac, *device.addresses.ip)
        }
        self._only = devices[0].name if len(devices) == 1 and not self._by_address else ""
        self._limits = Limits()
        self._untold = list(check(case.protobuf))
        self._tally = _Tally()

    def warm(self) -> None:
        """Compiles now what else the first message would wait for."""
        self._matcher.sieve(b"\0")

    def run(self, items: Iterable[Seen]) -> Iterator[Record]:
        """Yields the records of everything that sources saw, and the summary at the end."""
        began = monotonic()
        for item in items:
            yield from self.inspect(item)
        yield self.finish(monotonic() - began)

    def inspect(self, seen: Seen) -> Iterator[Finding | Blind | Fault]:
        """Yields what one thing that a source saw amounts to; the first call also what is wrong with the schemas."""
        while self._untold:
            self._tally.faults += 1
            yield self._untold.pop(0)
        match seen:
            case Exchange():
                self._tally.exchanges += 1
                self._tally.inputs.setdefault(seen.origin.source, 0)
                try:
                    yield from self._exchange(seen)
                except Exception as error:  # noqa: BLE001 (a bug must cost this exchange and not the run: it is reported)
                    self._tally.faults += 1
                    where = f"{seen.origin.source}: {seen.id}"
                    yield Fault("pipeline", where, f"{type(error).__name__} while it was inspected: {error}")
            case Progress():
                self._tally.inputs[seen.source] = max(self._tally.inputs.get(seen.source, 0), seen.bytes)
            case Blind():
                yield self._blind(seen)
            case Fault():
                self._tally.faults += 1
                yield seen
            case Mark():
                self.timeline.mark(Event.model_validate({"at": seen.time, "event": seen.event, "app": seen.app}))

    def finish(self, seconds: float) -> Summary:
        """Returns the summary of all that was inspected, which took `seconds`."""
        tally = self._tally
        unseen = tally.blind_bytes.total()
        total = tally.inspected + unseen
        read = sum(tally.inputs.values()) or total
        return Summary(
            inputs=tuple(tally.inputs),
            exchanges=tally.exchanges,
            bytes=total,
            inspected_share=round(tally.inspected / total, 4) if total else 1.0,
            findings={severity: tally.severities[severity] for severity in SEVERITIES},
            clauses=dict(sorted(tally.clauses.items())),
            blind=dict(sorted(tally.blind.items())),
            blind_bytes=dict(sorted(tally.blind_bytes.items())),
            faults=tally.faults,
            seconds=round(seconds, 3),
            mb_per_s=round(read / 1e6 / seconds, 1) if seconds > 0 else 0.0,
            unobservable=self._engine.unobservable,
            session_clauses=self._engine.finish(),
        )

    def _exchange(self, exchange: Exchange) -> Iterator[Finding | Blind | Fault]:
        messages: list[tuple[Direction, Message]] = [("request", exchange.request)]
        if exchange.response is not None:
            messages.append(("response", exchange.response))
        for direction, message in messages:
            self._tally.inspected += len(message.body) + sum(
                [len(name) + len(value) for name, value in message.headers]
            )
            for match in self._matcher.whole(message, direction):
                yield self._finding(exchange, direction, match)
            if direction == "request" or self._responses:
                yield from self._leaves(exchange, direction, message)

    def _leaves(self, exchange: Exchange, direction: Direction, message: Message) -> Iterator[Finding | Blind | Fault]:
        leaves: list[Leaf] = []
        path = exchange.request.start[1].partition("?")[0]
        roots = parts(message, direction, exchange.host, path, self._case.protobuf, self._matcher.sieve)
        for item in walk(roots, self._limits, self._matcher.sieve):
            match item:
                case Leaf():
                    leaves.append(item)
                case Fault():
                    self._tally.faults += 1
                    yield replace(item, where=f"{exchange.origin.source}: {exchange.id}: {item.where}")
                case Limited():
                    yield self._blind(_limited(item, exchange, message))
        if not leaves:
            return
        app = self._apps.app(exchange)
        for found in self._matcher.match(leaves, app.package if app else "", self._device(exchange).name):
            yield self._finding(exchange, direction, found)

    def _finding(self, exchange: Exchange, direction: Direction, match: Match) -> Finding:
        owner = self._owners.owner(exchange)
        app = None if owner.party == "platform" else self._apps.app(exchange)
        device = self._device(exchange)
        if not device.name and match.device:
            device = replace(device, name=match.device)
        finding = self._engine.judge(
            Finding(
                id=_finding_id(exchange, direction, match),
                time=exchange.time,
                match=match,
                value_ref=self._value_ref(match),
                direction=direction,
                exchange=exchange,
                url=url(exchange),
                device=device,
                app=app,
                owner=owner,
                phase=self._phase(exchange, app, device),
            )
        )
        self._tally.severities[finding.severity] += 1
        self._tally.clauses.update(hit.id for hit in finding.clauses)
        return finding

    def _phase(self, exchange: Exchange, app: App | None, device: Device) -> Phase:
        """Consent to one app says nothing about another, or about the system."""
        package = app.package if app else ""
        tested = self._case.app.package
        if tested and package != tested and not self.timeline.knows(package):
            return Phase("unknown")
        return self.timeline.phase(exchange.time, package, device.name)

    def _device(self, exchange: Exchange) -> Device:
        """Names the sender by its address; the only profile there is, if it has none."""
        client = exchange.client
        name = self._by_address.get(client.mac) or self._by_address.get(client.ip) or self._only
        return Device(name, client.mac, client.ip)

    def _value_ref(self, match: Match) -> str:
        value = f"{match.identifier}\0{match.plain or match.value.casefold()}"
        return hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()[:16]

    def _blind(self, blind: Blind) -> Blind:
        self._tally.blind[blind.why] += 1
        self._tally.blind_bytes[blind.why] += blind.bytes
        if blind.owner is None and blind.host:
            return replace(blind, owner=self._owners.of_host(blind.host))
        return blind


def _limited(item: Limited, exchange: Exchange, message: Message) -> Blind:
    return Blind(
        time=exchange.time,
        why="limit",
        protocol=exchange.origin.protocol,
        host=exchange.host,
        ip=exchange.server.ip,
        port=exchange.server.port,
        bytes=item.bytes,
        source=exchange.origin.source,
        frames=message.frames,
        stream=exchange.origin.stream,
        detail=f"{item.path}: {item.which}",
    )


def _finding_id(exchange: Exchange, direction: Direction, match: Match) -> str:
    parts = (exchange.origin.source, exchange.id, direction, match.leaf.path, match.identifier, *match.form)
    text = "\0".join((*parts, str(match.span[0])))
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).hexdigest()


def url(exchange: Exchange) -> str:
    """Returns the whole address that the request went to."""
    host = f"[{exchange.host}]" if ":" in exchange.host else exchange.host
    port = exchange.server.port
    port_part = f":{port}" if port and port != _DEFAULT_PORT.get(exchange.scheme, port) else ""
    return f"{exchange.scheme}://{host}{port_part}{exchange.request.start[1]}"
