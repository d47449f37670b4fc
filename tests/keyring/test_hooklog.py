"""Logs of hooks, told by their content: what they hold, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaktap.config import ConfigError
from leaktap.keyring import load_keyring
from leaktap.keyring._hooklog import Operation, read_log


def record(**data):
    said = {"iv": "", "alg": "AES", "in": "", "out": "", "key": "", **data}
    return {"type": "aes_info_log", "dump": "aes_info.json", "data_type": "json", "timestamp": 1, "data": said}


KEY = record(key="00" * 16)
DONE = record(alg="AES/CBC/PKCS5Padding", iv="0f" * 16, **{"in": "7b7d", "out": "ff" * 16})
EXPECTED = (
    Operation("AES", bytes(16)),
    Operation("AES/CBC/PKCS5Padding", b"", bytes([15]) * 16, b"{}", bytes([255]) * 16),
)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([KEY, DONE, DONE], indent=2),
        json.dumps([KEY, DONE]),
        "\n".join(map(json.dumps, [KEY, DONE])) + "\n\n",
        json.dumps([KEY | {"pid": 7, "process": "com.example.shop"}, DONE]),
    ],
)
def test_a_log_is_known_by_its_content(tmp_path, text):
    file = tmp_path / "anything.yaml"
    file.write_text(text)
    assert read_log(file) == EXPECTED
    assert load_keyring([file]).operations == EXPECTED


@pytest.mark.parametrize("text", ["", "locks: []", "[]", '[{"type": "socket_trace"}]', '{"a": 1}'])
def test_other_files_are_none(tmp_path, text):
    file = tmp_path / "a.json"
    file.write_text(text)
    assert read_log(file) is None
    assert read_log(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (json.dumps([KEY, DONE])[:-20], "is no JSON"),
        (json.dumps(KEY) + "\n{", ":2: is no JSON"),
        (json.dumps([KEY, {"type": "aes_info_log"}]), r"\[1\]: is no record of a hook"),
        (json.dumps([record(key="0g")]), r"\[0\]: is no record of a hook"),
        (json.dumps([KEY, 7]), r"\[1\]: is no record of a hook"),
    ],
)
def test_a_broken_log_is_refused(tmp_path, text, why):
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=why):
        read_log(file)


@given(st.text('[]{},:"07fkeyinoutdatatypeaes_info_log ', max_size=120))
def test_anything_is_a_log_or_none_or_refused(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text('[{"type": "aes_info_log", ' + text)
    try:
        read_log(file)
    except ConfigError as error:
        assert "\n" not in str(error)
