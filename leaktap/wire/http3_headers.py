"""QPACK (RFC 9204): the field sections of one direction, as an onlooker reads them.

Sections and the encoder's instructions come in streams of their own, so a section may have to wait for entries. An
onlooker may also be late: entries that were evicted are kept for a while, and a section's count of insertions, which is
sent modulo the size of the table, is told by how many there were when it came. That takes the most that the table may
hold, from the other side's SETTINGS; what it does hold is in the instructions.
"""

from collections import deque

from leaktap.model import Headers
from leaktap.wire.http2_headers import MOST_BLOCK, BadBlock, Unknown, integer, string

_MOST_TABLE = 1 << 20
_MOST_EVICTED = 4 << 20
_OVERHEAD = 32

_STATIC_TABLE = """
:authority|;:path|/;age|0;content-disposition|;content-length|0;cookie|;date|;etag|;if-modified-since|;if-none-match|
last-modified|;link|;location|;referer|;set-cookie|;:method|CONNECT;:method|DELETE;:method|GET;:method|HEAD
:method|OPTIONS;:method|POST;:method|PUT;:scheme|http;:scheme|https;:status|103;:status|200;:status|304;:status|404
:status|503;accept|*/*;accept|application/dns-message;accept-encoding|gzip, deflate, br;accept-ranges|bytes
access-control-allow-headers|cache-control;access-control-allow-headers|content-type;access-control-allow-origin|*
cache-control|max-age=0;cache-control|max-age=2592000;cache-control|max-age=604800;cache-control|no-cache
cache-control|no-store;cache-control|public, max-age=31536000;content-encoding|br;content-encoding|gzip
content-type|application/dns-message;content-type|application/javascript;content-type|application/json
content-type|application/x-www-form-urlencoded;content-type|image/gif;content-type|image/jpeg;content-type|image/png
content-type|text/css;content-type|text/html; charset=utf-8;content-type|text/plain
content-type|text/plain;charset=utf-8;range|bytes=0-;strict-transport-security|max-age=31536000
strict-transport-security|max-age=31536000; includesubdomains
strict-transport-security|max-age=31536000; includesubdomains; preload;vary|accept-encoding;vary|origin
x-content-type-options|nosniff;x-xss-protection|1; mode=block;:status|100;:status|204;:status|206;:status|302
:status|400;:status|403;:status|421;:status|425;:status|500;accept-language|;access-control-allow-credentials|FALSE
access-control-allow-credentials|TRUE;access-control-allow-headers|*;access-control-allow-methods|get
access-control-allow-methods|get, post, options;access-control-allow-methods|options
access-control-expose-headers|content-length;access-control-request-headers|content-type
access-control-request-method|get;access-control-request-method|post;alt-svc|clear;authorization|
content-security-policy|script-src 'none'; object-src 'none'; base-uri 'none';early-data|1;expect-ct|;forwarded|
if-range|;origin|;purpose|prefetch;server|;timing-allow-origin|*;upgrade-insecure-requests|1;user-agent|
x-forwarded-for|;x-frame-options|deny;x-frame-options|sameorigin
"""


def _static() -> list[tuple[bytes, bytes]]:
    """Returns the static table (appendix A); where a value has a semicolon, no name stands behind it."""
    table: list[tuple[bytes, bytes]] = []
    for line in _STATIC_TABLE.split("\n"):
        for item in line.encode().split(b";"):
            name, bar, value = item.partition(b"|")
            if bar:
                table.append((name, value))
            elif item:
                name, value = table[-1]
                table[-1] = name, value + b";" + item
    return table


STATIC = _static()


class Blocked(Exception):
    """A section needs entries, or SETTINGS, that did not come yet."""


class FieldSections:
    """The dynamic table of one direction, and the sections that use it. `inserted` counts all its entries so far."""

    def __init__(self) -> None:
        """Begins with an empty table."""
        self.inserted = 0
        self._most: int | None = None
        self._capacity = self._size = self._kept = 0
        self._entries: deque[tuple[bytes, bytes]] = deque()
        self._evicted = 0
        self._rest = b""

    def limit(self, most: int) -> None:
        """Learns how large the other side lets the table be."""
        self._most = most

    # The encoder's instructions (section 4.3)

    def feed(self, data: bytes) -> None:
        """Takes bytes of the encoder's stream; raises BadBlock."""
        data = self._rest + data
        at = 0
        try:
            while at < len(data):
                at = self._instruction(data, at)
        except IndexError:
            pass
        self._rest = data[at:]
        if len(self._rest) > MOST_BLOCK:
            raise BadBlock("an entry without an end", "limit")

    def _instruction(self, data: bytes, at: int) -> int:
        """Takes an instruction, returns where it ends; raises IndexError where it is not all there."""
        byte = data[at]
        if byte & 0x80:
            index, at = integer(data, at, 0x3F)
            value, at = string(data, at)
            name = (_fixed(index) if byte & 0x40 else self._entry(self.inserted - 1 - index))[0]
            self._insert((name, value))
        elif byte & 0x40:
            name, at = string(data, at, 0x1F)
            value, at = string(data, at)
            self._insert((name, value))
        elif byte & 0x20:
            capacity, at = integer(data, at, 0x1F)
            if capacity > _MOST_TABLE:
                raise BadBlock(f"a header table of {capacity} bytes", "limit")
            self._capacity = capacity
            self._evict()
        else:
            index, at = integer(data, at, 0x1F)
            self._insert(self._entry(self.inserted - 1 - index))
        return at

    def _entry(self, index: int) -> tuple[bytes, bytes]:
        """Returns an entry by how many were inserted before it."""
        at = index - self.inserted + len(self._entries)
        if at < 0 or index >= self.inserted:
            raise Unknown if 0 <= index < self.inserted else BadBlock("a reference to an entry that there is not")
        return self._entries[at]

    def _insert(self, entry: tuple[bytes, bytes]) -> None:
        size = _cost(entry)
        if size > self._capacity:
            raise BadBlock("an entry that is larger than the table")
        self._entries.append(entry)
        self.inserted += 1
        self._size += size
        self._kept += size
        self._evict()

    def _evict(self) -> None:
        """Counts what the sender has evicted by now, and drops what was evicted long ago."""
        entries = self._entries
        while self._size > self._capacity:
            self._size -= _cost(entries[self._evicted])
            self._evicted += 1
        while self._evicted and self._kept - self._size > _MOST_EVICTED:
            self._kept -= _cost(entries.popleft())
            self._evicted -= 1

    # Sections (section 4.5)

    def decode(self, block: bytes, inserted: int) -> Headers:
        """Returns the headers of a section that came when there were `inserted` entries.

        Raises:
            BadBlock: it breaks the rules, or is larger than `MOST_BLOCK` when unpacked.
            Unknown: it refers to an entry that is not kept any more.
            Blocked: what it needs did not come yet.
        """
        headers: list[tuple[bytes, bytes]] = []
        room = MOST_BLOCK
        try:
            count, at = integer(block, 0, 0xFF)
            count = self._required(count, inserted)
            negative = block[at] & 0x80
            delta, at = integer(block, at, 0x7F)
            base = count - delta - 1 if negative else count + delta
            end = len(block)
            while at < end:
                entry, at = self._line(block, at, base)
                headers.append(entry)
                room -= _cost(entry)
                if room < 0:
                    raise BadBlock(f"a header list of more than {MOST_BLOCK} bytes", "limit")
        except IndexError:
            raise BadBlock("a field section that ends in a field") from None
        return tuple(headers)

    def _required(self, sent: int, inserted: int) -> int:
        """Returns how many entries a section needs (section 4.5.1.1)."""
        if not sent:
            return 0
        if self._most is None:
            raise Blocked
        entries = self._most // _OVERHEAD
        if not 0 < sent <= 2 * entries:
            raise BadBlock("a count of insertions that there cannot be")
        most = inserted + entries
        count = most // (2 * entries) * (2 * entries) + sent - 1
        if count > most:
            count -= 2 * entries
        if count <= 0:
            raise BadBlock("a count of insertions that there cannot be")
        if count > self.inserted:
            raise Blocked
        return count

    def _line(self, block: bytes, at: int, base: int) -> tuple[tuple[bytes, bytes], int]:
        """Returns the field line at `at`, and where it ends."""
        byte = block[at]
        if byte & 0x80:
            index, at = integer(block, at, 0x3F)
            return (_fixed(index) if byte & 0x40 else self._entry(base - 1 - index)), at
        if byte & 0x40:
            index, at = integer(block, at, 0x0F)
            name = (_fixed(index) if byte & 0x10 else self._entry(base - 1 - index))[0]
        elif byte & 0x20:
            name, at = string(block, at, 0x07)
        elif byte & 0x10:
            index, at = integer(block, at, 0x0F)
            return self._entry(base + index), at
        else:
            index, at = integer(block, at, 0x07)
            name = self._entry(base + index)[0]
        value, at = string(block, at)
        return (name, value), at


def _fixed(index: int) -> tuple[bytes, bytes]:
    """Returns an entry of the static table."""
    if index >= len(STATIC):
        raise BadBlock(f"a reference to field {index}, which there is not")
    return STATIC[index]


def _cost(entry: tuple[bytes, bytes]) -> int:
    """Returns the size of an entry (section 3.2.1)."""
    return _OVERHEAD + len(entry[0]) + len(entry[1])
