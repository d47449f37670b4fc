"""NATS (`nats://host/subject`, `nats+tls://`): each record is a message, its JSON as payload, its id as `Nats-Msg-Id`.

Where a JetStream stream takes the subject, a row has arrived when the stream has stored it, and the stream drops a
duplicate by itself. Elsewhere it has arrived when the server has answered a ping behind it. Settings: `user`,
`password`, `token` (env: or file:), `creds` (a file), and for TLS `ca`, `cert` and `key`. Needs nats-py
(`pip install 'leaktap[nats]'`).
"""

from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._spooled import Spooled
from leaktap.sinks._target import TLS, parse


def open_nats(target: str, options: Options) -> Spooled:
    """Opens the queue of the server.

    Raises:
        SinkError: the target cannot be understood.
    """
    from leaktap.sinks._to_nats import Nats

    where = parse("nats", target, {"nats", "nats+tls"}, {"user", "password", "token", "creds", *TLS})
    return Spooled(where, options, lambda: Nats(where))


SINK = SinkKind("nats", open_nats, schemes=("nats+tls",), far=True)
