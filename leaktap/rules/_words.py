"""What a clause's reason is told in: who got what, in which phase, within which time. Nothing of a value is in it.

Reports in other languages know these words by pattern: `leaktap/report/reasons/`.
"""

from leaktap.model import Party, PhaseName, Time
from leaktap.rules._facts import CODE, Facts

HOUR = 3_600_000_000
"""Microseconds."""

PHASES: dict[PhaseName, str] = {
    "not_running": "while the app does not run",
    "before_notice": "before the notice",
    "before_consent": "before the consent",
    "consented": "after the consent",
    "refused": "after the refusal",
    "withdrawn": "after the consent was withdrawn",
    "unknown": "in an unknown phase",
}
_PARTIES: dict[Party, str] = {
    "first": "the app's own",
    "third": "third party",
    "platform": "the phone's system",
    "unknown": "unknown recipient",
}


def said(facts: Facts) -> str:
    """Returns what left and who got it, in words, and nothing of the value."""
    traits = facts.traits
    who = f"the SDK {traits.sdk} of {traits.company}" if traits.sdk else traits.company
    party = _PARTIES[traits.party]
    to = f"{who} ({party})" if who else f"an {party}" if traits.party == "unknown" else f"a {party} server"
    if traits.party == "first" and not who:
        to = "the app's own server"
    if traits.identifier == CODE:
        return f"{' '.join(traits.steps)} code from {to}"
    return f"{traits.identifier} ({traits.form}) to {to}"


def span(length: Time) -> str:
    """Returns a length of time in words."""
    for unit, name in ((86_400_000_000, "d"), (HOUR, "h"), (60_000_000, "min")):
        if length >= unit and not length % unit:
            return f"{length // unit} {name}"
    return f"{length / 1e6:.3g} s"
