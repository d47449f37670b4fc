"""What apps send all day and what nobody may be accused of, whatever class its look is near to."""

import random
import uuid

import pytest

from tests.identifiers.leaves import json_leaves, leaf

ROWS = [
    ("order_id", "202611211430551234567890"),
    ("order_no", "13912345678"),
    ("trade_no", "6222021234567890128"),
    ("id", "867530912345673"),
    ("msg_id", "460001234567891"),
    ("seq", "89860102030405060703"),
    ("t", "1700000000123"),
    ("ts", "1700000000"),
    ("time", "2026-11-21T10:00:03.123456Z"),
    ("price", "199.00"),
    ("amount", "19900000012"),
    ("version", "10.20.30.40"),
    ("sdk_version", "4.1.0.7"),
    ("app_version", "1.2.3.4567890"),
    ("chrome", "121.0.6167.143"),
    ("x", "540.5"),
    ("touch", "121.480,31.238"),
    ("rect", "0.000,0.000,1080.000,2400.000"),
    ("bezier", "0.250,0.100"),
    ("scroll.lat", "12"),
    ("session_id", str(uuid.UUID(int=0x5BE1C07A92D4486F8BE1C07A92D4386F))),
    ("trace_id", "5be1c07a92d4386f5be1c07a92d4386f"),
    ("request_id", "5be1c07a92d4386f"),
    ("sign", "5be1c07a92d4386f5be1c07a92d4386f"),
    ("etag", "W/\"5be1c07a92d4386f\""),
    ("sha256", "5be1c07a92d4386f" * 4),
    ("md5", "5be1c07a92d4386f5be1c07a92d4386f"),
    ("token", "ya29.a0AfH6SMBx1234567890"),
    ("stack", "at com.example.shop.MainActivity.onCreate(MainActivity.java:42)\nat android.app.Activity.performCreate"),
    ("ua", "Mozilla/5.0 (Linux; Android 14; Phone 9 Build/ABC1.231121.001) AppleWebKit/537.36 Chrome/121.0.6167.143"),
    ("cdn_ip", "203.0.113.9"),
    ("server_ip", "36.112.138.9"),
    ("dns", "8.8.8.8"),
    ("ips", "36.112.138.9;36.112.138.10"),
    ("url", "https://img.example/13912345678/a@2x.png"),
    ("package", "com.example.shop"),
    ("activity", "com.example.shop/.MainActivity"),
    ("name", "Red running shoes"),
    ("city", "上海市"),
    ("keyword", "shoes"),
    ("channel", "460_00"),
    ("color", "a45046"),
    ("time_range", "10:20:30:40:50:60"),
    ("ipv6_port", "fe80::1"),
    ("ean", "4006381333931"),
    ("isbn", "9787111213826"),
    ("tracking", "SF1234567890123"),
    ("qrcode", "6901234567892"),
    ("card_type", "4111111234567892"),
    ("zip", "200000"),
    ("birthday", "19900307"),
    ("phone_model", "Phone 9"),
    ("phone_brand", "Example"),
    ("mobile_type", "13912345678901"),
    ("email_count", "3"),
    ("mac_version", "10.15.7"),
    ("imei_count", "2"),
    ("has_imsi", "true"),
    ("sms_code", "482913"),
    ("call_id", "5be1c07a-92d4-486f-8be1-c07a92d4386f"),
    ("calendar_type", "gregorian"),
    ("clipboard_enabled", "true"),
    ("face_count", "1"),
    ("cell_width", "120"),
    ("location", "home_tab"),
    ("position", "3"),
    ("geo", "cn-east-1"),
    ("account_type", "vip"),
    ("search_id", "5be1c07a92d4386f"),
    ("lac", "0"),
    ("history_size", "12"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), ROWS)
def test_nothing_is_said_for_sure(stranger, key, value):
    assert [(match.identifier, match.confidence) for match in stranger.match([leaf(value, key)])] == []


LISTS = [
    [{"name": f"Shoe {i}", "sku": f"1990000{i:04}", "price": i * 10} for i in range(30)],
    [{"title": f"Film {i}", "duration": 5400 + i, "number": i, "date": "2026-11-21"} for i in range(30)],
    [{"url": f"https://img.example/{i}.png", "width": 100, "height": 200, "title": f"Picture {i}"} for i in range(30)],
    [{"shop": f"Shop {i}", "lat": 31.23 + i / 1000, "lng": 121.47 + i / 1000} for i in range(30)],
    [
        {"event": f"click_{i}", "time": 1700000000 + i, "x": i, "y": i, "page": "com.example.shop.Main"}
        for i in range(30)
    ],
    [{"user": f"u{i}", "text": f"nice {i}", "time": 1700000000 + i} for i in range(30)],
    [{"key": f"k{i}", "value": f"{i:018}"} for i in range(30)],
    [{"class": f"com.example.shop.view{i}.Main", "line": i} for i in range(30)],
]


@pytest.mark.parametrize("data", LISTS, ids=lambda data: next(iter(data[0])))
def test_lists_of_other_things(stranger, data):
    found = stranger.match(list(json_leaves({"data": {"list": data}})))
    assert [(match.identifier, match.confidence) for match in found] == []


@pytest.mark.parametrize("size", [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
def test_numbers_without_a_name(stranger, size):
    """Five thousand random numbers of each length."""
    draw = random.Random(size)
    text = " ".join(str(draw.randrange(10 ** (size - 1), 10**size)) for _ in range(5000))
    assert [match for match in stranger.match([leaf(text, "log")]) if match.confidence >= 0.7] == []
