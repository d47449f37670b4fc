"""`leaktap ap plan`: an access point for phones under test, as files to look at and commands to run."""

import json
import os
import secrets
import shutil
import sys
from enum import StrEnum
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leaktap.cli import FOUND, OK, CommandError, examples

if TYPE_CHECKING:
    from leaktap.ap import Plan, Taken


class Quic(StrEnum):
    """What happens to QUIC."""

    refuse = "refuse"
    let_pass = "pass"


def command(app: typer.Typer) -> None:
    """Registers `ap plan`."""
    ap = typer.Typer(help="Plan the access point of a lab.", no_args_is_help=True)
    app.add_typer(ap, name="ap")
    ap.callback()(lambda: None)
    ap.command(
        short_help="Write the files of an access point.",
        epilog=examples(
            "leaktap ap plan --iface wlan0 --uplink eth0",
            "leaktap ap plan --iface wlan0 --uplink eth0 --out lab --channel 36 --country DE",
            "leaktap ap plan --iface eth1 --uplink eth0 --wired",
        ),
    )(plan)


def plan(
    iface: Annotated[str, typer.Option(metavar="NAME", help="The interface that phones join: wlan0.")],
    uplink: Annotated[str, typer.Option(metavar="NAME", help="The interface that leads to the Internet: eth0.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files go.")] = Path("lab"),
    ssid: Annotated[str, typer.Option(metavar="TEXT", help="The Wi-Fi network's name.")] = "leaktap",
    passphrase: Annotated[
        str,
        typer.Option(metavar="TEXT", envvar="LEAKTAP_PASSPHRASE", help="Its passphrase; one is made if left out."),
    ] = "",
    channel: Annotated[int, typer.Option(help="Its channel: 1 to 13, or one of the 5 GHz band.")] = 6,
    country: Annotated[str, typer.Option(metavar="CC", help="Where you are: DE. 5 GHz needs it.")] = "",
    wired: Annotated[bool, typer.Option("--wired", help="No Wi-Fi here: phones come by cable or bridge.")] = False,
    subnet: Annotated[str, typer.Option(metavar="NETWORK", help="The phones' addresses.")] = "10.42.7.0/24",
    port: Annotated[int, typer.Option(help="The proxy's port.")] = 8080,
    quic: Annotated[Quic, typer.Option(help="Refuse QUIC, so that apps fall back, or pass it unseen.")] = Quic.refuse,
    dns: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Who is asked for names, if not as here (repeatable).")
    ] = None,
) -> int:
    """Write hostapd, dnsmasq and nftables files and the commands to start and stop an access point; starts nothing.

    Exit: 0 all that could be checked is right, 1 a program refuses its file.
    """
    from leaktap.ap import Plan, PlanError, files
    from leaktap.ap import plan as checked
    from leaktap.cli._ap_checks import check

    if not wired and not ssid:
        raise CommandError("--ssid: is empty: give the network a name, or take --wired")
    try:
        about = checked(
            Plan(
                iface=iface,
                uplink=uplink,
                subnet=_network(subnet),
                ssid="" if wired else ssid,
                passphrase=passphrase or secrets.token_hex(6),
                channel=channel,
                country=country,
                port=port,
                quic=quic.value,
                resolvers=tuple(dns or ()),
                leaktap=_own_command(),
            ),
            _taken(),
        )
    except PlanError as error:
        raise CommandError(str(error)) from None
    made = files(about)
    _write(out, made)
    bad = False
    for name in made:
        verdict = check(out / name)
        bad |= verdict.state == "fail"
        print(f"{verdict.state:9}  {out / name}  {verdict.says}")
    _tell(about, out)
    return FOUND if bad else OK


def _network(text: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise CommandError(f"--subnet: {text!r} is no network ({error}): write it as 10.42.7.0/24") from None


def _own_command() -> str:
    """Returns the command beside this Python, which the session's script runs, whatever PATH says then."""
    beside = Path(sys.executable).with_name("leaktap")
    return str(beside) if beside.exists() else shutil.which("leaktap") or "leaktap"


def _taken() -> "list[Taken]":
    """Returns the networks that the machine leads to; none where that cannot be told."""
    from leaktap.ap import Taken
    from leaktap.cli._ap_checks import said

    _, routes = said("ip", "-json", "-4", "route", "show")
    try:
        return [
            Taken(IPv4Network(route["dst"]), route["dev"])
            for route in json.loads(routes)
            if route["dst"] != "default" and "dev" in route
        ]
    except (ValueError, KeyError, TypeError):
        return []


def _write(folder: Path, made: dict[str, str]) -> None:
    """Writes the files; those with a secret are the user's alone. Files of others are never replaced."""
    from leaktap.ap import MARK

    try:
        for file in (folder / name for name in made):
            if file.exists() and MARK not in file.read_text(encoding="utf-8", errors="replace"):
                raise CommandError(f"{file}: is there and not from leaktap ap plan: take another --out")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            draft = folder / f".{name}"
            mode = 0o755 if name.endswith(".sh") else 0o600 if name == "hostapd.conf" else 0o644
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as out:
                out.write(text)
            draft.chmod(mode)
            draft.replace(folder / name)
    except OSError as error:
        raise CommandError(f"{error.filename or folder}: cannot be written ({error.strerror})") from None


def _tell(about: "Plan", out: Path) -> None:
    where = f"cable at {about.iface}" if not about.ssid else f"Wi-Fi {about.ssid!r}, passphrase {about.passphrase!r}"
    quic = "is refused, so that apps fall back to TCP" if about.quic == "refuse" else "passes and is not seen"
    print(f"\nPhones    {where}; addresses {about.leases[0]} to {about.leases[1]}")
    print(f"TCP       all of it goes to the proxy, {about.gateway}:{about.port}; http://leak.tap/ is the phone's page")
    print(f"QUIC      {quic}")
    print("IPv6      is refused and its names are not given out: apps use IPv4")
    print(f"DNS       answered by dnsmasq and logged in {out / 'dns.log'}; DNS over TLS is refused")
    for name in (about.iface, about.uplink):
        if sys.platform == "linux" and not (Path("/sys/class/net") / name).exists():
            print(f"Missing   there is no interface {name} now: ip link shows them")
    if about.ssid:
        print("Unknown   whether the card can be an access point: iw list says AP among its modes")
    print(f"\nNext      sudo {out / 'start.sh'}")
    print(f"          {out / 'live.sh'} --case case.yaml -o results.jsonl")
    print(f"          sudo {out / 'stop.sh'}")
