"""A TCP relay in front of a server that notes, per connection, what passes."""

import contextlib
import socket
import threading


class _Relay:
    def __init__(self, target):
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                ends = [self._listener.accept()[0], socket.create_connection(self._target)]
                turns = []
                self.connections.append(turns)
                for side in (0, 1):
                    thread = threading.Thread(target=self._pass, args=(ends, side, turns), daemon=True)
                    thread.start()
                    self._threads.append(thread)

    @staticmethod
    def _pass(ends, side, turns):
        with contextlib.suppress(OSError):
            while data := ends[side].recv(1 << 16):
                turns.append((side, data))
                ends[1 - side].sendall(data)
        with contextlib.suppress(OSError):
            ends[1 - side].shutdown(socket.SHUT_WR)

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)


@contextlib.contextmanager
def recorded(target):
    """Relays to `target` (host, port) while it lasts; `connections` are lists of turns of (side, bytes)."""
    relay = _Relay(target)
    try:
        yield relay
    finally:
        relay.stop()
