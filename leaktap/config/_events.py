"""What happened when: events of a case, and the files that they are read from."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from leaktap.config._kinds import Moment, Strict, parse_time

type Clock = Literal["phone", "capture"]
"""By whose clock a time is told."""

type EventName = Literal[
    "install",
    "launch",
    "notice",
    "consent",
    "refuse",
    "withdraw",
    "background",
    "foreground",
    "stop",
    "uninstall",
    "personalisation_off",
    "personalisation_on",
]


class Event(Strict):
    """Something that happened at a moment: an event of the app's life, an answer to permissions, or a user's action.

    `at` is by the `clock` of the phone, which may go before or after the capture's: see `Case.clock_offset`.
    """

    at: Moment
    event: EventName | None = None
    permission: dict[str, Literal["granted", "denied"]] = Field(default_factory=dict)
    action: str = ""
    app: str = ""
    device: str = ""
    clock: Clock = "phone"

    @model_validator(mode="after")
    def _something(self) -> "Event":
        if not (self.event or self.permission or self.action):
            raise ValueError("says nothing: give event, permission or action")
        return self


def _zoned(value: object) -> object:
    if isinstance(value, str):
        parse_time(value)
        return datetime.fromisoformat(value.strip())
    return value


class Log(Strict):
    """A file with events: a phone's event log, or a table of a recording's times.

    `start` is when it began: its zone and year are those of times that have none, and offsets count from it. `device`
    is the phone that the events happened on, by whose `clock` they are told.
    """

    file: Path
    device: str = ""
    start: Annotated[datetime | None, BeforeValidator(_zoned)] = None
    clock: Clock = "phone"

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, data: object) -> object:
        return {"file": data} if isinstance(data, str) else data
