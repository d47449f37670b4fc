"""The conditions of clauses, one test each: whether it holds for a finding and in which words, or what is missing.

A test is *steady* where it asks nothing but the finding's traits and the case: its answer is the same for every finding
of these traits. The others ask the timeline, or what was seen before; those that rest on exchanges name them in
`proof`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from leaktap.config import Case, DeclaredIdentifier
from leaktap.model import Time
from leaktap.policy import Policy
from leaktap.rules._clauses import Condition
from leaktap.rules._facts import Facts
from leaktap.rules._past import Earlier, Past, collects, owner_of
from leaktap.rules._windows import Classes
from leaktap.rules._words import HOUR, PHASES, span

_PERMISSION = {
    "contacts": {"contacts"},
    "sms": {"sms"},
    "call_log": {"call_log"},
    "location": {"location", "cell", "wifi_scan", "bssid", "ssid"},
    "phone": {"imei", "imei2", "meid", "imsi", "iccid", "phone", "serial"},
    "clipboard": {"clipboard"},
    "app_list": {"app_list"},
}
"""Which classes an app can read only with which permission."""

_ANDROID = {
    "read_contacts": "contacts",
    "read_sms": "sms",
    "receive_sms": "sms",
    "read_call_log": "call_log",
    "access_fine_location": "location",
    "access_coarse_location": "location",
    "access_background_location": "location",
    "read_phone_state": "phone",
    "read_phone_numbers": "phone",
    "query_all_packages": "app_list",
    "read_calendar": "calendar",
}
"""Android's names of permissions (https://developer.android.com/reference/android/Manifest.permission)."""


class Events(Protocol):
    """What the rules ask about the case's events."""

    def has(self, event: str, package: str = "") -> bool:
        """Tells whether the event ever happened."""

    def acted(self, time: Time, within: Time) -> bool:
        """Tells whether the user did something in the `within` microseconds up to `time`."""

    def denied(self, time: Time, package: str = "", device: str = "") -> frozenset[str]:
        """Returns the permissions that are denied at a time."""

    def personalised(self, time: Time, package: str = "", device: str = "") -> bool | None:
        """Tells whether the user has personalisation on; None where nothing says it."""

    def opening(self, time: Time, package: str = "", device: str = "") -> bool:
        """Tells whether a moment lies between a launch and the user's first action after it."""

    def launched(self, time: Time, within: Time, package: str = "", device: str = "") -> tuple[str, Time] | None:
        """Returns which other app was brought up last in the `within` microseconds up to `time`, and when."""


@dataclass(slots=True)
class At:
    """A finding, and all that it is held against; `proof` collects the exchanges that a condition rests on."""

    facts: Facts
    case: Case
    events: Events
    past: Past
    policy: Policy
    earlier: Earlier | None = None
    proof: tuple[str, ...] = ()

    @property
    def promise(self) -> DeclaredIdentifier | None:
        """What the policy says of the class."""
        declared = self.case.declared
        return declared.identifiers.get(self.facts.traits.identifier) if declared else None


@dataclass(frozen=True, slots=True)
class Test:
    """`holds` returns why it does, in words (none where the finding itself says it), or None; `lacks` what is missing.

    `needs` is what a case must tell for it; `about_owner` says that it is no surer than the recipient is. Without
    `possible` by the traits and the case, no later moment makes it hold.
    """

    holds: Callable[[Condition, At], str | None]
    lacks: Callable[[Condition, At], str]
    steady: bool = False
    needs: str = ""
    about_owner: bool = False
    possible: Callable[[At], bool] = lambda _: True


def _one_of(key: str, trait: str) -> Test:
    """Returns the test of a list of words against a trait of the same kind."""

    def holds(of: Condition, at: At) -> str | None:
        return "" if getattr(at.facts.traits, trait) in getattr(of, key) else None

    def lacks(_: Condition, at: At) -> str:
        return f"{key} is {getattr(at.facts.traits, trait) or 'not known'}"

    return Test(holds, lacks, steady=True, about_owner=trait in ("party", "kind"))


def _phase(of: Condition, at: At) -> str | None:
    phase = at.facts.traits.phase
    return PHASES[phase] if phase in of.phase else None


def _no_phase(_: Condition, at: At) -> str:
    phase = at.facts.traits.phase
    return "the phase is unknown: no event of the case tells it" if phase == "unknown" else f"it is {PHASES[phase]}"


def _undeclared(of: Condition, at: At) -> str | None:
    declared, traits = at.case.declared, at.facts.traits
    if declared is None:
        return None
    if of.undeclared == "identifier":
        return None if collects(declared, traits.identifier) else "the policy does not list the class"
    if not traits.sdk or at.policy.sdk(owner_of(traits)) is not None:
        return None
    return "the policy does not list the SDK"


def _is_declared(of: Condition, at: At) -> str:
    if at.case.declared is None:
        return "the case has no `declared`"
    if of.undeclared == "sdk" and not at.facts.traits.sdk:
        return "the recipient is no SDK that is known"
    return "the policy lists it"


def _promised(of: Condition, at: At) -> str | None:
    promise = at.promise
    if promise is None:
        return None
    if of.promised == "not_collected":
        return None if promise.collected else "the policy says that it is not collected"
    return "the policy says that it is not shared" if not promise.shared and at.facts.traits.party == "third" else None


def _weaker(_: Condition, at: At) -> str | None:
    promise, traits = at.promise, at.facts.traits
    if promise is None or not at.policy.is_weaker(traits.identifier, traits.steps, traits.encrypted):
        return None
    return f"the policy says {promise.form}"


def _no_promise(_: Condition, at: At) -> str:
    if at.case.declared is None:
        return "the case has no `declared`"
    return "the policy promises nothing of the sort" if at.promise is None else "the policy's promise is kept"


def _unnecessary(_: Condition, at: At) -> str | None:
    necessary = at.case.necessary
    if necessary is None or at.facts.traits.identifier in necessary:
        return None
    return "the function does not need it"


def _changed(of: Condition, at: At) -> str | None:
    assert of.changed is not None
    earlier = at.earlier
    if earlier is None or not earlier.is_new(at.facts, of.changed) or earlier.was_announced(at.facts, of.changed):
        return None
    what = "the class" if of.changed == "identifier" else "that this recipient gets it"
    return f"{what} is new since the baseline"


def _unchanged(of: Condition, at: At) -> str:
    assert of.changed is not None
    if at.earlier is None:
        return "the case has no `baseline`"
    return "the policy was changed too" if at.earlier.is_new(at.facts, of.changed) else "it was so in the baseline"


def _denied(_: Condition, at: At) -> str | None:
    facts = at.facts
    denied = at.events.denied(facts.time, facts.package, facts.device)
    for permission in sorted(denied) if denied else ():
        short = permission.lower().removeprefix("android.permission.")
        name = _ANDROID.get(short, short)
        if facts.traits.identifier in _PERMISSION.get(name, {name}):
            return f"the permission {permission} is denied"
    return None


def _not_denied(_: Condition, at: At) -> str:
    denied = at.events.denied(at.facts.time, at.facts.package, at.facts.device)
    return "it needs none of the permissions that are denied" if denied else "no permission is denied at that time"


def _personalisation(of: Condition, at: At) -> str | None:
    on = at.events.personalised(at.facts.time, at.facts.package, at.facts.device)
    return f"personalisation is {of.personalisation}" if on is not None and on == (of.personalisation == "on") else None


def _not_chosen(_: Condition, at: At) -> str:
    on = at.events.personalised(at.facts.time, at.facts.package, at.facts.device)
    return "no event tells of personalisation" if on is None else f"personalisation is {'on' if on else 'off'}"


def _never(of: Condition, at: At) -> str | None:
    """Only where the tester kept a record of the app's life did an event that is not in it not happen."""
    has, package = at.events.has, at.facts.package
    if has(of.never or "", package) or has("consent", package):
        return None
    return f"the case has no {of.never}" if has("launch", package) or has("install", package) else None


def _has(of: Condition, at: At) -> str:
    for event in (of.never or "", "consent"):
        if at.events.has(event, at.facts.package):
            return f"the case has a {event}"
    return "the case has no launch or install: nobody kept a record"


def _without_action(of: Condition, at: At) -> str | None:
    within = of.without_action or 0
    if at.facts.traits.phase == "unknown" or at.events.acted(at.facts.time, within):
        return None
    return f"no action of the user in the {span(within)} before"


def _acted(of: Condition, at: At) -> str:
    if at.facts.traits.phase == "unknown":
        return "no event of the case tells what the user did"
    return f"the user did something in the {span(of.without_action or 0)} before"


def _after_other_launch(of: Condition, at: At) -> str | None:
    facts = at.facts
    found = at.events.launched(facts.time, of.after_other_launch or 0, facts.package, facts.device)
    return f"{found[0]} was brought up {span(facts.time - found[1])} before" if found else None


def _after_code(_: Condition, at: At) -> str | None:
    exchange = at.past.code(at.facts)
    if exchange:
        at.proof += (exchange,)
    return "after the app loaded code" if exchange else None


def _more_than(of: Condition, at: At) -> str | None:
    assert of.within is not None and of.more_than is not None
    return _counted(at, of.more_than, of.within)


def _more_often(_: Condition, at: At) -> str | None:
    promise = at.promise
    return None if promise is None or promise.max_per_hour is None else _counted(at, promise.max_per_hour, HOUR)


def _counted(at: At, most: int, within: Time) -> str | None:
    count, exchanges = at.past.requests(at.facts, within, most)
    if count <= most:
        return None
    at.proof += tuple(exchanges)
    return f"{count} requests within {span(within)}, more than {most}"


def _package(taken: Classes, most: int, where: str, at: At) -> str | None:
    if len(taken.names) <= most:
        return None
    at.proof += taken.exchanges
    return f"{len(taken.names)} classes {where}, more than {most}: {', '.join(taken.names)}"


def _in_session(of: Condition, at: At) -> str | None:
    assert of.classes_more_than is not None
    return _package(at.past.session(at.facts), of.classes_more_than, "in the session", at)


def _in_request(of: Condition, at: At) -> str | None:
    assert of.classes_in_request_more_than is not None
    return _package(at.past.request(at.facts), of.classes_in_request_more_than, "in one request", at)


def _is_sdk(at: At) -> bool:
    return bool(at.facts.traits.sdk)


def _few(which: Callable[[At], Classes]) -> Callable[[Condition, At], str]:
    def lacks(_: Condition, at: At) -> str:
        count = len(which(at).names)
        return f"the SDK took {count} {'class' if count == 1 else 'classes'}" if count else "the recipient is no SDK"

    return lacks


_ANSWERS = "events launch, notice, consent, refuse, withdraw (or --consent)"
_POLICY = "`declared`"

TESTS: dict[str, Test] = {
    "identifier": _one_of("identifier", "identifier"),
    "category": _one_of("category", "category"),
    "code": Test(
        lambda of, at: "" if any(step in of.code for step in at.facts.traits.steps) else None,
        lambda _, at: f"code is {' '.join(at.facts.traits.steps)}",
        steady=True,
    ),
    "form": _one_of("form", "form"),
    "basis": Test(
        lambda of, at: "" if at.facts.traits.basis in of.basis else None,
        lambda _, at: f"basis is {at.facts.traits.basis}",
        steady=True,
        needs="the value in a device profile",
    ),
    "party": _one_of("party", "party"),
    "kind": _one_of("kind", "kind"),
    "phase": Test(_phase, _no_phase, steady=True, needs=_ANSWERS),
    "background": Test(
        lambda of, at: (
            ("in the background" if of.background else "") if at.facts.traits.background == of.background else None
        ),
        lambda of, at: f"the app is {'not ' if of.background else ''}in the background",
        steady=True,
        needs="events background and foreground",
    ),
    "own": Test(
        lambda of, at: "" if at.facts.traits.own == of.own else None,
        lambda _, at: "nothing but the case says which app sent it" if not at.facts.traits.own else "the app sent it",
        steady=True,
        needs="a capture that tells the app, or `app.domains`",
    ),
    "unnecessary": Test(
        _unnecessary,
        lambda _, at: "the case has no `necessary`" if at.case.necessary is None else "the function needs it",
        steady=True,
        needs="`necessary`",
    ),
    "undeclared": Test(_undeclared, _is_declared, steady=True, needs=_POLICY, about_owner=True),
    "promised": Test(_promised, _no_promise, steady=True, needs=_POLICY),
    "weaker_than_declared": Test(_weaker, _no_promise, steady=True, needs=_POLICY),
    "changed": Test(
        _changed,
        _unchanged,
        needs="`baseline`, a result file of an earlier version",
        possible=lambda at: at.earlier is not None,
    ),
    "denied": Test(_denied, _not_denied, needs="events permission: {NAME: denied}"),
    "personalisation": Test(_personalisation, _not_chosen, needs="event personalisation_off"),
    "opening": Test(
        lambda _, at: (
            "before the user's first action since the launch"
            if at.events.opening(at.facts.time, at.facts.package, at.facts.device)
            else None
        ),
        lambda _, at: "it is not between a launch and the user's first action",
        needs="events launch and action",
    ),
    "never": Test(_never, _has, needs="events of the app's life, from its launch"),
    "without_action": Test(_without_action, _acted, needs="events of what the user did (action)"),
    "after_other_launch": Test(
        _after_other_launch,
        lambda of, _: f"no other app was brought up in the {span(of.after_other_launch or 0)} before",
        needs="launches of other apps (events with app, or logs)",
    ),
    "after_code": Test(_after_code, lambda _, at: "the app loaded no code before"),
    "more_than": Test(
        _more_than,
        lambda of, _: f"no more than {of.more_than} requests within {span(of.within or 0)}",
        about_owner=True,
    ),
    "more_often_than_declared": Test(
        _more_often,
        _no_promise,
        needs=_POLICY,
        possible=lambda at: at.promise is not None and at.promise.max_per_hour is not None,
    ),
    "classes_more_than": Test(
        _in_session, _few(lambda at: at.past.session(at.facts)), about_owner=True, possible=_is_sdk
    ),
    "classes_in_request_more_than": Test(
        _in_request, _few(lambda at: at.past.request(at.facts)), about_owner=True, possible=_is_sdk
    ),
}
"""A test for every condition, in the order in which they are asked; `within` and `session_ended` go with others."""

_UNSAID = {key: Condition.model_fields[key].default for key in TESTS}


def tests_of(condition: Condition) -> list[tuple[str, Test]]:
    """Returns the tests that a condition states, in the order of `TESTS`."""
    return [(key, test) for key, test in TESTS.items() if getattr(condition, key) != _UNSAID[key]]
