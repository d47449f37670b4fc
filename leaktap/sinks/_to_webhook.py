"""Posts to a web server, signed. `webhook` says how it is to be used."""

import base64
import binascii
import hashlib
import hmac
import http.client
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from time import time
from urllib.parse import quote

import orjson

from leaktap import __version__
from leaktap.sinks._api import SinkError
from leaktap.sinks._target import Target
from leaktap.sinks._template import Template
from leaktap.sinks._tls import context
from leaktap.sinks._words import harmless
from leaktap.spool import Row, SendError

_TIMEOUT = 10.0
_REFUSED = (400, 413, 415, 422)
_ANSWER = 1 << 16
_WHSEC = "whsec_"


class Webhook:
    """A receiver: a connection that is kept while it holds."""

    def __init__(self, target: Target, template: Template | None) -> None:
        """Reads the settings.

        Raises:
            SinkError: one of them is wrong.
        """
        self.most, self.pause = (template.most, template.pause) if template else (1, 0.0)
        self._target, self._template = target, template
        self._sign = template.sign if template else "standard"
        self._secret = _key(target.secret("secret")) if self._sign == "standard" else target.secret("secret").encode()
        self._tls = target.url.scheme.lower() == "https"
        if not self._tls and not _is_here(target.host):
            raise SinkError(f"{target.shown}: findings must not pass a network in the clear: use https")
        self._context: ssl.SSLContext | None = context(target) if self._tls else None
        self._connection: http.client.HTTPConnection | None = None

    def send(self, rows: Sequence[Row]) -> None:
        """Sends rows in one request.

        Raises:
            SendError: it was not accepted.
        """
        body, headers, query = self._request(rows)
        path = quote(self._target.url.path or "/", safe="/%:@!$&'()*+,;=~")
        asked = "&".join(part for part in (quote(self._target.url.query, safe="/%:@!$&'()*+,;=~?"), query) if part)
        try:
            status, answer, wait = self._post(path + ("?" + asked if asked else ""), body, headers)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise SendError(f"{self._target.shown}: its certificate is not trusted ({error.verify_message})") from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            why = getattr(error, "strerror", None) or type(error).__name__
            raise SendError(f"{self._target.shown}: {why}") from None
        if not 200 <= status < 300:
            raise SendError(f"{self._target.shown}: answered {status}", refused=status in _REFUSED, wait=wait)
        if self._template and self._template.accepted:
            self._check(answer, self._template.accepted)

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _request(self, rows: Sequence[Row]) -> tuple[bytes, dict[str, str], str]:
        """Returns body, headers and what is added to the query."""
        headers = {"Content-Type": "application/json", "User-Agent": f"leaktap/{__version__}"}
        query = ""
        message = self._template.message(rows) if self._template else None
        if message is not None and self._sign == "feishu" and self._secret:
            moment = str(int(time()))
            signed = hmac.digest(f"{moment}\n".encode() + self._secret, b"", hashlib.sha256)
            message |= {"timestamp": moment, "sign": base64.b64encode(signed).decode()}
        body = rows[0].body if message is None else orjson.dumps(message)
        if self._sign == "dingtalk" and self._secret:
            moment = str(round(time() * 1000))
            signed = hmac.digest(self._secret, f"{moment}\n".encode() + self._secret, hashlib.sha256)
            query = f"timestamp={moment}&sign={quote(base64.b64encode(signed), safe='')}"
        if self._sign == "standard":
            id_, moment = rows[0].id, str(int(time()))
            headers |= {"webhook-id": id_, "webhook-timestamp": moment}
            if self._secret:
                signed = hmac.digest(self._secret, f"{id_}.{moment}.".encode() + body, hashlib.sha256)
                headers["webhook-signature"] = f"v1,{base64.b64encode(signed).decode()}"
        return body, headers, query

    def _post(self, target: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes, float]:
        """Returns status, answer and the seconds that the server asks to wait."""
        kept = self._connection is not None
        try:
            return self._exchange(target, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            if not kept:
                raise
            return self._exchange(target, body, headers)  # it had only grown tired of the open connection

    def _exchange(self, target: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes, float]:
        if self._connection is None:
            where = self._target.host, self._target.port(443 if self._tls else 80)
            if self._context is not None:
                self._connection = http.client.HTTPSConnection(*where, timeout=_TIMEOUT, context=self._context)
            else:
                self._connection = http.client.HTTPConnection(*where, timeout=_TIMEOUT)
        self._connection.request("POST", target, body, dict(headers))
        response = self._connection.getresponse()
        answer = response.read(_ANSWER)
        if response.will_close or not response.isclosed():
            self.close()
        return response.status, answer, _seconds(response.getheader("Retry-After") or "")

    def _check(self, answer: bytes, accepted: Mapping[str, str]) -> None:
        """Holds an answer against what it must say: chat tools answer 200 to everything."""
        try:
            said = orjson.loads(answer)
        except orjson.JSONDecodeError:
            said = None
        for name, value in accepted.items():
            got = said.get(name) if isinstance(said, dict) else None
            if str(got) != value:
                told = said.get("errmsg") or said.get("msg") or "" if isinstance(said, dict) else ""
                raise SendError(harmless(f"{self._target.shown}: answered {name} {got} {told}".rstrip(), 200))


def _key(secret: str) -> bytes:
    """Returns the key that a secret stands for: base64 behind `whsec_`, else its own bytes."""
    if not secret.startswith(_WHSEC):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_WHSEC), validate=True)
    except binascii.Error:
        raise SinkError("#secret: what stands behind whsec_ is no base64") from None


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(text: str) -> float:
    if text.isascii() and text.isdigit():
        return float(text[:6])
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else 0.0
    except (ValueError, TypeError):
        return 0.0
