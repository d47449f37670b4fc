"""`leaktap decode`: the tree of a payload, what is marked in it, and what hostile payloads cannot do."""

import base64
import gzip
import hashlib
import io
import json
import os
import pty
import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaktap.cli import run
from leaktap.decoders import Part
from leaktap.trees._picture import document, escaped, lines
from leaktap.trees._tree import ROOT, Shown, Tree
from tests._waiting import PATIENCE

IMEI, ANDROID_ID, PHONE = "867530912345673", "6c1f0be47a93d825", "19900000017"
NAMES = [f"Fenella Bramelph{letter}" for letter in "abcde"]


@pytest.fixture
def device(tmp_path):
    file = tmp_path / "device.yaml"
    entries = ", ".join(f"{{name: {name}, phone: '+44770090010{index}'}}" for index, name in enumerate(NAMES))
    file.write_text(
        f"name: lab\nidentifiers:\n  imei: '{IMEI}'\n  android_id: {ANDROID_ID}\n  phone: '{PHONE}'\n"
        f"  contacts: [{entries}]\n"
    )
    return str(file)


def body():
    """A payload of several layers with an IMEI, a hash, a phone number under another one and contacts."""
    document = {
        "imei": IMEI,
        "list": [{"name": name, "phone": f"+44770090010{index}"} for index, name in enumerate(NAMES)],
        "id": hashlib.md5(ANDROID_ID.encode()).hexdigest(),
        "p": base64.b64encode(f"tel={PHONE}&x=1".encode()).decode(),
    }
    inner = base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()
    return f"a=1&data={quote(inner)}&t={IMEI}".encode()


@pytest.fixture
def decode(capsysbinary, monkeypatch):
    def call(payload, *arguments):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(payload)))
        code = run(["decode", *arguments])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def test_the_tree_shows_every_layer_and_marks_what_is_found(decode, device):
    code, out, err = decode(body(), "--device", device)
    assert (code, err) == (0, "")
    rows = out.splitlines()
    assert rows[0].startswith("request.body  ")
    depth: dict[str, int] = {}
    for row in rows:
        depth.setdefault(row.split()[0], len(row) - len(row.lstrip()))
    way = [depth[step] for step in ("request.body", "|form", ".data", "|base64", "|gzip", "|json", ".$.imei")]
    assert way == sorted(set(way))
    at = next(index for index, row in enumerate(rows) if row.strip().startswith(".$.imei"))
    assert "◀ imei 86***********73 (plain; known of lab, 1.00)" in rows[at + 1]
    assert "android_id" in out and "(MD5, hex; known of lab, 1.00)" in out
    assert "5 together" in out


def test_what_is_found_is_masked_everywhere(decode, device):
    _, out, _ = decode(body(), "--device", device)
    _, machine, _ = decode(body(), "--device", device, "--json")
    hidden = [IMEI, PHONE, hashlib.md5(ANDROID_ID.encode()).hexdigest(), NAMES[0], "+447700900100"]
    hidden.append(base64.b64encode(f"tel={PHONE}&x=1".encode()).decode())
    for secret in hidden:
        assert secret not in out and secret not in machine


def test_reveal_shows_it(decode, device):
    _, out, _ = decode(body(), "--device", device, "--reveal")
    assert f"◀ imei {IMEI}" in out and PHONE in out


def test_without_a_profile_guesses_are_marked(decode):
    _, out, _ = decode(json.dumps({"imei": IMEI}).encode())
    assert "◀ imei 86***********73 (plain; checksum" in out


def test_json_has_the_tree_and_what_was_found(decode, device):
    _, out, _ = decode(body(), "--device", device, "--json", "--reveal")
    whole = json.loads(out)
    assert (whole["schema"], whole["bytes"], whole["left_out"]) == ("leaktap.decode/1", len(body()), 0)
    assert {found["identifier"] for found in whole["found"]} == {"imei", "android_id", "phone", "contacts"}
    node = whole["tree"]
    for decoder, path in (("form", ".data"), ("base64", ""), ("gzip", ""), ("json", ".$.imei")):
        opened = next(each for each in node["opened"] if each["decoder"] == decoder)
        node = next(part for part in opened["parts"] if part["path"] == f"{node['path']}|{decoder}{path}")
    assert node["text"] == IMEI and node["found"][0]["identifier"] == "imei"


@pytest.mark.parametrize(
    ("payload", "arguments", "words"),
    [
        (gzip.compress(b"x" * 400)[:-12], (), ["! ", "cut off"]),
        (b'{"a": ', ("--content-type", "application/json"), ["! json: Expecting value"]),
        (b"abc", ("--content-encoding", "frob"), ["'frob' is not known"]),
        (gzip.compress(bytes(200 << 20)), (), ["limit reached: bytes"]),
        (bytes(range(256)), (), ["0001 0203", "…"]),
        (b"", (), ["request.body  0 B"]),
        (b"plain words", (), ["request.body  11 B  plain words"]),
    ],
    ids=["cut", "broken", "coding", "bomb", "binary", "nothing", "text"],
)
def test_faults_and_limits_stand_where_they_happened(payload, arguments, words, decode):
    code, out, _ = decode(payload, *arguments)
    assert code == 0
    for word in words:
        assert word in out


def test_headers_decide_like_in_a_message(decode):
    _, out, _ = decode(b"--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--xyz--\r\n", "--content-type",
                       "multipart/form-data; boundary=xyz")  # fmt: skip
    assert "|multipart" in out and ".a  1 B  v" in out


def test_output_is_bounded(decode):
    _, out, _ = decode(json.dumps([*range(10_000), IMEI, {"imei": IMEI}]).encode())
    assert len(out.splitlines()) < 200
    assert "and 9,9" in out and "◀ imei" in out
    _, out, _ = decode(b"x" * 100_000)
    assert len(out) < 1000
    _, out, _ = decode(json.dumps([[f"a{i}=b&c=d"] for i in range(9_000)]).encode(), "--json")
    assert json.loads(out)["left_out"] > 0 and len(out) < 20 << 20


STEERING = ["\x1b[2J", "\x1b]0;title\x07", "\u202egnp.exe", "\r overwritten", "\x9b31m", "\u2028", "a\nb"]


@pytest.mark.parametrize("text", STEERING)
def test_a_terminal_cannot_be_steered(text, decode):
    for payload in ({text: 1}, {"v": text}, {"v": "y" * 300 + text}):
        for form in ((), ("--json",)):
            _, out, _ = decode(json.dumps(payload).encode(), *form)
            assert all(c.isprintable() or c == "\n" for c in out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-file"], "no-such-file: cannot be read"),
        (["."], "cannot be read"),
        (["--device", "no-such.yaml"], "there is no such file"),
        (["--frob"], "--frob"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments, words, decode):
    code, out, err = decode(b"", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and words in err


def test_a_file_is_read_as_well(decode, tmp_path):
    (tmp_path / "payload").write_bytes(b"a=1&b=2")
    assert "|form" in decode(b"", str(tmp_path / "payload"))[1]


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_terminals(environment, coloured, tmp_path):
    (tmp_path / "payload").write_bytes(body())
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "leaktap", "decode", str(tmp_path / "payload")]
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with os.fdopen(ours, "rb", buffering=0) as reader:
        done = subprocess.run(
            command, stdout=theirs, env=plain | {"TERM": "xterm-256color"} | environment, timeout=PATIENCE
        )
        os.close(theirs)
        shown = reader.read(65536)
    assert done.returncode == 0 and b"|form" in shown
    assert (b"\x1b[" in shown) is coloured


@pytest.mark.parametrize("text", ["", "plain", "日本", "\x1b[0m", "\ud800", "\u202e", "tab\t"])
def test_escaped_text_is_printable(text):
    assert escaped(text).isprintable()


trees = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from("abc"), st.lists(st.tuples(st.binary(max_size=8), st.text(max_size=4)))
    ),
    max_size=20,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=20), trees)
def test_any_tree_is_shown(payload, openings):
    tree = Tree(payload)
    known = [(ROOT, payload)]
    for index, decoder, parts in openings:
        path, value = known[index % len(known)]
        way = f"{path}|{decoder}"
        tree.watch(way, value, [Part(part, step) for part, step in parts])
        known += [(way + step, part) for part, step in parts if part]
    for reveal in (False, True):
        for line in lines(tree, Shown([], reveal)):
            assert line.plain.isprintable()
        json.dumps(document(tree, Shown([], reveal)))
