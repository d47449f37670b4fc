import base64
import gzip
import json
from urllib.parse import quote

import pytest

from leaktap.model import Message
from tests.identifiers.leaves import leaf

PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 8
TEXT = base64.b64encode(PICTURE).decode()


def told(stranger, value, *keys):
    return [(m.identifier, m.confidence) for m in stranger.match([leaf(value, *keys)])]


@pytest.mark.parametrize(
    ("value", "keys", "confidence"),
    [
        (TEXT, ("face_image",), 0.8),
        (TEXT, ("livenessImage",), 0.8),
        (TEXT, ("人脸照片",), 0.8),
        (PICTURE, ("face_image",), 0.8),
        ("a.jpg", ("face_photo", "filename"), 0.75),
        ("1.PNG", ("selfie", "filename"), 0.75),
    ],
)
def test_images_named_for_faces(stranger, value, keys, confidence):
    assert told(stranger, value, *keys) == [("biometric", confidence)]


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        (TEXT, ("avatar",)),
        (PICTURE, ("avatar",)),
        (PICTURE[:200], ("face_image",)),
        (bytes(range(256)) * 8, ("face_image",)),
        (TEXT, ("interface_image",)),
        (TEXT[:200], ("face_image",)),
        ("a.jpg", ("photo", "filename")),
        ("a.txt", ("face_photo", "filename")),
        ("/9j/4", ("face",)),
        ("smile", ("face_data",)),
        ("1", ("face_id",)),
    ],
)
def test_other_images(stranger, value, keys):
    assert told(stranger, value, *keys) == []


@pytest.mark.parametrize(
    ("host", "target", "body", "direction", "expected"),
    [
        (b"face.example", "/v1/upload", PICTURE, "request", 1),
        (b"api.example", "/v1/face/compare?x=1", PICTURE, "request", 1),
        (b"api.example", "/v1/interface/upload", PICTURE, "request", 0),
        (b"facebook.example", "/v1/upload", PICTURE, "request", 0),
        (b"surface.example", "/typefaces", PICTURE, "request", 0),
        (b"api.example", "/v1/avatar", PICTURE, "request", 0),
        (b"face.example", "/v1/upload", b"{}" * 1000, "request", 0),
        (b"face.example", "/v1/upload", PICTURE[:100], "request", 0),
        (b"face.example", "/v1/upload", PICTURE, "response", 0),
    ],
)
def test_images_sent_to_places_named_for_faces(stranger, host, target, body, direction, expected):
    message = Message(("POST", target, "HTTP/1.1"), ((b"Host", host),), body)
    found = [match for match in stranger.whole(message, direction) if match.identifier == "biometric"]
    assert len(found) == expected
    assert all(match.confidence < 0.7 for match in found)


HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="1.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (HEAD + PICTURE + b"\r\n--b--\r\n", (), 1),
        (gzip.compress(PICTURE), ((b"Content-Encoding", b"gzip"),), 1),
        (json.dumps({"v": 3, "img": TEXT}).encode(), (), 1),
        (json.dumps({"v": 3, "img": "data:image/jpeg;base64," + TEXT}).encode().replace(b"/", b"\\/"), (), 1),
        (b"v=3&img=" + quote(TEXT, safe="").encode(), (), 1),
        (b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n' + b"7" * 2000 + b"\r\n--b--\r\n", (), 0),
        (gzip.compress(b"{}" * 9000) + bytes(2000), ((b"Content-Encoding", b"gzip"),), 0),
        (json.dumps({"v": 3, "img": TEXT[:100], "text": "x" * 2000}).encode(), (), 0),
        (json.dumps({"v": 3, "img": "a" + TEXT}).encode(), (), 0),
    ],
)
def test_images_in_what_is_sent_there(stranger, body, headers, expected):
    message = Message(("POST", "/upload", "HTTP/1.1"), ((b"Host", b"face.example"), *headers), body)
    found = [match for match in stranger.whole(message, "request") if match.identifier == "biometric"]
    assert len(found) == expected
    elsewhere = Message(("POST", "/upload", "HTTP/1.1"), ((b"Host", b"photos.example"), *headers), body)
    assert not [match for match in stranger.whole(elsewhere, "request") if match.identifier == "biometric"]
