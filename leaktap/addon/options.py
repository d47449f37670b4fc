"""mitmproxy's options for leaktap: what they are, and what they say once they are checked."""

# mypy: disable-error-code="no-untyped-call"
# mitmproxy leaves these of its own functions untyped.

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError

from leaktap import identifiers
from leaktap.addon._settings import Settings
from leaktap.attribution import known as catalogue
from leaktap.config import Case, ConfigError, Event, load_case, load_devices, parse_time
from leaktap.consent import case_events
from leaktap.keyring import load_keyring

OPTIONS: tuple[tuple[str, Any, Any, str], ...] = (
    ("leaktap_case", str, "", "The case file: the app under test, its devices, events and policy."),
    ("leaktap_device", Sequence[str], [], "Device profiles: the values that must not leave. Repeatable."),
    ("leaktap_keyring", Sequence[str], [], "Keys of apps' own encryption, or logs of hooks that saw it. Repeatable."),
    (
        "leaktap_output",
        Sequence[str],
        [],
        "Where findings go as they happen: a path whose ending picks the format, or - for standard output. Repeatable. "
        "Without any, they go to mitmproxy's log.",
    ),
    ("leaktap_spool", str, "", "The folder in which records wait for outputs that are far away; else the usual one."),
    (
        "leaktap_events",
        Sequence[str],
        [],
        "Files of events: marks of an earlier session, adb logcat -b events, or a table time,event,app. Repeatable.",
    ),
    (
        "leaktap_events_out",
        str,
        "",
        "Where marks are kept, as a table that leaktap_events and leaktap scan --events read.",
    ),
    ("leaktap_consent", str, "", "When the user agreed, as 2026-11-21T10:00:19Z. While running, leaktap.mark says it."),
    ("leaktap_before_consent", bool, False, "The session begins before the user's consent; marks change that."),
    ("leaktap_reveal", bool, False, "Show personal data whole, in outputs and in flow metadata."),
    ("leaktap_responses", bool, False, "Also look into what servers answer."),
)
"""Name, type, default, help."""


class Options(Protocol):
    """mitmproxy's options, as far as they are ours."""

    leaktap_case: str
    leaktap_device: Sequence[str]
    leaktap_keyring: Sequence[str]
    leaktap_output: Sequence[str]
    leaktap_spool: str
    leaktap_events: Sequence[str]
    leaktap_events_out: str
    leaktap_consent: str
    leaktap_before_consent: bool
    leaktap_reveal: bool
    leaktap_responses: bool


def declare(loader: Loader) -> None:
    """Tells mitmproxy of the options."""
    for name, kind, default, text in OPTIONS:
        loader.add_option(name, kind, default, text)


def settings(options: Options) -> Settings:
    """Checks the options and reads the files that they name.

    Raises:
        OptionsError: one of them is not usable; one line that names the place and the cure.
    """
    known = identifiers.names()
    try:
        catalogue()
        case = load_case(_path(options.leaktap_case), known) if options.leaktap_case else Case()
        devices = load_devices([*case.devices, *map(_path, options.leaktap_device)], known)
        keys = load_keyring([*case.keyring, *map(_path, options.leaktap_keyring)])
        events = case_events(case, map(_path, options.leaktap_events))
    except ConfigError as error:
        raise OptionsError(f"leaktap: {error}") from None
    outputs = tuple(options.leaktap_output)
    for target in outputs:
        if outputs.count(target) > 1:
            raise OptionsError(f"leaktap_output: {target}: is named twice: remove one")
    return Settings(
        case,
        devices,
        (*events, *_said(options)),
        outputs,
        options.leaktap_reveal,
        options.leaktap_responses,
        keys,
        spool=_path(options.leaktap_spool) if options.leaktap_spool else None,
    )


def _said(options: Options) -> list[Event]:
    """Returns the events that options stand for: a notice at the beginning of time, or the consent."""
    if options.leaktap_consent and options.leaktap_before_consent:
        raise OptionsError("leaktap_consent and leaktap_before_consent contradict each other: set one of them")
    if options.leaktap_before_consent:
        return [Event(at=0, event="notice", clock="capture")]
    if not options.leaktap_consent:
        return []
    try:
        return [Event(at=parse_time(options.leaktap_consent), event="consent", clock="capture")]
    except ValueError as error:
        raise OptionsError(f"leaktap_consent: {error}") from None


def _path(text: str) -> Path:
    return Path(text).expanduser()
