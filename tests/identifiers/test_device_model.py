import pytest

from tests.identifiers.leaves import json_leaves

BUILD = {
    "model": "Phone 9", "brand": "Example", "manufacturer": "Example Ltd", "board": "abc", "hardware": "soc9",
    "os_version": "14", "sdk_int": 34, "cpu_abi": "arm64-v8a", "screen_width": 1080, "density": 2.75,
    "language": "zh", "timezone": "Asia/Shanghai",
}  # fmt: skip
CAID = {
    "bootTimeInSec": "1595643553", "countryCode": "CN", "language": "zh-Hans-CN", "machine": "iPhone10,3",
    "sysFileTime": "1595214620.383940", "mnt_id": "80825948939346695D0D7DD52CB405D1",
}  # fmt: skip


def found(stranger, data):
    return [m for m in stranger.match(list(json_leaves(data))) if m.identifier == "device_model"]


@pytest.mark.parametrize(("data", "count"), [(BUILD, 12), ({"device": BUILD, "n": 1}, 12), (CAID, 6)])
def test_ten_properties_are_a_fingerprint(stranger, data, count):
    (match,) = found(stranger, data)
    assert (match.category, match.basis, match.confidence, match.count) == ("device_info", "structure", 0.8, count)
    assert match.why.startswith(f"{count} properties: ")


@pytest.mark.parametrize(
    "data",
    [
        {"model": "Phone 9", "os_version": "14", "brand": "Example"},
        dict(list(BUILD.items())[:9]),
        dict.fromkeys(BUILD, "unknown"),
        {f"model{i}": "Phone 9" for i in range(20)},
        {f"x{i}": value for i, value in enumerate(BUILD.values())},
        {"list": [{"model": f"Phone {i}", "brand": "Example", "price": i} for i in range(20)]},
        {key: value for key, value in CAID.items() if key not in ("sysFileTime", "mnt_id")},
    ],
)
def test_fewer_are_none(stranger, data):
    assert found(stranger, data) == []
