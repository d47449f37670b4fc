"""The message that DNS, mDNS, LLMNR and NetBIOS names share, and which of them one is (RFC 1035, section 4).

There is no magic number, so a message is believed only if its counts, names and lengths use up all of its bytes. What
tells the four apart is what they prescribe: mDNS has id 0 and does not ask for recursion (RFC 6762, section 18), LLMNR
asks for one label without recursion (RFC 4795, section 2.1.1), NetBIOS encodes its names (RFC 1001, section 14.1).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from leaktap.wire._bytes import CLIENT

A, CNAME, PTR, AAAA, SVCB, HTTPS, NB, NBSTAT = 1, 5, 12, 28, 64, 65, 32, 33

_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    13: "HINFO",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    32: "NB",
    33: "SRV",
    35: "NAPTR",
    39: "DNAME",
    41: "OPT",
    43: "DS",
    46: "RRSIG",
    47: "NSEC",
    48: "DNSKEY",
    52: "TLSA",
    64: "SVCB",
    65: "HTTPS",
    251: "IXFR",
    252: "AXFR",
    255: "ANY",
    257: "CAA",
}
_OPCODES = {0: "QUERY", 4: "NOTIFY", 5: "UPDATE"}
_NBNS_OPCODES = {0: "QUERY", 5: "REGISTRATION", 6: "RELEASE", 7: "WACK", 8: "REFRESH", 9: "REFRESH"}
_RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_CLASSES = frozenset({1, 3, 4, 254, 255})
_HEAD = 12
_MOST_NAME = 255
_NETBIOS = re.compile("[A-P]{32}")


class BadDns(ValueError):
    """Bytes that are no message: `str()` says how."""


class Question(NamedTuple):
    """What is asked for; `kind` is the type's number."""

    name: str
    kind: int
    group: int


class Record(NamedTuple):
    """A resource record; its data lie in the message from `at` to before `end`."""

    name: str
    kind: int
    group: int
    at: int
    end: int


@dataclass(slots=True)
class DnsMessage:
    """A message that was read. `records` begin with the `answers` answers; `end` is where it stops in `data`."""

    data: bytes
    id: int
    flags: int
    questions: list[Question]
    records: list[Record]
    answers: int
    end: int
    names: "_Reader"

    @property
    def response(self) -> bool:
        """Whether it is one."""
        return bool(self.flags & 0x8000)

    @property
    def opcode(self) -> int:
        """What the message is for; 0 is a query."""
        return self.flags >> 11 & 15

    @property
    def asked(self) -> Question | None:
        """What it is about: the first question, or the first record."""
        return next(iter(self.questions or [Question(*record[:3]) for record in self.records]), None)

    def host(self, record: Record, skip: int = 0) -> str:
        """Returns the name that stands in a record's data behind `skip` bytes; raises BadDns."""
        return self.names.read(record.at + skip)[0]

    def content(self, record: Record) -> bytes:
        """Returns a record's data."""
        return self.data[record.at : record.end]


class _Reader:
    """Reads names; each place is read once, so that names which point to names cost no more than their bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._known: dict[int, tuple[str, ...]] = {}

    def read(self, at: int) -> tuple[str, int]:
        """Returns the name at a place and where what follows begins; raises BadDns."""
        data, begin, after = self._data, at, 0
        labels: list[tuple[int, str]] = []
        rest: tuple[str, ...] = ()
        size = 0
        try:
            while data[at]:
                length = data[at]
                if at in self._known:
                    rest = self._known[at]
                    break
                if length >= 0xC0:
                    target = (length & 0x3F) << 8 | data[at + 1]
                    after = after or at + 2
                    if target >= begin:
                        raise BadDns("a name that points forward")
                    at = begin = target
                    continue
                if length > 63:
                    raise BadDns("a label of an unknown kind")
                label = data[at + 1 : at + 1 + length]
                size += length + 1
                if len(label) < length or size > _MOST_NAME:
                    raise BadDns("a name that is too long")
                labels.append((at, label.decode("utf-8", "backslashreplace")))
                at += 1 + length
        except IndexError:
            raise BadDns("a name beyond the end") from None
        after = after or self._behind(at, bool(rest))
        for place, text in reversed(labels):
            rest = (text, *rest)
            if len(rest) > _MOST_NAME // 2:
                raise BadDns("a name of too many labels")
            self._known[place] = rest
        return ".".join(rest), after

    def _behind(self, at: int, known: bool) -> int:
        """Returns where the name ends that goes on at `at`, with labels that were read before if `known`."""
        data = self._data
        while known and data[at]:
            if data[at] >= 0xC0:
                return at + 2
            at += 1 + data[at]
        return at + 1


def parse(data: bytes) -> DnsMessage:
    """Returns the message that `data` begins with; raises BadDns."""
    if len(data) < _HEAD:
        raise BadDns("shorter than a header")
    number, flags, *counts = (data[at] << 8 | data[at + 1] for at in range(0, _HEAD, 2))
    if _HEAD + 5 * counts[0] + 11 * sum(counts[1:]) > len(data):
        raise BadDns("more records than bytes")
    names, at = _Reader(data), _HEAD
    questions, records = [], []
    for _ in range(counts[0]):
        name, at = names.read(at)
        if at + 4 > len(data):
            raise BadDns("a question beyond the end")
        questions.append(Question(name, data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]))
        at += 4
    for _ in range(sum(counts[1:])):
        name, at = names.read(at)
        if at + 10 > len(data):
            raise BadDns("a record beyond the end")
        begin = at + 10
        end = begin + (data[at + 8] << 8 | data[at + 9])
        if end > len(data):
            raise BadDns("a record longer than the message")
        records.append(Record(name, data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3], begin, end))
        at = end
    return DnsMessage(data, number, flags, questions, records, counts[1], at, names)


@lru_cache(8)
def kind(side: int, data: bytes) -> str:
    """Returns which protocol the message `data` from a side belongs to: dns, mdns, llmnr, nbns, or nothing."""
    if len(data) < _HEAD + 5 or data[3] & 0x40 or not any(data[4:8]):
        return ""
    try:
        message = parse(data)
    except BadDns:
        return ""
    asked = message.asked
    if asked is None or message.end != len(data) or not all(question.kind for question in message.questions):
        return ""
    if asked.kind in (NB, NBSTAT) and _NETBIOS.match(asked.name):
        return "nbns" if message.opcode in _NBNS_OPCODES else ""
    flags, response = message.flags, message.response
    if message.opcode or not all(question.group & 0x7FFF in _CLASSES for question in message.questions):
        return ""
    recursion = flags & 0x0180
    local = asked.name.lower().endswith((".local", ".254.169.in-addr.arpa"))
    alone = message.id == 0 and not recursion and asked.name and not (response and message.questions)
    if alone or (local and not flags & 0x0100):
        return "mdns"
    if len(message.questions) != 1 or response != (side != CLIENT):
        return ""
    if not response and (message.answers or flags & 0x008F or len(message.records) > 3):
        return ""
    label = asked.name.count(".") == 0 or asked.name.endswith(".arpa")
    return "llmnr" if asked.name and label and not recursion and not flags & 0x0030 else "dns"


def method(message: DnsMessage, protocol: str) -> str:
    """Returns what a message does, in the word of its protocol."""
    known = _NBNS_OPCODES if protocol == "nbns" else _OPCODES
    return known.get(message.opcode, f"OPCODE{message.opcode}")


def target(question: Question | None, protocol: str) -> tuple[str, str]:
    """Returns what is asked for as a target in origin form, and the type's name."""
    if question is None:
        return "/", ""
    name = netbios(question.name)[0] if protocol == "nbns" else question.name
    known = "NBSTAT" if protocol == "nbns" and question.kind == NBSTAT else _TYPES.get(question.kind)
    return "/" + quote(name, safe="/:@!$&'()*+,;=~ "), known or f"TYPE{question.kind}"


def status(message: DnsMessage) -> tuple[str, str]:
    """Returns the response code as number and word."""
    code = message.flags & 15
    return str(code), _RCODES[code] if code < len(_RCODES) else ""


def netbios(name: str) -> tuple[str, int]:
    """Returns a NetBIOS name and its suffix (RFC 1001, section 14.1); the name as it is, and -1, where it is none."""
    label = name.partition(".")[0]
    if not _NETBIOS.fullmatch(label):
        return name, -1
    letters = label.encode("ascii")
    raw = bytes((high - 65) << 4 | (low - 65) for high, low in zip(letters[::2], letters[1::2], strict=True))
    return raw[:15].rstrip(b" \0").decode("latin-1"), raw[15]
