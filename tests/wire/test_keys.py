import pytest

from leaktap.config import ConfigError
from leaktap.wire.keys import KeyLog

RANDOM, MASTER, SECRET = "ab" * 32, "cd" * 48, "ef" * 32


def load(text):
    log = KeyLog()
    return log, log.add_bytes(text.encode(), "keys.txt")


GOOD = [
    (f"CLIENT_RANDOM {RANDOM} {MASTER}", "CLIENT_RANDOM", bytes.fromhex(MASTER)),
    (f"CLIENT_RANDOM {RANDOM.upper()} {MASTER.upper()}", "CLIENT_RANDOM", bytes.fromhex(MASTER)),
    (f"  CLIENT_TRAFFIC_SECRET_0\t{RANDOM}  {SECRET}\r", "CLIENT_TRAFFIC_SECRET_0", bytes.fromhex(SECRET)),
    (f"SERVER_HANDSHAKE_TRAFFIC_SECRET {RANDOM} {MASTER}", "SERVER_HANDSHAKE_TRAFFIC_SECRET", bytes.fromhex(MASTER)),
    (f"EXPORTER_SECRET {RANDOM} {SECRET}", "EXPORTER_SECRET", bytes.fromhex(SECRET)),
    (f"# a comment\n\nCLIENT_RANDOM {RANDOM} {MASTER}", "CLIENT_RANDOM", bytes.fromhex(MASTER)),
]


@pytest.mark.parametrize(("text", "label", "secret"), GOOD)
def test_good_lines(text, label, secret):
    log, count = load(text)
    assert (count, log.secrets(bytes.fromhex(RANDOM))) == (1, {label: secret})
    assert (list(log.faults()), log.version) == ([], 1)


def test_rsa_goes_by_the_encrypted_premaster_secret():
    log, count = load(f"RSA 0011223344556677 {MASTER}")
    assert (count, log.secrets(bytes.fromhex("0011223344556677"))) == (1, {"RSA": bytes.fromhex(MASTER)})


BAD = [
    "CLIENT_RANDOM",
    f"CLIENT_RANDOM {RANDOM}",
    f"CLIENT_RANDOM {RANDOM} {MASTER} more",
    f"CLIENT_RANDOM {RANDOM}0 {MASTER}",
    f"CLIENT_RANDOM {RANDOM[2:]} {MASTER}",
    f"CLIENT_RANDOM {RANDOM} {SECRET}",
    f"CLIENT_RANDOM {RANDOM} {MASTER[:-1]}g",
    f"CLIENT_TRAFFIC_SECRET_0 {RANDOM} {SECRET}00",
    f"RSA {RANDOM} {MASTER}",
    f"client_random {RANDOM} {MASTER}",
    "\x00\xff garbage",
]


@pytest.mark.parametrize("line", BAD)
def test_bad_lines_are_faults_and_the_others_count(line):
    log, count = load(f"{line}\nCLIENT_RANDOM {RANDOM} {MASTER}\n")
    assert count == 1
    (fault,) = log.faults()
    assert (fault.stage, fault.where) == ("keys", "keys.txt:1")
    assert fault.why
    assert list(log.faults()) == []


def test_many_bad_lines_are_few_faults():
    log, count = load("garbage\n" * 1000)
    faults = list(log.faults())
    assert (count, len(faults), log.version) == (0, 21, 0)
    assert faults[-1].why == "980 more lines are no secrets"


def test_unknown_randoms_have_no_secrets():
    log, _ = load(f"CLIENT_RANDOM {RANDOM} {MASTER}")
    assert log.secrets(bytes(32)) == {}
    assert log.secrets(b"") == {}


def test_files_without_use_are_told(tmp_path):
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text(f"CLIENT_RANDOM {RANDOM} {MASTER}\n")
    two.write_text(f"CLIENT_RANDOM {'01' * 32} {MASTER}\nCLIENT_RANDOM {'02' * 32} {MASTER}\n")
    log = KeyLog()
    log.add_file(one)
    log.add_file(two)
    assert len(list(log.unused("a.pcap"))) == 2
    log.secrets(bytes.fromhex(RANDOM))
    (fault,) = log.unused("a.pcap")
    assert fault.where == str(two)
    assert "none of its 2 secrets belongs to a TLS connection of a.pcap" in fault.why


@pytest.mark.parametrize("content", [None, b"garbage\n", b"garbage", b"# nothing\nnothing\n", b"\x00\xff" * 100])
def test_files_that_are_no_key_log_are_refused(tmp_path, content):
    file = tmp_path / "keys.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"keys\.txt: "):
        KeyLog().add_file(file)
