"""What was not inspected, and what went wrong."""

from dataclasses import dataclass

from leaktap.model._found import Owner
from leaktap.model._traffic import Time


@dataclass(frozen=True, slots=True)
class Blind:
    """Something that was not inspected. `why` is one of `BLIND_REASONS`; `bytes` is how much of it there was."""

    time: Time
    why: str
    protocol: str
    host: str = ""
    ip: str = ""
    port: int = 0
    bytes: int = 0
    source: str = ""
    frames: tuple[int, ...] = ()
    stream: int | None = None
    detail: str = ""
    owner: Owner | None = None


BLIND_REASONS = {
    "no_key": "TLS without a key",
    "wrong_key": "TLS whose key does not fit",
    "unsupported_cipher": "TLS with a cipher suite that is not decrypted",
    "pinned": "the app refused the proxy's certificate",
    "quic": "QUIC without a key",
    "streamed": "body passed through unseen",
    "truncated": "packets cut short or missing",
    "unknown_protocol": "a protocol that is not read",
    "ciphertext": "encrypted by the app",
    "limit": "a limit was reached",
    "unreadable": "marked as readable, but broken",
}
"""Every reason for not inspecting something, and how to say it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that went wrong and did not stop the run.

    `stage` is the room (`source`, `keys`, `mark`, `wire`, `decode`, `pipeline`, `sink`); a fault of the stage `source`
    means that an input could not be read to its end, one of `mark` that a comment is meant for leaktap and not known.
    """

    stage: str
    where: str
    why: str
