"""The keyring's files: what they say is typed, and what they cannot say is refused with its place and the cure."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import ConfigError, load_case
from leaktap.keyring import Keys, load_keyring

LOCK = {"name": "shop", "cipher": "aes", "mode": "ecb", "key": "0123456789abcdef"}


def written(folder, text, name="keys.yaml"):
    file = folder / name
    file.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return file


def test_a_lock_says_what_it_says(tmp_path):
    file = written(
        tmp_path,
        """
locks:
  - name: shop-report
    cipher: aes
    mode: cbc
    key: {field: seed, then: [unhex, {append: {hex: 00ff}}, sha256, {slice: [0, 16]}]}
    iv: {value: [0, 16]}
    data: {value: [16]}
    where: {host: api.example.cn, path: /report, field: [data, d], begins: {hex: "0102"}}
  - name: plain
    cipher: rc4
    key: secret
    where: {header: {x-enc: "1"}}
""",
    )
    first, second = load_keyring([file]).locks
    assert first.key is not None and first.key.field == "seed" and len(first.key.then) == 4
    assert first.key.then[1].append.hex == bytes([0, 255])
    assert first.iv.value == (0, 16) and first.data.value == (16,)
    assert first.where.host == ("api.example.cn",) and first.where.begins.bytes == bytes([1, 2])
    assert second.key.text == "secret" and second.where.header == {"x-enc": "1"}


REFUSED = {
    "no mapping": ("- 1", 1, "", "is empty or no mapping"),
    "no locks": ("lock: []", 1, "lock", "is no key of this file, did you mean 'locks'?"),
    "a misspelt key": ({**LOCK, "kex": "x"}, None, "locks.0.kex", "is no key of this file, did you mean 'key'?"),
    "an unknown cipher": ({**LOCK, "cipher": "aes256"}, None, "locks.0.cipher", "not 'aes256'"),
    "an unknown mode": ({**LOCK, "mode": "xts"}, None, "locks.0.mode", "not 'xts'"),
    "no mode": ({"name": "a", "cipher": "aes", "key": "k"}, None, "locks.0", "aes needs a mode"),
    "a mode too many": ({"name": "a", "cipher": "rc4", "mode": "cbc", "key": "k"}, None, "locks.0", "has no modes"),
    "no key": ({"name": "a", "cipher": "rc4"}, None, "locks.0", "rc4 needs a key"),
    "no iv": ({**LOCK, "mode": "cbc"}, None, "locks.0", "needs an iv"),
    "no hexadecimal": ({**LOCK, "key": {"hex": "0g"}}, None, "locks.0.key.hex", "is no hexadecimal"),
    "no base64": ({**LOCK, "key": {"base64": "*"}}, None, "locks.0.key.base64", "is no base64"),
    "two sources": ({**LOCK, "key": {"hex": "00", "text": "a"}}, None, "locks.0.key", "says text and hex: give one"),
    "no source": ({**LOCK, "key": {"then": ["md5"]}}, None, "locks.0.key", "says nothing: give one of"),
    "an unknown step": ({**LOCK, "key": {"text": "a", "then": ["md6"]}}, None, "locks.0.key.then", "not 'md6'"),
    "two steps in one": (
        {**LOCK, "key": {"text": "a", "then": [{"size": 16, "after": "x"}]}},
        None,
        "locks.0.key.then",
        "says after and size: give one",
    ),
    "a stretch of three": ({**LOCK, "data": {"value": [1, 2, 3]}}, None, "locks.0.data.value", "at most 2"),
    "no expression": ({**LOCK, "where": {"looks": "("}}, None, "locks.0.where.looks", "is no regular expression"),
    "a name like a path": ({**LOCK, "name": "a/b"}, None, "locks.0.name", "pattern"),
    "rsa without its key": ({"name": "a", "cipher": "rsa"}, None, "locks.0", "takes its private key as rsa"),
    "gcm for another": ({**LOCK, "cipher": "sm4", "mode": "gcm", "iv": {"zeros": 12}}, None, "locks.0", "aes alone"),
    "too many rounds": (
        {**LOCK, "key": {"text": "a", "then": [{"pbkdf2": {"salt": "s", "rounds": 10**9}}]}},
        None,
        "locks.0.key.then",
        "less than or equal",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_with_place_and_cure(tmp_path, name):
    said, line, key, why = REFUSED[name]
    file = written(tmp_path, said if isinstance(said, str) else {"locks": [said]})
    with pytest.raises(ConfigError) as error:
        load_keyring([file])
    assert error.value.file == str(file) and error.value.key.startswith(key) and why in str(error.value)
    assert "\n" not in str(error.value) and (line is None or error.value.line == line)


def test_a_line_is_told(tmp_path):
    file = written(tmp_path, "locks:\n  - name: a\n    cipher: aes\n    mode: ecb\n    key: {hex: zz}\n")
    with pytest.raises(ConfigError, match=r"keys.yaml:5: locks.0.key.hex: 'zz' is no hexadecimal"):
        load_keyring([file])


def test_a_name_stands_once(tmp_path):
    one = written(tmp_path, {"locks": [LOCK]}, "a.yaml")
    two = written(tmp_path, {"locks": [LOCK]}, "b.yaml")
    both = written(tmp_path, {"locks": [LOCK, LOCK]}, "c.yaml")
    for files in ([one, two], [both]):
        with pytest.raises(ConfigError, match=r"'shop' stands in .* already"):
            load_keyring(files)
    assert len(load_keyring([one]).locks) == 1 and load_keyring([]) == Keys()


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file"):
        load_keyring([tmp_path / "none.yaml"])


def test_a_case_names_its_keyring_from_where_it_lies(tmp_path):
    case = load_case(written(tmp_path, "keyring: [keys.yaml]", "case.yaml"))
    assert case.keyring == (tmp_path / "keys.yaml",)


@given(st.binary(max_size=80) | st.text("locks: -{}[]aeskyhx0\n", max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "keys.yaml"
    file.write_bytes(data)
    try:
        load_keyring([file])
    except ConfigError as error:
        assert "\n" not in str(error)
