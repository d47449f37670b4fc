"""Room on the disk for outputs, saved flows and captures."""

import shutil

from leaktap.doctor._api import About, Verdict

_LEAST, _ENOUGH = 200, 2000
"""MB."""


def check(about: About) -> Verdict:
    """Looks at the folder where outputs go."""
    try:
        free = shutil.disk_usage(about.folder).free / 1e6
    except OSError as error:
        return Verdict("disk", "fail", f"{about.folder}: {error.strerror}", f"mkdir -p {about.folder}")
    says = f"{free / 1000:.1f} GB free in {about.folder}"
    if free >= _ENOUGH:
        return Verdict("disk", "ok", says)
    return Verdict("disk", "warn" if free >= _LEAST else "fail", says, "make room, or work in a folder of another disk")
