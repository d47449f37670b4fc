"""What wrappers have in common: what they give, and documents with other members around the value."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

type Header = tuple[bytes, bytes]

FEW, MANY = (0, 4), (20, 60)
"""How many other members stand beside the one that is looked for."""

_NAMES: list[str] = re.findall(
    r"\S+", "a b id data payload info device event d v1 ext user params $props 设备 imei msg"
)
_NUMBER = re.compile(r"[1-9][0-9]{5,17}")
_WORDS: list[str] = re.findall(
    r"\S+", "launch click view scroll home detail list item page start stop wifi none true cn zh-CN 10.0 1080x2340"
)


@dataclass(frozen=True, slots=True)
class Home:
    """Where a message is sent, and with what header fields beside those of its body."""

    host: str = "t.example"
    path: str = "/v1/collect"
    headers: tuple[Header, ...] = ()


ANYWHERE = Home()


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What came out, and the step that leads in. `headers` are those that a body needs to be read at all; `home` is
    where this must be sent to be read, whatever is around it.
    """

    data: bytes
    step: str
    headers: tuple[Header, ...] = ()
    home: Home = ANYWHERE


def filler(random: Random, range_: Sequence[int]) -> list[tuple[str, str | int | float]]:
    """Returns other members, with names that no two share."""
    return [(f"{random.choice(_WORDS[:9])}{index}", _dull(random)) for index in range(random.randint(*range_))]


def _dull(random: Random) -> str | int | float:
    kind = random.randrange(6)
    if kind == 0:
        return random.randrange(10**6)
    if kind == 1:
        return round(random.uniform(0, 9), 3)
    if kind == 2:
        return 1_760_000_000_000 + random.randrange(10**9)
    if kind == 3:
        return random.randbytes(random.choice((4, 16))).hex()
    return " ".join(random.choices(_WORDS, k=random.randint(1, 4)))


def as_number(random: Random, data: bytes | str) -> bytes | str | int:
    """Returns digits as the number that they spell, half of the time, and everything else as it is."""
    text = data if isinstance(data, str) else data.decode("latin-1")
    return int(text) if _NUMBER.fullmatch(text) and random.random() < 0.5 else data


def a_name(random: Random) -> str:
    """Returns the name of the member that is looked for."""
    return random.choice(_NAMES)


def shuffled(random: Random, name: str, data: Any, others: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Returns members with `data` among them."""
    members = [(name, data), *others]
    random.shuffle(members)
    return members


def document(random: Random, data: Any, range_: Sequence[int]) -> tuple[dict[str, Any], str]:
    """Returns a tree of mappings and lists with `data` in it, and the path to that."""
    path = ""
    for _ in range(random.randint(0, 3)):
        if random.random() < 0.3:
            items = [data] if random.random() < 0.5 else [random.randrange(99), data]
            path = f"[{len(items) - 1}]{path}"
            data = items
        name = a_name(random)
        path = f".{name}{path}"
        data = dict(shuffled(random, name, data, filler(random, FEW)))
    name = a_name(random)
    return dict(shuffled(random, name, data, filler(random, range_))), f".$.{name}{path}"
