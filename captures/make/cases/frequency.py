"""How often: the place 61 times in ten minutes, the address book thirteen times, the IMEI every five minutes."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import AGENT, HOSTS, OWN, STATIC, dump, value
from captures.make.messages import Call, Host, Reply, Session
from leaktap.config import DeviceProfile

TRACKS = "track.example-shop.cn"
_EMPTY = Reply(204, "No Content", (), b"")


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends to its own servers, from 60 s on, when the user has agreed."""
    (place,) = device.location
    spot = dump({"lat": f"{place.lat:.5f}", "lon": f"{place.lon:.5f}"})
    book = dump({"contacts": [{"name": each.name, "phone": each.phone} for each in device.contacts]})
    imei = dump({"imei": value(device, "imei")})
    return Session(
        {**HOSTS, TRACKS: Host("192.0.2.12", "")},
        (
            *(_send(60.0 + 10 * number, TRACKS, "/l", spot) for number in range(61)),
            *(_send(65.0 + 10 * number, OWN, "/v1/book", book) for number in range(13)),
            *(_send(70.0 + 301 * number, STATIC, "/d", imei) for number in range(13)),
        ),
    )


def _send(at: float, host: str, target: str, body: bytes) -> Call:
    return Call(at, "POST", host, target, (AGENT,), body, _EMPTY)


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
