"""Makes leaves of HTTP requests by hand, with the paths that the decoders give."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from leaktap.config import DeviceProfile
from leaktap.identifiers.matcher import Matcher
from leaktap.model import Leaf


def leaf(value: str | bytes, *keys: str, path: str = "") -> Leaf:
    data = value if isinstance(value, bytes) else value.encode()
    return Leaf(path or ".".join(("request.body|json.$", *keys)), data, keys)


def json_leaves(data: object, path: str = "request.body|json.$", keys: tuple[str, ...] = ()) -> Iterator[Leaf]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from json_leaves(value, f"{path}.{key}", (*keys, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from json_leaves(value, f"{path}[{index}]", keys)
    elif isinstance(data, str):
        yield from text_leaves(data, path, keys)
    elif data is not None:
        yield Leaf(path, json.dumps(data).encode(), keys)


def text_leaves(text: str, path: str, keys: tuple[str, ...]) -> Iterator[Leaf]:
    """Yields both readings of a text: as it stands, and decoded where it is JSON or percent-encoded."""
    yield Leaf(path, text.encode(), keys)
    if text[:1] in ("{", "["):
        try:
            yield from json_leaves(json.loads(text), path + "|json.$", keys)
        except ValueError:
            return
    elif "%" in text and unquote(text) != text:
        yield from text_leaves(unquote(text), path + "|percent", keys)


def request_leaves(request: dict) -> list[Leaf]:
    """Returns the leaves of a HAR entry's request."""
    found = []
    for name, value in parse_qsl(urlsplit(request["url"]).query, keep_blank_values=True):
        found += text_leaves(value, f"request.query.{name}", (name,))
    for header in request["headers"]:
        name = header["name"].lower()
        found += text_leaves(header["value"], f"request.header.{name}", (name,))
    post = request.get("postData") or {}
    text = post.get("text", "")
    if post.get("encoding") == "base64":
        text = base64.b64decode(text).decode("utf-8", "replace")
    if "urlencoded" in post.get("mimeType", ""):
        for name, value in parse_qsl(text, keep_blank_values=True):
            found += text_leaves(value, f"request.body|form.{name}", (name,))
    elif text:
        found += text_leaves(text, "request.body", ())
    return found


def profile(name: str = "phone", /, **identifiers: object) -> DeviceProfile:
    return DeviceProfile.model_validate({"name": name, "identifiers": identifiers})


def told(matcher: Matcher, value: str | bytes, *keys: str) -> list[tuple]:
    """Returns (identifier, value, form, basis, confidence) for what is found in a single leaf."""
    return [
        (match.identifier, match.value, match.form, match.basis, match.confidence)
        for match in matcher.match([leaf(value, *keys)])
    ]


def assert_rows(matcher: Matcher, key: str, value: str, expected: tuple | None) -> None:
    """Compares with (identifier, basis, confidence[, form]), or with nothing for None."""
    found = told(matcher, value, *key.split("."))
    if expected is None:
        assert found == []
    else:
        identifier, basis, confidence, *form = expected
        assert found == [(identifier, value.strip(), tuple(form[0]) if form else (), basis, confidence)]
