"""`leaktap mark EVENT`: tells a running live session what happens on the phone."""

from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import OK, CommandError, examples

if TYPE_CHECKING:
    from leaktap.sessions import Running

_SECONDS = 10


def command(app: typer.Typer) -> None:
    """Registers the command."""
    app.command(
        short_help="Mark an event in a running session.",
        epilog=examples(
            "leaktap mark consent",
            "leaktap mark permission contacts=denied",
            "leaktap mark action opens the cart --at 2026-11-21T10:00:19Z",
        ),
    )(mark)


def mark(
    event: Annotated[
        list[str],
        typer.Argument(metavar="EVENT", help="launch, notice, consent, ...; permission NAME=denied; action TEXT."),
    ],
    at: Annotated[str, typer.Option(metavar="TIME", help="When it was, if not now: 2026-11-21T10:00:19Z.")] = "",
    app: Annotated[str, typer.Option(metavar="PACKAGE", help="The app that it concerns, if not all.")] = "",
    session: Annotated[
        int | None, typer.Option(metavar="PID", help="Which session, if several run: the process of its mitmproxy.")
    ] = None,
) -> int:
    """Mark an event, such as the user's consent, in a running leaktap live; prints the phase that it leads to."""
    from leaktap.config import parse_time
    from leaktap.marks import read_mark

    text = " ".join(event)
    try:
        read_mark(text, 0, "")
        if at:
            parse_time(at)
    except ValueError as error:
        raise CommandError(str(error)) from None
    said = _told(_session(session), {"event": text, "app": app, "at": at})
    print(f"{said['phase'].replace('_', ' ')}{', in the background' if said['background'] else ''}")
    return OK


def _session(pid: int | None) -> "Running":
    from leaktap.sessions import running

    there = running()
    chosen = [session for session in there if pid is None or session.pid == pid]
    if not chosen:
        which = f"of process {pid} " if pid is not None else ""
        raise CommandError(f"no live session {which}runs here: start leaktap live first")
    if len(chosen) > 1:
        names = ", ".join(f"{session.pid} ({session.case or 'no case'})" for session in chosen)
        raise CommandError(f"several live sessions run: say which with --session PID: {names}")
    return chosen[0]


def _told(session: "Running", said: dict[str, str]) -> dict[str, str]:
    """Sends a mark, never through a proxy.

    Raises:
        CommandError: the session refuses it, or does not answer.
    """
    import json
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"{session.url}/mark",
        json.dumps(said).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {session.token}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS) as reply:
            answer: dict[str, str] = json.load(reply)
            return answer
    except urllib.error.HTTPError as error:
        try:
            why = json.load(error).get("error", "")
        except ValueError:
            why = ""
        raise CommandError(f"the session refused the mark: {why or error.code}") from None
    except (OSError, ValueError) as error:
        raise CommandError(f"the session {session.pid} does not answer ({error}): is it still running?") from None
