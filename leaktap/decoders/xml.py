"""XML (https://www.w3.org/TR/xml/): attributes, texts, CDATA, comments and instructions of a document, read by expat.

A path is `.root.child[1]`, without prefixes, the index from the second of a name on; attributes are `.@name`. Keys are
the elements' names, and the value of an attribute `name` or `key`, for many write `<string name="imei">`. A document
that declares entities is not read: they are how little becomes much. What is behind `http://` stays there.
"""

import codecs
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._pace import PER_LOOK
from leaktap.decoders._plain import Steps, is_text

_TYPES = ("text/xml", "application/xml", "application/*+xml", "image/svg+xml")
_SHAPE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:[A-Za-z_?\xc3-\xf4]|!DOCTYPE|!--)")
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\s")
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,80}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_CALLED = ("name", "key")
_JSON_INSIDE = rb"&(?:amp;){0,8}quot;\s{0,4}:\s{0,4}(?:&|[0-9\[{])"
_TAIL = 64
_DEEPEST = 64
_ELEMENTS_PER_PART = 10
_DEEPEST_SEEN = 10_000
"""The parser needs memory for each element that is open."""


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the texts and attributes."""
    told = "xml" in context.content_type or _DECLARATION.match(data) is not None
    if not told and b">" not in data[-_TAIL:]:
        return None
    reading = _Reading(context)
    try:
        reading.read(_as_utf8(data))
    except expat.ExpatError as error:
        if told:
            raise DecodeError(str(error), reading.parts) from None
        return None
    if reading.too_deep:
        raise LimitReached("depth", reading.parts)
    return reading.parts or None


def _as_utf8(data: bytes) -> bytes:
    """Undoes a charset that the document declares: expat knows few."""
    if is_text(data):
        return data
    declared = _DECLARED.match(data)
    try:
        charset = codecs.lookup(declared[1].decode()).name if declared else "utf-8"
        text = data.decode(charset, "replace")
    except LookupError:
        return data
    return text.encode("utf-8", "replace")


@dataclass(slots=True)
class _Element:
    """An element that is open: its place, its keys, and the text directly in it so far."""

    path: str
    keys: tuple[str, ...]
    steps: Steps = field(default_factory=Steps)
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """Takes expat's events."""

    context: Context
    parts: list[Part] = field(default_factory=list)
    stack: list[_Element] = field(default_factory=lambda: [_Element("", ())])
    below: int = 0
    elements: int = 0
    too_deep: bool = False

    def read(self, data: bytes) -> None:
        """Reads a document.

        Raises:
            expat.ExpatError: it is not well-formed.
            LimitReached: it holds more parts than may be listed.
            DecodeError: it declares entities.
        """
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self.begin
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.CommentHandler = self.comment
        parser.ProcessingInstructionHandler = self.instruction
        parser.EntityDeclHandler = self.entity
        parser.Parse(data, True)

    def begin(self, tag: str, attributes: list[str]) -> None:
        """Opens an element and lists its attributes."""
        self.elements += 1
        if self.elements > self.context.most * _ELEMENTS_PER_PART:
            raise LimitReached("parts", self.parts)
        if not self.elements % PER_LOOK and time.thread_time() > self.context.deadline:
            raise LimitReached("seconds", self.parts)
        if self.below or len(self.stack) > _DEEPEST:
            self.below += 1
            self.too_deep = True
            if self.below > _DEEPEST_SEEN:
                raise LimitReached("depth", self.parts)
            return
        parent = self.stack[-1]
        name = tag.rpartition(":")[2]
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        called = tuple(value for attribute, value in pairs if attribute.lower() in _CALLED)[:1]
        element = _Element(parent.path + parent.steps.step(name), (*parent.keys, name, *called))
        self.stack.append(element)
        for attribute, value in pairs:
            if not attribute.startswith("xmlns"):
                short = attribute.rpartition(":")[2]
                self.add(value, element.path + element.steps.step("@" + short), (*element.keys, short))

    def end(self, _tag: str) -> None:
        """Closes an element and lists its text."""
        if self.below:
            self.below -= 1
            return
        element = self.stack.pop()
        self.add("".join(element.text), element.path, element.keys)

    def characters(self, text: str) -> None:
        """Takes a piece of text."""
        if not self.below:
            self.stack[-1].text.append(text)

    def comment(self, text: str) -> None:
        """Lists a comment."""
        element = self.stack[-1]
        self.add(text, element.path + element.steps.step("#comment"), element.keys)

    def instruction(self, target: str, text: str) -> None:
        """Lists a processing instruction."""
        element = self.stack[-1]
        self.add(text, element.path + element.steps.step("?" + target), (*element.keys, target))

    def entity(self, name: str, *_: object) -> None:
        """Refuses a document that declares entities."""
        raise DecodeError(f"declares the entity {name[:40]!r}", self.parts)

    def add(self, text: str, path: str, keys: tuple[str, ...]) -> None:
        """Lists a text without the space around it, if it has any other character."""
        value = text.strip().encode("utf-8", "replace")
        if not value:
            return
        if len(self.parts) >= self.context.most:
            raise LimitReached("parts", self.parts)
        self.parts.append(Part(value, path, keys))


DECODER = Decoder(
    "xml",
    decode,
    rank=42,
    certain=True,
    hints=(_JSON_INSIDE,),
    transparent=True,
    minimum=7,
    starts=b"\xef< \t\r\n",
    shape=_SHAPE,
    types=_TYPES,
)
