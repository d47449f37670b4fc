"""The events of a case, and the phase of consent at any moment of it."""

from leaktap.consent.files import case_events
from leaktap.consent.timeline import Timeline

__all__ = ["Timeline", "case_events"]
