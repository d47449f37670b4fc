import shutil
import subprocess

import pytest

from leaktap.identifiers._vendors import _blocks, is_registered


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("a450461f3456", True),
        ("A450461F3456", True),
        ("50c7bff634a1", True),
        ("000000000001", True),
        ("b0ffee1f3456", False),
        ("a650461f3456", False),
        ("ffffffffffff", False),
    ],
)
def test_who_has_a_vendor(digits, expected):
    assert is_registered(digits) is expected


def test_all_blocks_are_of_unique_addresses():
    assert len(_blocks()) > 30_000
    assert not any(block >> 16 & 3 for block in _blocks())


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_knows_them(tmp_path):
    """The vendors of a few addresses by Wireshark's own table."""
    file = tmp_path / "hosts.txt"
    packets = "".join(f"000000 ffffffffffff{b:06x}000001 88b5 {'00' * 46}\n" for b in sorted(_blocks())[::4000])
    file.write_text("".join(f"0000 {' '.join(w[i : i + 2] for i in range(0, len(w), 2))}\n" for w in _bytes(packets)))
    capture = tmp_path / "a.pcap"
    if subprocess.run(["text2pcap", "-q", file, capture], capture_output=True, check=False).returncode:
        pytest.skip("text2pcap is not installed")
    names = subprocess.run(
        ["tshark", "-r", capture, "-T", "fields", "-e", "eth.src.oui_resolved"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert len(names) > 8 and sum(map(bool, names)) >= 0.8 * len(names)


def _bytes(packets):
    return ["".join(line.split()[1:]) for line in packets.splitlines()]
