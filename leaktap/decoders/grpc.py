"""gRPC, gRPC-Web and Connect streams: messages behind a byte of flags and four of length, several in a row.

The frame is that of gRPC over HTTP/2 ("Length-Prefixed-Message"); gRPC-Web adds a trailer frame (flag 0x80), its text
mode base64 over all; Connect ends a stream with a JSON frame (flag 0x02). It cannot be seen, only said.
"""

import binascii
import re
from collections.abc import Sequence

from leaktap.decoders._api import Context, DecodeError, Decoder, LimitReached, Part
from leaktap.decoders._plain import step

_HEAD = 5
_COMPRESSED, _END, _TRAILER = 0x01, 0x02, 0x80
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]+={0,2}")


def decode(data: bytes, context: Context) -> Sequence[Part] | None:
    """Returns the messages as `[i]`, and the fields of a trailer by name."""
    kind, _, inner = context.content_type.partition("+")
    if not kind.startswith(("application/grpc", "application/connect")):
        return None
    if kind.startswith("application/grpc-web-text"):
        data = _unbase64(data)
    inside = context._replace(content_type="application/json" if inner == "json" else "application/x-protobuf")
    coding = dict(context.parameters).get("grpc-encoding", "identity")
    packed = inside._replace(encoding=() if coding == "identity" else (coding,))
    parts: list[Part] = []
    at = 0
    while at < len(data):
        if len(parts) >= context.most:
            raise LimitReached("parts", parts)
        flags, length = data[at], int.from_bytes(data[at + 1 : at + _HEAD])
        if flags & ~(_COMPRESSED | _END | _TRAILER):
            raise DecodeError(f"no frame begins at byte {at}", parts)
        message = data[at + _HEAD : at + _HEAD + length]
        path = f"[{len(parts)}]"
        if flags & _TRAILER:
            parts += _trailer(message, path)
        elif flags & _END:
            parts.append(Part(message, path, context=inside._replace(content_type="application/json")))
        else:
            parts.append(Part(message, path, context=packed if flags & _COMPRESSED else inside))
        at += _HEAD + length
    if at > len(data):
        raise DecodeError(f"the last message lacks {at - len(data)} bytes", parts)
    return parts


def _trailer(data: bytes, path: str) -> list[Part]:
    parts = []
    for line in data.splitlines():
        raw_name, _, value = line.partition(b":")
        name = raw_name.strip().decode("latin-1")
        parts.append(Part(value.strip(), path + step(name), (name,)))
    return parts


def _unbase64(data: bytes) -> bytes:
    """Undoes the text mode: every flush of the sender is padded on its own."""
    try:
        return b"".join(binascii.a2b_base64(run) for run in _BASE64_RUN.findall(data))
    except binascii.Error as error:
        raise DecodeError(f"no base64: {error}") from None


DECODER = Decoder(
    "grpc", decode, rank=20, certain=True, told_only=True, types=("application/grpc*", "application/connect+*")
)
