"""What is in the messages of an exchange: parts walked to leaves, leaves matched. Nothing is judged here.

This is where the time of a run goes, and an exchange is examined without regard to any other: so it can be done by
several processes, while one judges what they found in the order of the capture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import thread_time

from leaktap.attribution import NO_CLUES, Apps, Clues, Owners, Witness
from leaktap.closing.declared import Met, meeting
from leaktap.config import Case, DeviceProfile
from leaktap.decoders import LIMITS, Limited, Limits, Opener, Watch, sealed
from leaktap.identifiers.matcher import Matcher
from leaktap.keyring import NO_KEYS, Keys
from leaktap.leases import Leases
from leaktap.model import Answer, Blind, Device, Direction, Exchange, Fault, Leaf, Match, Message

_TO_MATCH, _LEAST_TO_MATCH = 0.8, 0.2
"""Shares of a message's time: until when its leaves are looked at one by one, and how long at least, however long it
took to find them. Then comes what they show together.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A match, and in which of the exchange's messages it is."""

    direction: Direction
    match: Match


@dataclass(frozen=True, slots=True)
class Examined:
    """An exchange, how many bytes of it were inspected, and what was found, in its order.

    Without `asked` only its response was new. `clues` are what its contents say of sender and recipient, where there is
    something that was found; `met` is the SDK that it went to, where the case declares any.
    """

    exchange: Exchange
    asked: bool
    bytes: int
    found: tuple[Found | Blind | Fault, ...]
    clues: Clues = NO_CLUES
    met: tuple[Met, ...] = ()


@dataclass(frozen=True, slots=True)
class Quiet:
    """Exchanges of an input in which nothing was found: how many, and how many bytes of them were inspected.

    `met` are the SDKs that they went to, where the case declares any.
    """

    source: str
    exchanges: int
    bytes: int
    met: tuple[Met, ...] = ()


class Phones:
    """Tells which profile's phone sent something."""

    def __init__(self, devices: Sequence[DeviceProfile], leases: Path | None = None) -> None:
        """Takes the profiles; the only one there is stands for every phone, unless it has addresses. `leases` is
        dnsmasq's file, which says whose hardware address is behind another one.
        """
        self._by_address = {
            address: device.name for device in devices for address in (*device.addresses.mac, *device.addresses.ip)
        }
        self._macs = frozenset(mac for device in devices for mac in device.addresses.mac)
        self._only = devices[0].name if len(devices) == 1 and not self._by_address else ""
        self._leases = Leases(leases)

    def device(self, exchange: Exchange) -> Device:
        """Names the sender by its address."""
        client = exchange.client
        mac = client.mac or self._leases.of(client.ip).mac
        name = self._by_address.get(mac) or self._by_address.get(client.ip) or self._only
        return Device(name, mac, client.ip)

    def is_stranger(self, device: Device) -> bool:
        """Tells whether a phone's hardware address is known, and none of the profiles', which have some."""
        return bool(device.mac and self._macs) and device.mac not in self._macs

    def called(self, device: Device) -> str:
        """Returns what a phone that no profile knows calls itself, or nothing."""
        return self._leases.of(device.ip).name


class Examiner:
    """Everything needed to examine exchanges, built once per run."""

    def __init__(
        self,
        case: Case,
        devices: Sequence[DeviceProfile],
        responses: bool = False,
        keys: Keys = NO_KEYS,
        limits: Limits = LIMITS,
    ) -> None:
        """Compiles the profiles. With `responses`, what servers answer is looked into as well. `keys` undo encryption
        beside those that leaktap knows. `limits` are those of one message.
        """
        self._made_of = case, tuple(devices), responses, keys, limits
        self._case, self._responses = case, responses
        salts = [text for text in (case.app.package, *case.app.domains, *case.salts) if text]
        self._opener = Opener(case, keys, limits)
        self._matcher = Matcher(devices, self._opener.hints, salts, self._opener.alphabets)
        self._apps, self._phones = Apps(case.app, installed(devices)), Phones(devices, case.leases)
        self._owners, self._witness = Owners(case.app), Witness(case.app)
        self._warm = False

    def __reduce__(self) -> tuple[type["Examiner"], tuple[Case, tuple[DeviceProfile, ...], bool, Keys, Limits]]:
        """Lets another process make one like it."""
        return type(self), self._made_of

    def warm(self) -> None:
        """Compiles now what else the first message would wait for."""
        self._matcher.sieve(b"\0")
        self._warm = True

    def examine(self, seen: Exchange | Answer, watch: Watch | None = None) -> Examined:
        """Looks into the messages that are new; raises nothing.

        `watch` is told of everything that is opened, and then nothing is left out that holds nothing.
        """
        exchange, asked = (seen, True) if isinstance(seen, Exchange) else (seen.exchange, False)
        found: list[Found | Blind | Fault] = []
        clues: list[Clues] = []
        met: tuple[Met, ...] = ()
        size = 0
        try:
            if not self._warm:
                self.warm()  # or the first message's time would be up before anything is compiled
            for direction, message in _messages(exchange, asked):
                size += len(message.body) + sum([len(name) + len(value) for name, value in message.headers])
                for match in self._matcher.whole(message, direction):
                    found.append(Found(direction, match))
                if direction == "request" or self._responses:
                    found += self._leaves(exchange, direction, message, watch, clues)
            declares = asked and self._case.declared is not None
            if (found or declares) and not clues:
                clues.append(self._witness.read(exchange))
            if declares:
                met = self._met(exchange, clues[0])
        except Exception as error:  # noqa: BLE001 (a bug must cost this exchange and not the run: it is reported)
            found.append(failure(exchange, error))
        unread = sum(item.bytes for item in found if isinstance(item, Blind) and item.why == "ciphertext")
        said = clues[0] if found and clues else NO_CLUES
        return Examined(exchange, asked, max(size - unread, 0), tuple(found), said, met)

    def _met(self, exchange: Exchange, clues: Clues) -> tuple[Met, ...]:
        """Returns the SDK that an exchange of the app under test went to, if it went to one."""
        owner = self._owners.owner(exchange, clues)
        app = self._apps.app(exchange, clues, system=owner.party == "platform")
        return meeting(self._case.app.package, exchange.time, exchange.id, app, owner)

    def _leaves(
        self, exchange: Exchange, direction: Direction, message: Message, watch: Watch | None, clues: list[Clues]
    ) -> Iterator[Found | Blind | Fault]:
        began = thread_time()
        leaves: list[Leaf] = []
        sieve = None if watch else self._matcher.sieve
        for item in self._opener.open(exchange, direction, message, sieve, watch):
            match item:
                case Leaf():
                    leaves.append(item)
                case Fault():
                    yield replace(item, where=f"{exchange.origin.source}: {exchange.id}: {item.where}")
                case Limited():
                    yield _limited(item, exchange, message)
        if direction == "request" and exchange.origin.protocol != "raw":
            rest = sealed(leaves, message.header(b"content-type"))
            if rest:
                size = min(rest.bytes, len(message.body) or rest.bytes)
                yield _blind("ciphertext", size, rest.detail, exchange, message)
        if leaves:
            if not clues:
                clues.append(self._witness.read(exchange, leaves if direction == "request" else ()))
            app = self._apps.app(exchange, clues[0])
            phone = self._phones.device(exchange).name
            seconds = self._opener.limits.seconds
            left = max(began + seconds * _TO_MATCH - thread_time(), seconds * _LEAST_TO_MATCH)
            looked = self._matcher.look(leaves, app.package if app else "", phone, seconds=left)
            for match in looked.matches:
                yield Found(direction, match)
            if unread := [*looked.cut, *leaves[looked.leaves :]]:
                size = sum([len(leaf.value) for leaf in unread])
                yield _limited(Limited(unread[0].path, looked.limit or "matches", size), exchange, message)


def installed(devices: Sequence[DeviceProfile]) -> list[str]:
    """Returns the packages that are known to be on the phones."""
    return [package for device in devices for package in device.identifiers.get("app_list", ())]


def failure(exchange: Exchange, error: Exception) -> Fault:
    """Returns what is to be said of an error of ours."""
    where = f"{exchange.origin.source}: {exchange.id}"
    return Fault("pipeline", where, f"{type(error).__name__} while it was inspected: {error}")


def _messages(exchange: Exchange, asked: bool) -> list[tuple[Direction, Message]]:
    """Returns the messages that are new."""
    new: list[tuple[Direction, Message]] = [("request", exchange.request)] if asked else []
    if exchange.response is not None:
        new.append(("response", exchange.response))
    return new


def _limited(item: Limited, exchange: Exchange, message: Message) -> Blind:
    return _blind("limit", item.bytes, f"{item.path}: {item.which}", exchange, message)


def _blind(why: str, size: int, detail: str, exchange: Exchange, message: Message) -> Blind:
    return Blind(
        time=exchange.time,
        why=why,
        protocol=exchange.origin.protocol,
        host=exchange.host,
        ip=exchange.server.ip,
        port=exchange.server.port,
        bytes=size,
        source=exchange.origin.source,
        frames=message.frames,
        stream=exchange.origin.stream,
        detail=detail,
    )
