"""Invented records, each field overridable."""

from leaktap.model import (
    App,
    Blind,
    ClauseHit,
    Coverage,
    Declared,
    Device,
    Endpoint,
    Exchange,
    Fault,
    Finding,
    Inventory,
    Leaf,
    Match,
    Message,
    Origin,
    Owner,
    Phase,
    Summary,
)

TIME = 1_795_255_203_250_001  # 2026-11-21T10:00:03.250001Z
IMEI = "867530912345672"
MAC = "a4:50:46:12:34:56"


def exchange(
    host="log.umeng.example", target="/v1/up?x=1", transport="tcp", stream=3, frames=(12, 14, 15, 16, 17), flow=None
):
    return Exchange(
        id="x1",
        time=TIME,
        client=Endpoint("192.168.1.5", 40000, MAC),
        server=Endpoint("203.0.113.7", 443),
        scheme="https",
        host=host,
        request=Message(("POST", target, "HTTP/1.1"), time=TIME, frames=tuple(frames)),
        response=None,
        origin=Origin("capture.pcapng", transport=transport, stream=stream, flow=flow, decrypted=True),
    )


def match(
    value=IMEI, identifier="imei", category="device_id", form=(), path="request.body|json.$.imei", raw=None, **more
):
    raw = value.encode("utf-8", "surrogateescape") if raw is None else raw
    leaf = Leaf(path, raw, ("imei",), tuple(piece.split(".")[0] for piece in path.split("|")[1:]))
    return Match(leaf, identifier, category, value, (0, len(raw)), form, "known", 0.99, device="lab-phone-3", **more)


def finding(number=1, url=None, clauses=None, severity="high", phase=None, owner=None, time=TIME, app=True, **parts):
    ours = {key: parts.pop(key) for key in ("host", "target", "transport", "stream", "frames", "flow") if key in parts}
    traffic = exchange(**ours)
    if clauses is None:
        clauses = (
            ClauseHit("CAC-191-2019/3.1", "Collecting before the user consents", "high", "direct"),
            ClauseHit("MIIT-337-2019/1-2", "Collecting before the user agrees", "medium", "direct"),
        )
    return Finding(
        id=f"f{number:04}",
        time=time,
        match=match(**parts),
        value_ref="v_5f2c",
        direction="request",
        exchange=traffic,
        url=f"https://{traffic.host}{traffic.request.start[1]}" if url is None else url,
        device=Device("lab-phone-3", MAC, "192.168.1.5"),
        app=App("com.example.shop", "Example Shop", "case") if app else None,
        owner=owner or Owner("third", "Umeng Analytics", "Umeng", "analytics", "host suffix umeng.example"),
        phase=phase or Phase("before_consent", event="notice", to_consent=15_750_000),
        clauses=tuple(clauses),
        severity=severity,
    )


def blind(**parts):
    defaults = {
        "time": TIME,
        "why": "no_key",
        "protocol": "tls",
        "host": "push.example.net",
        "ip": "203.0.113.9",
        "port": 443,
    }
    return Blind(**{**defaults, "bytes": 48_200, "source": "capture.pcapng", "frames": (3, 9), "stream": 4, **parts})


def fault(**parts):
    return Fault(**{"stage": "source", "where": "capture.pcapng: byte 4711, packet 12", "why": "cut short", **parts})


def summary(**parts):
    defaults = {
        "inputs": ("capture.pcapng",),
        "exchanges": 214,
        "bytes": 45_200_000,
        "inspected_share": 0.97,
        "findings": {"high": 2, "low": 1},
        "clauses": {"CAC-191-2019/3.1": 2},
        "blind": {"no_key": 1},
        "blind_bytes": {"no_key": 48_200},
        "faults": 1,
        "seconds": 0.9,
        "mb_per_s": 50.2,
        "unobservable": ("CAC-191-2019/1.1", "CAC-191-2019/1.3", "MIIT-337-2019/8"),
    }
    return Summary(**{**defaults, **parts})


def inventory(**parts):
    defaults = {
        "identifier": "imei",
        "category": "device_id",
        "direction": "request",
        "owner": Owner("third", "Umeng Analytics", "Umeng", "analytics", "host suffix umeng.example"),
        "hosts": {"log.umeng.example": 3},
        "app": App("com.example.shop", "Example Shop", "case"),
        "device": Device("lab-phone-3", MAC, "192.168.1.5"),
        "count": 3,
        "values": 1,
        "first": TIME,
        "last": TIME + 61_000_000,
        "phases": {"before_consent": 2, "consented": 1},
        "background": 1,
        "forms": {(): 1, ("md5", "hex"): 2},
        "severity": "high",
        "confidence": 0.99,
        "findings": ("f0001", "f0002", "f0003"),
    }
    return Inventory(**{**defaults, **parts})


def declared(**parts):
    defaults = {
        "subject": "identifier",
        "name": "imei",
        "verdict": "weaker",
        "form": "md5",
        "max_per_hour": 12,
        "recipients": ("Umeng Analytics",),
        "count": 3,
        "exchanges": 2,
        "per_hour": 2,
        "forms": {(): 1, ("md5", "hex"): 2},
        "first": TIME,
        "last": TIME + 61_000_000,
        "confidence": 0.99,
        "proof": ("x1",),
        "findings": ("f0001",),
        "coverage": Coverage(0.97, {"no_key": 1}),
    }
    return Declared(**{**defaults, **parts})


HOSTILE = (
    '=HYPERLINK("http://evil.example","x")',
    "+1|cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "]]><!-- & &amp; -->",
    "@everyone #1 http://evil.example www.evil.example",
    "\x00\x1b[31mred\x7f\x9b",
    "a\r\nInjected: header\n| x | y |",
    "`|` ``` ||",
    "[text](http://evil.example) ![x](y) {0} {{1}} \\[",
    "\"',;\t a=b c\\=d",
    "\udc80 lone",
    "\u202egnp\u2028\u2029\ufffe\uffff",
    "名称＝1，值",
    '<!channel> <at user_id="all">',
    "x" * 5000,
)
"""What captured text may say in order to be more than text."""


def hostile_records(text):
    """Every kind of record with captured text wherever there can be some."""
    return [
        finding(
            value=text or "x",
            path=f"request.body|json.$.{text}",
            host=text,
            target=f"/{text}?{text}={text}",
            url=f"https://{text}/{text}?{text}={text}",
            identifier=f"custom.{text}",
            form=(text,),
            why=text,
            owner=Owner("third", text, text, text, text),
            clauses=(ClauseHit("CAC-191-2019/3.1", "Collecting before the user consents", "high", "direct"),),
        ),
        blind(host=text, detail=text, protocol=text),
        fault(where=text, why=text),
        summary(inputs=(text,)),
    ]
