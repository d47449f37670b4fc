"""Names: the proxy has to find the servers that apps ask for."""

import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong

from leaktap.doctor._api import About, Verdict

_NAME, _SECONDS = "example.com", 4
_MEND = "look at /etc/resolv.conf: name a resolver that answers"


def check(_about: About) -> Verdict:
    """Looks up a name that everybody has."""
    worker = ThreadPoolExecutor(1)
    try:
        found = worker.submit(socket.getaddrinfo, _NAME, 443).result(_SECONDS)
    except TooLong:
        return Verdict("dns", "fail", f"{_NAME} was not found within {_SECONDS} s", _MEND)
    except OSError as error:
        return Verdict("dns", "fail", f"{_NAME} is not found ({error.strerror or error})", _MEND)
    finally:
        worker.shutdown(wait=False)
    return Verdict("dns", "ok", f"{_NAME} is {found[0][4][0]}")
