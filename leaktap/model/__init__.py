"""The nouns: what travels between the rooms. Frozen dataclasses without behaviour; imports nothing else of ours.

A time is an integer of microseconds since the epoch, UTC. Captured bytes stay bytes. An `Exchange` is one request with
its response (or one message of a protocol that has no responses); everything that could not be inspected is a `Blind`,
everything that went wrong is a `Fault`.
"""

from leaktap.model._found import (
    SEVERITIES,
    Basis,
    ClauseHit,
    Device,
    Finding,
    Leaf,
    Match,
    Owner,
    Party,
    Phase,
    PhaseName,
    Severity,
)
from leaktap.model._results import (
    VERDICTS,
    About,
    CaseApp,
    CaseDevice,
    Coverage,
    Declaration,
    Declared,
    Input,
    Inventory,
    Promise,
    Subject,
    Summary,
    Verdict,
)
from leaktap.model._traffic import (
    MOST_FRAMES,
    Alias,
    Answer,
    App,
    Direction,
    Endpoint,
    Exchange,
    Headers,
    Mark,
    Message,
    Origin,
    Progress,
    Time,
)
from leaktap.model._unseen import (
    BLIND_REASONS,
    Blind,
    Fault,
)

__all__ = [
    "BLIND_REASONS",
    "MOST_FRAMES",
    "SEVERITIES",
    "VERDICTS",
    "About",
    "Alias",
    "Answer",
    "App",
    "Basis",
    "Blind",
    "CaseApp",
    "CaseDevice",
    "ClauseHit",
    "Coverage",
    "Declaration",
    "Declared",
    "Device",
    "Direction",
    "Endpoint",
    "Exchange",
    "Fault",
    "Finding",
    "Headers",
    "Input",
    "Inventory",
    "Leaf",
    "Mark",
    "Match",
    "Message",
    "Origin",
    "Owner",
    "Party",
    "Phase",
    "PhaseName",
    "Progress",
    "Promise",
    "Record",
    "Seen",
    "Severity",
    "Subject",
    "Summary",
    "Time",
    "Verdict",
]

type Seen = Exchange | Answer | Blind | Fault | Progress | Mark
"""What a source yields."""

type Record = Finding | Blind | Fault | Inventory | Declared | Summary
"""What a sink takes."""
