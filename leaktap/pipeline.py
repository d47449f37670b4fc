"""Exchange to Finding: the one way through the rooms. A generator without input or output.

Each exchange is examined, and each match in it is given its owner, app, device, phase and clauses. What cannot be
inspected passes through as a `Blind`, what went wrong as a `Fault`; all are counted for the records that close a run:
the inventory, what is declared against what was observed, and the summary.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from leaktap.attribution import Apps, Clues, Owners, known, registrable
from leaktap.closing.about import about
from leaktap.closing.declared import Comparison
from leaktap.closing.inventory import Ledger
from leaktap.config import Case, DeviceProfile, Event
from leaktap.consent import Timeline
from leaktap.consistency import Consistency
from leaktap.decoders import check
from leaktap.examine import Examined, Examiner, Found, Phones, Quiet, failure, installed
from leaktap.keyring import NO_KEYS, Keys
from leaktap.model import (
    SEVERITIES,
    Answer,
    App,
    Blind,
    Declared,
    Device,
    Direction,
    Exchange,
    Fault,
    Finding,
    Input,
    Inventory,
    Mark,
    Match,
    Phase,
    Progress,
    Record,
    Seen,
    Summary,
)
from leaktap.policy import Product
from leaktap.rulebook import rule_book
from leaktap.rules import Engine
from leaktap.versions import versions

_SHARED = frozenset({"location", "cell", "ssid", "bssid", "wifi_scan", "ip_public"})
"""Classes of values that phones at one place have in common: they do not say which phone it was."""

_DEFAULT_PORT = {"dns": 53, "http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883, "sip": 5060, "ws": 80, "wss": 443}


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
    come. `key` makes `value_ref`s that only its holder can link to values; `keys` are the user's keyring. `options` are
    those of the user that change what is found, for the summary.
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
        keys: Keys = NO_KEYS,
        options: Mapping[str, str | bool] | None = None,
    ) -> None:
        """Compiles the profiles, the catalogue and the rules."""
        self.timeline = timeline
        self.hashes: dict[str, str] = {}
        """SHA-256 in hex of inputs by name, as far as somebody has computed them."""
        self.examiner = Examiner(case, devices, responses, keys)
        self._case, self._key, self._devices, self._options = case, key, tuple(devices), dict(options or {})
        self._owners, self._apps = Owners(case.app), Apps(case.app, installed(devices))
        self._phones = Phones(devices, case.leases)
        sdks = list(products()) if case.declared else []
        self._engine = Engine(case, timeline, ended=ended, documents=rule_book(), products=sdks)
        self._untold = list(check(case.schemas))
        self._tally = _Tally()
        self._ledger = Ledger()
        self._consistency = Consistency()
        self._comparison = Comparison(case, sdks)

    @property
    def inspected(self) -> tuple[int, int]:
        """How many exchanges and bytes were inspected so far."""
        return self._tally.exchanges, self._tally.inspected

    def warm(self) -> None:
        """Compiles now what else the first message would wait for."""
        self.examiner.warm()

    def run(self, items: Iterable[Seen]) -> Iterator[Record]:
        """Yields the records of everything that sources saw, and those that close the run."""
        began = monotonic()
        for item in items:
            yield from self.inspect(item)
        yield from self.closing(monotonic() - began)

    def inspect(self, seen: Seen | Examined | Quiet) -> Iterator[Finding | Blind | Fault]:
        """Yields what one thing amounts to that a source saw, or that was examined already.

        The first call also yields what is wrong with the schemas.
        """
        while self._untold:
            self._tally.faults += 1
            yield self._untold.pop(0)
        match seen:
            case Exchange() | Answer():
                yield from self._judge(self.examiner.examine(seen))
            case Examined():
                yield from self._judge(seen)
            case Quiet():
                self._count(seen.source, seen.exchanges, seen.bytes)
                self._comparison.met(seen.met)
            case Progress():
                self._tally.inputs[seen.source] = max(self._tally.inputs.get(seen.source, 0), seen.bytes)
            case Blind():
                yield self._blind(seen)
            case Fault():
                self._tally.faults += 1
                yield seen
            case Mark():
                self.timeline.mark(_event(seen))

    def closing(self, seconds: float) -> Iterator[Inventory | Declared | Summary]:
        """Yields what closes a run that took `seconds`: the inventory, declared against observed, and the summary."""
        summary = self.finish(seconds)
        yield from self._ledger.rows()
        yield from self._comparison.rows(summary.inspected_share, summary.blind)
        yield summary

    def finish(self, seconds: float) -> Summary:
        """Returns the summary of all that was inspected, which took `seconds`."""
        tally = self._tally
        unseen = tally.blind_bytes.total()
        total = tally.inspected + unseen
        read = sum(tally.inputs.values()) or total
        share = round(tally.inspected / total, 4) if total else 1.0
        blind = dict(sorted(tally.blind.items()))
        verdicts = Counter(row.verdict for row in self._comparison.rows(share, blind))
        return Summary(
            inputs=tuple(tally.inputs),
            exchanges=tally.exchanges,
            bytes=total,
            inspected_share=share,
            findings={severity: tally.severities[severity] for severity in SEVERITIES},
            clauses=dict(sorted(tally.clauses.items())),
            blind=blind,
            blind_bytes=dict(sorted(tally.blind_bytes.items())),
            faults=tally.faults,
            seconds=round(seconds, 3),
            mb_per_s=round(read / 1e6 / seconds, 1) if seconds > 0 else 0.0,
            unobservable=self._engine.unobservable,
            session_clauses=self._engine.finish(),
            clock_offset=self.timeline.clock_offset,
            clock_measured=self.timeline.measures,
            files=tuple(Input(name, size, self.hashes.get(name, "")) for name, size in tally.inputs.items()),
            about=about(self._case, self._devices, self.timeline.events, self._options),
            declared=dict(sorted(verdicts.items())) if self._case.declared else None,
            versions=versions(),
        )

    def _count(self, source: str, exchanges: int, size: int) -> None:
        self._tally.inputs.setdefault(source, 0)
        self._tally.exchanges += exchanges
        self._tally.inspected += size

    def _judge(self, examined: Examined) -> Iterator[Finding | Blind | Fault]:
        exchange = examined.exchange
        self._count(exchange.origin.source, int(examined.asked), examined.bytes)
        self._comparison.met(examined.met)
        for found in examined.found:
            match found:
                case Found():
                    try:
                        yield self._finding(exchange, found.direction, found.match, examined.clues)
                    except Exception as error:  # noqa: BLE001 (a bug must cost this finding and not the run: it is told)
                        yield from self.inspect(failure(exchange, error))
                case Fault():
                    self._tally.faults += 1
                    yield found
                case Blind():
                    yield self._blind(found)

    def _finding(self, exchange: Exchange, direction: Direction, match: Match, clues: Clues) -> Finding:
        owner = self._owners.owner(exchange, clues)
        app = self._apps.app(exchange, clues, system=owner.party == "platform")
        device = self._phones.device(exchange)
        if not device.name:
            of_phone = "" if match.identifier in _SHARED and self._phones.is_stranger(device) else match.device
            device = replace(device, name=of_phone or self._phones.called(device))
        reference = self._value_ref(match)
        if direction == "request":
            match = self._consistency.judged(match, reference, registrable(exchange.host) or exchange.host)
        finding = self._engine.judge(
            Finding(
                id=_finding_id(exchange, direction, match),
                time=exchange.time,
                match=match,
                value_ref=reference,
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
        self._ledger.add(finding)
        if self._case.declared:
            self._comparison.add(finding)
        return finding

    def _phase(self, exchange: Exchange, app: App | None, device: Device) -> Phase:
        """Consent to one app says nothing about another, or about the system."""
        package = app.package if app else ""
        tested = self._case.app.package
        if tested and package != tested and not self.timeline.knows(package):
            return Phase("unknown")
        return self.timeline.phase(exchange.time, package, device.name)

    def _value_ref(self, match: Match) -> str:
        value = f"{match.identifier}\0{match.plain or match.value.casefold()}"
        return hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()[:16]

    def _blind(self, blind: Blind) -> Blind:
        self._tally.blind[blind.why] += 1
        self._tally.blind_bytes[blind.why] += blind.bytes
        if blind.owner is None:
            blind = replace(blind, owner=self._owners.of_blind(blind))
        self._comparison.blind(blind)
        return blind


def products() -> Iterator[Product]:
    """Yields the SDKs of the catalogue by all their names."""
    for company in known().companies:
        names = tuple(name for name in (company.company, company.name_zh) if name)
        for sdk in company.sdks:
            yield Product(sdk.name, company.company, tuple(filter(None, (sdk.name, sdk.name_zh))), names, sdk.kind)


def _event(mark: Mark) -> Event:
    said = {"event": mark.event or None, "permission": dict(mark.permission), "action": mark.action}
    return Event.model_validate({"at": mark.time, "app": mark.app, "device": mark.device, **said})


def _finding_id(exchange: Exchange, direction: Direction, match: Match) -> str:
    parts = (exchange.origin.source, exchange.id, direction, match.leaf.path, match.identifier, *match.form)
    text = "\0".join((*parts, str(match.span[0])))
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).hexdigest()


def url(exchange: Exchange) -> str:
    """Returns the whole address that the request went to; a target that is not in origin form adds nothing to it."""
    host = f"[{exchange.host}]" if ":" in exchange.host else exchange.host
    port = exchange.server.port
    port_part = f":{port}" if port and port != _DEFAULT_PORT.get(exchange.scheme) else ""
    target = exchange.request.start[1]
    return f"{exchange.scheme}://{host}{port_part}{target if target.startswith('/') else ''}"
