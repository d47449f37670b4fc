"""Programs are told by their bytes; what only looks like one by name or by its first bytes is none."""

import gzip
import hashlib
import io
import zipfile

import brotli
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


BUNDLE = b"var __BUNDLE_START_TIME__=this.nativePerformanceNow?nativePerformanceNow():Date.now();" * 90
CODED = "the hash is of the body as it came, which could not be decoded whole"


def downloaded(body, coding, missing=0):
    return list(Matcher().whole(answer(body, coding, missing), "response"))


def answer(body, coding, missing=0):
    return Message(("HTTP/1.1", "200", "OK"), ((b"Content-Encoding", coding),), body, missing=missing)


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        (BUNDLE, "js"),
        (b"dex\n035\0" + bytes(9000), "dex"),
        (packed(*map(str, range(99)), "AndroidManifest.xml"), "apk"),
    ],
)
@pytest.mark.parametrize(("coding", "code"), [(b"gzip", gzip.compress), (b"br", brotli.compress)])
def test_a_coded_body_is_known_by_the_file_in_it(file, kind, coding, code):
    (match,) = downloaded(code(file), coding)
    assert (match.form, match.value, match.why) == ((kind,), hashlib.sha256(file).hexdigest(), "")
    assert match.leaf.path == f"response.body|{coding.decode()}"


@pytest.mark.parametrize("coding", [b"gzip", b"br"])
def test_coded_text_is_no_program(coding):
    code = gzip.compress if coding == b"gzip" else brotli.compress
    assert not downloaded(code(b'{"bundle":"dex\\n035","ok":true}' * 90), coding)
    assert not downloaded(code(packed("word/document.xml")), coding)
    assert not downloaded(code(BUNDLE)[:20], b"identity")


def test_a_header_that_lies_hides_no_program():
    (match,) = downloaded(BUNDLE, b"gzip")
    assert (match.value, match.leaf.path) == (hashlib.sha256(BUNDLE).hexdigest(), "response.body")


def test_what_cannot_be_decoded_whole_is_told_with_the_hash_of_what_came():
    body = gzip.compress(BUNDLE)[:-9]
    (match,) = downloaded(body, b"gzip")
    assert (match.form, match.value, match.why) == (("js",), hashlib.sha256(body).hexdigest(), CODED)
    (match,) = downloaded(BUNDLE, b"", missing=7)
    assert match.why == "the hash is of a part: the rest is missing"
