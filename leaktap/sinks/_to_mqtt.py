"""Publishes to an MQTT broker. `mqtt` says how it is to be used."""

import ssl
from collections.abc import Sequence
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from leaktap.sinks._api import SinkError
from leaktap.sinks._target import Target
from leaktap.sinks._tls import context
from leaktap.spool import Row, SendError

if TYPE_CHECKING:
    from paho.mqtt.client import Client

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_TIMEOUT = 5.0
_TOPIC = "leaktap"


class Mqtt:
    """A receiver: a connection that lasts until something fails."""

    most = 100
    pause = 0.0

    def __init__(self, target: Target) -> None:
        """Reads the settings.

        Raises:
            SinkError: one of them is wrong, or paho-mqtt is missing.
        """
        try:
            import paho.mqtt.client  # noqa: F401
        except ImportError:
            raise SinkError(f"{target.shown}: needs paho-mqtt: pip install 'leaktap[mqtt]'") from None
        self._target = target
        self._topic = unquote(target.url.path.strip("/")) or _TOPIC
        if any(sign in self._topic for sign in "+#\0"):
            raise SinkError(f"{target.shown}: {self._topic}: a topic to write to has no + or #")
        self._user, self._password = target.settings.get("user", unquote(target.url.username or "")), ""
        self._password = target.secret("password") or unquote(target.url.password or "")
        self._context: ssl.SSLContext | None = context(target) if target.url.scheme.lower() == "mqtts" else None
        self._client: Client | None = None
        self._why = ""

    def send(self, rows: Sequence[Row]) -> None:
        """Publishes rows.

        Raises:
            SendError: the broker may not have them.
        """
        try:
            client = self._client or self._connected()
            retain = self._target.settings.get("retain") == "yes"
            sent = [client.publish(self._topic, row.body, qos=1, retain=retain) for row in rows]
            until = monotonic() + _TIMEOUT
            for info in sent:
                info.wait_for_publish(max(0.0, until - monotonic()))
                if not info.is_published():
                    raise SendError(f"{self._target.shown}: {self._why or 'did not acknowledge in time'}")
        except (OSError, ValueError, RuntimeError) as error:
            self.close()
            raise SendError(f"{self._target.shown}: {getattr(error, 'strerror', None) or error}") from None
        except SendError:
            self.close()
            raise

    def close(self) -> None:
        """Disconnects."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _connected(self) -> "Client":
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        client = Client(CallbackAPIVersion.VERSION2, client_id=self._target.settings.get("client", ""))
        client.max_inflight_messages_set(self.most)
        if self._user or self._password:
            client.username_pw_set(self._user, self._password or None)
        if self._context:
            client.tls_set_context(self._context)
        answered = Event()
        self._why = "did not answer"

        def on_connect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            self._why = f"refused the connection: {reason}" if reason.is_failure else ""
            answered.set()

        def on_disconnect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            self._why = self._why or f"the connection ended: {reason}"
            answered.set()

        client.on_connect, client.on_disconnect = on_connect, on_disconnect
        client.connect_timeout = _TIMEOUT
        client.connect(self._target.host, self._target.port(_PORTS[self._target.url.scheme.lower()]), keepalive=30)
        client.loop_start()
        self._client = client
        answered.wait(_TIMEOUT)
        if self._why:
            raise SendError(f"{self._target.shown}: {self._why}")
        return client
