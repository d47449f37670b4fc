"""The proxy's port: free, or held by a session."""

import socket
from contextlib import closing

from leaktap.doctor._api import About, Verdict
from leaktap.sessions import running


def check(about: About) -> Verdict:
    """Tries to listen on it."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", about.port))
        except PermissionError:
            return Verdict("ports", "fail", f"port {about.port} needs root", "take a port above 1023, such as 8080")
        except OSError as error:
            if sessions := running():
                pids = ", ".join(str(session.pid) for session in sessions)
                return Verdict("ports", "ok", f"port {about.port} is in use; sessions that run: {pids}")
            mend = f"ss -ltnp 'sport = :{about.port}' says by whom; or leaktap live -- -p ANOTHER"
            return Verdict("ports", "fail", f"port {about.port} is in use ({error.strerror})", mend)
    return Verdict("ports", "ok", f"port {about.port} is free")
