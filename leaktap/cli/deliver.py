"""`leaktap deliver`: sends what earlier runs have left in their queues, and says what still waits.

The queues tell their targets themselves; secrets come from the environment and files again, as they did then.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import FOUND, OK, CommandError, examples, say

if TYPE_CHECKING:
    from leaktap.model import Fault


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Send what waits for receivers.",
        epilog=examples(
            "leaktap deliver --list",
            "leaktap deliver --wait 10",
        ),
    )(deliver)


def deliver(
    spool: Annotated[Path | None, typer.Option(metavar="DIR", help="The folder of the queues.")] = None,
    wait: Annotated[float, typer.Option(metavar="SECONDS", help="How long to try.", min=0)] = 60.0,
    refused: Annotated[bool, typer.Option("--refused", help="Also send again what receivers have refused.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Only say what waits.")] = False,
) -> int:
    """Send the findings that wait for network outputs (syslog, webhooks, NATS, MQTT).

    Exit: 0 nothing waits any more, 1 something does, 2 a usage error.
    """
    from leaktap.spool import StoreError, folder, stores

    place = spool or folder()
    try:
        targets = list(stores(place))
        waiting = dict(_waiting(place, targets, take_back=refused and not list_))
        if not list_:
            _send(place, [target for target in targets if waiting[target][0]], wait)
            waiting = dict(_waiting(place, targets))
    except StoreError as error:
        raise CommandError(str(error)) from None
    for target, (left, set_aside) in waiting.items():
        print(f"{target}: {left:,} waiting{f', {set_aside:,} refused' if set_aside else ''}")
    if not targets:
        print(f"{place}: no queues")
    return FOUND if any(left for left, _ in waiting.values()) else OK


def _waiting(place: Path, targets: list[str], *, take_back: bool = False) -> Iterator[tuple[str, tuple[int, int]]]:
    from leaktap.spool import Store

    for target in targets:
        store = Store(place, target.partition("#")[0], target)
        try:
            if take_back:
                store.take_back()
            yield target, (store.waiting(), store.refused())
        finally:
            store.close()


def _send(place: Path, targets: list[str], wait: float) -> None:
    """Sends to all targets at the same time."""
    from leaktap.sinks import Options, Sink, SinkError, open_sink

    def tell(fault: "Fault") -> None:
        say(f"{fault.where}: {fault.why}")

    sinks: list[Sink] = []
    for target in targets:
        try:
            sinks.append(open_sink(target, Options(spool=place, drain=wait, tell=tell), "text"))
        except SinkError as error:
            say(str(error))
    for sink in sinks:
        sink.close()
