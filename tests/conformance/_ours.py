"""What leaktap sees in a capture, in the shape of the judge's rows."""

from leaktap.model import Exchange
from leaktap.sources import Reading, read
from tests.conformance._judge import Seen


def looked(path, keys=()):
    """Returns what is complete, what is not (its `missing` bytes were not captured), and what else the source told."""
    whole, broken, rest = Seen(), Seen(), []
    for item in read(str(path), Reading(keys=tuple(keys))):
        if not isinstance(item, Exchange):
            rest.append(item)
        elif item.origin.protocol == "http/1.1":
            _http1(whole, broken, item)
        elif item.origin.protocol in ("h2", "h2c"):
            _http2(whole, broken, item)
        elif item.origin.protocol == "websocket":
            message = item.response or item.request
            side = 0 if item.response is None else 1
            (broken if message.missing else whole).websocket[item.origin.stream, side].append(message.body)
    return whole, broken, rest


def raw(texts):
    return tuple(one.encode("utf-8", "surrogateescape") for one in texts)


def _http1(whole, broken, exchange):
    asked, answered, stream = exchange.request, exchange.response, exchange.origin.stream
    where = broken if asked.missing else whole
    where.requests[stream].append((exchange.host, raw(asked.start), asked.headers, asked.body))
    if answered is not None:
        where = broken if answered.missing else whole
        where.answers[stream].append((raw(answered.start), answered.headers, answered.body))


def _http2(whole, broken, exchange):
    asked, answered = exchange.request, exchange.response
    answer = answered and (raw(answered.start[1:2]), answered.headers, answered.body)
    row = (exchange.origin.stream, exchange.host, raw(asked.start[:2]), asked.headers, asked.body, answer)
    (broken if asked.missing or (answered and answered.missing) else whole).http2.append(row)
