"""What the policy declares against what the app under test was seen to do, both ways, for classes and for SDKs.

A class or SDK that was seen and is not declared, or that the policy rules out; one that is declared and was never seen;
a class that left in a weaker form or more often than declared; and what is as declared. An SDK is seen where anything
was sent to it, personal or not. Traffic of the system and of other apps does not count, nor do responses. "Never seen"
is worth as much as the coverage that each row carries: what was not inspected may hold it.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from leaktap.closing.inventory import count, place
from leaktap.config import Case
from leaktap.model import VERDICTS, App, Blind, Coverage, Declared, Finding, Owner, Time, Verdict
from leaktap.policy import Policy, Product

HOUR = 3_600_000_000
_MOST_PROOF = 50
_MOST_NAMES = 50
_MOST_FORMS = 50
_MOST_WINDOWS = 10_000
_MANY = 200
_MOST_MOMENTS = 10_000
"""Requests that are remembered of one class and recipient: more within an hour are not told apart."""
_MOST_SDKS = 4000
"""SDKs that are kept apart: more than any catalogue has."""

type _Moment = tuple[Time, str]
"""A time and what happened then: an exchange or a finding, by id."""

type _Sdk = tuple[str, str, str]
"""An SDK, its company and its kind."""


@dataclass(frozen=True, slots=True)
class Met:
    """An SDK that exchanges went to: how many, when first and last, the earliest ones, and how sure it is the SDK."""

    sdk: _Sdk
    count: int
    confidence: float
    first: Time
    last: Time
    earliest: tuple[_Moment, ...]


def meeting(tested: str, time: Time, exchange: str, app: App | None, owner: Owner) -> tuple[Met, ...]:
    """Returns the SDK that an exchange went to, if it is the tested app's and went to one."""
    sdk = _sdk(owner)
    if not sdk or _is_foreign(tested, app):
        return ()
    return (Met(sdk, 1, owner.confidence, time, time, ((time, exchange),)),)


class Meetings:
    """Adds up the SDKs that exchanges went to."""

    def __init__(self) -> None:
        """Begins empty."""
        self._met: dict[_Sdk, Met] = {}

    def add(self, seen: Iterable[Met]) -> None:
        """Adds more of them."""
        for more in seen:
            known = self._met.get(more.sdk)
            if known is not None:
                self._met[more.sdk] = _joined(known, more)
            elif len(self._met) < _MOST_SDKS:
                self._met[more.sdk] = more

    def all(self) -> tuple[Met, ...]:
        """Returns what there is."""
        return tuple(self._met.values())


def _joined(one: Met, more: Met) -> Met:
    earliest = one.earliest
    if len(earliest) < _MOST_PROOF or more.earliest[0] < earliest[-1]:
        earliest = tuple(sorted({*earliest, *more.earliest})[:_MOST_PROOF])
    return Met(
        one.sdk,
        one.count + more.count,
        max(one.confidence, more.confidence),
        min(one.first, more.first),
        max(one.last, more.last),
        earliest,
    )


@dataclass(slots=True)
class _Window:
    """The exchanges with one class to one recipient, in order, as far back as an hour before the last ones reaches."""

    moments: list[_Moment] = field(default_factory=list)
    most: int = 0
    proof: list[_Moment] = field(default_factory=list)

    def add(self, moment: _Moment) -> None:
        moments = self.moments
        if not moments or moment > moments[-1]:
            spot = len(moments)
            moments.append(moment)
        else:
            spot = bisect_left(moments, moment)
            if moments[spot] == moment:
                return
            moments.insert(spot, moment)
        for end in range(spot + 1, bisect_left(moments, (moment[0] + HOUR, ""), spot) + 1):
            begin = bisect_left(moments, (moments[end - 1][0] - HOUR + 1, ""), 0, end)
            if end - begin > self.most:
                self.most = end - begin
                self.proof = moments[max(begin, end - _MOST_PROOF) : end]
        if len(moments) > _MOST_MOMENTS:
            del moments[: _MOST_MOMENTS // 2]
        elif len(moments) > _MANY and (old := bisect_right(moments, (moments[-1][0] - 2 * HOUR, ""))) > _MANY // 2:
            del moments[:old]


@dataclass(slots=True)
class _Seen:
    """Findings that belong together; `names` are who got them, or what an SDK got."""

    count: int = 0
    requests: int = 0
    confidence: float = 0.0
    first: Time | None = None
    last: Time | None = None
    forms: dict[tuple[str, ...], int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    exchanges: list[_Moment] = field(default_factory=list)
    findings: list[_Moment] = field(default_factory=list)
    latest: str = ""

    def add(self, finding: Finding, name: str) -> None:
        time, match, exchange = finding.time, finding.match, finding.exchange.id
        self.first = time if self.first is None else min(self.first, time)
        self.last = time if self.last is None else max(self.last, time)
        self.count += 1
        self.confidence = max(self.confidence, match.confidence)
        count(self.forms, match.form, _MOST_FORMS)
        count(self.names, name, _MOST_NAMES)
        _keep(self.exchanges, (time, exchange))
        _keep(self.findings, (time, finding.id))
        if exchange != self.latest:  # the findings of an exchange come together
            self.requests += 1
            self.latest = exchange


class Comparison:
    """Takes what was seen, and gives the rows at the end; without a declaration there are none."""

    def __init__(self, case: Case, products: Iterable[Product] = ()) -> None:
        """Takes the case, and the SDKs whose other names are known."""
        self._declared, self._package = case.declared, case.app.package
        self._policy = Policy(case.declared, products)
        promises = case.declared.identifiers if case.declared else {}
        self._unshared = {name for name, promise in promises.items() if not promise.shared}
        self._meetings = Meetings()
        self._classes: dict[str, _Seen] = {}
        self._weaker: dict[str, _Seen] = {}
        self._shared: dict[str, _Seen] = {}
        self._got: dict[_Sdk, _Seen] = {}
        self._windows: dict[tuple[str, ...], _Window] = {}
        self._blind: dict[_Sdk, Counter[str]] = {}

    def met(self, seen: Iterable[Met]) -> None:
        """Counts exchanges that went to SDKs."""
        self._meetings.add(seen)

    def add(self, finding: Finding) -> None:
        """Counts a finding."""
        owner, match = finding.owner, finding.match
        if finding.direction != "request" or owner.party == "platform" or _is_foreign(self._package, finding.app):
            return
        recipient = owner.sdk or owner.company or place(finding)
        _in(self._classes, match.identifier).add(finding, recipient)
        if self._policy.weaker(match):
            _in(self._weaker, match.identifier).add(finding, recipient)
        if match.identifier in self._unshared and owner.party == "third":
            _in(self._shared, match.identifier).add(finding, recipient)
        if (sdk := _sdk(owner)) and (sdk in self._got or len(self._got) < _MOST_SDKS):
            _in(self._got, sdk).add(finding, match.identifier)
        app = finding.app.package if finding.app else ""
        key = match.identifier, app, finding.device.name, owner.company or finding.exchange.host
        window = self._windows.get(key)
        if window is None and len(self._windows) < _MOST_WINDOWS:
            window = self._windows[key] = _Window()
        if window is not None:
            window.add((finding.time, finding.exchange.id))

    def blind(self, blind: Blind) -> None:
        """Counts what was not inspected of an SDK."""
        sdk = _sdk(blind.owner) if blind.owner else None
        if sdk and (sdk in self._blind or len(self._blind) < _MOST_SDKS):
            self._blind.setdefault(sdk, Counter())[blind.why] += 1

    def rows(self, inspected_share: float, blind: dict[str, int]) -> list[Declared]:
        """Returns the rows: classes, then SDKs; what breaks the policy first, in the order of names."""
        if self._declared is None:
            return []
        rows = [*self._of_classes(Coverage(inspected_share, blind)), *self._of_sdks(inspected_share)]
        return sorted(rows, key=lambda row: (row.subject, VERDICTS.index(row.verdict), row.name))

    def _of_classes(self, coverage: Coverage) -> Iterator[Declared]:
        promises = self._declared.identifiers if self._declared else {}
        for name in dict.fromkeys([*promises, *self._classes]):
            promise, seen = promises.get(name), self._classes.get(name)
            row = Declared("identifier", name, "unseen", coverage=coverage)
            if promise is not None:
                row = replace(row, form=promise.form, max_per_hour=promise.max_per_hour)
            if seen is None:
                yield row if promise is None or promise.collected else replace(row, verdict="as_declared")
                continue
            windows = (window for key, window in self._windows.items() if key[0] == name)
            busiest = max(windows, key=lambda window: window.most, default=_Window())
            row = replace(row, per_hour=busiest.most)
            broken = []
            if promise is None or not promise.collected:
                broken.append(_shown(row, "undeclared", seen))
            elif not promise.shared and (shared := self._shared.get(name)):
                broken.append(_shown(row, "undeclared", shared))
            if weaker := self._weaker.get(name):
                broken.append(_shown(row, "weaker", weaker))
            if row.max_per_hour is not None and busiest.most > row.max_per_hour:
                broken.append(replace(_shown(row, "more_often", seen), proof=_ids(busiest.proof), findings=()))
            yield from broken or [replace(_shown(row, "as_declared", seen), proof=())]

    def _of_sdks(self, inspected_share: float) -> Iterator[Declared]:
        """Puts the SDKs together that one declared name stands for; the others are rows of their own."""
        rows: dict[tuple[str, str], Declared] = {}
        blind: dict[tuple[str, str], Counter[str]] = {}
        for name in self._declared.sdks if self._declared else ():
            rows[name, ""] = Declared("sdk", name, "unseen")
        for met in sorted(self._meetings.all(), key=lambda met: met.sdk):
            name, company, _ = met.sdk
            key, declared = self._row_of(met.sdk)
            row = rows.get(key) or Declared("sdk", name, "undeclared", company=company)
            row = replace(
                row,
                verdict="as_declared" if declared else "undeclared",
                company=row.company or company,
                sdks=(*row.sdks, name),
                exchanges=row.exchanges + met.count,
                first=met.first if row.first is None else min(row.first, met.first),
                last=met.last if row.last is None else max(row.last, met.last),
                confidence=max(row.confidence, met.confidence) if row.sdks else met.confidence,
                proof=(*row.proof, *(exchange for _, exchange in met.earliest))[:_MOST_PROOF],
            )
            if got := self._got.get(met.sdk):
                forms = Counter(row.forms) + Counter(got.forms)
                row = replace(
                    row,
                    count=row.count + got.count,
                    identifiers=tuple(dict.fromkeys((*row.identifiers, *got.names))),
                    forms=dict(forms),
                    findings=(*row.findings, *_ids(got.findings))[:_MOST_PROOF],
                )
            rows[key] = row
        for sdk, why in self._blind.items():
            blind.setdefault(self._row_of(sdk)[0], Counter()).update(why)
        for key, row in rows.items():
            yield replace(row, coverage=Coverage(inspected_share, dict(sorted(blind.get(key, Counter()).items()))))

    def _row_of(self, sdk: _Sdk) -> tuple[tuple[str, str], bool]:
        """Returns which row an SDK belongs to, and whether that is one of the policy's."""
        name, company, kind = sdk
        declared = self._policy.sdk(Owner("third", name, company, kind=kind))
        return ((declared, ""), True) if declared is not None else ((name, company), False)


def _shown(row: Declared, verdict: Verdict, seen: _Seen) -> Declared:
    """Returns the row of a class with a verdict and the findings that it is about."""
    return replace(
        row,
        verdict=verdict,
        recipients=tuple(seen.names),
        count=seen.count,
        exchanges=seen.requests,
        forms=dict(seen.forms),
        first=seen.first,
        last=seen.last,
        confidence=seen.confidence,
        proof=_ids(seen.exchanges),
        findings=_ids(seen.findings),
    )


def _sdk(owner: Owner) -> _Sdk | None:
    return (owner.sdk, owner.company, owner.kind) if owner.sdk and owner.party == "third" else None


def _is_foreign(tested: str, app: App | None) -> bool:
    """Tells whether an app is another one than that under test."""
    return bool(tested and app and app.package != tested)


def _in[K](seen: dict[K, _Seen], key: K) -> _Seen:
    found = seen.get(key)
    if found is None:
        found = seen[key] = _Seen()
    return found


def _keep(moments: list[_Moment], moment: _Moment) -> None:
    """Keeps the earliest moments, each once."""
    if len(moments) == _MOST_PROOF and moment >= moments[-1]:
        return
    spot = bisect_left(moments, moment)
    if spot < _MOST_PROOF and moments[spot : spot + 1] != [moment]:
        moments.insert(spot, moment)
        del moments[_MOST_PROOF:]


def _ids(moments: Iterable[_Moment]) -> tuple[str, ...]:
    return tuple(name for _, name in moments)
