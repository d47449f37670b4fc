"""The shop needs a phone number and, for its bonded goods, an identity card: what else it takes it does not need."""

import base64
from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import HOSTS, OWN, noise, post, value
from captures.make.messages import Session
from leaktap.config import DeviceProfile


def session(device: DeviceProfile) -> Session:
    """Returns what the app sends: the notice comes at 2.5 s, the consent at 20 s, the user's first action at 30 s."""
    face = base64.b64encode(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + noise(900, 5)).decode()
    return Session(
        HOSTS,
        (
            post(5.0, OWN, "/v1/activate", {"serial": value(device, "serial")}),
            post(21.0, OWN, "/v1/session", {"oaid": value(device, "oaid")}),
            post(22.0, OWN, "/v1/login", {"mobile": value(device, "phone")}),
            post(35.0, OWN, "/v1/session", {"oaid": value(device, "oaid")}),
            post(41.0, OWN, "/v1/customs", {"id_card": value(device, "id_card")}),
            post(52.0, OWN, "/v1/coupon", {"face_image": face}),
        ),
    )


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    wire.write(session(device), folder / "capture.pcapng")
