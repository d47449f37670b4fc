"""Names of packages: what looks like one, and as which organisation's it stands."""

import re

from leaktap.attribution._suffixes import suffixes

PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,64}){1,15}")


def is_package(name: str, tested: str) -> bool:
    """Tells whether a name counts as a package: it is the tested one, or begins with a top-level domain."""
    return name == tested or bool(suffixes().publicsuffix(name.partition(".")[0].lower()))
