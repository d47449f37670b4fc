"""An event that a phone's own log tells of, not the tester: see what the timeline makes of it."""

from leaktap.config import Event


class Logged(Event):
    """How an app ran: launch, foreground, background, stop."""
