"""`leaktap scan --keyring`: what an app encrypts, without a key, with a keyring, with a hook's log, by the case."""

import base64
import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tests._waiting import PATIENCE

KEY, IV = b"0123456789abcdef", b"fedcba9876543210"
CONTENT = json.dumps({"imei": "867530912345672", "events": ["none"] * 60}).encode()
CONTENT += b" " * (-len(CONTENT) % 16)
SEALED = Cipher(AES(KEY), CBC(IV)).encryptor().update(CONTENT)
KEYRING = """
locks:
  - {name: shop, cipher: aes, mode: cbc, key: 0123456789abcdef, iv: fedcba9876543210, padding: none,
     data: {value: [0], then: unbase64}, where: {host: shop.example, field: data}}
"""
LOG = [
    {
        "type": "aes_info_log",
        "timestamp": 1,
        "data": {"alg": "AES/CBC/NoPadding", "iv": IV.hex(), "key": "", "in": CONTENT.hex(), "out": SEALED.hex()},
    }
]


def har(body):
    entry = {
        "startedDateTime": "2026-11-21T10:00:00Z",
        "time": 1,
        "request": {
            "method": "POST",
            "url": "https://api.shop.example/report",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": len(body),
            "postData": {"mimeType": "application/json", "text": body},
        },
        "response": {"status": 0, "statusText": "", "httpVersion": "", "headers": [], "content": {"size": 0}},
        "cache": {},
        "timings": {},
    }
    return {"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": [entry]}}


@pytest.fixture
def folder(tmp_path):
    body = json.dumps({"filler": ["none"] * 50, "data": base64.b64encode(SEALED).decode(), "v": 1})
    (tmp_path / "in.har").write_text(json.dumps(har(body)))
    (tmp_path / "device.yaml").write_text("name: phone\nidentifiers: {imei: '867530912345672'}\n")
    (tmp_path / "keys.yaml").write_text(KEYRING)
    (tmp_path / "aes_info.json").write_text(json.dumps(LOG))
    (tmp_path / "case.yaml").write_text("keyring: keys.yaml\n")
    return tmp_path


def scan(folder, *arguments):
    command = [sys.executable, "-m", "leaktap", "scan", "in.har", "--device", "device.yaml", "--format", "jsonl"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=PATIENCE, cwd=folder)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {record["schema"].split("/")[0].removeprefix("leaktap."): record for record in records}


def test_without_a_key_it_is_ciphertext(folder):
    records = scan(folder)
    assert "finding" not in records
    blind, summary = records["blind"], records["summary"]
    assert (blind["why"], blind["host"], blind["bytes"]) == ("ciphertext", "api.shop.example", len(SEALED))
    assert "request.body|json.$.data" in blind["detail"]
    assert summary["inspected_share"] < 0.7 and summary["blind"] == {"ciphertext": 1}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["--keyring", "keys.yaml"], "request.body|json.$.data|decrypt.shop|json.$.imei"),
        (["--case", "case.yaml"], "request.body|json.$.data|decrypt.shop|json.$.imei"),
        (["--keyring", "keys.yaml", "--jobs", "2"], "request.body|json.$.data|decrypt.shop|json.$.imei"),
        (["--keyring", "aes_info.json"], "request.body|json.$.data|base64|decrypt.hook|json.$.imei"),
    ],
)
def test_with_one_it_is_read(folder, arguments, path):
    records = scan(folder, *arguments)
    assert (records["finding"]["identifier"], records["finding"]["path"]) == ("imei", path)
    assert "blind" not in records and records["summary"]["inspected_share"] == 1


def test_a_broken_keyring(folder):
    (folder / "keys.yaml").write_text("locks:\n  - {name: a, cipher: aes, mode: cbc, kay: b}\n")
    command = [sys.executable, "-m", "leaktap", "scan", "in.har", "--keyring", "keys.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "keys.yaml:2: locks.0.kay: is no key of this file, did you mean 'key'?" in done.stderr
