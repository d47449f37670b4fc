"""The case's events as a timeline: which phase a moment lies in, and what the user had denied by then.

An event takes effect at its very moment (a moment `t` with `t >= event.at` is after it). Events of one moment count in
the order of the file, live marks after those that were there before. An event that names an app is for that app only,
one that names none is for all; the same goes for devices, save that a question without a device hears every event.

Running. The app runs from `launch` until `stop`, `install` or `uninstall`; otherwise the phase is `not_running`. A
timeline starts with the app running, unless `launch` comes before any stop, background and foreground. A notice or an
answer (consent, refuse, withdraw) can only be given in a running app: one that comes while the app does not run starts
it, for want of the launch.

Installations. `uninstall` ends one, and `install` begins one. An `install` over an app that is there (an install, or
any other event of its life since the last uninstall, says so) is an update: the app stops, and its data, what the user
answered to it and to permissions stay.

Answer. `consented`, `refused` and `withdrawn` hold until the next answer of the installation; they outlive stop, launch
and update. A new version may do more than what was agreed to (PIPL art. 14 wants a new consent then), but traffic does
not show that; so the old answer holds until the app itself asks anew: a notice after an update, where the next answer
is still to come, begins `before_consent`. Any other notice after an answer changes nothing. Before the first answer of
an installation the phase is

- `before_consent` once a notice was shown,
- `before_notice` if a notice of this installation is still to come (after an update only if nothing is answered
  before),
- `before_consent` if the installation has no notice, and consent or refusal is to come: we do not know when the notice
  was shown,
- `unknown` if the first answer is a withdrawal: there was a consent, but nobody says when,
- `before_notice` if nothing is to come, but install or launch shows that the tester kept the record,
- `unknown` where none of these stands in it.

Clocks. The events of the case are by the phone's clock (unless they say `clock: capture`), marks by the capture's. The
offset of the phone's clock is taken off its events: given in seconds, by device or for all, or measured. Measured: the
first mark that an event of the case agrees with in event or action, app and device, as written, is the same moment as
the first such event. Without such a pair nothing is taken off.

Logs. What a phone's log tells (`Logged`) is how the app ran, not that the tester kept a record: such events say whether
it runs, in background or not, but stand for no launch of which a missing notice or consent is to be told. Of them only
`foreground` is a deed of the user.

Use. `personalisation_off` and `personalisation_on` hold until the next of them, or the end of the installation. The app
is opening from a launch to the user's next `action`; where none comes before the app ends nobody knows, and it is not.

`background` is set by `background` in a running app and cleared by `foreground` and by whatever starts or ends it. What
is still to come may change under live marks; a phase that was told earlier is not taken back.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter
from threading import Lock

from leaktap.config import Event
from leaktap.consent.logged import Logged
from leaktap.model import Phase, PhaseName, Time

_ANSWERS: dict[str, PhaseName] = {"consent": "consented", "refuse": "refused", "withdraw": "withdrawn"}
_INSTALLATIONS = ("install", "uninstall")
_RUNS = ("launch", "stop", "background", "foreground")
_PERSONAL = {"personalisation_on": True, "personalisation_off": False}
_DEEDS = ("launch", "consent", "refuse", "withdraw", "foreground", *_PERSONAL)
_AT = attrgetter("at")

_NO_OFFSET: Mapping[str, float] = {}

type _State = tuple[PhaseName, bool, str]
type _Same = tuple[str | None, str, str, str]


def _same(event: Event) -> _Same:
    """Returns what an event and a mark of the same moment agree in."""
    return event.event, event.action, event.app, event.device


@dataclass(slots=True)
class _View:
    """What one app's events amount to: states by the moments at which they begin, and what else is asked for."""

    before: _State = ("unknown", False, "")
    times: list[Time] = field(default_factory=list)
    states: list[_State] = field(default_factory=list)
    consents: list[Time] = field(default_factory=list)
    answered: list[Time] = field(default_factory=list)
    denied: list[frozenset[str]] = field(default_factory=list)
    names: frozenset[str] = frozenset()
    chosen: list[Time] = field(default_factory=list)
    personal: list[bool | None] = field(default_factory=list)
    opened: list[Time] = field(default_factory=list)
    used: list[Time] = field(default_factory=list)
    waiting: bool = False


class Timeline:
    """The events of a case. Marks may come from another thread than the questions."""

    def __init__(
        self,
        events: Iterable[Event] = (),
        *,
        before_consent: bool = False,
        clock_offset: Mapping[str, float] | None = _NO_OFFSET,
    ) -> None:
        """Takes events in any order. With `before_consent` every moment lies before the consent, whatever happened.

        `clock_offset` is in seconds that the phone's clock goes before the capture's, by device, "" for all the others;
        None has it measured from the marks.
        """
        self._told = list(events)
        self._marks: list[Event] = []
        self.measures = clock_offset is None
        """Whether the offset is measured."""
        self._offsets = {device: round(seconds * 1e6) for device, seconds in (clock_offset or {}).items()}
        self._partners: dict[_Same, Time] = {}
        for event in sorted(self._told if self.measures else (), key=_AT):
            if event.clock == "phone":
                self._partners.setdefault(_same(event), event.at)
        self._before_consent = before_consent
        self._lock = Lock()
        self._arrange()

    @property
    def clock_offset(self) -> dict[str, float]:
        """The seconds that phones' clocks go before the capture's, by device, "" for all: given, or measured so far."""
        return {device: offset / 1e6 for device, offset in self._offsets.items()}

    @property
    def events(self) -> tuple[Event, ...]:
        """All events and marks so far, in the order of their times, by the capture's clock."""
        with self._lock:
            return tuple(self._events)

    def mark(self, event: Event) -> None:
        """Adds an event by the capture's clock, at whatever moment it was."""
        with self._lock:
            self._marks.append(event)
            if self.measures and _same(event) in self._partners:
                self._offsets = self._measured()
                self._arrange()
            else:
                insort(self._events, event, key=_AT)
                self._index()

    def phase(self, time: Time, package: str = "", device: str = "") -> Phase:
        """Returns where a moment lies. An unknown package hears the events that name no app."""
        if self._before_consent:
            return Phase("before_consent")
        view = self._view(package, device)
        place = bisect_right(view.times, time)
        name, background, event = view.states[place - 1] if place else view.before
        return Phase(name, background, event, _to_consent(view.consents, time))

    def denied(self, time: Time, package: str = "", device: str = "") -> frozenset[str]:
        """Returns the permissions that the user has denied, and not granted since, in this installation."""
        view = self._view(package, device)
        place = bisect_right(view.answered, time)
        return view.denied[place - 1] if place else frozenset()

    def has(self, event: str, package: str = "", device: str = "") -> bool:
        """Tells whether the tester says that the event happens, at any time."""
        return event in self._view(package, device).names

    def knows(self, package: str) -> bool:
        """Tells whether the tester says anything of this app."""
        return bool(package) and package in self._known

    def acted(self, time: Time, within: Time) -> bool:
        """Tells whether the user did something, in any app, in the `within` microseconds up to `time`, ends included.

        Deeds are actions, answers, and bringing an app up; showing a notice is the app's deed.
        """
        place = bisect_right(self._deeds, time)
        return place > 0 and self._deeds[place - 1] >= time - within

    def personalised(self, time: Time, package: str = "", device: str = "") -> bool | None:
        """Tells whether the user has personalisation on; None where no event of this installation says it."""
        view = self._view(package, device)
        place = bisect_right(view.chosen, time)
        return view.personal[place - 1] if place else None

    def opening(self, time: Time, package: str = "", device: str = "") -> bool:
        """Tells whether a moment lies between a launch and the user's first action in the app that it started."""
        view = self._view(package, device)
        place = bisect_right(view.opened, time)
        return place > 0 and time < view.used[place - 1]

    def launched(self, time: Time, within: Time, package: str = "", device: str = "") -> tuple[str, Time] | None:
        """Returns which other app was brought up last in the `within` microseconds up to `time`, and when.

        Events that name no app are of no other app; a phone that is not named may be any.
        """
        place = bisect_right(self._starts, time, key=_AT)
        while place and self._starts[place - 1].at >= time - within:
            place -= 1
            start = self._starts[place]
            if start.app != package and (not device or start.device in ("", device)):
                return start.app, start.at
        return None

    def _measured(self) -> dict[str, Time]:
        offsets: dict[str, Time] = {}
        for mark in sorted(self._marks, key=_AT):
            partner = self._partners.get(_same(mark))
            if partner is not None:
                offsets.setdefault(mark.device, partner - mark.at)
        return offsets

    def _arrange(self) -> None:
        self._events = sorted((*map(self._on_capture_clock, self._told), *self._marks), key=_AT)
        self._index()

    def _on_capture_clock(self, event: Event) -> Event:
        offset = self._offsets.get(event.device, self._offsets.get("", 0)) if event.clock == "phone" else 0
        return event.model_copy(update={"at": event.at - offset}) if offset else event

    def _index(self) -> None:
        self._packages = {"", *(event.app for event in self._events)}
        self._devices = {"", *(event.device for event in self._events)}
        self._known = {event.app for event in self._events if not isinstance(event, Logged)}
        self._deeds = [event.at for event in self._events if _is_deed(event)]
        self._starts = [event for event in self._events if event.app and event.event in ("launch", "foreground")]
        self._views: dict[tuple[str, str | None], _View] = {}

    def _view(self, package: str, device: str) -> _View:
        """Returns the view of an app. Names that no event has share one: names come from traffic, without end."""
        app = package if package in self._packages else ""
        phone = device if device in self._devices else None
        view = self._views.get((app, phone))
        if view is None:
            with self._lock:
                heard = (e for e in self._events if e.app in ("", app) and (phone == "" or e.device in ("", phone)))
                view = self._views[app, phone] = _replay(list(heard))
        return view


def _is_deed(event: Event) -> bool:
    if isinstance(event, Logged):
        return event.event == "foreground"
    return bool(event.action or event.permission or event.event in _DEEDS)


def _replay(events: Sequence[Event]) -> _View:
    """Runs through one app's events, an installation at a time."""
    view = _View(names=frozenset(_names(events)))
    running = next((event.event for event in events if event.event in _RUNS), None) != "launch"
    state: _State | None = None
    denied: frozenset[str] = frozenset()
    for installation in _installations(events):
        answer: PhaseName | None = None
        noticed = background = updated = False
        unanswered = _unanswered(installation)
        if state is None:
            state = view.before = (unanswered if running else "not_running", False, "")
        for place, event in enumerate(installation):
            match event.event:
                case "install" | "uninstall" if place == 0:
                    running = background = False
                    denied = frozenset()
                case "install" | "stop":
                    running = background = False
                    updated |= event.event == "install"
                case "launch":
                    running, background = True, False
                case "notice":
                    running = noticed = True
                    answer = None if updated else answer
                    updated = False
                case "consent" | "refuse" | "withdraw":
                    running, updated, answer = True, False, _ANSWERS[event.event]
                case "background" | "foreground":
                    background = running and event.event == "background"
            name: PhaseName = answer or ("before_consent" if noticed else unanswered)
            name = name if running else "not_running"
            if (name, background) != state[:2]:
                state = (name, background, event.event or "")
                view.times.append(event.at)
                view.states.append(state)
            if event.event == "consent":
                view.consents.append(event.at)
            _choose(view, event, fresh=place == 0 and event.event in _INSTALLATIONS)
            for permission, given in event.permission.items():
                denied = denied | {permission} if given == "denied" else denied - {permission}
            if denied != (view.denied[-1] if view.denied else frozenset()):
                view.answered.append(event.at)
                view.denied.append(denied)
    return view


def _choose(view: _View, event: Event, fresh: bool) -> None:
    """Keeps what the user chose of personalisation, which ends with the installation, and when the app was in use."""
    if event.event in _PERSONAL or (fresh and view.chosen):
        view.chosen.append(event.at)
        view.personal.append(_PERSONAL.get(event.event or ""))
    if event.event == "launch":
        view.opened.append(event.at)
        view.used.append(event.at)
        view.waiting = True
    elif event.event in ("stop", *_INSTALLATIONS):
        view.waiting = False
    elif event.action and view.waiting:
        view.used[-1] = event.at
        view.waiting = False


def _installations(events: Sequence[Event]) -> list[Sequence[Event]]:
    """Cuts at each install that is no update, and at each uninstall; these begin a piece. The first may be empty."""
    cuts = []
    installed = False
    for place, event in enumerate(events):
        if event.event == "uninstall" or (event.event == "install" and not installed):
            cuts.append(place)
        installed = event.event != "uninstall" if event.event else installed
    return [events[begin:end] for begin, end in pairwise((0, *cuts, len(events)))]


def _unanswered(installation: Sequence[Event]) -> PhaseName:
    """Returns the phase before the first notice and answer."""
    names = _names(installation)
    update = names.index("install", 1) if "install" in names[1:] else len(names)
    answer = next((name for name in names if name in _ANSWERS), None)
    if "notice" in (names[:update] if answer in names[:update] else names):
        return "before_notice"
    if answer:
        return "unknown" if answer == "withdraw" else "before_consent"
    return "before_notice" if "launch" in names or "install" in names else "unknown"


def _names(events: Iterable[Event]) -> list[str]:
    """Returns the events that the tester tells of, by name."""
    return [event.event for event in events if event.event and not isinstance(event, Logged)]


def _to_consent(consents: Sequence[Time], time: Time) -> Time | None:
    place = bisect_left(consents, time)
    if place < len(consents):
        return consents[place] - time
    return consents[-1] - time if consents else None
