"""Loads what a run is about, for every command that needs it: the case, its devices, and the user's word on consent."""

from collections.abc import Sequence
from pathlib import Path

from leaktap.attribution import known as catalogue
from leaktap.cli import CommandError
from leaktap.config import Case, ConfigError, DeviceProfile, Event, load_case, load_devices, parse_time
from leaktap.consent import Timeline, case_events
from leaktap.identifiers import names
from leaktap.keyring import Keys, load_keyring


def load(case: Path | None, devices: Sequence[Path]) -> tuple[Case, tuple[DeviceProfile, ...]]:
    """Reads the case, if there is one, the devices that it names, and the further `devices`.

    Raises:
        CommandError: one of the files is not usable, or a database that the user imported is not.
    """
    known = names()
    try:
        catalogue()
        about = load_case(case, known) if case else Case()
        return about, load_devices([*about.devices, *devices], known)
    except ConfigError as error:
        raise CommandError(str(error)) from None


def keyring(case: Case, files: Sequence[Path]) -> Keys:
    """Reads the keyrings that the case names, and the further `files`.

    Raises:
        CommandError: one of them is not usable.
    """
    try:
        return load_keyring([*case.keyring, *files])
    except ConfigError as error:
        raise CommandError(str(error)) from None


def timeline(case: Case, consent: str, before_consent: bool, files: Sequence[Path] = ()) -> Timeline:
    """Returns the case's events, its logs' and those of further `files`.

    The options `--consent` and `--before-consent` say more, or something else.

    Raises:
        CommandError: a file is not usable, they contradict each other, or `consent` is no time.
    """
    if consent and before_consent:
        raise CommandError("--consent and --before-consent contradict each other: give one of them")
    try:
        events = case_events(case, files)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    if not consent and not before_consent:
        return Timeline(events, clock_offset=case.clock_offset)
    option = "--consent" if consent else "--before-consent"
    if any(event.event == "consent" for event in events):
        raise CommandError(f"{option}: the case says itself when consent was given: remove the option or the event")
    if before_consent:
        return Timeline(events, before_consent=True, clock_offset=case.clock_offset)
    try:
        said = Event(at=parse_time(consent), event="consent", clock="capture")
        return Timeline([*events, said], clock_offset=case.clock_offset)
    except ValueError as error:
        raise CommandError(f"--consent: {error}") from None
