"""What a run was about, taken from the case for its summary: the app, the phones, the events, the policy."""

from collections.abc import Mapping, Sequence

from leaktap.config import Case, Declared, DeviceProfile, Event
from leaktap.model import About, CaseApp, CaseDevice, Declaration, Mark, Promise

_MOST_EVENTS = 1000
"""A phone's log may tell of very many."""


def about(
    case: Case, devices: Sequence[DeviceProfile], events: Sequence[Event], options: Mapping[str, str | bool]
) -> About:
    """Returns what the summary says of a case; `events` are by the capture's clock, those of marks and logs too."""
    app, declared = case.app, case.declared
    return About(
        app=CaseApp(app.package, app.name, app.version, app.developer, app.domains, app.category),
        devices=tuple(CaseDevice(device.name, device.addresses.mac, device.addresses.ip) for device in devices),
        events=tuple(map(_mark, events[:_MOST_EVENTS])),
        events_left_out=max(len(events) - _MOST_EVENTS, 0),
        declared=_declaration(declared) if declared else None,
        necessary=case.necessary,
        options=dict(options),
    )


def _declaration(declared: Declared) -> Declaration:
    promises = {
        name: Promise(said.form, said.max_per_hour, said.collected, said.shared)
        for name, said in declared.identifiers.items()
    }
    return Declaration(promises, declared.sdks)


def _mark(event: Event) -> Mark:
    permission = tuple(sorted(event.permission.items()))
    return Mark(event.at, event.event or "", event.app, "", permission, event.action, event.device)
