"""The address book: entries of the profile's, or a list whose entries each have a name and a phone number; also vCards
(RFC 6350).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from leaktap.config import DeviceProfile
from leaktap.identifiers._api import Candidate, Identifier, Scene, Variant
from leaktap.identifiers._places import (
    above,
    closest,
    entry_of,
    list_of,
    list_within,
    one_of_several,
    one_reading,
    together,
)
from leaktap.identifiers.phone import canonical as phone_canonical
from leaktap.identifiers.phone import variants as phone_variants
from leaktap.model import Match

_FEWEST = 3
_NUMBER = r"\+?[0-9][0-9 ()-]{5,18}[0-9]"
_PHONES = re.compile(rf"{_NUMBER}(?:[,;|]\s?{_NUMBER}){{0,20}}")
_NAME = re.compile(r"[^\W\d_][^\d@/:]{1,40}")
_NUMBER_LINE = re.compile(rb"^(?:\w+\.)?TEL(?:;[^:\r\n]{0,200})?:(?:tel:)?(\+?[0-9][0-9 ()-]{4,20})", re.MULTILINE)
_NAME_KEYS = re.compile(
    r".*(?:name|nick|contact|remark|label|xingming|姓名|名字|名称|昵称|联系人|备注)|name(?:display|formatted|given|family)"
)
_MOST_STEPS = 4
"""How deep a number may lie within its entry: as `phones.item[2]`."""
_OF_NUMBERS = re.compile(r"phone|mobile|tel|cell|msisdn|number|电话|手机|号码", re.IGNORECASE)
"""What a list is called that holds the numbers of one person; others hold people, or shops."""

type _Entry = tuple[list[Candidate], list[Candidate]]
"""The numbers and the names in an entry of a list."""


def _telling(name: str) -> bool:
    """Says whether a name is rare enough to be found by itself: three Chinese characters, or a full name."""
    return sum(ord(c) > 0x2E80 for c in name) >= 3 or (len(name) >= 8 and len(name.split()) >= 2)


def _values(device: DeviceProfile) -> Iterable[str]:
    for contact in device.contacts:
        yield from (value for value in (contact.phone, contact.email) if value)
        if _telling(contact.name):
            yield contact.name


def _variants(value: str) -> Iterator[Variant]:
    """Yields a number in every way of writing, hashed only as it stands: address books are long."""
    if not re.fullmatch(r"\+?[0-9]+", value):
        yield Variant(value.encode(), hashed="@" in value)
        return
    for variant in phone_variants(value):
        yield replace(variant, hashed=not variant.form)


def _known(scene: Scene) -> Iterator[Match]:
    """Yields one match per device for all of its contacts' data in the message."""
    read = one_of_several(one_reading(scene.known))
    for device in scene.devices:
        found = [match for match in read if match.device == device.name]
        if not found:
            continue
        plain = {match.plain for match in found}
        count = sum(not plain.isdisjoint(map(phone_canonical, (c.phone, c.name, c.email))) for c in device.contacts)
        numbered = any(c.isdigit() for text in plain for c in text)
        form = found[0].form if all(match.form == found[0].form for match in found) else ()
        confidence = 1.0 if count > 1 else 0.9 if numbered or len(plain) > 1 else 0.6
        yield replace(together(found, form, confidence), count=max(count, 1))


def _holder(path: str, entries: Mapping[str, _Entry]) -> str:
    """Returns the path of the entry with a name that a list of numbers is a member of, or nothing."""
    holder = path
    for _ in range(_MOST_STEPS):
        holder = above(holder)
        if holder in entries and entries[holder][1]:
            return holder if _OF_NUMBERS.search(path, len(holder)) else ""
    return ""


def _listed(scene: Scene) -> Iterator[Match]:
    """Yields one match per list of which at least three entries have a name and a phone number."""
    entries: dict[str, _Entry] = {}
    within = {list_of(candidate.leaf.path) for candidate in scene.candidates} - {""}
    for candidate in scene.candidates:
        path = candidate.leaf.path
        if list_within(path, within):
            outer = path.rpartition(".")[0]
            phones, names = entries.setdefault(outer if outer in within else entry_of(path), ([], []))
            if _NAME_KEYS.fullmatch(candidate.key):
                if _NAME.fullmatch(candidate.text):
                    names.append(candidate)
            elif _PHONES.fullmatch(candidate.text):
                phones.append(candidate)
    for entry, (phones, names) in entries.items():
        if phones and not names and (holder := _holder(entry, entries)):
            entries[holder][0].extend(phones)
    lists: dict[str, list[Candidate]] = {}
    for entry, (phones, names) in entries.items():
        if phones and names:
            lists.setdefault(entry if entry in within else list_of(entry), []).append(phones[0])
    for records in lists.values():
        if len({record.text for record in records}) >= _FEWEST:
            found = [Match(r.leaf, "contacts", "contact", r.text, r.span, (), "structure", 0.8) for r in records]
            yield together(found, confidence=0.8, why=f"{len(records)} records: name and number")


def _cards(scene: Scene) -> Iterator[Match]:
    """Yields one match for each text with at least three vCards that have numbers of their own."""
    texts = {candidate.leaf.path: candidate.leaf for candidate in scene.candidates if candidate.text == "BEGIN:VCARD"}
    for leaf in texts.values():
        numbers = list({found[1]: found for found in _NUMBER_LINE.finditer(leaf.value)}.values())
        if min(len(numbers), leaf.value.count(b"BEGIN:VCARD")) >= _FEWEST:
            found = [
                Match(leaf, "contacts", "contact", number[1].decode(), number.span(1), (), "structure", 0.85)
                for number in numbers
            ]
            yield together(found, confidence=0.85, why=f"{len(numbers)} vCards")


def _gather(scene: Scene) -> Iterator[Match]:
    if scene.known:
        yield from _known(scene)
    else:
        yield from closest((*_listed(scene), *_cards(scene)))


IDENTIFIERS = (
    Identifier(
        "contacts",
        "contact",
        keys=(
            "(?:.*_)?(?:phone|mobile|tele?|cell|msisdn)_(?:phone)?_(?:no|num|number)?s?[0-9]?",
            "(?:(?:display|full|contact|real|first|last|nick|user|given|family)_)?name",
            "name_(?:display|formatted|given|family)|contact|remark|nick|xing_ming",
            "(?:联系)?(?:电话|手机)(?:号码?)?|号码|dian_hua|shou_ji_(?:hao)?|(?:联系人)?(?:姓名|名字|名称|昵称|备注)|联系人",
        ),
        shapes=(rb"BEGIN(?::|%(?:25){0,4}3[Aa])VCARD",),
        variants=_variants,
        canonical=phone_canonical,
        gather=_gather,
        in_text=False,
        values=_values,
    ),
)
