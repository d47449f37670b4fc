"""Vendors of network hardware: the first three octets that IEEE gives out for globally unique MAC addresses.

`_vendors.zlib` is the sorted list, each the difference to the one before in three bytes, compressed by zlib. Facts from
IEEE's registries of MA-L, MA-M and MA-S blocks (https://standards-oui.ieee.org/oui/oui.csv and its neighbours), as
collected in Wireshark's `manuf`. A block that was given out since is missing, so absence proves nothing.
"""

import zlib
from functools import cache
from pathlib import Path

import numpy as np


@cache
def _blocks() -> frozenset[int]:
    packed = zlib.decompress((Path(__file__).parent / "_vendors.zlib").read_bytes())
    steps = np.frombuffer(packed, np.uint8).reshape(-1, 3).astype(np.int64)
    return frozenset(np.cumsum(steps @ np.array([1 << 16, 1 << 8, 1])).tolist())


def is_registered(digits: str) -> bool:
    """Says whether the MAC address with these hexadecimal digits begins as those of some vendor do."""
    return int(digits[:6], 16) in _blocks()
