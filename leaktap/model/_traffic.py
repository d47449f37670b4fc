"""What goes over the network: messages and exchanges, their ends, and what else an input tells."""

from dataclasses import dataclass
from typing import Literal

type Time = int
type Headers = tuple[tuple[bytes, bytes], ...]
type Direction = Literal["request", "response"]

MOST_FRAMES = 16
"""How many of the packets that carried a message are kept."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a connection. `mac` is empty where the link layer shows none, `name` where it told nobody its own."""

    ip: str
    port: int = 0
    mac: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class App:
    """The app that sent something: `package` is its Android package or iOS bundle id, `basis` how we know."""

    package: str
    name: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One request or response as it was on the wire.

    `start` is (method, target, version) of a request, with the target in origin form, or (version, status, reason) of a
    response. `body` has transfer coding removed and content coding left on. `frames` are the numbers of the packets
    that carried it, as tshark counts (at most `MOST_FRAMES`: the first and the last ones). `missing` counts the body
    bytes that are known to be absent.
    """

    start: tuple[str, str, str]
    headers: Headers = ()
    body: bytes = b""
    time: Time = 0
    frames: tuple[int, ...] = ()
    missing: int = 0

    def header(self, name: bytes) -> bytes:
        """Returns the first value of the header `name` (lower case), or nothing."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return b""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an exchange was found.

    `source` is the input's name; `stream` the index of the connection as tshark counts (`transport` says of which
    kind); `flow` mitmproxy's flow id or the index of the HAR entry; `protocol` is `http/1.1`, `h2`, `websocket`, ...
    """

    source: str
    protocol: str = "http/1.1"
    transport: Literal["tcp", "udp", ""] = ""
    stream: int | None = None
    flow: str | None = None
    decrypted: bool = False


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name that the server of an exchange went by, in lower case, and what told it.

    `sni` is the name in TLS's greeting, `certificate` one of the server's certificate, `cname` a canonical name behind
    the host, `dns` a name that was asked for before the address was used. Only names other than the host are kept;
    where the greeting is another, the certificate's are kept even so, for they show whether the host is true.
    """

    kind: Literal["sni", "certificate", "cname", "dns"]
    name: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response, if there was one. `id` is stable from run to run over the same input.

    `time` is when the request began. `host` is the name that the client asked for (Host, :authority, SNI), in lower
    case and without port; the address where there is no name.
    """

    id: str
    time: Time
    client: Endpoint
    server: Endpoint
    scheme: str
    host: str
    request: Message
    response: Message | None
    origin: Origin
    app: App | None = None
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a request that a live input has shown before: the same exchange once more, now whole.

    What leaves is in requests, so where an input pauses they are shown without waiting for an answer, which may take
    long or never come. Only `exchange.response` is new.
    """

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source is: bytes read of the input named `source`. Sources may yield it; no sink sees it."""

    source: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Mark:
    """An event of the case (launch, consent ...), an answer to permissions or a user's action that an input tells of.

    `app` and `device` are empty where it names none: it is for all. `where` is the place in the input. `permission`
    are names with granted or denied. What an input shows before a mark is yielded behind it where that can be.
    """

    time: Time
    event: str = ""
    app: str = ""
    where: str = ""
    permission: tuple[tuple[str, str], ...] = ()
    action: str = ""
    device: str = ""
