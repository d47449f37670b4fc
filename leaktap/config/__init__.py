"""The files that users write: YAML into typed cases and devices, where every error names file, line and key.

Every scalar is read as the text that stands in the file, so that an unquoted IMEI keeps its zeros, and typed by the
model it lands in. Unknown keys are refused, with the nearest known one as the cure.
"""

from leaktap._yaml import ConfigError, load_yaml
from leaktap.config._baseline import Baseline
from leaktap.config._case import AppUnderTest, Case, Declared, DeclaredIdentifier
from leaktap.config._device import STRUCTURED, Addresses, Contact, DeviceProfile, Location
from leaktap.config._events import Clock, Event, EventName, Log
from leaktap.config._files import load_case, load_devices, validate
from leaktap.config._kinds import Moment, Texts, nearest, parse_time, to_time
from leaktap.config._schemas import AvroSchema, Decode, FlatBufferSchema, ProtobufSchema, Schema
from leaktap.config._secret import case_key

__all__ = [
    "STRUCTURED",
    "Addresses",
    "AppUnderTest",
    "AvroSchema",
    "Baseline",
    "Case",
    "Clock",
    "ConfigError",
    "Contact",
    "Declared",
    "DeclaredIdentifier",
    "Decode",
    "DeviceProfile",
    "Event",
    "EventName",
    "FlatBufferSchema",
    "Location",
    "Log",
    "Moment",
    "ProtobufSchema",
    "Schema",
    "Texts",
    "case_key",
    "load_case",
    "load_devices",
    "load_yaml",
    "nearest",
    "parse_time",
    "to_time",
    "validate",
]
