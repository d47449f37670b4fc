"""Faces: an image under a name for one, or sent to a place that is called after faces. Nobody looks at the picture, so
this points to something and proves nothing.
"""

import re
from collections.abc import Iterator

from leaktap.identifiers import _content as content
from leaktap.identifiers._api import Candidate, Identifier, Verdict
from leaktap.model import Direction, Leaf, Match, Message

_FILE = re.compile(r"[^/\\]{1,200}\.(?:jpe?g|png|heic|webp|bmp|mp4)", re.IGNORECASE)
_BASE64 = ("/9j/", "iVBORw0KGgo", "Qk0", "UklGR")
_MAGICS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
_PART = re.compile(
    rb"\A--[^\r\n]{1,80}\r\n[\s\S]*?\r\n\r\n(?:\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP)"
    rb"|[\"'=,](?:/|\\/|%2[Ff])9j(?:/|\\/|%2[Ff])[A-Za-z0-9+/\\%]{400}|[\"'=,]iVBORw0KGgo[A-Za-z0-9+/\\%]{400}"
)
"""An image as a part of a form (RFC 7578), or in base64 as a value of a document."""
_PLACE = re.compile(r"(?:^|[^a-z])(?:face|faceid|facecompare|faceverify|liveness|renlian|biometric)(?:[^a-z]|$)")
_HEAD = 4096
_SMALLEST = 1024


def _judge(candidate: Candidate) -> Verdict | None:
    if not candidate.named:
        return None
    if len(candidate.leaf.value) >= _SMALLEST:
        if candidate.text.startswith(_BASE64):
            return Verdict("key", 0.8, why="an image in base64")
        if candidate.leaf.value.startswith(_MAGICS):
            return Verdict("key", 0.8, why="an image")
    if candidate.key.endswith("filename") and _FILE.fullmatch(candidate.text):
        return Verdict("key", 0.75, why="an image file")
    return None


def _whole(message: Message, direction: Direction) -> Iterator[Match]:
    """Yields a match for an image that is a request's body, a part of it, or in base64 a value in it, if host or path
    are called after faces.
    """
    if direction != "request" or not message.body:
        return
    host = message.header(b"host") or message.header(b":authority")
    path = message.start[1].partition("?")[0]
    if not _PLACE.search(f"{host.decode('latin-1')}{path}".lower()):
        return
    names = content.codings(message)
    body = (content.head(message.body, names, _HEAD) if names else message.body) or message.body
    if len(body) >= _SMALLEST and (body.startswith(_MAGICS) or _PART.search(body)):
        leaf = Leaf("|".join(("request.body", *names)), body[:_HEAD], via=names)
        kind = "image"
        yield Match(
            leaf, "biometric", "identity", kind, (0, 3), (), "structure", 0.6, why="an image to a place named for faces"
        )


_WHAT = "(?:image|img|photo|pic|picture|data|file|base64|pictures|video)"

IDENTIFIERS = (
    Identifier(
        "biometric",
        "identity",
        keys=(
            "(?:user|live|verify|auth|best|id|my|upload)?_(?:face|liveness|facial|selfie|renlian)"
            f"_{_WHAT}?_(?:{_WHAT}|filename)?",
            f"id_card_(?:front|back)_{_WHAT}?_(?:filename)?",
            f"(?:{_WHAT}_)?(?:face|selfie|best|env)_(?:filename)?|人脸(?:照片|图片|图像)?",
        ),
        known_keys=("(?:.*_)?(?:face|finger_print|voice_print|iris)_(?:id|token|data)?",),
        judge=_judge,
        long_values=True,
        whole=_whole,
    ),
)
