"""Publishes to a NATS server, through JetStream where a stream takes the subject. `nats` says how it is to be used."""

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from leaktap.sinks._api import SinkError
from leaktap.sinks._target import Target
from leaktap.sinks._tls import context
from leaktap.spool import Row, SendError

if TYPE_CHECKING:
    from nats.aio.client import Client

_PORT = 4222
_TIMEOUT = 5.0
_SUBJECT = "leaktap"


class Nats:
    """A receiver: a connection that lasts until something fails, with an event loop of its own."""

    most = 100
    pause = 0.0

    def __init__(self, target: Target) -> None:
        """Reads the settings.

        Raises:
            SinkError: one of them is wrong, or nats-py is missing.
        """
        try:
            import nats.aio.client  # noqa: F401
        except ImportError:
            raise SinkError(f"{target.shown}: needs nats-py: pip install 'leaktap[nats]'") from None
        self._target = target
        self._subject = unquote(target.url.path.strip("/")).replace("/", ".") or _SUBJECT
        if any(sign in self._subject for sign in "*> \t") or ".." in self._subject:
            raise SinkError(f"{target.shown}: {self._subject}: a subject to write to has no * or >, and no blanks")
        self._options = self._read(target)
        self._runner: asyncio.Runner | None = None
        self._client: Client | None = None
        self._stream = False

    def send(self, rows: Sequence[Row]) -> None:
        """Publishes rows.

        Raises:
            SendError: the server may not have them.
        """
        import nats.errors

        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            self._runner.run(asyncio.wait_for(self._send(rows), 2 * _TIMEOUT))
        except (OSError, nats.errors.Error, TimeoutError) as error:
            self.close()
            number = error.errno if isinstance(error, OSError) else None
            why = os.strerror(number) if number else str(error) or type(error).__name__
            raise SendError(f"{self._target.shown}: {why}") from None

    def close(self) -> None:
        """Disconnects."""
        client, self._client = self._client, None
        runner, self._runner = self._runner, None
        if runner is None:
            return
        try:
            if client is not None:
                runner.run(asyncio.wait_for(client.close(), 1))
        except Exception:  # noqa: BLE001, S110 (it is given up anyway, in whatever state it is)
            pass
        finally:
            runner.close()

    async def _send(self, rows: Sequence[Row]) -> None:
        client = self._client or await self._connected()
        if self._stream:
            stream = client.jetstream(timeout=_TIMEOUT)
            for row in rows:
                await stream.publish(self._subject, row.body, headers={"Nats-Msg-Id": row.id})
            return
        for row in rows:
            await client.publish(self._subject, row.body, headers={"Nats-Msg-Id": row.id})
        await client.flush(timeout=int(_TIMEOUT))

    async def _connected(self) -> "Client":
        from nats.aio.client import Client
        from nats.errors import NoServersError

        first: list[Exception] = []

        async def note(error: Exception) -> None:
            first.append(error)

        client = Client()
        try:
            await client.connect(error_cb=note, **self._options)
        except NoServersError:
            raise first[0] if first else OSError("no answer") from None
        self._client, self._stream = client, await self._has_stream(client)
        return client

    async def _has_stream(self, client: "Client") -> bool:
        """Asks the server whether a stream takes the subject."""
        from nats.errors import NoRespondersError
        from nats.js.errors import NotFoundError, ServiceUnavailableError

        try:
            return bool(await client.jetstream(timeout=_TIMEOUT).find_stream_name_by_subject(self._subject))
        except (NoRespondersError, NotFoundError, ServiceUnavailableError):
            return False  # no such stream, or no JetStream at all

    def _read(self, target: Target) -> dict[str, Any]:
        secure = target.url.scheme.lower() == "nats+tls"
        address = f"[{target.host}]" if ":" in target.host else target.host
        said: dict[str, Any] = {
            "servers": f"{'tls' if secure else 'nats'}://{address}:{target.port(_PORT)}",
            "name": "leaktap",
            "allow_reconnect": False,
            "max_reconnect_attempts": 1,
            "reconnect_time_wait": 0,
            "connect_timeout": int(_TIMEOUT),
            "user": target.settings.get("user") or unquote(target.url.username or "") or None,
            "password": target.secret("password") or unquote(target.url.password or "") or None,
            "token": target.secret("token") or None,
            "user_credentials": target.settings.get("creds") or None,
        }
        return {**said, "tls": context(target)} if secure else said
