"""Programs that arrive: APK, DEX, JAR, native libraries and script bundles, told by their bytes and not by their names.

No personal information, and the one class that is found in responses: rules against silent downloads and hot updates
ask for it. `Match.form` holds the kind, `Match.value` the SHA-256 of the file, which is the body with its content
coding undone.

Sources: DEX magic, https://source.android.com/docs/core/runtime/dex-format; ELF, System V ABI (e_type 3 is a shared
object); ZIP, PKWARE APPNOTE 4.3; Hermes bytecode magic, `BytecodeFileFormat.h` of facebook/hermes; React Native's
bundle prelude, `metro/src/lib/getPreludeCode.js` of facebook/metro.
"""

import hashlib
import re
from collections.abc import Iterator

from leaktap.identifiers import _content as content
from leaktap.identifiers._api import Identifier
from leaktap.identifiers._content import codings
from leaktap.model import Direction, Leaf, Match, Message

_DEX = re.compile(rb"dex\n0[34][0-9]\x00")
_ELF = re.compile(rb"\x7fELF[\x01\x02][\x01\x02].{10}(?:\x03\x00|\x00\x03)", re.DOTALL)
_HERMES = bytes.fromhex("c61fbc03c103191f")
_METRO = re.compile(rb"var __BUNDLE_START_TIME__\s*=|__d\(\(?function\b")
_ZIP = b"PK\x03\x04"
_BEGIN, _FEWEST_TELLING = 64, 8
_MAY_BE = re.compile(rb"PK\x03\x04|dex\n|\x7fELF|\xc6\x1f\xbc\x03|\s*(?:var _|__d\()")
"""How any of them begins."""

_HEAD = 4096
_CODED = "the hash is of the body as it came, which could not be decoded whole"
_CUT = "the hash is of a part: the rest is missing"


def kind_of(body: bytes) -> str:
    """Returns apk, jar, dex, so or js, or nothing for what is no program."""
    if body.startswith(_ZIP):
        if b"AndroidManifest.xml" in body:
            return "apk"
        return "jar" if b"classes.dex" in body or (b"META-INF/MANIFEST.MF" in body and b".class" in body) else ""
    if _DEX.match(body):
        return "dex"
    if _ELF.match(body):
        return "so"
    return "js" if body.startswith(_HERMES) or _METRO.match(body[:_HEAD].lstrip()) else ""


def _may_be(begin: bytes) -> bool:
    """Tells by its first bytes, behind space, whether something may be a program."""
    return _MAY_BE.match(begin) is not None or len(begin.lstrip()) < _FEWEST_TELLING


def _whole(message: Message, direction: Direction) -> Iterator[Match]:
    body = message.body
    if direction != "response" or len(body) < 8:
        return
    names = codings(message)
    if not (_may_be(body[:_BEGIN]) or (names and _may_be(content.head(body, names, _BEGIN)))):
        return
    head = content.head(body, names, _HEAD) if names else body[:_HEAD]
    if not head:
        names, head = (), body[:_HEAD]
    if not head.startswith(_ZIP) and not kind_of(head):
        return
    file = content.whole(body, names) if names else body
    kind = kind_of(head if file is None else file)
    if kind:
        digest = hashlib.sha256(body if file is None else file).hexdigest()
        leaf = Leaf("|".join(("response.body", *names)), head, via=names)
        yield Match(
            leaf,
            "code_download",
            "behaviour",
            digest,
            (0, len(head)),
            (kind,),
            "structure",
            0.9,
            why=_CODED if file is None else _CUT if message.missing else "",
        )


IDENTIFIERS = (Identifier("code_download", "behaviour", whole=_whole),)
