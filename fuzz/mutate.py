"""How a capture is damaged: one function per kind of damage, found by its name (`damage_...`).

Each takes a draft, a source of chance and another capture, and changes the draft. Damage knows the formats a little:
random bytes alone would seldom get further than the first check.
"""

import random
import re
import struct
from collections.abc import Callable
from contextlib import suppress

from fuzz.draft import SECTION, Draft

type Damage = Callable[[Draft, random.Random, Draft], None]

EDGES = (0, 1, 2, 3, 4, 7, 8, 15, 16, 20, 127, 128, 255, 256, 1 << 14, (1 << 14) + 256, 32767, 32768, 65535)
WIDE = (*EDGES, 1 << 16, 1 << 20, (1 << 24) - 1, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
UNFIT = (struct.error, IndexError, OverflowError)
"""What is raised by damage that does not fit what other damage has left of a record."""
SWAPS = [
    (b"chunked", b"CHUNKED", b"gzip  ,", b"chunke\0"),
    (b"gzip", b"zstd", b"  br", b"zlib"),
    (b"deflate", b"deflat\0", b"     br"),
    (b"POST", b"HEAD", b"PUT ", b"GET "),
    (b"GET ", b"PRI ", b"PUT "),
    (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9"),
    (b" 200 ", b" 100 ", b" 101 ", b" 204 ", b" 304 ", b" 206 ", b" 999 "),
    (b"Content-Length", b"Content-Encodin", b"Content-length", b"Transfer-Encod"),
    (b"application/json", b"application/grpc", b"text/xml        ", b"multipart/mixed;"),
    (b"\r\n\r\n", b"\r\n \r", b"\n\n\r\n", b"\r\n\0\n"),
    (b"{", b"["),
    (b'"', b"\\"),
    (b"%", b"&", b"="),
]


def mutated(seed: bytes, other: bytes, chance: random.Random) -> bytes:
    """Returns a damaged copy of a capture; now and then bytes of another one get into it."""
    draft, donor = Draft.of(seed), Draft.of(other)
    for _ in range(min(1 + int(chance.expovariate(0.6)), 12)):
        if draft.records:
            with suppress(*UNFIT):
                chance.choice(DAMAGES)(draft, chance, donor)
    data = draft.bytes()
    if chance.random() < 0.15:
        data = data[: chance.randrange(len(data) + 1)]
    if chance.random() < 0.15:
        data = flipped(data, chance)
    if chance.random() < 0.03:
        data = data + other[chance.randrange(len(other) + 1) :]
    return data


def flipped(data: bytes, chance: random.Random) -> bytes:
    """Flips bits anywhere, rather in front."""
    made = bytearray(data)
    for _ in range(chance.randrange(1, 9) if made else 0):
        reach = len(made) if chance.random() < 0.7 else min(len(made), 64)
        made[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    return bytes(made)


def _some(draft: Draft, chance: random.Random) -> int:
    """Returns the number of a record, rather one with a payload."""
    number = chance.randrange(len(draft.records))
    for _ in range(4):
        start, end = draft.payload(draft.records[number])
        if end - start > 8:
            break
        number = chance.randrange(len(draft.records))
    return number


def _spot(draft: Draft, chance: random.Random) -> tuple[bytearray, int, int]:
    """Returns a record and where its payload begins and ends."""
    record = draft.records[_some(draft, chance)]
    return record, *draft.payload(record)


# The file


def damage_order(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """Records change places, come twice, or are missing."""
    records = draft.records
    if not records:
        return
    kind = chance.randrange(4)
    one, two = chance.randrange(len(records)), chance.randrange(len(records))
    if kind == 0:
        records[one], records[two] = records[two], records[one]
    elif kind == 1:
        records.insert(two, bytearray(records[one]))
    elif kind == 2:
        del records[one : one + chance.choice((1, 1, 1, 2, 5, 20))]
    else:
        part = records[one : one + 8]
        chance.shuffle(part)
        records[one : one + 8] = part


def damage_splice(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """Records of another capture, of the same or of another format, get in between."""
    if donor.records:
        first = chance.randrange(len(donor.records))
        place = chance.randrange(len(draft.records) + 1)
        draft.records[place:place] = [bytearray(one) for one in donor.records[first : first + chance.randrange(1, 30)]]


def damage_record_header(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """A record lies about its type, length or interface."""
    record = chance.choice(draft.records)
    width = 28 if draft.modern else 16
    if len(record) >= width:
        struct.pack_into(draft.order + "I", record, chance.randrange(0, width, 4), _number(chance, WIDE))


def damage_file_header(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """The file says something else about itself: another magic number, link type or snapshot length."""
    if draft.modern or len(draft.head) < 24:
        kinds = (SECTION, 1, 2, 3, 4, 5, 6, 9, 10, 0x0BAD, 0x40000BAD, 0x80000001)
        record = chance.choice(draft.records)
        if len(record) >= 4:
            struct.pack_into(draft.order + "I", record, 0, chance.choice(kinds))
        return
    head = bytearray(draft.head)
    if chance.random() < 0.3:
        head[:4] = chance.choice((b"\xa1\xb2\xc3\xd4", b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1", b"\x34\xcd\xb2\xa1"))
    elif chance.random() < 0.7:
        links = (0, 1, 9, 12, 50, 101, 105, 108, 113, 119, 127, 192, 228, 229, 276)
        struct.pack_into(draft.order + "I", head, 20, chance.choice(links))
    else:
        struct.pack_into(draft.order + "I", head, chance.randrange(4, 24, 4), _number(chance, WIDE))
    draft.head = bytes(head)


def _number(chance: random.Random, edges: tuple[int, ...]) -> int:
    return chance.choice(edges) if chance.random() < 0.8 else chance.randrange(edges[-1] + 1)


# The layers below


def damage_network(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """IP lies: version, header length, total length, fragments, protocol, addresses."""
    record = draft.records[_some(draft, chance)]
    at = draft.network(record)
    if at < 0:
        return
    if chance.random() < 0.5:
        place = at + chance.choice((2, 4, 6))
        struct.pack_into(">H", record, place, _number(chance, EDGES))
    elif chance.random() < 0.5:
        record[at + chance.choice((6, 9))] = chance.choice((0, 1, 4, 6, 17, 41, 43, 44, 47, 58, 60, 115, 132))
    else:
        record[at + chance.randrange(20)] = chance.randrange(256)


def damage_transport(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """TCP or UDP lies: ports, sequence numbers, header length, flags, length."""
    record = draft.records[_some(draft, chance)]
    at, (_, end) = draft.network(record), draft.packet(record)
    if at < 0:
        return
    over = at + ((record[at] & 15) * 4 if record[at] >> 4 == 4 else 40)
    if over + 20 > end:
        return
    kind = chance.randrange(5)
    if kind == 0:
        record[over + 13] = chance.choice((0, 1, 2, 4, 17, 18, 20, 24, 255))
    elif kind == 1:
        record[over + 12] = chance.randrange(16) << 4
    elif kind == 2:
        number = struct.unpack_from(">I", record, over + 4)[0]
        step = chance.choice((-1400, -100, -3, -1, 1, 2, 50, 1400, 1 << 16, 1 << 29, 1 << 31))
        struct.pack_into(">I", record, over + 4, (number + step) & 0xFFFFFFFF)
    elif kind == 3:
        struct.pack_into(">I", record, over + 8, chance.randrange(1 << 32))
    else:
        record[over + chance.randrange(20)] = chance.randrange(256)


# What is said


def damage_bytes(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """Bytes of a payload are others."""
    record, start, end = _spot(draft, chance)
    for _ in range(chance.randrange(1, 6) if end > start else 0):
        at = chance.randrange(start, end)
        run = min(chance.choice((1, 1, 1, 2, 4, 30)), end - at)
        record[at : at + run] = bytes((chance.choice((0, 0xFF, 0x7F, 0x80, chance.randrange(256))),)) * run


def damage_sizes(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """A payload is longer or shorter than it was; all lengths below are right."""
    number = _some(draft, chance)
    record = draft.records[number]
    start, end = draft.payload(record)
    if end <= start or draft.network(record) < 0:
        return
    at = chance.randrange(start, end)
    if chance.random() < 0.5:
        draft.records[number] = draft.resized(record, at, min(chance.choice((1, 2, 10, 300)), end - at), b"")
    else:
        source = chance.choice(donor.records) if donor.records else record
        new = bytes(source[-chance.randrange(1, 400) :]) if chance.random() < 0.5 else bytes(record[start:end])
        draft.records[number] = draft.resized(record, at, 0, new)


def damage_tls(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """A TLS record or handshake message lies about its type, version or length."""
    record, start, end = _spot(draft, chance)
    places = [match.start() for match in re.finditer(rb"[\x14-\x17]\x03[\x00-\x04]", record[start:end])]
    if not places or start + max(places) + 9 > len(record):
        return
    at = start + chance.choice(places)
    kind = chance.randrange(4)
    if kind == 0:
        record[at] = chance.randrange(19, 25)
    elif kind == 1:
        struct.pack_into(">H", record, at + 3, _number(chance, EDGES))
    elif kind == 2:
        record[at + 5] = chance.choice((0, 1, 2, 4, 5, 8, 11, 12, 14, 16, 20, 24, 25, 254))
    else:
        record[at + 6 : at + 9] = _number(chance, EDGES).to_bytes(3)


def damage_frames(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """An HTTP/2 frame, or whatever stands in its place, lies about its length, type, flags or stream."""
    record, start, end = _spot(draft, chance)
    at = start
    for _ in range(chance.randrange(4)):
        size = int.from_bytes(record[at : at + 3])
        if at + 9 + size + 9 > end:
            break
        at += 9 + size
    if at + 9 > end:
        return
    kind = chance.randrange(4)
    if kind == 0:
        record[at : at + 3] = _number(chance, (*EDGES, (1 << 24) - 1)).to_bytes(3)
    elif kind == 1:
        record[at + 3] = chance.randrange(16)
    elif kind == 2:
        record[at + 4] = chance.randrange(256)
    else:
        record[at + 5 : at + 9] = _number(chance, WIDE).to_bytes(4)


def damage_numbers(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """A number in a text (a length, a chunk's size, a status) is another one of as many digits."""
    record, start, end = _spot(draft, chance)
    found = list(re.finditer(rb"(?<=[\s:=,])[0-9A-Fa-f]{1,9}(?=[\s,;}])", record[start:end]))
    if found:
        match = chance.choice(found)
        digits = chance.choice((b"0", b"9", b"f", b"1", b"-", b" ")) * len(match[0])
        if chance.random() < 0.5:
            digits = str(chance.randrange(10 ** len(match[0]))).rjust(len(match[0]), "0").encode()
        record[start + match.start() : start + match.end()] = digits


def damage_words(draft: Draft, chance: random.Random, donor: Draft) -> None:
    """A word that means something becomes another one of the same length."""
    record, start, end = _spot(draft, chance)
    text = bytes(record[start:end])
    known = [words for words in SWAPS if words[0] in text]
    if known:
        word, *others = chance.choice(known)
        new = chance.choice(others)[: len(word)].ljust(len(word))
        places = [match.start() for match in re.finditer(re.escape(word), text)]
        at = start + chance.choice(places)
        record[at : at + len(word)] = new


DAMAGES: tuple[Damage, ...] = tuple(
    thing for name, thing in sorted(globals().items()) if name.startswith("damage_") and callable(thing)
)
