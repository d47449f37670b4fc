"""Programs are told by their bytes; what only looks like one by name or by its first bytes is none."""

import hashlib
import io
import zipfile

import pytest

from leaktap.identifiers.code_download import IDENTIFIERS, kind_of
from leaktap.identifiers.matcher import Matcher
from leaktap.model import Message


def packed(*names, compress=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compress) as archive:
        for name in names:
            archive.writestr(name, b"content of " + name.encode())
    return out.getvalue()


ELF = b"\x7fELF\x02\x01\x01" + bytes(9)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (packed("AndroidManifest.xml", "classes.dex", "META-INF/MANIFEST.MF"), "apk"),
        (packed("classes.dex"), "jar"),
        (packed("META-INF/MANIFEST.MF", "com/example/Plugin.class"), "jar"),
        (b"dex\n035\0" + bytes(40), "dex"),
        (b"dex\n039\0" + bytes(40), "dex"),
        (ELF + b"\x03\x00\xb7\x00", "so"),
        (bytes.fromhex("c61fbc03c103191f") + bytes(20), "js"),
        (b"var __BUNDLE_START_TIME__=this.nativePerformanceNow?nativePerformanceNow():Date.now();", "js"),
        (packed("word/document.xml", "[Content_Types].xml"), ""),
        (packed("META-INF/MANIFEST.MF"), ""),
        (ELF + b"\x02\x00\xb7\x00", ""),
        (b"dex\nabc\0" + bytes(40), ""),
        (b"index of files: plugin.apk, classes.dex", ""),
        (b"(function(){var a=1;return a})()", ""),
        (b"PK\x03\x04", ""),
        (b"", ""),
    ],
)
def test_kinds(body, kind):
    assert kind_of(body) == kind


def test_only_responses_count_and_the_hash_names_the_body():
    body = packed("AndroidManifest.xml")
    message = Message(("HTTP/1.1", "200", "OK"), body=body)
    (match,) = Matcher().whole(message, "response")
    assert (match.identifier, match.form, match.value) == ("code_download", ("apk",), hashlib.sha256(body).hexdigest())
    assert not list(Matcher().whole(message, "request"))
    assert IDENTIFIERS[0].whole
