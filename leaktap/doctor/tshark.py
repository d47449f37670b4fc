"""tshark: what `--engine tshark` needs, and who judges captures by hand."""

from importlib.util import find_spec

from leaktap.doctor._api import About, Verdict, output


def check(_about: About) -> Verdict:
    """Asks for its version."""
    said = output("tshark", "--version")
    if said is None:
        return Verdict("tshark", "warn", "not installed: only --engine tshark needs it", "apt install tshark")
    if find_spec("pyshark") is None:
        mend = "pip install 'leaktap[tshark]'"
        return Verdict("tshark", "warn", "pyshark is not installed: only --engine tshark needs it", mend)
    return Verdict("tshark", "ok", said.partition("\n")[0].strip()[:80])
