"""What the run has shown before a finding, and what an earlier version of the app showed: what conditions look back on.

Counts are of requests and not of values, for each app, phone, recipient and class by itself. What an SDK takes is
counted within one request, and within its session, which ends when a day goes by without it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from leaktap.config import Baseline, Declared
from leaktap.model import Owner, Time
from leaktap.policy import Policy, Product
from leaktap.rules._facts import CODE, Facts, Traits
from leaktap.rules._windows import Arrival, Classes, Memory, Window

SESSION = 86_400_000_000
"""Microseconds of silence after which an SDK's session, or an app's that loaded code, is over."""

_SLACK = 3_600_000_000
"""Exchanges are told when they are whole: one may come so much later than its time says."""

_REQUESTS = 256
"""Requests of which the classes are remembered: the findings of one come together, or nearly so."""

_NONE = Classes()

_HOT_UPDATES = ("dex", "jar", "so", "js")
"""Kinds of code that an app loads into itself."""


class Past:
    """`keep` is how far back the longest window reaches, `most` the highest count that matters."""

    def __init__(self, keep: Time, most: int) -> None:
        """Starts with nothing seen."""
        self._keep, self._most = keep, most
        self._windows: Memory[tuple[str, str, str, str], Window] = Memory(Window, keep + _SLACK)
        self._sessions: Memory[tuple[str, str, str, str], Classes] = Memory(Classes, SESSION + _SLACK)
        self._arrivals: Memory[tuple[str, str], Arrival] = Memory(Arrival, SESSION + _SLACK)
        self._requests: OrderedDict[tuple[str, str, str], Classes] = OrderedDict()

    def __len__(self) -> int:
        """Returns how many things are remembered."""
        return len(self._windows) + len(self._sessions) + len(self._arrivals) + len(self._requests)

    def remember(self, facts: Facts, counted: bool) -> None:
        """Takes a finding in. Only what is `counted` is remembered by its times."""
        traits, time, source = facts.traits, facts.time, facts.source
        if traits.identifier == CODE:
            if traits.steps and traits.steps[0] in _HOT_UPDATES:
                arrival = self._arrivals.touch((facts.package, facts.device), time, source)
                if arrival.first is None or time < arrival.first:
                    arrival.first, arrival.exchange = time, facts.exchange
            return
        if not traits.sure:
            return
        if counted:
            window = self._windows.touch(_stream(facts), time, source)
            window.add(time, facts.exchange, self._keep, self._most)
        if traits.sdk:
            self._sessions.touch(_sdk(facts), time, source).add(traits.identifier, facts.exchange)
            request = (source, facts.exchange, traits.sdk)
            taken = self._requests.get(request)
            if taken is None:
                self._requests[request] = Classes(0, "", (traits.identifier,), (facts.exchange,))
                if len(self._requests) > _REQUESTS:
                    self._requests.popitem(last=False)
            else:
                taken.add(traits.identifier, facts.exchange)

    def requests(self, facts: Facts, length: Time, most: int) -> tuple[int, list[str]]:
        """Returns how many requests carried the class to the recipient in the `length` up to now, and the last ones.

        Those are one more than `most`, where there are so many.
        """
        window = self._windows.peek(_stream(facts))
        if window is None:
            return 0, []
        begin, end = window.within(facts.time, length)
        count = end - begin
        return count, window.exchanges[end - most - 1 : end] if count > most else []

    def session(self, facts: Facts) -> Classes:
        """Returns the classes that the SDK took in this session."""
        return (facts.traits.sdk and self._sessions.peek(_sdk(facts))) or _NONE

    def request(self, facts: Facts) -> Classes:
        """Returns the classes that the SDK took in this request."""
        return self._requests.get((facts.source, facts.exchange, facts.traits.sdk), _NONE)

    def code(self, facts: Facts) -> str:
        """Returns the exchange by which the app first loaded code into itself, if that was before."""
        held = self._arrivals.peek((facts.package, facts.device))
        return held.exchange if held and held.first is not None and held.first < facts.time else ""


def _stream(facts: Facts) -> tuple[str, str, str, str]:
    return facts.package, facts.device, facts.recipient, facts.traits.identifier


def _sdk(facts: Facts) -> tuple[str, str, str, str]:
    return facts.package, facts.device, facts.traits.company, facts.traits.sdk


def collects(declared: Declared, identifier: str) -> bool:
    """Tells whether a policy says that a class is collected."""
    said = declared.identifiers.get(identifier)
    return said is not None and said.collected


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier version of the app sent, and what its policy said of it.

    A change is only held against the app where its policy did not change with it: what is declared now and was not
    before was announced. Where nobody knows what was declared before, all that is declared now counts as announced.
    """

    classes: frozenset[str]
    recipients: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    declared: frozenset[str]
    before: Policy
    now: Policy

    @classmethod
    def of(cls, baseline: Baseline, now: Policy, products: Sequence[Product], tested: str) -> "Earlier":
        """Takes what the app under test sent, and what nobody knows the app of."""
        pairs = {(name, to) for name, to, package in baseline.sent if package in ("", tested) or not tested}
        before = Policy(Declared(sdks=tuple(sorted(baseline.sdks))) if baseline.sdks else None, products)
        return cls(
            frozenset(name for name, _ in pairs),
            frozenset(to for _, to in pairs),
            frozenset(pairs),
            baseline.declared or frozenset(),
            before,
            now,
        )

    def is_new(self, facts: Facts, which: str) -> bool:
        """Tells whether the class (`identifier`), or that this `recipient` gets it, is new."""
        name = facts.traits.identifier
        if which == "identifier":
            return name not in self.classes
        return not {(name, facts.traits.company), (name, facts.host)} & self.pairs

    def was_announced(self, facts: Facts, which: str) -> bool:
        """Tells whether the policy was changed along with it: by class, or by a recipient that is wholly new."""
        declared, traits = self.now.declared, facts.traits
        if declared is None:
            return False
        if which == "identifier" or {traits.company, facts.host} & self.recipients:
            return collects(declared, traits.identifier) and traits.identifier not in self.declared
        owner = owner_of(traits)
        return self.now.sdk(owner) is not None and self.before.sdk(owner) is None


def owner_of(traits: Traits) -> Owner:
    """Returns the recipient as far as a policy can name it."""
    return Owner(traits.party, traits.sdk, traits.company, kind=traits.kind)
