"""Real receivers on this machine, each of which can be killed and brought back at the same port."""

import contextlib
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trustme

from tests._ports import free_port
from tests._waiting import PATIENCE

HERE = Path(__file__).parent


def program(name):
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def until(true, seconds=PATIENCE):
    """Waits for something to become true, and returns whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())


def is_bound(port):
    """Tells whether somebody has a port for datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def replace(file, data):
    """Writes a file that may be read meanwhile."""
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(data)
    new.replace(file)


def whole(file):
    """Returns the lines of a file that may be written to meanwhile: the one that is not ended is left out."""
    return file.read_text().rpartition("\n")[0].splitlines() if file.exists() else []


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def authority(folder):
    """Makes an authority and a certificate of 127.0.0.1; returns their files: ca, certificate, key."""
    made = trustme.CA()
    server = made.issue_cert("127.0.0.1", "localhost")
    ca, certificate, key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    made.cert_pem.write_to_path(ca)
    server.cert_chain_pems[0].write_to_path(certificate)
    server.private_key_pem.write_to_path(key)
    return ca, certificate, key


class Process:
    """A program that serves a port."""

    def __init__(self, command, port, log=None):
        self.command, self.port, self.log = [str(part) for part in command], port, log
        self.start()

    def start(self):
        with Path(self.log).open("ab") if self.log else contextlib.nullcontext(subprocess.DEVNULL) as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        if not until(lambda: self.process.poll() is not None or self.ready()) or self.process.poll() is not None:
            raise AssertionError(f"{self.command[0]} does not answer")

    def ready(self):
        return answers(self.port)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(PATIENCE)


class Rsyslog(Process):
    """Writes each message to a file at once: its queue is direct, so what it has read is written."""

    def __init__(self, folder, how):
        self.file, self.port_ = folder / "messages", free_port()
        lines = [
            f'global(workDirectory="{folder}" maxMessageSize="64k")',
            'template(name="raw" type="string" string="%rawmsg%\\n")',
        ]
        action = f'action(type="omfile" file="{self.file}" template="raw" asyncWriting="off" flushOnTXEnd="on")'
        ruleset = f'ruleset(name="in" queue.type="direct") {{ {action} }}'
        port = f'port="{self.port_}" address="127.0.0.1" ruleset="in"'
        if how == "udp":
            lines += ['module(load="imudp")', ruleset, f'input(type="imudp" rcvbufSize="1m" {port})']
        elif how == "tcp":
            lines += ['module(load="imtcp")', ruleset, f'input(type="imtcp" {port})']
        else:
            if not any(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
                pytest.skip("rsyslog-gnutls is not installed")
            self.ca, certificate, key = authority(folder)
            lines.insert(
                0,
                f'global(defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{self.ca}" '
                f'defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}")',
            )
            lines += [
                'module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")',
                ruleset,
                f'input(type="imtcp" {port})',
            ]
        config = folder / "rsyslog.conf"
        config.write_text("\n".join(lines) + "\n")
        command = [program("rsyslogd"), "-n", "-f", config, "-i", folder / "rsyslog.pid"]
        self.how = how
        super().__init__(command, self.port_, folder / "rsyslog.log")

    def start(self):
        for old in Path(self.file).parent.glob("*.pid"):
            old.unlink()
        super().start()

    def ready(self):
        return is_bound(self.port) if self.how == "udp" else super().ready()

    def messages(self):
        return whole(self.file)

    def ids(self):
        return [json.loads(line[line.index("{") :]).get("id") for line in self.messages()]


class Hook(Process):
    """A web server over TLS."""

    def __init__(self, folder):
        self.ca, certificate, key = authority(folder)
        self.folder, port = folder, free_port()
        super().__init__([sys.executable, HERE / "hook_server.py", port, certificate, key, folder], port)

    def mode(self, text):
        replace(self.folder / "mode", text.encode())

    def answer(self, data):
        replace(self.folder / "answer", data)

    def taken(self):
        return list(map(json.loads, whole(self.folder / "taken")))

    def ids(self):
        return [json.loads(one["body"]).get("id") for one in self.taken()]


class Mosquitto(Process):
    """A broker that keeps on disk what a client that is away subscribed to."""

    def __init__(self, folder, secure=False, password=""):
        self.folder, port = folder, free_port()
        folder.chmod(0o755)
        lines = [
            f"listener {port} 127.0.0.1",
            f"persistence true\npersistence_location {folder}/",
            "autosave_interval 1",
        ]
        lines += ["max_queued_messages 0", f"user {getpass.getuser()}"]
        if secure:
            self.ca, certificate, key = authority(folder)
            lines += [f"certfile {certificate}", f"keyfile {key}"]
        if password:
            subprocess.run([program("mosquitto_passwd"), "-b", "-c", folder / "pw", "tap", password], check=True)
            lines += [f"password_file {folder / 'pw'}"]
        lines += [f"allow_anonymous {'false' if password else 'true'}"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        super().__init__([program("mosquitto"), "-c", folder / "mosquitto.conf"], port, folder / "mosquitto.log")


class Nats(Process):
    """A server, with JetStream where a folder for it is given."""

    def __init__(self, folder, *options):
        port = free_port()
        super().__init__([program("nats-server"), "-a", "127.0.0.1", "-p", port, *options], port, folder / "nats.log")
