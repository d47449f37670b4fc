"""Who received it, in a whole capture: a cloaked name, a Host that lies, bare addresses; and which app sent it.

The same whether one process reads the capture or two.
"""

import json

import pytest

from leaktap.cli import run
from tests.wire import _traffic
from tests.wire._dns import PHONE, RESOLVER, answer, datagram, query, record, stream, write
from tests.wire._traffic import Talk

ID = "3872b07eac71d316"
OTHER = "com.example.video"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CASE = """\
app: {package: com.example.shop, name: Example Shop, developer: Example Ltd, domains: [example-shop.cn], keys: 5f0c7abc}
devices: [device.yaml]
"""
DEVICE = f"""\
name: phone
identifiers: {{android_id: {ID}, app_list: [com.example.shop, {OTHER}]}}
"""


def asked(host, records, port):
    said = (query(host), (PHONE, port), (RESOLVER, 53)), (answer(host, records=records), (RESOLVER, 53), (PHONE, port))
    return [datagram(*one) for one in said]


def post(host, body, target="/collect", headers=""):
    head = f"POST {target} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def http(server, request):
    return stream([(0, request), (1, OK)], port=80, server=server)


FORM = f"android_id={ID}".encode()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The findings of a capture by the server's address, the same for one process and for two."""
    folder = tmp_path_factory.mktemp("attribution")
    patch = pytest.MonkeyPatch()
    patch.setattr(_traffic, "HOST", "ulogs.umeng.com")
    talk = Talk().say(0, post("www.bank.example", FORM)).say(1, OK)
    patch.undo()
    packets = [
        *asked(
            "t.example-shop.cn",
            [
                record("t.example-shop.cn", "CNAME", "shop.growingio.com"),
                record("shop.growingio.com", "CNAME", "x.alikunlun.com"),
                record("x.alikunlun.com", "A", "198.51.100.1"),
            ],
            40_001,
        ),
        *http("198.51.100.1", post("t.example-shop.cn", FORM)),
        *stream(talk.turns, port=443, server="198.51.100.2"),
        *asked("s.jpush.cn", [record("s.jpush.cn", "A", "198.51.100.3")], 40_002),
        *http("198.51.100.3", post("198.51.100.3", FORM)),
        *http("198.51.100.4", post("198.51.100.4", FORM)),
        *http(
            "198.51.100.5",
            post("data.customer.example", b"crc=1&gzip=0&data_list=" + FORM.replace(b"=", b"%3D"), "/sa"),
        ),
        *http("198.51.100.6", post("ads.customer.example", json.dumps({"a": ID, "app": {"pkg": OTHER}}).encode())),
        *http("198.51.100.7", post("ads.customer.example", FORM + b"&appkey=5f0c7abc")),
        *http("198.51.100.8", post("connect.rom.miui.com", FORM)),
        *http("198.51.100.9", post("other.oss-cn-hangzhou.aliyuncs.com", FORM)),
        *http("198.51.100.11", post("example.oss-cn-hangzhou.aliyuncs.com", FORM)),
        *http("198.51.100.10", post("ads.customer.example", FORM, "/a", f"User-Agent: Mozilla/5.0 {OTHER}/7\r\n")),
    ]
    path = write(folder / "a.pcap", packets)
    (folder / "case.yaml").write_text(CASE)
    (folder / "device.yaml").write_text(DEVICE)
    arguments = ["scan", str(path), "--case", str(folder / "case.yaml"), "--keys", str(talk.keylog)]
    results = []
    for jobs in ("1", "2"):
        out = folder / f"{jobs}.jsonl"
        assert run([*arguments, "--jobs", jobs, "-o", str(out), "--format", "jsonl"]) in (0, 1)
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        results.append([line for line in lines if line["schema"] == "leaktap.finding/1"])
    one, two = results
    assert one == two
    return {line["destination"]["ip"]: line for line in one if line["identifier"] == "android_id"}


@pytest.mark.parametrize(
    ("ip", "party", "sdk", "carrier", "basis"),
    [
        (
            "198.51.100.1",
            "third",
            "GrowingIO",
            "Aliyun (Alibaba)",
            "CNAME shop.growingio.com of t.example-shop.cn: host growingio.com in catalogue; "
            "but case domain example-shop.cn",
        ),
        (
            "198.51.100.2",
            "third",
            "Umeng Analytics",
            "",
            "SNI ulogs.umeng.com: host ulogs.umeng.com in catalogue; the Host says www.bank.example",
        ),
        (
            "198.51.100.3",
            "third",
            "JPush and JCore",
            "",
            "DNS name s.jpush.cn of the address: host s.jpush.cn in catalogue",
        ),
        ("198.51.100.4", "unknown", "", "", "address 198.51.100.4 without a name"),
        (
            "198.51.100.5",
            "third",
            "Sensors Analytics",
            "",
            "body data_list=, gzip=, crc= like Sensors Analytics; host data.customer.example neither the app's nor in "
            "catalogue",
        ),
        (
            "198.51.100.9",
            "unknown",
            "",
            "Aliyun (Alibaba)",
            "host other.oss-cn-hangzhou.aliyuncs.com is a carrier's, and nothing says whose traffic it is",
        ),
        (
            "198.51.100.11",
            "first",
            "",
            "Aliyun (Alibaba)",
            "example.oss-cn-hangzhou in front of aliyuncs.com like package com.example.shop",
        ),
    ],
)
def test_who_received_it(found, ip, party, sdk, carrier, basis):
    owner = found[ip]["owner"]
    assert (owner["party"], owner["sdk"], owner["carrier"], owner["basis"]) == (party, sdk, carrier, basis)


@pytest.mark.parametrize(
    ("ip", "package", "basis"),
    [
        ("198.51.100.1", "com.example.shop", "case"),
        ("198.51.100.6", OTHER, "pkg in the body"),
        ("198.51.100.7", "com.example.shop", "an app's key"),
        ("198.51.100.8", None, ""),
        ("198.51.100.10", OTHER, "User-Agent"),
    ],
)
def test_which_app_sent_it(found, ip, package, basis):
    app = found[ip]["app"]
    assert (app["package"], app["basis"]) == (package, basis) if package else app is None


PHONES = {"left": ("10.0.0.9", "3872b07eac71d316"), "right": ("10.0.0.10", "91c04be7d52a60f8")}
APPS = {
    "com.example.shop": "X-Requested-With: com.example.shop\r\n",
    OTHER: f"User-Agent: {OTHER}/7 (Android)\r\n",
    "com.example.map": "X-Android-Package: com.example.map\r\n",
}
SDKS = {"ulogs.umeng.com": "Umeng Analytics", "s.jpush.cn": "JPush and JCore", "api.example-shop.cn": ""}


def test_three_apps_on_two_phones_are_kept_apart(tmp_path):
    packets, expected = [], {}
    for index, (phone, package, host) in enumerate((p, a, h) for p in PHONES for a in APPS for h in SDKS):
        client, value = PHONES[phone]
        server = f"198.51.100.{index + 1}"
        request = post(host, f"android_id={value}".encode(), headers=APPS[package])
        packets += stream([(0, request), (1, OK)], port=80, client=client, server=server)
        expected[server] = (phone, package, SDKS[host])
    devices = []
    for phone, (client, value) in PHONES.items():
        file = tmp_path / f"{phone}.yaml"
        file.write_text(f"name: {phone}\naddresses: {{ip: {client}}}\nidentifiers: {{android_id: {value}}}\n")
        devices += ["--device", str(file)]
    (tmp_path / "case.yaml").write_text("app: {package: com.example.shop, domains: [example-shop.cn]}\n")
    path, out = write(tmp_path / "a.pcap", packets), tmp_path / "out.jsonl"
    run(
        [
            "scan",
            str(path),
            "--case",
            str(tmp_path / "case.yaml"),
            *devices,
            "--before-consent",
            "--jobs",
            "2",
            "-o",
            str(out),
        ]
    )
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    found = {
        line["destination"]["ip"]: (line["device"]["name"], line["app"]["package"], line["owner"]["sdk"])
        for line in lines
        if line["schema"] == "leaktap.finding/1" and line["identifier"] == "android_id"
    }
    assert found == expected
    tested = {ip for ip, (_, package, _) in expected.items() if package == "com.example.shop"}
    blamed = {
        line["destination"]["ip"] for line in lines if line["schema"].startswith("leaktap.finding") and line["clauses"]
    }
    assert blamed == tested
