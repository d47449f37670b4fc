"""A web server over TLS that writes down the id and the body of what it takes, and misbehaves as a file tells it.

    hook_server.py PORT CERTIFICATE KEY FOLDER

`FOLDER/mode` holds a status (`500`), `slow`, `hang` or nothing; `FOLDER/taken` gets a line of JSON a request, on disk
before the answer.
"""

import http.server
import json
import ssl
import sys
import time
from pathlib import Path

port, certificate, key, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if len(body) < int(self.headers["content-length"]):
            return  # who sent it was killed
        mode = (folder / "mode").read_text() if (folder / "mode").exists() else ""
        if mode == "hang":
            time.sleep(3600)
        if mode == "slow":
            time.sleep(0.05)
        status = int(mode) if mode.isdigit() else 200
        if status == 200:
            said = {"path": self.path, "headers": dict(self.headers), "body": body.decode()}
            with (folder / "taken").open("a") as file:
                file.write(json.dumps(said) + "\n")
        answer = (folder / "answer").read_bytes() if (folder / "answer").exists() else b"{}"
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def finish_request(self, request, client_address):
        with context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
Server(("127.0.0.1", port), Handler).serve_forever()
