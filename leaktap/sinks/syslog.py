"""Syslog to another machine: RFC 5424 messages over UDP, TCP (RFC 6587, octet counting) or TLS (RFC 5425).

Syslog knows no acknowledgement. Over TCP and TLS the rows go through a connection of their own, whose sending side is
then closed: a server that had read all of it closes in turn. One that was killed does so too, or resets, but does not
answer afterwards. So rows count as arrived when the server has ended their connection and takes another. A server that
leaves the connection open for long is taken at its word. Over UDP a row counts as arrived when it was sent; only "port
unreachable" is noticed.

Settings: `format` (json or cef), `facility` (0 to 23, 16 is local0), `most` (bytes of a message), and for TLS `ca`,
`cert` and `key` (files).
"""

from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._spooled import Spooled
from leaktap.sinks._target import TLS, parse


def open_syslog(target: str, options: Options) -> Spooled:
    """Opens the queue of the server.

    Raises:
        SinkError: the target cannot be understood.
    """
    from leaktap.sinks._to_syslog import Syslog

    where = parse("syslog", target, {"syslog", "syslog+tcp", "syslog+tls"}, {"format", "facility", "most", *TLS})
    return Spooled(where, options, lambda: Syslog(where))


SINK = SinkKind("syslog", open_syslog, schemes=("syslog+tcp", "syslog+tls"), far=True)
