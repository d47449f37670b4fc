import pytest

from leaktap.identifiers._networks import home, is_network, networks


def test_every_country_has_a_network():
    assert len(networks()) > 220
    assert all(len(code) in (2, 3) and code.isdigit() for codes in networks().values() for code in codes)
    assert "001" not in networks() and "999" not in networks()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("460001234567891", ("460", "00")),
        ("310410123456789", ("310", "410")),
        ("208011234567891", ("208", "01")),
        ("460991234567891", ("460", "")),
        ("001011234567891", ("", "")),
        ("123456789012345", ("", "")),
        ("", ("", "")),
    ],
)
def test_home(number, expected):
    assert home(number) == expected


@pytest.mark.parametrize(
    ("country", "network", "expected"),
    [
        ("460", "00", True),
        ("460", "0", True),
        ("460", "11", True),
        ("310", "410", True),
        ("460", "99", False),
        ("461", "00", False),
        ("460", "", False),
    ],
)
def test_networks(country, network, expected):
    assert is_network(country, network) is expected
