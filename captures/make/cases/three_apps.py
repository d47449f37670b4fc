"""Three apps on two phones behind one access point, to the same servers at the same time: each answers for itself."""

from pathlib import Path

from captures.make import wire
from captures.make.cases._shop import AGENT, HOSTS, JPUSH, OWN, PANGLE, UMENG, dump, post, value
from captures.make.messages import Call, Host, Phone, Session
from leaktap.config import DeviceProfile, load_devices

NEWS = "api.example-news.cn"
MIUI = "tracking.miui.com"
SECOND = Path(__file__).parents[2] / "three-apps" / "device-2.yaml"

_SERVERS = {**HOSTS, NEWS: Host("192.0.2.40"), MIUI: Host("203.0.113.90")}
_SHOP, _NEWS = "com.example.shop/521 (Android 14)", "com.example.news/310 (Linux; Android 14)"
_GAME = ("X-Requested-With", "com.example.game")


def sessions(one: DeviceProfile, two: DeviceProfile) -> list[Session]:
    """Returns what each app says on each phone, and what the system of the first one says."""

    def oaid(device: DeviceProfile) -> dict[str, str]:
        return {"oaid": value(device, "oaid")}

    first, second = (Phone(ip=each.addresses.ip[0], mac=each.addresses.mac[0]) for each in (one, two))
    mac = {"package_name": "com.example.shop", "mac": value(two, "mac_wifi")}
    imei = {"package_name": "com.example.game", "imei": value(two, "imei")}
    shop_1 = (post(4.0, UMENG, "/unify_logs", oaid(one), _SHOP), post(21.0, OWN, "/v1/session", oaid(one)))
    news_1 = (post(6.0, UMENG, "/unify_logs", oaid(one), _NEWS), post(25.0, NEWS, "/feed", oaid(one), _NEWS))
    system = (post(8.0, MIUI, "/track/v4", oaid(one)),)
    shop_2 = (
        post(5.0, OWN, "/v1/activate", {"android_id": value(two, "android_id")}),
        post(12.0, JPUSH, "/v3/report", mac),
        post(45.0, OWN, "/v1/invite", {"mobile": value(one, "phone")}),
    )
    game_2 = (
        Call(14.0, "POST", JPUSH, "/v3/report", (AGENT, _GAME), dump(oaid(two))),
        post(22.0, PANGLE, "/service/2/app_log/", imei),
        Call(35.0, "POST", UMENG, "/unify_logs", (AGENT, _GAME), dump(oaid(two))),
    )
    spoken = ((shop_1, first), (news_1, first), (system, first), (shop_2, second), (game_2, second))
    return [Session(_SERVERS, calls, phone) for calls, phone in spoken]


def make(folder: Path, device: DeviceProfile) -> None:
    """Writes the capture."""
    (second,) = load_devices([SECOND])
    wire.write_all(sessions(device, second), folder / "capture.pcapng")
