import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


def test_secrets_of_encrypted_hellos_are_none_of_ours():
    log, count = load(f"ECH_CONFIG {RANDOM} fe0d0011aa\nECH_SECRET {RANDOM} {SECRET}\n")
    assert (count, list(log.faults()), log.secrets(bytes.fromhex(RANDOM))) == (0, [], {})


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


# Files that grow


def line(number, label="CLIENT_TRAFFIC_SECRET_0", secret=MASTER):
    return f"{label} {number:064x} {secret}\n"


def known(log, *numbers):
    return [bool(log.secrets(number.to_bytes(32))) for number in numbers]


def test_a_file_that_grows(tmp_path):
    file = tmp_path / "keys.txt"
    file.write_text("")
    log = KeyLog()
    log.add_file(file)
    assert (log.version, known(log, 1)) == (0, [False])
    log.refresh()
    assert log.version == 0
    with file.open("a") as end:
        end.write(line(1) + line(2)[:100])
        end.flush()
        log.refresh()
        assert (log.version, known(log, 1, 2)) == (1, [True, False])
        log.refresh()
        assert (log.version, known(log, 1, 2)) == (1, [True, False])
        end.write(line(2)[100:] + "garbage\n" + line(3))
        end.flush()
        log.refresh()
    assert (log.version, known(log, 1, 2, 3)) == (2, [True] * 3)
    (fault,) = log.faults()
    assert fault.where == f"{file}:3"
    log.refresh()
    assert log.version == 2


def test_a_line_is_taken_whole(tmp_path):
    """Cut after 32 bytes of its secret, it would be a wrong one."""
    file = tmp_path / "keys.txt"
    file.write_text(line(1) + line(2)[:-33])
    log = KeyLog()
    log.add_file(file)
    assert known(log, 1, 2) == [True, False]
    file.write_text(line(1) + line(2))
    log.refresh()
    assert log.secrets((2).to_bytes(32)) == {"CLIENT_TRAFFIC_SECRET_0": bytes.fromhex(MASTER)}
    assert list(log.faults()) == []


@pytest.mark.parametrize("text", [line(1).rstrip(), line(2) + line(1).rstrip()])
def test_a_last_line_without_its_end(tmp_path, text):
    file = tmp_path / "keys.txt"
    file.write_text(text)
    log = KeyLog()
    log.add_file(file)
    log.refresh()
    assert known(log, 1) == [True]
    assert [*log.faults()] == []


def test_a_line_that_stays_cut_off_is_told(tmp_path):
    file = tmp_path / "keys.txt"
    file.write_text(line(1) + line(2)[:90])
    log = KeyLog()
    log.add_file(file)
    log.refresh()
    known(log, 1)
    (fault,) = log.unused("a.pcap")
    assert (fault.where, fault.why) == (f"{file}:2", "is cut off: its last line has no end")


@pytest.mark.parametrize("anew", [True, False])
def test_a_file_that_begins_anew(tmp_path, anew):
    file = tmp_path / "keys.txt"
    file.write_text(line(1) + line(2))
    log = KeyLog()
    log.add_file(file)
    if anew:
        file.rename(tmp_path / "old.txt")
        log.refresh()
        assert known(log, 1, 2) == [True, True]
    file.write_text(line(3))
    log.refresh()
    assert known(log, 1, 2, 3) == [True, True, True]


def test_a_file_that_stays_empty_is_told(tmp_path):
    file = tmp_path / "keys.txt"
    file.write_text("# begins\n")
    log = KeyLog()
    log.add_file(file)
    (fault,) = log.unused("a.pcap")
    assert (fault.where, fault.why) == (str(file), "has no TLS secret: give an NSS key log (SSLKEYLOGFILE)")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cuts=st.lists(st.integers(0, 3 * len(line(1))), max_size=6).map(sorted))
def test_however_it_grows(tmp_path, cuts):
    file = tmp_path / "keys.txt"
    text = "".join(line(number) for number in (1, 2, 3))
    file.write_text("")
    log = KeyLog()
    log.add_file(file)
    for cut in [*cuts, len(text)]:
        file.write_text(text[:cut])
        log.refresh()
        log.refresh()
    assert known(log, 1, 2, 3) == [True] * 3
    assert list(log.faults()) == []


# What is looked at beforehand


def test_looking_at_a_file_beforehand(tmp_path):
    file = tmp_path / "keys.txt"
    for text in (line(1), "garbage\n" + line(1), line(1) + "garbage\n"):
        file.write_text(text)
        KeyLog.check(file)
    file.write_text("# nothing yet\n")
    KeyLog.check(file, growing=True)
    with pytest.raises(ConfigError, match="has no TLS secret"):
        KeyLog.check(file)
    file.write_text("garbage\n")
    with pytest.raises(ConfigError, match="has no TLS secret"):
        KeyLog.check(file, growing=True)
    with pytest.raises(ConfigError, match="cannot be read"):
        KeyLog.check(tmp_path / "absent")


# Private keys


def pem(key, password=None, form=serialization.PrivateFormat.PKCS8):
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, locked)


RSA = rsa.generate_private_key(65537, 2048)
RSA_PEM = pem(RSA, form=serialization.PrivateFormat.TraditionalOpenSSL)
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
PREMASTER = b"\3\3" + bytes(range(46))


@pytest.mark.parametrize(
    "text", [pem(RSA), RSA_PEM, CERTIFICATE + RSA_PEM, b"Bag Attributes\n" + pem(RSA) + CERTIFICATE]
)
def test_the_private_key_of_a_server(tmp_path, text):
    file = tmp_path / "server.key"
    file.write_bytes(text)
    KeyLog.check(file)
    log = KeyLog()
    log.add_file(file)
    assert log.premasters
    encrypted = RSA.public_key().encrypt(PREMASTER, padding.PKCS1v15())
    assert log.premaster(encrypted, (b"\3\1", b"\3\2")) == b""
    assert log.premaster(encrypted[:-1], (b"\3\3",)) == b""
    assert log.premaster(bytes(256), (b"\3\3",)) == b""
    (fault,) = log.unused("a.pcap")
    assert fault.where == str(file)
    assert log.premaster(encrypted, (b"\3\1", b"\3\3")) == PREMASTER
    assert list(log.unused("a.pcap")) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (pem(RSA, b"secret"), "is an encrypted private key"),
        (pem(RSA, b"secret", serialization.PrivateFormat.TraditionalOpenSSL), "is an encrypted private key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "not of RSA"),
        (CERTIFICATE, "without a private key"),
        (RSA_PEM[:-200], "cannot be read"),
        (RSA_PEM[:300] + RSA_PEM[400:], "cannot be read"),
        (b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "cannot be read"),
    ],
)
def test_private_keys_of_no_use(tmp_path, text, why):
    file = tmp_path / "server.key"
    file.write_bytes(text)
    for take in (KeyLog.check, KeyLog().add_file):
        with pytest.raises(ConfigError, match=f"server.key: .*{why}"):
            take(file)
