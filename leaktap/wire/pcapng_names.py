"""Name resolution blocks of pcapng: the names that whoever captured knew, of hosts and of hardware addresses.

A block is a list of records: a type, a length and an address with its names, each ended by a zero byte. Source:
draft-ietf-opsawg-pcapng, 4.5.
"""

import ipaddress

from leaktap.wire.names import Names
from leaktap.wire.pcapng_options import options

_IPV4, _IPV6, _EUI48 = 1, 2, 3
_ADDRESS = {_IPV4: 4, _IPV6: 16, _EUI48: 6}
_MOST_NAME = 255


def learn_names(body: memoryview, order: str, names: Names) -> None:
    """Takes a block's body. Of several names of an address the last counts, as in Wireshark; others are no text."""
    for kind, value in options(body, order):  # records are built as options are
        size = _ADDRESS.get(kind, len(value))
        address = bytes(value[:size])
        for name in bytes(value[size:]).split(b"\0"):
            text = name.decode("utf-8", "replace")
            if not text or len(name) > _MOST_NAME or "\ufffd" in text or not text.isprintable():
                continue
            if kind == _EUI48:
                names.learn_phone(address.hex(":"), text)
            else:
                names.learn_host(str(ipaddress.ip_address(address)), text)
