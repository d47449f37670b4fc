"""What several sites get alike gains confidence, once for all, and nothing else does."""

import pytest

from leaktap import consistency
from leaktap.consistency import Consistency
from leaktap.model import Leaf, Match

VALUE = "5be1c07a92d4386f"


def match(value=VALUE, confidence=0.75, **said):
    fields = {
        "identifier": "device_id",
        "category": "device_id",
        "form": (),
        "basis": "key",
        "why": "by its name",
    } | said
    return Match(Leaf("p", value.encode()), value=value, span=(0, len(value)), confidence=confidence, **fields)


def confidences(sites, **said):
    seen = Consistency()
    return [seen.judged(match(**said), said.get("value", VALUE), site).confidence for site in sites]


@pytest.mark.parametrize(
    ("sites", "expected"),
    [
        (["a.example"], [0.75]),
        (["a.example", "a.example", "a.example"], [0.75, 0.75, 0.75]),
        (["a.example", "b.example", "a.example", "c.example"], [0.75, 0.85, 0.85, 0.85]),
        ([f"{number}.example" for number in range(9)], [0.75] + [0.85] * 8),
    ],
)
def test_what_another_site_got_before_gains(sites, expected):
    assert confidences(sites) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"confidence": 0.5}, [0.5, 0.6]),
        ({"confidence": 0.85}, [0.85, 0.9]),
        ({"confidence": 0.95}, [0.95, 0.95]),
        ({"basis": "known", "confidence": 0.8}, [0.8, 0.8]),
        ({"count": 3}, [0.75, 0.75]),
        ({"value": "guest"}, [0.75, 0.75]),
        ({"value": "anonymous-user"}, [0.75, 0.75]),
        ({"value": "00000000-0000-0000"}, [0.75, 0.75]),
        ({"value": "12345"}, [0.75, 0.75]),
        ({"value": "1111111122222222"}, [0.75, 0.75]),
    ],
)
def test_what_gains_and_how_much(said, expected):
    assert confidences(["a.example", "b.example"], **said) == expected


def test_says_why():
    seen = Consistency()
    found = [seen.judged(match(why=why), VALUE, site) for why, site in (("", "a"), ("", "b"), ("by its name", "c"))]
    assert [each.why for each in found] == [
        "",
        "the same at 1 other site before",
        "by its name; the same at 2 other sites before",
    ]


def test_forgets_what_was_not_seen_for_longest(monkeypatch):
    monkeypatch.setattr(consistency, "MOST_VALUES", 3)
    seen = Consistency()
    for number in (0, 1, 2, 0, 3):
        seen.judged(match(), str(number), "a.example")
    assert [seen.judged(match(), str(number), "b.example").confidence for number in (0, 3, 1)] == [0.85, 0.85, 0.75]
