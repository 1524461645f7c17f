"""Serves a folder over HTTP to the tests of fetching, with the faults that servers have.

Prints the port that it got, notes every request as a line "PATH RANGE" in a file, and ends when its
standard input does.
"""

import argparse
import http.server
import os
import ssl
import sys
import threading
import time
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("log")
parser.add_argument("--break-after", type=int, help="end the first answer after so many bytes")
parser.add_argument("--ignore-range", action="store_true")
parser.add_argument("--wrong", action="store_true", help="serve other bytes than the file's")
parser.add_argument("--flip", type=int, default=0, help="answer so often with a wrong last byte")
parser.add_argument("--fail", type=int, default=0, help="answer so often with the status 500")
parser.add_argument("--hold", type=int, help="stop at this byte until the folder has a file 'go'")
parser.add_argument("--no-length", action="store_true", help="do not tell how long an answer is")
parser.add_argument("--only", default="", help="have faults for paths with this end alone")
parser.add_argument("--tree", action="store_true", help="serve by paths rather than by names alone")
parser.add_argument("--deny", type=int, help="always answer with this status")
parser.add_argument("--token", help="answer 401 to those who do not show this one")
parser.add_argument("--lead-to", help="lead to this address with a signature, for paths with 'resolve'")
parser.add_argument("--tls", nargs=2, help="a certificate and its key, for HTTPS")
options = parser.parse_args()
lock = threading.Lock()
has_broken = False
failures = 0
flips = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global has_broken, failures, flips
        wanted = self.headers.get("Range")
        shown = self.headers.get("Authorization")
        with lock, open(options.log, "a") as log:
            log.write(f"{self.path} {wanted or '-'}{' bearer' if shown else ''}\n")
            is_faulty = self.path.endswith(options.only)
            failures += is_faulty
            has_failed = is_faulty and failures <= options.fail
        if has_failed:
            return self.send_error(500)
        if is_faulty and options.deny:
            return self.send_error(options.deny)
        if options.token and shown != f"Bearer {options.token}":
            return self.send_error(401)
        asked = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if options.lead_to and "/resolve/" in asked:
            self.send_response(302)
            self.send_header("Location", options.lead_to + asked + "?signature=secret")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        name = asked.lstrip("/") if options.tree else os.path.basename(asked)
        path = os.path.join(options.folder, name)
        if not os.path.isfile(path):
            return self.send_error(404)
        with open(path, "rb") as file:
            content = file.read()
        if options.wrong and is_faulty:
            content = bytes(255 - byte for byte in content)
        start, end = 0, len(content)
        is_part = wanted and not options.ignore_range
        if is_part:
            first, last = wanted.removeprefix("bytes=").split("-")
            start, end = int(first), min(int(last or end - 1) + 1, end)
        if start > 0 and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(206 if is_part else 200)
        if is_part:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        rest = content[start:end]
        with lock:
            flips += is_faulty
            if is_faulty and flips <= options.flip:
                rest = rest[:-1] + bytes([255 - rest[-1]])
        if not options.no_length:
            self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if options.break_after is not None and not has_broken and is_faulty:
            has_broken = True
            rest = rest[: options.break_after]
        if options.hold is not None and is_faulty:
            count = max(0, options.hold - start)
            self.wfile.write(rest[:count])
            rest = rest[count:]
            while not os.path.exists(os.path.join(options.folder, "go")):
                time.sleep(0.05)
        self.wfile.write(rest)
        self.close_connection = True

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if options.tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*options.tls)
    server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
