"""A session as a HAR 1.2 file, as a browser or proxy exports it: bodies as text, or as base64 where they are none."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from captures.make.messages import Call, Fields, Session


def write(session: Session, path: Path) -> None:
    """Writes the calls in the order of time."""
    entries = [_entry(session, call) for call in sorted(session.calls, key=lambda call: call.at)]
    log = {"version": "1.2", "creator": {"name": "captures.make", "version": "1"}, "pages": [], "entries": entries}
    path.write_text(json.dumps({"log": log}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _entry(session: Session, call: Call) -> dict[str, Any]:
    server = session.hosts[call.host]
    started = session.start + timedelta(microseconds=round(call.at * 1_000_000))
    url = f"{'https' if server.tls else 'http'}://{call.host}{call.target}"
    request: dict[str, Any] = {
        "method": call.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _fields((("Host", call.host), *call.headers)),
        "queryString": [],
        "headersSize": -1,
        "bodySize": len(call.body),
    }
    if call.body:
        kind = next((value for name, value in call.headers if name.lower() == "content-type"), "")
        request["postData"] = {"mimeType": kind, **_text(call.body)}
    reply = call.reply
    kind = next((value for name, value in reply.headers if name.lower() == "content-type"), "")
    return {
        "startedDateTime": started.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "time": round(call.took * 1000),
        "request": request,
        "response": {
            "status": reply.status,
            "statusText": reply.reason,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _fields(reply.headers),
            "content": {"size": len(reply.body), "mimeType": kind, **_text(reply.body)},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(reply.body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": round(call.took * 1000), "receive": 0},
        "serverIPAddress": server.ip,
    }


def _fields(headers: Fields) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
