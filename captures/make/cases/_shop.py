"""What the shop app's cases share: its hosts, its headers, and the requests that carry nothing personal."""

import json
import random
from typing import Any

from captures.make.messages import Call, Fields, Host, Reply
from leaktap.config import DeviceProfile

OWN = "api.example-shop.cn"
STATIC = "static.example-shop.cn"
IMAGES = "img.example-shop.cn"
UMENG = "ulogs.umeng.com"
JPUSH = "gd-stats.jpush.cn"
PANGLE = "log-api.pangolin-sdk-toutiao-b.com"
LOGIN = "log1.cmpassport.com"

HOSTS = {
    OWN: Host("192.0.2.10", "1.3", "TLS_AES_128_GCM_SHA256"),
    STATIC: Host("192.0.2.11", ""),
    IMAGES: Host("2001:db8:20::11", "1.2", "ECDHE-ECDSA-AES128-SHA"),
    UMENG: Host("198.51.100.21", "1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    JPUSH: Host("203.0.113.33", "1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    PANGLE: Host("203.0.113.71", "1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    LOGIN: Host("203.0.113.52", "1.3", "TLS_AES_256_GCM_SHA384"),
}

AGENT = ("User-Agent", "okhttp/4.12.0")
JSON: Fields = (AGENT, ("Content-Type", "application/json; charset=utf-8"))
FORM: Fields = (AGENT, ("Content-Type", "application/x-www-form-urlencoded"))


def value(device: DeviceProfile, identifier: str) -> str:
    """Returns the first value that the profile has for an identifier."""
    return device.identifiers[identifier][0]


def dump(data: Any) -> bytes:
    """Writes compact JSON, as SDKs do."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def noise(size: int, seed: int) -> bytes:
    """Returns bytes like those of a compressed picture, the same each time."""
    return random.Random(seed).randbytes(size)


def picture(size: int, seed: int) -> Reply:
    """Returns a reply that is a PNG by its first bytes and its type."""
    return Reply(headers=(("Content-Type", "image/png"),), body=b"\x89PNG\r\n\x1a\n" + noise(size, seed))


def ordinary() -> tuple[Call, ...]:
    """Returns what the app asks its own servers for, before and after consent, with nothing personal in it."""
    items = [{"id": 1000 + i, "title": f"商品 {i}", "price": 19.9 + i, "stock": 40 + i} for i in range(20)]
    return (
        Call(0.6, "GET", OWN, "/v1/config?platform=android&ver=5.2.1", (AGENT,), reply=Reply(body=dump({"ttl": 3600}))),
        Call(1.4, "GET", STATIC, "/app/5.2.1/theme.css", (AGENT,), reply=_css()),
        Call(3.1, "GET", IMAGES, "/banner/8831.png?w=1080", (AGENT, ("Accept", "image/*")), reply=picture(6_000, 1)),
        Call(
            22.4,
            "GET",
            OWN,
            "/v1/items?page=1&size=20",
            (AGENT, ("Accept-Encoding", "identity")),
            reply=Reply(body=dump({"items": items}), chunked=700),
        ),
        Call(25.0, "GET", IMAGES, "/item/1003.png?w=360", (AGENT, ("Accept", "image/*")), reply=picture(3_000, 2)),
    )


def post(at: float, host: str, target: str, data: Any, agent: str = AGENT[1]) -> Call:
    """Returns a request that sends JSON."""
    return Call(at, "POST", host, target, (("User-Agent", agent), JSON[1]), dump(data))


def _css() -> Reply:
    return Reply(headers=(("Content-Type", "text/css"),), body=b".banner{margin:0 auto;color:#c0392b}\n" * 30)
