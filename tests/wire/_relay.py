"""Programs of OpenSSL and GnuTLS as client and server, with everything noted that goes between them."""

import contextlib
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

from leaktap.wire._bytes import CLIENT, SERVER
from leaktap.wire.keys import KeyLog
from tests._ports import free_port
from tests._waiting import PATIENCE
from tests.wire._traffic import certificate


def works(pid):
    """Tells whether a process does something, or would if it were its turn; where that is not told it does nothing."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "R"
    return False


class Relay:
    """A TCP relay between `openssl s_client` and `openssl s_server` that notes what passes."""

    def __init__(self, folder, server, version="-tls1_3"):
        self.keylog = folder / "keys.txt"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        port = free_port()
        self._server = subprocess.Popen(
            [*self._serves(port, version), *server],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.PIPE,
        )
        self._target = ("127.0.0.1", port)

    def _serves(self, port, version):
        return ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate("rsa"), version]

    def _asks(self):
        return ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-keylogfile", str(self.keylog)]

    def connect(self, client, lines, done=lambda turns: True):
        """Runs a client that types `lines`, and lets it go when that is `done`; returns what went over the wire."""
        turns = []
        with subprocess.Popen(
            [*self._asks(), *client],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"SSLKEYLOGFILE": str(self.keylog)},
        ) as process:
            ends = [self._listener.accept()[0], self._reach()]
            threads = [threading.Thread(target=self._pass, args=(ends, side, turns)) for side in (CLIENT, SERVER)]
            for thread in threads:
                thread.start()
            self._programs = process.pid, self._server.pid
            self._settle(turns, 3)
            for line in lines:
                before = len(turns)
                process.stdin.write(line)
                process.stdin.flush()
                self._settle(turns, before + 1)
            deadline = time.monotonic() + PATIENCE
            while not done(list(turns)) and time.monotonic() < deadline:
                time.sleep(0.05)
            process.kill()
            for end in ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for end in ends:
                end.close()
        return turns

    def _reach(self):
        for _ in range(3000):
            try:
                return socket.create_connection(self._target)
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise AssertionError("the server does not listen")

    @staticmethod
    def _pass(ends, side, turns):
        with contextlib.suppress(OSError):
            while data := ends[side].recv(1 << 16):
                turns.append((side, data))
                ends[1 - side].sendall(data)
            ends[1 - side].shutdown(socket.SHUT_WR)

    def _settle(self, turns, count):
        """Waits until there are `count` turns, and for a while nothing more, nor anything that a program would do."""
        deadline, calm = time.monotonic() + 20, 0
        seen = len(turns)
        while time.monotonic() < deadline and (len(turns) < count or calm < 10):
            calm = calm + 1 if len(turns) == seen and not any(map(works, self._programs)) else 0
            seen = len(turns)
            time.sleep(0.01)

    def keys(self):
        log = KeyLog()
        log.add_file(self.keylog)
        return log

    def stop(self):
        self._server.kill()
        self._server.wait()
        self._server.stdin.close()
        self._listener.close()


class GnuRelay(Relay):
    """The same between `gnutls-cli` and `gnutls-serv`; `version` is a priority string, and the server an echo."""

    def _serves(self, port, version):
        pair = ["--x509certfile", certificate("rsa"), "--x509keyfile", certificate("rsa")]
        return ["gnutls-serv", "--echo", "--quiet", "--port", str(port), "--priority", version, *pair]

    def _asks(self):
        return ["gnutls-cli", "--insecure", "--logfile", os.devnull, "--port", str(self.port), "127.0.0.1"]
