"""The access point of `leaktap ap plan`, tried as docs/lab.md says, in namespaces: phone, access point, Internet.

The phone takes its address from dnsmasq, asks it for names, and speaks TLS through the real rules and a real session.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests._waiting import PATIENCE, wait, whole_lines
from tests.end_to_end.test_live import HOSTS, certificates

LAB = Path(__file__).parents[2] / "docs/lab.md"
SERVER, GATEWAY = "198.51.100.1", "10.42.7.1"
IMEI, ANDROID_ID = "867530912345673", "6c1f0be47a93d825"
INTERNET = """
import http.server, socket, ssl, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *arguments): pass
server = http.server.ThreadingHTTPServer(("198.51.100.1", 443), Handler)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
def listen(port):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("198.51.100.1", port))
    while True:
        data, sender = udp.recvfrom(2000)
        print(port, sender[0], data.decode(), flush=True)
        udp.sendto(b"heard", sender)
for port in (443, 4433):
    threading.Thread(target=listen, args=(port,), daemon=True).start()
print("ready", flush=True)
server.serve_forever()
"""
LEASE = """
import socket, sys
from scapy.all import BOOTP, DHCP, mac2str
interface = sys.argv[1]
mac = open(f"/sys/class/net/{interface}/address").read().strip()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
udp.bind(("0.0.0.0", 68))
udp.settimeout(5)
def ask(*options):
    message = BOOTP(op=1, chaddr=mac2str(mac), xid=7, flags=0x8000)
    message /= DHCP(options=[*options, ("hostname", b"Pixel-8"), "end"])
    for _ in range(20):
        udp.sendto(bytes(message), ("255.255.255.255", 67))
        try:
            return BOOTP(udp.recv(2000))
        except TimeoutError:
            pass
    raise SystemExit("nobody gives addresses")
offer = ask(("message-type", "discover"))
said = dict(option for option in offer[DHCP].options if isinstance(option, tuple) and len(option) == 2)
taken = ask(("message-type", "request"), ("requested_addr", offer.yiaddr), ("server_id", said["server_id"]))
print(taken.yiaddr, said["router"], said["name_server"])
"""
QUIC = """
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(60)
udp.connect((sys.argv[1], int(sys.argv[2])))
udp.send(b"hello")
try:
    print(udp.recv(100).decode())
except ConnectionRefusedError:
    print("refused")
"""


def run(*command, **how):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE, **how)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def commands():
    """Returns what docs/lab.md tells to type, in its order, but for what installs programs or asks for the card."""
    lines = [line.strip() for line in LAB.read_text().splitlines() if re.match(r"    (sudo|leaktap|echo|lab/)", line)]
    return [line for line in lines if not re.match(r"sudo (apt|systemctl)", line)]


class Lab:
    """Three namespaces in a row: phone, access point, Internet."""

    def __init__(self, folder):
        tag = os.getpid() % 100_000
        self.folder, self.names = folder, [f"leaktap-{end}-{tag}" for end in ("phone", "ap", "net")]
        self.phone_end, self.iface, self.uplink, self.far = f"p{tag}", f"w{tag}", f"e{tag}", f"n{tag}"
        self.running = []

    def inside(self, end):
        return ["ip", "netns", "exec", self.names[end]]

    def phone(self, *command):
        """Runs something on the phone, whose resolver is the one that it was told of."""
        resolver = self.folder / "resolv.conf"
        resolver.write_text(f"nameserver {GATEWAY}\n")
        bind = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        return run(*self.inside(0), "sh", "-c", bind, resolver, *command)

    def typed(self, line):
        """Returns a line of the documentation as typed here: without Wi-Fi, and with what the test alone needs."""
        line = line.removeprefix("sudo ").replace("wlan0", self.iface).replace("eth0", self.uplink)
        if "ap plan" in line:
            line += f" --wired --dns {SERVER}"
        if "live.sh" in line:
            line += f" --ui dump -- --set ssl_verify_upstream_trusted_ca={self.folder / 'ca.pem'}"
            line += f" -s {Path(__file__).with_name('patient.py')}"
        own = {name: value for name, value in os.environ.items() if not name.startswith(("LEAKTAP", "XDG"))}
        own |= {"HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "PYTHONUNBUFFERED": "1"}
        own["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        own["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return [*self.inside(1), "sh", "-c", f"exec {line}" if "live.sh" in line else line], own

    def type(self, line):
        command, own = self.typed(line)
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder, env=own)
        assert done.returncode == 0 or line == "leaktap doctor", f"{line}: {done.stdout}{done.stderr}"
        return done.stdout

    def make(self):
        for name in self.names:
            made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
            if made.returncode:
                pytest.skip(f"network namespaces need root: {made.stderr.strip()}")
            run("ip", "-n", name, "link", "set", "lo", "up")
        for ends, cable in (((0, 1), (self.phone_end, self.iface)), ((2, 1), (self.far, self.uplink))):
            near, far = (self.names[end] for end in ends)
            add = ["ip", "-n", near, "link", "add", cable[0], "type", "veth", "peer", cable[1], "netns", far]
            made = subprocess.run(add, capture_output=True, text=True)
            if made.returncode:
                pytest.skip(f"no virtual cable can be made: {made.stderr.strip()}")
        run("ip", "-n", self.names[0], "link", "set", self.phone_end, "up")
        for end, name, address in ((1, self.uplink, "198.51.100.2/24"), (2, self.far, f"{SERVER}/24")):
            run("ip", "-n", self.names[end], "address", "add", address, "dev", name)
            run("ip", "-n", self.names[end], "link", "set", name, "up")

    def begin(self, end, *command, **how):
        process = subprocess.Popen([*self.inside(end), *map(str, command)], **how)
        self.running.append(process)
        return process

    def state(self):
        """What the access point's side is set to: rules, addresses, links, forwarding."""
        ap = self.inside(1)
        kernel = [f"net/ipv4/conf/{name}/forwarding" for name in ("all", self.iface, self.uplink)]
        kernel.append(f"net/ipv6/conf/{self.iface}/disable_ipv6")
        there = [path for path in kernel if (Path("/proc/sys") / path.rpartition("/conf/")[0]).exists()]
        said = [run(*ap, "sh", "-c", f"cat /proc/sys/{path} || true") for path in there]
        addresses = re.sub(r"state \S+", "", run(*ap, "ip", "-4", "address", "show", "dev", self.iface))
        return run(*ap, "nft", "list", "ruleset"), said, addresses

    def end(self):
        for process in self.running:
            process.kill()
            process.wait()
        if (self.folder / "lab/stop.sh").exists():
            subprocess.run([*self.inside(1), str(self.folder / "lab/stop.sh")], capture_output=True)
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


@pytest.fixture
def lab(tmp_path):
    for program in ("ip", "nft", "dnsmasq", "tcpdump", "curl"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    made = Lab(tmp_path)
    try:
        made.make()
        yield made
    finally:
        made.end()


def findings(file):
    return [line for line in whole_lines(file) if line["schema"] == "leaktap.finding/1"]


def test_from_the_first_command_to_the_report(lab, capsys):
    folder, lines = lab.folder, iter(commands())
    _, certificate = certificates(folder)
    internet = lab.begin(2, sys.executable, "-c", INTERNET, certificate, stdout=subprocess.PIPE, text=True)
    assert internet.stdout.readline() == "ready\n"
    names = [f"--address=/{host}/{SERVER}" for host in HOSTS]
    lab.begin(2, "dnsmasq", "-k", "-C", "/dev/null", "-R", "-h", "-a", SERVER, "-u", "root", "-z", *names)
    before, begun = lab.state(), time.monotonic()

    for line in lines:
        if "live.sh" in line:
            break
        said = lab.type(line)
        if "ap plan" in line:
            assert "fail" not in said and "unchecked" not in said
    assert "the access point runs" in said
    assert "the access point runs" in lab.type("lab/start.sh"), "it may be started twice"
    session = begin(lab, line)
    token = re.search(r"leak\.tap/\?k=([\w-]+)", (folder / "said").read_text())[1]

    joined = run(*lab.inside(0), sys.executable, "-c", LEASE, lab.phone_end).split()
    address = joined[0]
    assert joined[1:] == [GATEWAY, GATEWAY]
    run("ip", "-n", lab.names[0], "address", "add", f"{address}/24", "dev", lab.phone_end)
    run("ip", "-n", lab.names[0], "route", "add", "default", "via", GATEWAY)
    assert "leaktap" in lab.phone("curl", "-s", "-m", "120", f"http://leak.tap/?k={token}")
    trusted = folder / "trusted.pem"
    trusted.write_text(lab.phone("curl", "-s", "-m", "120", "http://mitm.it/cert/pem"))
    leak = ["curl", "-s", "-m", "120", "--cacert", trusted, "-d", f"imei={IMEI}&android_id={ANDROID_ID}"]
    leak.append(f"https://{HOSTS[1]}/log")
    for line in lines:
        if line == "leaktap mark consent":
            break
        said = lab.type(line)
    assert said == "before consent\n"
    lab.phone(*leak)
    wait(lambda: len(findings(folder / "results.jsonl")) == 2)
    took = time.monotonic() - begun
    assert took < 600

    assert lab.type(line) == "consented\n"
    lab.phone(*leak)
    wait(lambda: len(findings(folder / "results.jsonl")) == 4)
    found = findings(folder / "results.jsonl")
    assert [each["phase"] for each in found] == ["before_consent"] * 2 + ["consented"] * 2
    assert {each["identifier"] for each in found} == {"imei", "android_id"}
    assert {each["destination"]["ip"] for each in found} == {SERVER}
    assert {each["device"]["name"] for each in found} == {"device"} and all(each["device"]["mac"] for each in found)

    refusals(lab, internet, address)
    said = lab.type("leaktap doctor")
    assert "redirected to port 8080, QUIC is refused" in said and f"{address}: " in said
    if Path("/proc/sys/net/ipv4/conf/lo/forwarding").exists():
        assert "on between" in said
    session.send_signal(signal.SIGINT)
    assert session.wait(PATIENCE) == 0, (folder / "said").read_text()
    line = next(lines)
    assert line == "sudo lab/stop.sh" and "all is as before" in lab.type(line)
    assert "does not run" in lab.type(line)
    assert lab.state() == before and not before[0]
    assert not (Path("/run") / f"leaktap-ap-{lab.iface}").exists()

    for line in lines:
        lab.type(line)
    assert (folder / "report.html").stat().st_size > 10_000
    again = [each for each in findings(folder / "again.jsonl") if each["destination"]["host"] == HOSTS[1]]
    assert sorted((each["identifier"], each["phase"]) for each in again) == sorted(
        (each["identifier"], each["phase"]) for each in found
    )
    with capsys.disabled():
        print(f"\nfrom the first command to the first finding: {took:.0f} s")


def begin(lab, line):
    """Starts the session and waits until it listens and can be marked."""
    command, own = lab.typed(line)
    said = lab.folder / "said"
    with said.open("wb") as log:
        session = subprocess.Popen(command, cwd=lab.folder, env=own, stdout=log, stderr=subprocess.STDOUT)
    lab.running.append(session)
    wait(lambda: said.read_text().count("listening at") == 2 or session.poll() is not None)
    assert session.poll() is None, said.read_text()
    wait(lambda: list((lab.folder / "leaktap").glob("*.json")))
    return session


def refusals(lab, internet, address):
    """QUIC is refused at once, other UDP passes; nobody from the uplink's side is answered, or led on to a phone."""
    assert lab.phone(sys.executable, "-c", QUIC, SERVER, 443) == "refused\n"
    assert lab.phone(sys.executable, "-c", QUIC, SERVER, 4433) == "heard\n"
    assert internet.stdout.readline() == "4433 198.51.100.2 hello\n"
    assert HOSTS[1] in (lab.folder / "lab/dns.log").read_text()
    assert address in (lab.folder / "lab/dnsmasq.leases").read_text()
    run("ip", "-n", lab.names[2], "route", "add", "10.42.7.0/24", "via", "198.51.100.2")
    for target, port in (("198.51.100.2", 53), ("198.51.100.2", 8079), (GATEWAY, 53), (GATEWAY, 8079), (GATEWAY, 8080)):
        ask = f"import socket; socket.create_connection(('{target}', {port}), timeout=1)"
        assert subprocess.run([*lab.inside(2), sys.executable, "-c", ask], capture_output=True).returncode == 1
    ask = f"""
import socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(1)
udp.connect(("{address}", 9999))
udp.send(b"hello")
udp.recv(9)
"""
    done = subprocess.run([*lab.inside(2), sys.executable, "-c", ask], capture_output=True, text=True)
    assert "TimeoutError" in done.stderr, "a phone is reached from the uplink's side"
