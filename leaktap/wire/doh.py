"""DNS within HTTP (RFC 8484): its answers are noted as those of plain DNS are, also in the JSON form of resolvers.

The exchange stays the HTTP that it is: the message is its body, or stands in the query as base64url. The JSON form has
`Status`, `Question` and `Answer` with `name`, `type` and `data`: developers.google.com/speed/public-dns/docs/doh/json.
"""

from ipaddress import ip_address
from typing import Any

import orjson

from leaktap.model import Exchange
from leaktap.wire._dns_message import AAAA, CNAME, A, BadDns, parse
from leaktap.wire.dns import learn
from leaktap.wire.names import Names

_LONGEST = 65_535
_JSON = (b"application/dns-json", b"application/json", b"application/x-javascript")


def _observe(exchange: Exchange, names: Names) -> None:
    """Notes the addresses in the response of a resolver."""
    response = exchange.response
    if response is None or not 12 < len(response.body) <= _LONGEST:
        return
    kind = response.header(b"content-type").partition(b";")[0].strip().lower()
    if kind == b"application/dns-message":
        try:
            learn(parse(response.body), names, shared=False)
        except BadDns:
            return
    elif kind in _JSON and b'"Answer"' in response.body and b'"Question"' in response.body:
        try:
            _learn_json(orjson.loads(response.body), names)
        except (orjson.JSONDecodeError, TypeError, LookupError, AttributeError, ValueError):
            return


def _learn_json(said: Any, names: Names) -> None:
    """Notes what the JSON form says; raises where it is another form."""
    questions = said["Question"]
    asked = (questions[0] if isinstance(questions, list) else questions)["name"].lower().rstrip(".")
    behind, answers = {asked}, said["Answer"]
    for record in answers:
        if record["type"] == CNAME:
            name, points_to = record["name"].lower().rstrip("."), record["data"].lower().rstrip(".")
            names.learn_alias(name, points_to, shared=False)
            behind |= {points_to} if name in behind else set()
    for record in answers:
        if record["type"] in (A, AAAA):
            name = record["name"].lower().rstrip(".")
            names.learn_host(str(ip_address(record["data"])), asked if name in behind else name, shared=False)


OBSERVER = _observe
