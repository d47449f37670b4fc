"""What happens to segments on the way, and captures that see no more than a part of it."""

from tests.conformance._network import (
    CLIENT,
    SERVER,
    V6,
    Capture,
    Ends,
    Seg,
    capture,
    framed,
    merged,
    overlapping,
    overtaken,
    repeated,
    resegmented,
    segments,
    timed,
    without,
)
from tests.conformance.http1 import JSON, ask, sized, talk, tell, wordy
from tests.wire._packets import ACK, FIN, RST, pcap

LOST = "tshark shows nothing of a message that lacks a segment"


def retransmissions():
    return capture(repeated(segments(talk())))


def overtaking():
    return capture(overtaken(segments(talk(), mss=500)))


def far_overtaking():
    return capture(overtaken(segments(talk(), mss=200), share=0.2, by=7))


def overlaps():
    return capture(overlapping(segments(talk(), mss=300)))


def other_boundaries():
    return capture(resegmented(segments(talk(), mss=700)))


def everything_at_once():
    return capture(overtaken(repeated(overlapping(resegmented(segments(talk(), mss=200))))))


def one_byte_segments():
    return capture(segments(talk()[:6], mss=1))


def wrapping_numbers():
    return capture(segments(talk(), isn=(2**32 - 700, 2**32 - 3000)))


def reset():
    """A connection that ends with RST behind its last message."""
    made = segments(talk(), closed=False)
    return capture([*made, Seg(SERVER, made[-1].ack, made[-1].seq, RST | ACK)])


def no_handshake():
    """A capture that begins in the middle, between two messages."""
    return capture(segments(talk(), opened=False))


def begins_within_a_body():
    """A capture that begins in the middle of a message."""
    made = segments(talk(), mss=600)
    start = next(number for number, one in enumerate(made) if len(one.data) == 600) + 1
    fault = "tshark finds no message behind one whose beginning it has not seen"
    return capture(made[start:]).but(fault, capture(segments(talk()[4:])))


def no_end():
    return capture(segments(talk(), closed=False))


def lost_in_a_body():
    """Two segments of a response's body are not captured."""
    body = wordy(500)
    turns = [*talk()[:4], ask("GET /lost"), tell("200 OK", sized(body), body=body), *talk()[4:]]
    made = segments(turns)
    long = [number for number, one in enumerate([one for one in made if one.data]) if len(one.data) == 1400]
    return capture(without(made, *long[8:10])).but(LOST, capture(made))


def lost_between_messages():
    """A whole request is not captured: its response is told of, but is no exchange."""
    made = segments(talk())
    first = next(number for number, one in enumerate([one for one in made if one.data]) if b"?n=2" in one.data)
    return capture(without(made, first, first + 1, first + 2)).but(LOST, capture(segments([*talk()[:4], *talk()[6:]])))


def lost_at_the_end():
    made = segments(talk())
    return capture(without(made, len([one for one in made if one.data]) - 1)).but(LOST, capture(made))


def only_one_side():
    """What the server sent was not captured."""
    return capture([one for one in segments(talk()) if one.side == CLIENT])


def two_connections_at_once():
    one, other = segments(talk()), segments(talk(), mss=99)
    frames = merged((one, Ends()), (other, Ends(ports=(40001, 80))))
    return Capture(pcap(timed(framed(*frame) for frame in frames)))


def port_reuse():
    """The same ports again, after an end, after a reset, and after nothing at all."""
    first, second = segments(talk()[:4]), segments(talk()[2:6], isn=(900_000, 70_000_000))
    third, fourth = segments(talk()[4:], isn=(5, 6), closed=False), segments(talk(), isn=(2**31, 77))
    rest = [*second[:-3], Seg(CLIENT, second[-4].ack, 0, RST)]
    return capture([*first, *rest, *third, *fourth])


def keep_alive():
    """Probes of one byte that was sent before."""
    made = segments(talk(), closed=False)
    last = next(one for one in reversed(made) if one.side == CLIENT)
    probe = Seg(CLIENT, last.seq + len(last.data) - 1, last.ack, ACK, b"\0")
    return capture([*made, probe, probe])


def data_with_fin():
    made = segments([ask("GET /"), tell("200 OK", body=JSON)], closed=False)
    last = next(one for one in reversed(made) if one.data)
    return capture([Seg(one.side, one.seq, one.ack, one.flags | FIN, one.data) if one is last else one for one in made])


def ipv6():
    return capture(segments(talk()), ends=Ends(ips=V6))


CAPTURES = (
    retransmissions,
    overtaking,
    far_overtaking,
    overlaps,
    other_boundaries,
    everything_at_once,
    one_byte_segments,
    wrapping_numbers,
    reset,
    no_handshake,
    begins_within_a_body,
    no_end,
    lost_in_a_body,
    lost_between_messages,
    lost_at_the_end,
    only_one_side,
    two_connections_at_once,
    port_reuse,
    keep_alive,
    data_with_fin,
    ipv6,
)
