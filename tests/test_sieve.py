"""What the sieve lets the walk leave out is nothing that would have been found: with it and without it, the same.

And what is wrapped in any text-like way, five times over, is found at all.
"""

import base64
import gzip
import json
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leaktap.config import DeviceProfile
from leaktap.decoders import Limits, alphabets, hints, parts, walk
from leaktap.identifiers.matcher import Matcher
from leaktap.model import Exchange, Leaf, Message
from leaktap.sources import Reading, read
from tests._wrappers import ALONE, WRAPPERS

CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"
PROFILE = DeviceProfile.model_validate(
    {
        "name": "lab",
        "identifiers": {
            "imei": "867530912345673",
            "mac_wifi": "a4:50:46:12:34:56",
            "android_id": "6c1f0be47a93d825",
            "name": "张三丰",
            "location": {"lat": 31.2304, "lon": 121.4737},
            "contacts": [{"name": "李小龙", "phone": "19912345678"}],
        },
    }
)
SIGNS = [signs for _, signs in alphabets()]
WITH, WITHOUT = (Matcher(devices, hints=hints(), alphabets=SIGNS) for devices in ([PROFILE], []))
LIMITS = Limits(seconds=60)
MD5 = "54df1d1c5d41a6b1a3ca9b50a8ac0a0b"

leaks = st.sampled_from(
    [
        "867530912345673", "A4-50-46-12-34-56", "6c1f0be47a93d825", "张三丰", 867530912345673, 31.23041, 121.47369,
        "19912345678", "121.4737,31.2304", {"name": "李小龙", "phone": "19912345678"}, MD5, "user@gmail.com",
    ]
)  # fmt: skip
names = st.sampled_from(
    ["imei", "id", "lat", "lng", "device", "user", "oaid", "x", "list", "mac", "events", "张三丰", "phone"]
)
dull = st.integers(0, 10**6) | st.text('abcxyz ,:{}"\\/', max_size=30) | st.none() | st.booleans() | st.floats(0, 9)
wrapped = st.sampled_from(
    [
        json.dumps,
        lambda v: json.dumps(v, ensure_ascii=False).replace("/", "\\/"),
        lambda v: quote(json.dumps(v)),
        lambda v: base64.b64encode(json.dumps(v).encode()).decode(),
        lambda v: base64.b64encode(gzip.compress(json.dumps(v).encode())).decode(),
        lambda v: json.dumps({"inner": v}).encode().hex(),
    ]
)
documents = st.recursive(
    dull | dull | dull | leaks,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(names | st.text("abc", max_size=3), inner, max_size=5)
        | st.builds(lambda wrap, value: wrap({"inner": value}), wrapped, inner)
    ),
    max_leaves=25,
)


def found(message, matcher, sieve):
    items = walk(parts(message, "request", sieve=sieve), LIMITS, sieve)
    leaves = [item for item in items if isinstance(item, Leaf)]
    return {(match.identifier, match.leaf.path, match.value, match.form) for match in matcher.match(leaves)}


@settings(max_examples=400, deadline=None)
@given(documents)
def test_known_values_in_any_document(document):
    body = json.dumps({"filler": [{"event": "none"}] * 12, "document": document}).encode()
    message = Message(("POST", "/a", "HTTP/1.1"), ((b"Content-Type", b"application/json"),), body)
    assert found(message, WITH, WITH.sieve) == found(message, WITH, None)


nestings = st.lists(st.sampled_from(sorted(WRAPPERS)), min_size=1, max_size=5) | st.sampled_from(
    [[name] for name in ALONE]
)
values = st.sampled_from(["867530912345673", "A4-50-46-12-34-56", "6c1f0be47a93d825", "19912345678"])


@settings(max_examples=300, deadline=None)
@given(values, nestings)
def test_known_values_in_any_nesting(value, nesting):
    text = value
    for name in nesting:
        text = {**WRAPPERS, **ALONE}[name](text)
    assume(len(text) < 100_000)
    body = json.dumps({"filler": [{"event": "none"}] * 12, "document": text}).encode()
    message = Message(("POST", "/a", "HTTP/1.1"), ((b"Content-Type", b"application/json"),), body)
    without = found(message, WITH, None)
    assert {"imei", "mac_wifi", "android_id", "contacts"}.intersection(identifier for identifier, *_ in without)
    assert found(message, WITH, WITH.sieve) == without


@settings(max_examples=300, deadline=None)
@given(values, nestings, names, st.dictionaries(names | st.text("abc~&{", min_size=1, max_size=9), dull, max_size=5))
def test_known_values_in_any_form(value, nesting, name, others):
    text = value
    for wrapper in nesting:
        text = {**WRAPPERS, **ALONE}[wrapper](text)
    assume(len(text) < 100_000)
    body = urlencode({"filler": "none " * 60, **others, name: text, "end": "x"}).encode()
    message = Message(("POST", "/a", "HTTP/1.1"), ((b"Content-Type", b"application/x-www-form-urlencoded"),), body)
    assert found(message, WITH, WITH.sieve) == found(message, WITH, None)


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the folder of real captures is not there")
@pytest.mark.parametrize("matcher", [WITH, WITHOUT], ids=["profile", "no profile"])
def test_real_traffic(matcher):
    files = [*CAPTURES.glob("har/*.har"), *CAPTURES.glob("flows/*.mitm"), *CAPTURES.glob("pcap/[w-x]*.pcap")]
    for file in files:
        for item in read(str(file), Reading()):
            if isinstance(item, Exchange):
                assert found(item.request, matcher, matcher.sieve) == found(item.request, matcher, None), item.id
