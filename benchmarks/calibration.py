"""What a confidence is worth: findings in made messages without a profile, by band of confidence, and their precision.

Each message has one identifier, one value that looks like an identifier's under a name of that kind (a random number
called `card_no`, a shop called `user_name`), and ten ordinary members. So an identifier is as rare as in real requests
and the traps are more frequent than there.
"""

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks._measure import table
from benchmarks._options import Benchmark, Options
from leaktap.decoders import Limits, parts, walk
from leaktap.identifiers._checks import luhn
from leaktap.identifiers.id_card import is_id_card
from leaktap.identifiers.matcher import Matcher
from leaktap.model import Leaf, Message

type Make = Callable[[random.Random], str]

_BANDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)
_ORDINARY = 10


def _digits(count: int) -> Make:
    return lambda draw: str(draw.randrange(10 ** (count - 1), 10**count))


def _hex(count: int) -> Make:
    return lambda draw: f"{draw.getrandbits(4 * count):0{count}x}"


def _one(*values: str) -> Make:
    return lambda draw: draw.choice(values)


def _uuid(draw: random.Random) -> str:
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def _checked(*starts: str, size: int) -> Make:
    """Returns a maker of numbers of `size` digits with a right Luhn digit that begin with one of `starts`."""

    def make(draw: random.Random) -> str:
        start = draw.choice(starts)
        body = start + "".join(draw.choice("0123456789") for _ in range(size - 1 - len(start)))
        return next(body + digit for digit in "0123456789" if luhn(body + digit))

    return make


def _id_card(draw: random.Random) -> str:
    born = f"{draw.randrange(1940, 2010)}{draw.randrange(1, 13):02}{draw.randrange(1, 29):02}"
    body = f"{draw.choice(('110108', '440306', '310104', '510107'))}{born}{draw.randrange(1000):03}"
    return next(body + digit for digit in "0123456789X" if is_id_card(body + digit))


def _mac(*starts: str) -> Make:
    return lambda draw: ":".join([draw.choice(starts), *(f"{draw.randrange(256):02x}" for _ in range(3))])


_IDENTIFIERS: Mapping[str, tuple[tuple[str, ...], Make]] = {
    "imei": (("imei", "device_imei", "IMEI1", "手机串号"), _checked("8675309", "3591740", size=15)),
    "imsi": (("imsi", "subscriberId"), lambda draw: draw.choice(("46000", "46001", "46011")) + _digits(10)(draw)),
    "iccid": (("iccid", "simSerialNumber"), _checked("898600", "898601", "898603", size=20)),
    "android_id": (("android_id", "openudid", "aid"), _hex(16)),
    "oaid": (("oaid", "msa_oaid"), _hex(16)),
    "gaid": (("gaid", "advertising_id", "adid"), _uuid),
    "device_id": (("device_id", "push_token", "uuid", "设备号"), _uuid),
    "mac_wifi": (("mac", "wifi_mac", "note"), _mac("a4:50:46", "50:c7:bf")),
    "bssid": (("bssid",), _mac("50:c7:bf")),
    "phone": (("phone", "mobile", "shoujihao", "手机号"), lambda draw: "199" + _digits(8)(draw)),
    "email": (("email", "text"), lambda draw: f"user{draw.randrange(10**6)}@mail.example"),
    "id_card": (("id_card", "sfzh", "cert_no", "x"), _id_card),
    "bank_card": (("bank_card", "card_no"), _checked("622202", "621700", size=19)),
    "name": (("real_name", "xingming", "姓名"), _one("王小明", "李四", "欧阳明日", "Mary Sample")),
    "account": (("user_id", "uid", "zhanghao"), lambda draw: "u" + _digits(8)(draw)),
    "ip_local": (("ip", "local_ip"), lambda draw: f"192.168.{draw.randrange(2, 250)}.{draw.randrange(2, 250)}"),
}

_TRAPS: tuple[tuple[str, Make], ...] = (
    ("card_no", _digits(16)),
    ("card_no", _digits(19)),
    ("cert_no", _digits(18)),
    ("order_no", _digits(18)),
    ("order_no", lambda draw: "139" + _digits(8)(draw)),
    ("id", _checked("8", size=15)),
    ("trade_id", _checked("62", size=19)),
    ("uuid", lambda draw: f"1.{draw.randrange(100)}.{draw.randrange(100)}"),
    ("device_id", _one("0", "null", "unknown", "web", "2.1.0", "android")),
    ("imei", _one("", "0", "000000000000000", "unknown", "null", "004999010640000")),
    ("mac", _one("02:00:00:00:00:00", "10.15.7", "unknown", "ff:ff:ff:ff:ff:ff")),
    ("note", lambda draw: ":".join(f"{draw.randrange(60):02}" for _ in range(6))),
    ("etag", lambda draw: ":".join(f"{draw.randrange(256):02x}" for _ in range(6))),
    ("fingerprint", lambda draw: ":".join(f"{draw.randrange(256):02x}" for _ in range(20))),
    ("name", _one("黄金手机壳", "马上有礼", "高清电影", "Red running shoes", "王者荣耀")),
    ("user_name", _one("default", "guest", "shop")),
    ("ip", lambda draw: f"{draw.randrange(1, 9)}.{draw.randrange(20)}.{draw.randrange(20)}"),
    ("phone", _one("Phone 9", "400-123-4567", "139****0012", "0", "")),
    ("tel", _digits(8)),
    ("phone", _digits(10)),
    ("location", _one("home_tab", "1", "top", "cn-east-1")),
    ("aid", lambda draw: _digits(6)(draw)),
    ("text", _one("image@2x.png", "a@b", "@example", "style@media.screen")),
)
"""Names of a class, or looks of one, with values that are none."""

_DULL: tuple[tuple[str, Make], ...] = (
    ("t", lambda draw: str(1_700_000_000_000 + draw.randrange(10**11))),
    ("price", lambda draw: f"{draw.randrange(100)}.{draw.randrange(100):02}"),
    ("version", lambda draw: ".".join(str(draw.randrange(20)) for _ in range(4))),
    ("session_id", _uuid),
    ("trace_id", _hex(32)),
    ("sign", _hex(40)),
    ("msg_id", _digits(19)),
    ("seq", _digits(10)),
    ("x", lambda draw: f"{draw.random() * 1080:.6f}"),
    ("page", _one("com.example.shop.MainActivity", "home", "detail")),
    ("url", lambda draw: f"https://img.example/{draw.getrandbits(64):x}.png"),
    ("ua", _one("Mozilla/5.0 (Linux; Android 14; Phone 9) AppleWebKit/537.36 Chrome/121.0.6167.143")),
    ("title", _one("Red running shoes", "高清电影", "今天天气")),
    ("ids", lambda draw: ",".join(_digits(12)(draw) for _ in range(5))),
)


def _message(draw: random.Random) -> tuple[Message, str, str]:
    """Returns a message, and the class and the value of the identifier in it."""
    name = draw.choice(list(_IDENTIFIERS))
    keys, make = _IDENTIFIERS[name]
    value = make(draw)
    members: list[tuple[str, str]] = [(draw.choice(keys), value)]
    for key, other in (draw.choice(_TRAPS), *(draw.choice(_DULL) for _ in range(_ORDINARY))):
        members.append((key, other(draw)))
    draw.shuffle(members)
    data: dict[str, Any] = {}
    for index, (key, text) in enumerate(members):
        data.setdefault(f"part{index % 3}", {}).setdefault(key, text)
    body = json.dumps(data, ensure_ascii=False).encode()
    return Message(("POST", "/v1/log", "HTTP/1.1"), ((b"Content-Type", b"application/json"),), body), name, value


def measure(draws: int, seed: str) -> tuple[Counter[float], Counter[float], Counter[str]]:
    """Returns by band how much was found and how much of it was right, and by class what else was said."""
    draw = random.Random(seed)
    matcher = Matcher()
    found: Counter[float] = Counter()
    right: Counter[float] = Counter()
    wrong: Counter[str] = Counter()
    for _ in range(draws):
        message, name, value = _message(draw)
        leaves = [leaf for leaf in walk(parts(message, "request"), Limits()) if isinstance(leaf, Leaf)]
        for match in matcher.match(leaves):
            band = max(band for band in _BANDS if match.confidence >= band)
            found[band] += 1
            if match.value == value and match.identifier == name:
                right[band] += 1
            else:
                wrong[f"{match.leaf.key}: {match.identifier} {match.confidence}"] += 1
    return found, right, wrong


def _calibrate(options: Options) -> bool:
    found, right, wrong = measure(options.draws, options.seed)
    rows = [
        (f"{low:.1f}", str(found[low]), str(right[low]), f"{right[low] / found[low]:.1%}" if found[low] else "")
        for low in reversed(_BANDS)
    ]
    print(table(("from", "findings", "right", "precision"), rows))
    print(table(("wrong", "times"), [(what, str(count)) for what, count in wrong.most_common(12)]))
    return right[0.9] >= 0.99 * found[0.9] and right[0.8] >= 0.95 * found[0.8]


BENCHMARK = Benchmark("calibration", "what a confidence is worth, on made messages without a profile", _calibrate)
