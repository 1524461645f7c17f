"""Serves a folder over HTTP to the tests of fetching, with the faults that servers have.

Prints the port that it got, notes every request as a line "PATH RANGE" in a file, and ends when its
standard input does.
"""

import argparse
import http.server
import os
import sys
import threading
import time

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
options = parser.parse_args()
lock = threading.Lock()
has_broken = False
failures = 0
flips = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global has_broken, failures, flips
        wanted = self.headers.get("Range")
        with lock, open(options.log, "a") as log:
            log.write(f"{self.path} {wanted or '-'}\n")
            is_faulty = self.path.endswith(options.only)
            failures += is_faulty
            has_failed = is_faulty and failures <= options.fail
        if has_failed:
            return self.send_error(500)
        path = os.path.join(options.folder, os.path.basename(self.path))
        if not os.path.isfile(path):
            return self.send_error(404)
        with open(path, "rb") as file:
            content = file.read()
        if options.wrong:
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
        if options.hold is not None:
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
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
