"""MQTT 3.1.1 (`mqtt://host/topic`, `mqtts://`): each record is a message of quality of service 1, its JSON as payload.

A row has arrived when the broker has acknowledged it. Settings: `user`, `password` (env: or file:), `client` (the
client id), `retain` (yes), and for TLS `ca`, `cert` and `key`. Needs paho-mqtt (`pip install 'leaktap[mqtt]'`).
"""

from leaktap.sinks._api import Options, SinkKind
from leaktap.sinks._spooled import Spooled
from leaktap.sinks._target import TLS, parse


def open_mqtt(target: str, options: Options) -> Spooled:
    """Opens the queue of the broker.

    Raises:
        SinkError: the target cannot be understood.
    """
    from leaktap.sinks._to_mqtt import Mqtt

    where = parse("mqtt", target, {"mqtt", "mqtts"}, {"user", "password", "client", "retain", *TLS})
    return Spooled(where, options, lambda: Mqtt(where))


SINK = SinkKind("mqtt", open_mqtt, schemes=("mqtts",), far=True)
