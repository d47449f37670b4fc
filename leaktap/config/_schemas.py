"""Descriptions of messages that do not describe themselves, and what else decoders cannot know."""

import re
from pathlib import Path

from pydantic import Field, field_validator

from leaktap.config._kinds import Strict, at


class Schema(Strict):
    """A description of messages that do not describe themselves, and where it applies: any host and path where not
    said.
    """

    host: str = ""
    path: str = ""

    def applies(self, host: str, path: str) -> bool:
        """Tells whether messages to `host` (or a part of its domain) and `path` (or below) may be of it."""
        return (not self.host or f".{host}".endswith(f".{self.host.lower()}")) and path.startswith(self.path)


class ProtobufSchema(Schema):
    """A protobuf message of the user's descriptor set or `.proto` file.

    Where no message is named, the methods of the file's services say which it is, by the paths that they are called at.
    """

    descriptors: Path
    message: str = ""


class FlatBufferSchema(Schema):
    """A table of the user's FlatBuffers schema (`.fbs`, or `.bfbs` as flatc makes it); the root type where not said."""

    file: Path
    table: str = ""


class AvroSchema(Schema):
    """The user's Avro schema (`.avsc`); `id` is its number in the registry of schemas, where the sender has one."""

    file: Path
    id: int | None = Field(default=None, ge=0, lt=1 << 32)


class Decode(Strict):
    """What decoders cannot know: `alphabets` of base64 by name, each 64 characters, or 65 where the last one pads."""

    alphabets: dict[str, str] = Field(default_factory=dict)

    @field_validator("alphabets")
    @classmethod
    def _usable(cls, value: dict[str, str]) -> dict[str, str]:
        for name, signs in value.items():
            if not re.fullmatch(r"[\w-]+", name):
                raise at(name, f"{name!r} is no name: use letters, digits, _ and -")
            if not re.fullmatch(r"[!-~]*", signs):
                raise at(name, "has characters that are no printable ASCII")
            if len(signs) not in (64, 65):
                raise at(name, f"has {len(signs)} characters: an alphabet has 64, or 65 where the last one pads")
            if twice := next((sign for sign in signs if signs.count(sign) > 1), ""):
                raise at(name, f"has {twice!r} twice: each character stands for one value")
        return value
