"""`leaktap device`: begins a device profile, plants honey on a phone, or shows what a profile looks for."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leaktap.cli import CommandError, examples

if TYPE_CHECKING:
    from leaktap.config import DeviceProfile


def command(app: typer.Typer) -> None:
    """Registers `device new`, `device honey` and `device show`."""
    device = typer.Typer(help="Begin a device profile, plant honey, or show a profile.", no_args_is_help=True)
    app.add_typer(device, name="device")
    device.command(
        epilog=examples(
            "leaktap device new imei=867530912345673 android_id=6c1f0be47a93d825",
            "leaktap device new -o tablet.yaml contacts=张三丰:19900000021",
        ),
    )(new)
    device.command(
        short_help="Invent data to plant on a phone.",
        epilog=examples(
            "leaktap device honey",
            "leaktap device honey -o planted --seed spring",
        ),
    )(honey)
    device.command(
        short_help="Show a profile, masked.",
        epilog=examples(
            "leaktap device show device.yaml",
        ),
    )(show)


def new(
    values: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="What is known: imei=867530912345673.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The profile to write.")] = Path(
        "device.yaml"
    ),
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What the phone is called; the file's name if left out.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a device profile with comments on where to find what is still missing.

    Check digits and lengths are verified. A place is location=31.2304,121.4737, a contact contacts=NAME:PHONE:EMAIL;
    a NAME may be given several times.
    """
    from leaktap.cli._profile import parse, save, written

    about = "A phone under test: what leaktap looks for. Personal data: keep it to yourself."
    save(output, written(name or output.stem, parse(values or ()), about), force)
    print(f"{output}: written, with {len(values or ())} values; leaktap device show {output} tells what they become")


def honey(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where to write it.")] = Path(
        "honey"
    ),
    seed: Annotated[str, typer.Option(metavar="TEXT", help="What everything is drawn by; random if left out.")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="What the phone is called.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Invent contacts, messages, calendar entries and more to plant on a phone, and the profile that finds them.

    The folder gets device.yaml, contacts.vcf, calendar.ics, sms.xml and steps.txt, which says how to plant them.
    """
    from leaktap.cli import _honey
    from leaktap.cli._profile import save, written

    made = _honey.make(seed or secrets.token_hex(4))
    about = f"Honey, drawn by the seed {made.seed}: nobody's data. Add the phone's own identifiers."
    files = {
        "device.yaml": written(name or f"honey-{made.seed}", made.values(), about),
        "contacts.vcf": _honey.vcard(made),
        "calendar.ics": _honey.calendar(made),
        "sms.xml": _honey.messages(made),
        "steps.txt": _honey.steps(made),
    }
    there = [file for file in files if (output / file).exists()]
    if there and not force:
        raise CommandError(f"{output / there[0]}: is there already: add --force to replace it")
    try:
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{output}: cannot be made ({error.strerror}): name another folder with -o") from None
    for file, text in files.items():
        save(output / file, text, force)
    print(f"{output}: {', '.join(files)}; seed {made.seed}; begin with steps.txt")


def show(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Device profiles.")],
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the values whole.")] = False,
) -> None:
    """Show a profile, masked, and in how many forms each of its identifiers is looked for."""
    from leaktap.cli._case import load
    from leaktap.sinks._words import counted, harmless

    _, devices = load(None, files)
    for device in devices:
        known_by = len(device.addresses.mac) + len(device.addresses.ip)
        print(harmless(device.name) + (f"  (known on the network by {known_by} addresses)" if known_by else ""))
        for identifier, values in _values(device).items():
            forms = _forms(device, identifier)
            where = f"in {counted(forms, 'form')}" if forms else "wherever a coordinate stands"
            print(f"  {harmless(identifier):14}{_shown(identifier, values, reveal)}")
            print(f"  {'':14}looked for {where}")
        print(f"  {'':14}{counted(_forms(device), 'form')} in all")


def _values(device: "DeviceProfile") -> dict[str, list[str]]:
    """Returns a profile's values by class, as text."""
    values = {name: list(each) for name, each in device.identifiers.items()}
    if device.location:
        values["location"] = [f"{place.lat},{place.lon}" for place in device.location]
    if device.contacts:
        values["contacts"] = [" ".join(filter(None, (c.name, c.phone, c.email))) for c in device.contacts]
    return values


def _shown(identifier: str, values: list[str], reveal: bool) -> str:
    from leaktap.sinks._mask import mask
    from leaktap.sinks._words import harmless

    most = 5
    shown = [harmless(value if reveal else mask(value, identifier), 120) for value in values[:most]]
    return ", ".join(shown) + (f" and {len(values) - most} more" if len(values) > most else "")


def _forms(device: "DeviceProfile", identifier: str = "") -> int:
    """Returns how many things are looked for, for one class of a profile or for all."""
    from leaktap.identifiers import classes
    from leaktap.identifiers._known import KnownValues

    if identifier:
        own: dict[str, Any] = {"identifiers": {}, "location": (), "contacts": ()}
        if identifier in ("location", "contacts"):
            own[identifier] = getattr(device, identifier)
        else:
            own["identifiers"] = {identifier: device.identifiers[identifier]}
        device = device.model_copy(update=own)
    known = KnownValues([device], list(classes().values()))
    return len(known.needles) + len(known.digits)
