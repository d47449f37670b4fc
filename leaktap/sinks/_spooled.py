"""A sink that is far away: records go to its queue on disk, and from there to the receiver, in order."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from leaktap.model import SEVERITIES, Fault, Finding, Record
from leaktap.sinks._api import Options, SinkError
from leaktap.sinks._record import record
from leaktap.sinks._target import Target
from leaktap.sinks.jsonl import to_json

if TYPE_CHECKING:
    from leaktap.spool import Receiver

EVERYTHING = ("finding", "blind", "fault", "summary", "inventory", "declared")


class Spooled:
    """Takes a record when the disk has it; what goes wrong on the way is told and stops nothing."""

    def __init__(
        self, target: Target, options: Options, connect: "Callable[[], Receiver]", kinds: tuple[str, ...] = EVERYTHING
    ) -> None:
        """Opens the queue; what is left in it is sent, too. `kinds` are the records that are sent if not said.

        Raises:
            SinkError: the queue cannot be used, or a setting is wrong.
        """
        from leaktap.spool import LIMIT, Sender, Store, StoreError, folder

        self._options, self._shown = options, target.shown
        self._kinds = _among(target, "records", kinds, EVERYTHING)
        least = _among(target, "severity", (SEVERITIES[-1],), SEVERITIES)[0]
        self._severities = SEVERITIES[: SEVERITIES.index(least) + 1]
        self._sender: Sender | None = None
        limit = int(target.number("limit", LIMIT / 1_000_000) * 1_000_000)
        place = Path(target.settings["spool"]).expanduser() if "spool" in target.settings else options.spool or folder()
        receiver = connect()
        try:
            store = Store(place, target.identity, target.whole, limit)
        except StoreError as error:
            raise SinkError(str(error)) from None
        self._place = place
        if options.dry:
            store.close()
        else:
            self._sender = Sender(store, receiver, target.shown, self._tell)
            if options.live:
                self._sender.start()

    def write(self, record_: Record) -> None:
        """Queues a record; when this returns, it outlives the process, or a fault has said that it may not."""
        fields = record(record_, self._options.reveal)
        kind = fields["schema"].removeprefix("leaktap.").partition("/")[0]
        if self._sender is None:
            return
        if kind in self._kinds and (not isinstance(record_, Finding) or record_.severity in self._severities):
            self._sender.put(record_.id if isinstance(record_, Finding) else uuid.uuid4().hex, to_json(fields))
        if kind == "summary":
            self._sender.end(self._options.drain)

    def close(self) -> None:
        """Waits a while for what is queued to arrive; a live session leaves that to the end of the process."""
        if self._sender is None:
            return
        self._sender.end(self._options.drain)
        if left := self._sender.close(later=self._options.live):
            records = "1 record waits" if left == 1 else f"{left:,} records wait"
            self._tell(f"{records} in {self._place}: the next run to the same target sends them, or leaktap deliver")

    def _tell(self, what: str) -> None:
        self._options.tell(Fault("sink", self._shown, what.removeprefix(f"{self._shown}: ")))


def _among(target: Target, name: str, default: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(target.settings[name].split(",")) if name in target.settings else default
    for word in words:
        if word not in known:
            raise SinkError(f"{target.shown}: #{name}={word}: use {', '.join(known)}")
    return words
