"""A real client talks through a connection that notes everything, and tshark is shown what was noted."""

import contextlib
import shutil
import socket
import subprocess
import threading

from leaktap.wire._bytes import CLIENT, SERVER
from tests._waiting import PATIENCE
from tests.wire._packets import ACK, PSH, SYN, ethernet, ip, pcap, tcp

ENDS = "192.0.2.7", "192.0.2.80"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
CURL = shutil.which("curl")


def curl(serve, *options):
    """Runs curl against `serve`, which gets what it sends and a function to answer; returns the turns of both sides."""
    turns = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)

        def work():
            with contextlib.suppress(OSError), listener.accept()[0] as end:
                end.settimeout(PATIENCE)

                def take(least=1, until=b""):
                    data = b""
                    while len(data) < least or until not in data:
                        more = end.recv(1 << 16)
                        if not more:
                            break
                        turns.append((CLIENT, more))
                        data += more
                    return data

                def say(data):
                    turns.append((SERVER, data))
                    end.sendall(data)

                serve(take, say)

        thread = threading.Thread(target=work)
        thread.start()
        port = listener.getsockname()[1]
        given = [option.replace("PORT", str(port)) for option in options]
        done = subprocess.run([CURL, "-sS", "--max-time", f"{PATIENCE:.0f}", *given], capture_output=True, check=False)
        thread.join()
    return turns, done


def packets(turns, port, mss=1 << 14):
    """Turns as a capture of one TCP connection to a port."""
    made = [(SYN, 0, b"", 0), (SYN | ACK, 1, b"", 0), (ACK, 0, b"", 0)]
    for side, data in turns:
        made += [(PSH | ACK, side, data[at : at + mss], 0) for at in range(0, len(data), mss)]
    numbers, out = [100, 500], []
    for time, (flags, side, data, _) in enumerate(made):
        ports = (40000, port) if side == CLIENT else (port, 40000)
        ack = numbers[1 - side] if flags & ACK else 0
        source, target = ENDS if side == CLIENT else ENDS[::-1]
        out.append((time, ethernet(ip(tcp(data, *ports, numbers[side], ack, flags), source, target))))
        numbers[side] += len(data) + bool(flags & SYN)
    return pcap(out)
