"""Findings to be judged, and a case's events as plain facts."""

from leaktap.model import App, Device, Endpoint, Exchange, Finding, Leaf, Match, Message, Origin, Owner, Phase

SECOND = 1_000_000
THIRD = Owner("third", sdk="Some Analytics", company="Some Ltd")
FIRST = Owner("first")
BEFORE = Phase("before_consent")


class Events:
    """Events of a case, as plain facts."""

    def __init__(
        self, happened=("launch", "notice", "consent"), actions=(), denied=(), on=None, opening=False, other=None
    ):
        self._happened, self._actions, self._denied = happened, actions, frozenset(denied)
        self._on, self._opening, self._other = on, opening, other

    def has(self, event, package=""):
        return event in self._happened

    def acted(self, time, within):
        return any(time - within <= action <= time for action in self._actions)

    def denied(self, time, package="", device=""):
        return self._denied

    def personalised(self, time, package="", device=""):
        return self._on

    def opening(self, time, package="", device=""):
        return self._opening

    def launched(self, time, within, package="", device=""):
        return self._other if self._other and time - within <= self._other[1] <= time else None


def finding(identifier="imei", *, owner=THIRD, phase=BEFORE, form=(), time=0, exchange="tcp.0:0", confidence=1.0,
            direction="request", app="com.example.shop", category="device_id"):  # fmt: skip
    match = Match(Leaf("request.body|json.$.imei", b"x"), identifier, category, "x", (0, 1), form, "known", confidence)
    request = Message(("POST", "/", "HTTP/1.1"))
    seen = Exchange(exchange, time, Endpoint("192.0.2.1"), Endpoint("192.0.2.9", 443), "https", "sdk.example", request,
                    None, Origin("a.pcap"))  # fmt: skip
    return Finding("id", time, match, "ref", direction, seen, "https://sdk.example/", Device(), App(app), owner, phase)


def ids(found):
    return {hit.id for hit in found.clauses}
