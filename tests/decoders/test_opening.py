"""What a run knows of formats and keys is used on each message."""

import base64
from urllib.parse import quote

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

from leaktap.config import Case
from leaktap.decoders._opening import Opener
from leaktap.decoders.alphabet64 import shipped
from leaktap.keyring import Keys, Lock
from leaktap.model import Endpoint, Exchange, Leaf, Message, Origin

CONTENT = b'{"imei": "867530912345673", "filler": "%s"}' % (b"word " * 60)
STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
REVERSED = STANDARD[::-1]
RECODED = base64.b64encode(CONTENT).translate(bytes.maketrans(STANDARD.encode(), REVERSED.encode()))
SEALED = Cipher(ARC4(b"0123456789abcdef"), None).encryptor().update(CONTENT)
LOCK = {"name": "ours", "cipher": "rc4", "key": {"text": "0123456789abcdef"}, "where": {"host": "sealed.example"}}

PLAIN = Opener(Case())
ALPHABET = Opener(Case.model_validate({"decode": {"alphabets": {"ours": REVERSED}}}))
KEY = Opener(Case(), Keys((Lock.model_validate(LOCK),)))


def opened(opener, body, host="api.example", sieve=None, target="/up?v=1", headers=()):
    """The values of a request, by path."""
    message = Message(("POST", target, "HTTP/1.1"), ((b"host", host.encode()), *headers), body)
    ends = Endpoint("192.0.2.7", 5000), Endpoint("198.51.100.7", 443)
    exchange = Exchange("one", 0, *ends, "https", host, message, None, Origin("here"))
    items = opener.open(exchange, "request", message, sieve)
    return {item.path: item.value for item in items if isinstance(item, Leaf)}


@pytest.mark.parametrize(
    "opener, body, host, path",
    [
        (PLAIN, CONTENT, "api.example", "request.body|json.$.imei"),
        (PLAIN, RECODED, "api.example", None),
        (ALPHABET, RECODED, "api.example", "request.body|alphabet64.ours|json.$.imei"),
        (PLAIN, SEALED, "sealed.example", None),
        (KEY, SEALED, "sealed.example", "request.body|decrypt.ours|json.$.imei"),
        (KEY, SEALED, "api.example", None),
    ],
)
def test_what_the_case_and_the_keys_open(opener, body, host, path):
    values = opened(opener, body, host)
    assert [each for each, value in values.items() if value == b"867530912345673"] == ([path] if path else [])


@pytest.mark.parametrize(
    "target, headers, path",
    [
        ("/up?{}", [], "request.query"),
        ("/up?v=1&d={}", [], "request.query.d"),
        ("/up/{}/x", [], "request.path[1]"),
        ("/up", [(b"x-data", RECODED)], "request.header.x-data"),
        (
            "/up",
            [(b"referer", b"https://m.example/?d=" + quote(RECODED, safe="").encode())],
            "request.header.referer|url.query.d",
        ),
    ],
)
def test_an_alphabet_of_the_case_is_undone_everywhere(target, headers, path):
    target = target.format(quote(RECODED, safe=""))
    values = opened(ALPHABET, b"", target=target, headers=headers)
    assert values[f"{path}|alphabet64.ours|json.$.imei"] == b"867530912345673"
    assert not any(each.endswith("imei") for each in opened(PLAIN, b"", target=target, headers=headers))


def test_the_sieve_is_not_asked_of_what_a_key_is_made_for():
    def nothing(_):
        return ()

    assert "request.body|decrypt.ours|json.$.imei" in opened(KEY, SEALED, "sealed.example", nothing)
    assert not opened(PLAIN, CONTENT, sieve=nothing)


def test_what_is_hidden_is_hinted_at():
    in_query = {**LOCK, "where": {"host": "sealed.example", "field": ["sealed_value"]}}
    own = Opener(Case(), Keys((Lock.model_validate(in_query),)))
    assert [hint for hint in own.hints if hint not in PLAIN.hints] == [rb"[&?]sealed_value="]
    assert ALPHABET.alphabets == [REVERSED, *PLAIN.alphabets]


def test_what_a_key_is_made_for_is_opened_in_a_head_of_which_a_search_says_nothing():
    """Hexadecimal as long as a digest's is let go elsewhere."""
    sealed = (
        Cipher(ARC4(b"0123456789abcdef"), None)
        .encryptor()
        .update(b'{"imei": "867530912345673", "f": "%s"}' % (b"x" * 28))
    )
    values = opened(KEY, b"", "sealed.example", lambda data: [], f"/up?v={sealed.hex()}")
    assert values["request.query.v|hex|decrypt.ours|json.$.imei"] == b"867530912345673"
    elsewhere = opened(KEY, b"", "api.example", lambda data: [], f"/up?v={sealed.hex()}" + "&a=b" * 80)
    assert not any(b"8675309" in value for value in elsewhere.values())


@pytest.mark.parametrize(("host", "opens"), [("sealed.example", True), ("api.example", False)])
def test_what_a_key_is_made_for_in_an_alphabet_of_an_sdk(host, opens):
    signs = dict(shipped())["baidu"]
    recoded = base64.b64encode(SEALED).rstrip(b"=").translate(bytes.maketrans(STANDARD.encode(), signs[:64].encode()))
    values = opened(KEY, recoded, host)
    path = "request.body|alphabet64.baidu|decrypt.ours|json.$.imei"
    assert (values.get(path) == b"867530912345673") is opens
