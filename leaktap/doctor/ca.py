"""mitmproxy's certificate authority: it is there, and phones accept what it signs, as far as a session shows."""

import json
import urllib.request
from datetime import UTC, datetime

from cryptography import x509

from leaktap.doctor._api import About, Verdict
from leaktap.sessions import Running, running

_NAME = "certificate"
_INSTALL = "open http://mitm.it/ on the phone, through the proxy, and install the certificate"


def check(about: About) -> Verdict:
    """Reads the certificate, and asks the newest session which phones accepted it."""
    file = about.confdir / "mitmproxy-ca-cert.pem"
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except FileNotFoundError:
        return Verdict(_NAME, "warn", f"{file} is not there yet", "start leaktap live once: mitmproxy makes it")
    except (OSError, ValueError) as error:
        return Verdict(_NAME, "fail", f"{file} cannot be read ({error})", f"rm {file}; leaktap live makes another")
    if certificate.not_valid_after_utc < datetime.now(UTC):
        return Verdict(_NAME, "fail", f"{file} has expired", f"rm {about.confdir}/mitmproxy-ca*; then {_INSTALL}")
    sessions = running()
    phones = _phones(sessions[-1]) if sessions else None
    if phones is None:
        return Verdict(_NAME, "warn", "no session runs: whether a phone accepts it cannot be told", "leaktap live")
    if not phones:
        return Verdict(_NAME, "warn", "no phone has spoken TLS through the session yet", _INSTALL)
    words = [f"{ip}: {said['accepted']} accepted, {said['refused']} refused" for ip, said in sorted(phones.items())]
    without = [ip for ip, said in phones.items() if not said["accepted"]]
    if without:
        return Verdict(_NAME, "fail", "; ".join(words), f"on {', '.join(without)}: {_INSTALL}")
    return Verdict(_NAME, "ok", "; ".join(words))


def _phones(session: Running) -> dict[str, dict[str, int]] | None:
    request = urllib.request.Request(f"{session.url}/state", headers={"Authorization": f"Bearer {session.token}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=3) as reply:
            phones: dict[str, dict[str, int]] = json.load(reply)["phones"]
            return phones
    except (OSError, ValueError, KeyError, TypeError):
        return None
