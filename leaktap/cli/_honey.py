"""Honey: personal data that is nobody's, planted on a phone, so that whoever sends it has read it there.

All of it follows from a seed. What has a range reserved for such use comes from there: mail under `.example` (RFC 2606,
section 2), mobile numbers from Ofcom's 07700 900000 to 900999 for drama
(https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama), a place at the point of the ocean that
is farthest from land. The rest is words in an order that nobody else writes.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from xml.sax.saxutils import quoteattr

_CONTACTS, _MESSAGES, _ENTRIES = 12, 6, 6
_FIRST: list[str] = re.findall(
    r"\w+", "Aldous Briony Caspian Delphine Evander Fenella Gideon Hester Ignatius Jocasta Leofric"
)
_SYLLABLES: list[str] = re.findall(
    r"\w+", "bram corv dask elph fenn garth holv isk jarn keld lorn mox nith orv pell quist ruv"
)
_SURNAMES: list[str] = re.findall(r"\w", "澹濮闾亓仉督岳帅缑亢况郈琴梁丘左")
_GIVEN: list[str] = re.findall(r"\w", "霁桴鹮沄玥翀煜骁屿澍垚颢甯")
_NOUNS: list[str] = re.findall(
    r"\w+", "otter lantern quarry walnut saddle harbour thimble cobbler anvil heron pewter meadow"
)
_ADJECTIVES: list[str] = re.findall(
    r"\w+", "violet crooked seventh amber hollow patient velvet northern copper silent mossy"
)
_NEMO = (-48.8767, -123.3933)
"""Latitude and longitude of the point of the ocean that is farthest from land."""

_SPREAD = 0.4
_BEGIN = datetime(2030, 1, 1, 9, tzinfo=UTC)
_FOLDED = 73


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a calendar."""

    title: str
    begin: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A text message that came in."""

    sender: str
    text: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Honey:
    """Everything that is planted."""

    seed: str
    contacts: tuple[dict[str, str], ...]
    messages: tuple[Message, ...]
    entries: tuple[Entry, ...]
    clipboard: str
    ssid: str
    email: str
    account: str
    latitude: float
    longitude: float

    def values(self) -> dict[str, list[Any]]:
        """Returns what a profile says of it."""
        place = {"lat": self.latitude, "lon": self.longitude, "radius_m": 300}
        return {
            "ssid": [self.ssid],
            "email": [self.email],
            "account": [self.account],
            "contacts": [dict(contact) for contact in self.contacts],
            "sms": [message.text for message in self.messages],
            "calendar": [entry.title for entry in self.entries],
            "clipboard": [self.clipboard],
            "location": [place],
        }


def make(seed: str) -> Honey:
    """Invents everything; equal seeds give equal honey."""
    random = Random(f"leaktap honey {seed}")
    numbers = random.sample(range(1000), _CONTACTS + _MESSAGES)
    phones = [f"+447700900{number:03}" for number in numbers]
    names = _names(random)
    contacts = tuple(
        {
            "name": name,
            "phone": phone,
            "email": f"{_word(random)}.{_word(random)}{random.randrange(1000):03}@{_domain(random)}",
        }
        for name, phone in zip(names, phones[:_CONTACTS], strict=True)
    )
    messages = tuple(
        Message(phone, _text(random), _BEGIN - timedelta(minutes=random.randrange(10_000, 200_000)))
        for phone in phones[_CONTACTS:]
    )
    entries = tuple(_entry(random, names) for _ in range(_ENTRIES))
    return Honey(
        seed,
        contacts,
        messages,
        entries,
        clipboard=f"{_text(random)} and {_thing(random)}",
        ssid=f"{_thing(random).title()} {_code(random)}"[:32],
        email=f"{_word(random)}.{_word(random)}.{_code(random).lower()}@{_domain(random)}",
        account=f"{_word(random)}_{_word(random)}_{random.randrange(10**6):06}",
        latitude=round(_NEMO[0] + random.uniform(-_SPREAD, _SPREAD), 6),
        longitude=round(_NEMO[1] + random.uniform(-_SPREAD, _SPREAD), 6),
    )


def _names(random: Random) -> list[str]:
    """Returns names that no two share: some in Chinese characters, most in Latin letters."""
    found: dict[str, None] = {}
    while len(found) < _CONTACTS:
        if len(found) % 3 == 2:
            name = "".join((random.choice(_SURNAMES), *random.sample(_GIVEN, 2)))
        else:
            name = f"{random.choice(_FIRST)} {_word(random).title()}{random.choice(_SYLLABLES)}"
        found[name] = None
    return list(found)


def _entry(random: Random, names: list[str]) -> Entry:
    title = f"{_thing(random).title()} with {random.choice(names)} {_code(random)}"
    return Entry(title, _BEGIN + timedelta(hours=random.randrange(2000)))


def _word(random: Random) -> str:
    return "".join(random.sample(_SYLLABLES, 2))


def _thing(random: Random) -> str:
    return f"{random.choice(_ADJECTIVES)} {random.choice(_NOUNS)}"


def _code(random: Random) -> str:
    return "".join(random.choices("ABCDEFGHJKMNPQRSTUVWXYZ23456789", k=6))


def _domain(random: Random) -> str:
    return f"{random.choice(_NOUNS)}-{random.choice(_NOUNS)}.example"


def _text(random: Random) -> str:
    return f"The {_thing(random)} waits behind the {_thing(random)}, word {_word(random)} {_code(random)}"


def vcard(honey: Honey) -> str:
    """Writes the contacts as vCard 3.0 (RFC 2426)."""
    return "".join(
        "BEGIN:VCARD\r\nVERSION:3.0\r\n"
        f"FN:{_escaped(contact['name'])}\r\nN:{';'.join(map(_escaped, _family_first(contact['name'])))};;;\r\n"
        f"TEL;TYPE=CELL:{contact['phone']}\r\nEMAIL;TYPE=INTERNET:{contact['email']}\r\nEND:VCARD\r\n"
        for contact in honey.contacts
    )


def _family_first(name: str) -> tuple[str, str]:
    if " " not in name:
        return name[0], name[1:]
    given, _, family = name.partition(" ")
    return family, given


def calendar(honey: Honey) -> str:
    """Writes the entries as iCalendar (RFC 5545), an hour each."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//leaktap//honey//EN"]
    for entry in honey.entries:
        uid = uuid.uuid5(uuid.NAMESPACE_OID, f"{honey.seed}/{entry.title}")
        lines += ["BEGIN:VEVENT", f"UID:{uid}@leaktap.example", f"DTSTAMP:{_stamp(_BEGIN)}"]
        lines += [f"DTSTART:{_stamp(entry.begin)}", f"DTEND:{_stamp(entry.begin + timedelta(hours=1))}"]
        lines += [f"SUMMARY:{_escaped(entry.title)}", "END:VEVENT"]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\;,])", r"\\\1", text)


def _folded(line: str) -> str:
    """Breaks a line of more than 75 octets (RFC 5545, section 3.1), never within a character."""
    pieces: list[str] = []
    piece = ""
    for character in line:
        if len((piece + character).encode()) > _FOLDED:
            pieces, piece = [*pieces, piece], ""
        piece += character
    return "\r\n ".join([*pieces, piece])


def messages(honey: Honey) -> str:
    """Writes the messages as SMS Backup & Restore reads them
    (https://www.synctech.com.au/sms-backup-restore/fields-in-xml-backup-files/).
    """
    rows = [
        f'  <sms protocol="0" address={quoteattr(message.sender)} date="{int(message.time.timestamp() * 1000)}" '
        f'type="1" subject="null" body={quoteattr(message.text)} toa="null" sc_toa="null" service_center="null" '
        'read="1" status="-1" locked="0" />'
        for message in honey.messages
    ]
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return "\n".join([head, f'<smses count="{len(rows)}">', *rows, "</smses>", ""])


def steps(honey: Honey) -> str:
    """Says how everything comes onto the phone."""
    return f"""Planting (seed {honey.seed}); all of it is invented, none of it is anybody's.

1. Contacts: send contacts.vcf to the phone and open it there.
2. Calendar: open calendar.ics there, or import it into the account that the phone shows.
3. Messages: restore sms.xml with SMS Backup & Restore (Android).
4. Wi-Fi: name the test access point
   {honey.ssid}
5. Place: set a mock location (Android: developer options; iOS: Xcode) to
   {honey.latitude}, {honey.longitude}
6. Account: where the app asks for a name or an address, give
   {honey.account}
   {honey.email}
7. Clipboard, last and before the app starts: copy
   {honey.clipboard}

Then: leaktap scan CAPTURE --device device.yaml. Whatever is found of this has been read on the phone.
"""
