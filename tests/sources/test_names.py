"""What inputs are called, so that findings of two of them never share an id."""

import pytest

from leaktap.sources import names


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a.pcap"], ["a.pcap"]),
        (["/x/y/a.pcap"], ["a.pcap"]),
        (["/x/a.pcap", "/x/b.pcap"], ["a.pcap", "b.pcap"]),
        (["/x/a.pcap", "/y/a.pcap"], ["x/a.pcap", "y/a.pcap"]),
        (["/x/1/a.pcap", "/y/1/a.pcap", "/z/b.pcap"], ["x/1/a.pcap", "y/1/a.pcap", "b.pcap"]),
        (["/x/1/a.pcap", "/y/1/a.pcap", "/y/2/a.pcap"], ["x/1/a.pcap", "y/1/a.pcap", "y/2/a.pcap"]),
        (["/x/a.pcap", "/x/a.pcap"], ["a.pcap", "a.pcap"]),
        (["/x/a.pcap", "/x/../x/./a.pcap"], ["a.pcap", "a.pcap"]),
        (["/a.pcap", "/x/a.pcap"], ["/a.pcap", "x/a.pcap"]),
        (["-", "/x/-"], ["-", "x/-"]),
        (["-"], ["-"]),
    ],
)
def test_names(paths, expected):
    found = names(paths)
    assert [found[path] for path in paths] == expected


def test_relative_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert names(["a.pcap", "x/a.pcap"]) == {"a.pcap": f"{tmp_path.name}/a.pcap", "x/a.pcap": "x/a.pcap"}
